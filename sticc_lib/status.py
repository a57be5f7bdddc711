"""How commands ended in a run folder, kept in its `status.json`: also what was killed is named.

`told` says "running" before work starts. Whoever finds "running" and nobody at work knows that
a process ended without a word: killed, out of memory, or the machine went down.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sticc_lib.locks import alone, one_at_a_time
from sticc_lib.run import RunError, read_json, stderr, write_json

KEPT = 20
"""Failures that are remembered of a command; older ones go."""
KILLED = "ended without a word: killed, out of memory, or the machine went down"


@contextlib.contextmanager
def told(folder: Path | str, what: str) -> Iterator[None]:
    """Holds a folder for one command at a time, and keeps in `status.json` how it ended.

    Args:
        folder: where the command writes; made when needed.
        what: the command, such as "train"; its key under `commands`.

    Of several processes that one launch started, the first tells and the others only work.

    Raises:
        BusyError: another process does the same there.
        RunError: the folder was deleted under way, and nothing else said so.
    """
    if os.environ.get("RANK", "0") != "0":
        yield
        return
    folder = Path(folder)
    with alone(folder / what, f"what `sticc {what}` makes"):
        held = command(folder, what)
        failures = list(held.get("failures", []))
        if held.get("state") == "running":
            failures.append({"when": held.get("started", ""), "error": KILLED})
        entry = {"state": "running", "started": _now(), "failures": failures[-KEPT:]}
        noted = _keep(folder, what, entry)
        clock = time.monotonic()
        try:
            yield
            if noted and not command(folder, what):
                raise RunError(
                    f"{folder}: was deleted while `sticc {what}` was under way, and what it had "
                    "made with it; start it again"
                )
        except BaseException as error:
            reason = "stopped by hand" if isinstance(error, KeyboardInterrupt) else _line(error)
            failures.append({"when": _now(), "error": reason})
            entry |= {"state": "failed", "failures": failures[-KEPT:]}
            _keep(folder, what, {**entry, "seconds": round(time.monotonic() - clock, 3)})
            raise
        _keep(folder, what, {**entry, "state": "ended",
                             "seconds": round(time.monotonic() - clock, 3)})  # fmt: skip


def command(folder: Path | str, what: str) -> dict[str, Any]:
    """What is known of a command in a folder: `state`, `started`, `seconds`, `failures`."""
    return _read(Path(folder) / "status.json").get("commands", {}).get(what, {})


def merge(folder: Path | str, entries: Mapping[str, Any]) -> Path:
    """Puts entries into `status.json`; what others wrote there stays."""
    path = Path(folder) / "status.json"
    with one_at_a_time(path):
        return write_json(path, {**_read(path), **entries})


def _keep(folder: Path, what: str, entry: Mapping[str, Any]) -> bool:
    """Notes how it goes; False if it could not: that must not hide what happened."""
    path = folder / "status.json"
    try:
        with one_at_a_time(path):
            held = _read(path)
            commands = {**held.get("commands", {}), what: dict(entry)}
            write_json(path, {**held, "commands": commands})
    except OSError as error:
        stderr(f"{path}: cannot be written ({error.strerror}); it does not say how {what} ended")
        return False
    return True


def _read(path: Path) -> dict[str, Any]:
    """What stands there; a file that somebody damaged is told of and begun anew."""
    try:
        return read_json(path)
    except FileNotFoundError:
        return {}
    except RunError as error:
        stderr(str(error))
        return {}


def _line(error: BaseException) -> str:
    """The error in one line, its kind before it."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
