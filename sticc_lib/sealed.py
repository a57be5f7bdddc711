"""Files whose sha256 stands beside them, so that a damaged one is noticed and not used.

`hashes.json` in the folder holds, file by file, the last few hashes that were written under its
name. It is written before the file takes its name: whenever a process ends, the file that stands
there is one of those that it lists. What stood there before stays as `previous.*`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sticc_lib.run import RunError, atomic, read_json, stderr, write_json
from sticc_lib.values import Refusal

HASHES = "hashes.json"
KEPT = 4
"""Hashes a file: what is being written, what stands, the one before, and one for a process that
ended in between."""


class SealError(Refusal, RuntimeError):
    """A file that is not as it was written, and nothing before it to use; says why, not which."""


@contextlib.contextmanager
def sealed(path: Path | str) -> Iterator[Path]:
    """As `run.atomic`; the file's sha256 is noted and what stood there is kept beside it.

    Raises:
        OSError: the disk is full or refuses; the old file, its hash and the one before stay.
    """
    path = Path(path)
    with atomic(path) as temporary:
        yield temporary
        _note(path, sha256_of(temporary))
        if path.exists() and is_whole(path):
            _keep(path)
        elif not path.exists():  # somebody began anew: what was before belongs to another
            before(path).unlink(missing_ok=True)


def usable(path: Path | str) -> Path:
    """The file, or the one before it where it is damaged; then a line on the error stream says so.

    A file without a noted hash, from an earlier version or put there by hand, counts as whole.

    Raises:
        SealError: it is damaged, and so is the one before, or there is none.
    """
    path = Path(path)
    if is_whole(path):
        return path
    earlier = before(path)
    if earlier.exists() and is_whole(earlier, path.name):
        stderr(
            f"warning: {path} is damaged (its sha256 is not the one noted when it was written); "
            f"the one before it is used, {earlier.name}"
        )
        return earlier
    also = f", and nor is that of {earlier.name}" if earlier.exists() else ""
    raise SealError(f"its sha256 is not the one noted when it was written{also}")


def before(path: Path) -> Path:
    """Where the file is kept that stood at `path` before."""
    return path.with_name(f"previous{path.suffix}")


def is_whole(path: Path, name: str = "") -> bool:
    """Whether a file is as it was written under a name (its own by default)."""
    known = _known(path.parent).get(name or path.name)
    return known is None or sha256_of(path) in known


def sha256_of(path: Path) -> str:
    """A file's sha256, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _note(path: Path, found: str) -> None:
    known = _known(path.parent)
    held = [h for h in known.get(path.name, []) if h != found] if path.exists() else []
    write_json(path.with_name(HASHES), {**known, path.name: [found, *held][:KEPT]})


def _known(folder: Path) -> dict[str, list[str]]:
    path = folder / HASHES
    try:
        held = read_json(path)
    except FileNotFoundError:
        return {}
    except (RunError, UnicodeDecodeError):
        stderr(f"warning: {path} is damaged; the files beside it cannot be checked")
        return {}
    return held if isinstance(held, dict) else {}


def _keep(path: Path) -> None:
    with atomic(before(path)) as temporary:
        temporary.unlink()
        try:
            os.link(path, temporary)  # the same file under a second name: costs nothing
        except OSError:  # not every file system can
            shutil.copyfile(path, temporary)
