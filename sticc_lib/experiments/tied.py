"""A command in a process of its own that ends with the one that started it, however that ends.

The starter holds one end of a pipe that is the command's standard input. It needs not say
anything: when it is gone, killed ones too, the system closes the pipe, and the command ends
itself and all it has started.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

_CALL = """\
from sticc_lib.experiments.tied import end_with_starter
end_with_starter()
import sys
from sticc_lib.cli import main
sys.exit(main())"""
MARK = "STICC_TIED"
"""Variable of the environment by which a tied command is known."""


def run_tied(
    words: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    mark: str = "",
    cwd: str | None = None,
) -> str:
    """Runs `sticc` with some words and waits for its end.

    Args:
        words: of the command line, after `sticc`.
        log: file that takes all it says.
        environment: what is added to this process' environment.
        mark: by which `end_tied` finds it.
        cwd: folder in which it is called.

    Returns:
        What went wrong, in a line; empty if it ended with 0.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", _CALL, *words],
            env={**os.environ, **environment, MARK: mark},
            cwd=cwd,
            stdin=subprocess.PIPE,  # closed when this process ends
            stdout=said,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for the one who was called, not for all at once
        )
        code = process.wait()
    if code == 0:
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    how = f"exit code {code}"
    if code < 0:
        how = f"killed by signal {-code} ({signal.Signals(-code).name})"
    if code == -signal.SIGKILL:
        how += "; the system does this when memory runs out"
    last = next((line for line in reversed(lines) if "FAILED" in line), (lines or [""])[-1])
    return f"{how}: {last}" if last else how


def end_with_starter() -> None:
    """Called in the command before anything else: watches its standard input."""
    watched = os.dup(0)  # what the command itself reads is nothing
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    threading.Thread(target=_watch, args=(watched,), daemon=True).start()


def _watch(watched: int) -> None:
    while os.read(watched, 64):
        pass
    _kill(psutil.Process(), own=False)
    os._exit(1)


def end_tied(mark: str) -> int:
    """Kills the tied commands of this process that carry a mark; how many there were."""
    ended = 0
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if child.environ().get(MARK) == mark:
                _kill(child)
                ended += 1
    return ended


def _kill(process: psutil.Process, own: bool = True) -> None:
    """What a process has started, and it too; twice, as it may start more meanwhile."""
    for _ in range(2):
        with contextlib.suppress(psutil.Error):
            for child in process.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    child.kill()
    if own:
        with contextlib.suppress(psutil.Error):
            process.kill()
