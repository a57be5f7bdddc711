"""Locks between processes: they end with the process that holds them, however it ends."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from sticc_lib.values import Refusal


class BusyError(Refusal, RuntimeError):
    """Another process is at work in the same place."""


@contextlib.contextmanager
def one_at_a_time(path: Path | str) -> Iterator[None]:
    """Waits until no other process of this machine makes or changes `path`."""
    with FileLock(_file(path)):
        yield


@contextlib.contextmanager
def alone(path: Path | str, what: str) -> Iterator[None]:
    """Holds `path` for this process.

    Args:
        path: file or folder; it need not exist.
        what: is going on there, for the message: "a report".

    Raises:
        BusyError: another process holds it.
    """
    try:
        with FileLock(_file(path), timeout=0):
            yield
    except Timeout:
        raise BusyError(
            f"{path}: {what} is being written there by another process; wait for its end, stop "
            "it, or choose another name"
        ) from None


def _file(path: Path | str) -> str:
    """An empty file of this user's, one for each path.

    CHOICE: in the system's temporary folder, so that nothing lies beside data and reports, and so
    that file systems without locks (some network ones) can hold both. It does not keep two
    machines apart that share a folder.
    """
    user = os.getuid() if hasattr(os, "getuid") else getpass.getuser()
    folder = Path(tempfile.gettempdir()) / f"sticc-locks-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    name = hashlib.sha256(str(Path(path).resolve()).encode()).hexdigest()[:32]
    return str(folder / f"{name}.lock")
