"""Faults, and the moment at which each strikes a process that is at work."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WATCHED = ((os, "replace"), (os, "fsync"), (os, "mkdir"), (os, "unlink"), (tempfile, "mkstemp"))
"""Calls around which a folder changes: a fault strikes before one of them."""


def kill(folder: Path) -> None:
    """The process is gone, as when the machine runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def terminate(folder: Path) -> None:
    """A batch system ends the process."""
    os.kill(os.getpid(), signal.SIGTERM)


def interrupt(folder: Path) -> None:
    """Somebody presses Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)


def fill_disk(folder: Path) -> None:
    """From now on no file grows beyond 700 bytes: what is longer is cut there, with an error."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700, 700))


def deny(folder: Path) -> None:
    """From now on nothing may be written below the folder."""
    make, move = tempfile.mkstemp, os.replace

    def refuse(path: Any) -> None:
        if Path(path).resolve().is_relative_to(folder.resolve()):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

    def mkstemp(*args: Any, **options: Any) -> Any:
        refuse(options.get("dir") or "/")
        return make(*args, **options)

    def replace(source: Any, target: Any, **options: Any) -> None:
        refuse(target)
        move(source, target, **options)

    tempfile.mkstemp, os.replace = mkstemp, replace


def remove(folder: Path) -> None:
    """Somebody deletes the folder."""
    shutil.rmtree(folder, ignore_errors=True)


def turn_back(folder: Path) -> None:
    """The clock goes back by a day."""
    now = time.time
    time.time = lambda: now() - 86400


def kill_kernel(folder: Path) -> None:
    """The kernel of a notebook is gone."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        if "ipykernel" in " ".join(child.cmdline()):
            child.kill()


AT_CALLS: dict[str, Callable[[Path], None]] = {
    "killed": kill, "ended by the system": terminate, "stopped by hand": interrupt,
    "disk full": fill_disk, "permission denied": deny, "folder removed": remove,
    "clock turned back": turn_back,
}  # fmt: skip
AT_MOMENTS: dict[str, Callable[[Path], None]] = {
    "killed at a moment": kill,
    "stopped at a moment": interrupt,
    "kernel killed": kill_kernel,
}
HARMLESS = ("clock turned back",)
"""What work has to survive."""


def count_calls() -> Callable[[], int]:
    """Counts the watched calls of this process from now on; returns how to ask."""
    counted = _Calls(lambda: None, 0)
    return lambda: counted.seen


def strike_at_call(kind: str, number: int, folder: Path, tell: Callable[[], None]) -> None:
    """Lets a fault of AT_CALLS strike before the `number`th watched call of this process."""

    def act() -> None:
        tell()
        AT_CALLS[kind](folder)

    _Calls(act, number)


def strike_after(kind: str, seconds: float, folder: Path, tell: Callable[[], None]) -> None:
    """Lets a fault of AT_MOMENTS strike after a time, wherever the process is."""

    def act() -> None:
        time.sleep(seconds)
        tell()
        AT_MOMENTS[kind](folder)

    threading.Thread(target=act, daemon=True).start()


class _Calls:
    """Counts watched calls and acts once, before the one with the given number."""

    def __init__(self, act: Callable[[], None], number: int):
        self.act, self.number, self.seen = act, number, 0
        for module, name in WATCHED:
            setattr(module, name, self._around(getattr(module, name)))

    def _around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            self.seen += 1
            if self.seen == self.number:
                self.act()
            return call(*args, **options)

        return counted
