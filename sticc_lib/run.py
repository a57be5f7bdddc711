"""The run folder: where things are written, whole or not at all.

A run owns `reports/<name>/`. Every file is written under a temporary name and renamed, so that a
reader never meets half a file. The folder belongs to one set of parameters: opened with the same
it is resumed, opened with others it is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sticc_lib.config import flatten
from sticc_lib.locks import one_at_a_time
from sticc_lib.machine import describe, without_places
from sticc_lib.values import Refusal


class RunError(Refusal, RuntimeError):
    """A run folder that cannot be used; the message says why and what to do."""


def project_root() -> Path:
    """The folder that holds `notebooks`, `data` and `reports` (`STICC_HOME` overrides)."""
    return Path(os.environ.get("STICC_HOME") or Path(__file__).resolve().parents[1])


def data_dir() -> Path:
    """Embedded data: `<project>/data`."""
    return project_root() / "data"


def cache_dir() -> Path:
    """What can be made again: `<project>/data/cache`, ignored by git (`STICC_CACHE` overrides)."""
    return Path(os.environ.get("STICC_CACHE") or data_dir() / "cache")


@contextlib.contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Yields a temporary path beside `path`; on success it replaces `path`, on failure it goes.

    A full disk, an exception or a kill leaves whatever stood at `path` before.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> Path:
    """Writes a text file atomically (UTF-8)."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def write_json(path: Path | str, value: Any) -> Path:
    """Writes strict JSON atomically; NaN and infinity become null."""
    return write_text(path, json.dumps(_strict(value), indent=2, sort_keys=True) + "\n")


def read_json(path: Path | str) -> Any:
    """Reads JSON; a damaged file is named in the error."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise RunError(f"{path}: not readable as JSON ({error}); delete it and run again") from None


def fingerprint(value: Any) -> str:
    """Twelve hex digits that stand for a JSON-like value, whatever the order of its names."""
    text = json.dumps(_strict(value), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def environment() -> dict[str, Any]:
    """Versions, commit and machine, as the manifest holds them; the code is this library's."""
    return describe(Path(__file__).resolve().parents[1])


@dataclass
class Run:
    """One run's folder, as one notebook (or command) sees it. Use `Run.open`."""

    folder: Path
    notebook: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    identity: dict[str, Any] | None = None

    @classmethod
    def open(
        cls,
        folder: str | Path,
        notebook: str = "",
        parameters: Mapping[str, Any] | None = None,
        identity: Mapping[str, Any] | None = None,
        overwrite: bool = False,
    ) -> Run:
        """Opens `reports/<folder>` (or an absolute path), making it when needed.

        Args:
            folder: name under `reports`, or an absolute path.
            notebook: number of the notebook, such as "03"; names its metrics file.
            parameters: what this notebook was called with; kept in the manifest.
            identity: what makes the run this run (preset, data, seed). A folder whose identity is
                another is refused.
            overwrite: empty a folder of another identity first.

        Raises:
            RunError: the folder holds another run.
        """
        path = project_root() / "reports" / folder
        owner = path / "manifest.json"
        wanted = without_places(flatten(dict(identity or {})), project_root())
        if owner.exists():
            held = without_places(read_json(owner).get("identity", {}), project_root())
            if identity is not None and _strict(held) != _strict(wanted):
                if not overwrite:
                    raise RunError(_other_run(path, held, wanted))
                shutil.rmtree(path)
        run = cls(path, notebook, dict(parameters or {}), wanted if identity is not None else None)
        path.mkdir(parents=True, exist_ok=True)
        run.note()
        return run

    def note(self, **entries: Any) -> None:
        """Adds entries to `manifest.json`, and this notebook's parameters under its number.

        Paths are named from the project or from the user's home: who gets a run shall not learn
        whose machine it was.
        """
        path = self.folder / "manifest.json"
        with one_at_a_time(path):  # notebooks of a report run side by side
            manifest = read_json(path) if path.exists() else {"started": now(), **environment()}
            manifest.update(entries)
            if self.identity is not None:  # again, should somebody have deleted the folder
                manifest["identity"] = self.identity
            if self.notebook:
                given = manifest.setdefault("parameters", {})
                given[self.notebook] = self.parameters or given.get(self.notebook, {})
            write_json(path, without_places(manifest, project_root()))

    def record(self, numbers: Mapping[str, Any]) -> None:
        """Writes `metrics/NN.json`: dotted names to numbers, merged with what stands there.

        Raises:
            RunError: a value that is not a number.
        """
        flat = {name: _number(name, value) for name, value in flatten(dict(numbers)).items()}
        path = self.folder / "metrics" / f"{self.notebook or 'run'}.json"
        write_json(path, {**(read_json(path) if path.exists() else {}), **flat})

    def metrics(self) -> dict[str, float]:
        """All recorded numbers of the run, over its notebooks."""
        merged: dict[str, float] = {}
        for path in sorted((self.folder / "metrics").glob("*.json")):
            merged.update(read_json(path))
        return merged

    def path(self, *parts: str) -> Path:
        """A path inside the run folder, its parent made."""
        path = self.folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _other_run(path: Path, held: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    names = sorted(set(held) | set(wanted))
    differs = [n for n in names if _strict(held.get(n)) != _strict(wanted.get(n))]
    shown = ", ".join(f"{n} {held.get(n)!r} there, {wanted.get(n)!r} here" for n in differs[:6])
    return f"{path} holds another run ({shown}); choose another name, or pass --overwrite"


def _number(name: str, value: Any) -> float | int | None:
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise RunError(f"metric {name}: expected a number, got {type(value).__name__} {value!r}")
    return value if isinstance(value, int) else float(value)


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _strict(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (str, int, bool)) or value is None:
        return value
    if hasattr(value, "item"):
        return _strict(value.item())
    return str(value)


def now() -> str:
    """The time in UTC, to the second, as ISO 8601 writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def bar(progress: bool = True, **options: Any) -> Any:
    """A tqdm bar where somebody watches: a terminal or a notebook.

    None where `progress` is off, TQDM_DISABLE is set (report runs), or output goes to a file.
    """
    from tqdm.auto import tqdm

    shown = progress and os.environ.get("TQDM_DISABLE", "0") in ("", "0")
    return tqdm(**options, disable=None if shown else True)  # None: tqdm asks for a terminal


def stderr(text: str) -> None:
    """One line to the error stream: headless progress and warnings."""
    sys.stderr.write(f"{text}\n")  # in one piece: threads would mix lines and their ends
    sys.stderr.flush()
