"""A Jupyter kernel of this very interpreter, watched while it works: memory, wall time, its end."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync

SAMPLE = 0.2  # seconds between two looks at the kernel
LOOKS = 5  # of which one looks for new processes: that reads all of the machine's


class _ThisPython(AsyncKernelManager):
    """Starts the running interpreter, not whatever a kernel spec of the user's points to."""

    @property
    def kernel_spec(self) -> KernelSpec:
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="Python 3", language="python")


class Kernel:
    """A context: the kernel runs inside it, and nothing of it is left afterwards.

    Args:
        environment: what is added to the kernel's environment; this process keeps its own.
        limit: seconds after which it is killed; 0 for never.
        halt: when it is set the kernel is killed.

    Attributes:
        manager: for papermill, which uses a running kernel as it is.
        peak: highest resident memory of the kernel and its children so far, bytes.
        overran: whether it was killed at the limit.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        limit: float = 0,
        halt: threading.Event | None = None,
    ) -> None:
        # its own home keeps start-up files and the history of the user out of a report
        self._home = tempfile.TemporaryDirectory(prefix="sticc-", ignore_cleanup_errors=True)
        home = Path(self._home.name)
        self._environment = {
            **os.environ,
            "IPYTHONDIR": str(home / "ipython"),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            "PYTHONFAULTHANDLER": "1",
            **environment,
        }
        # sockets in a private folder: no port to race for, nobody else on the machine to listen
        transport = "tcp" if os.name == "nt" else "ipc"
        self.manager = _ThisPython(
            transport=transport, connection_file=str(home / "kernel.json"), kernel_name="python3"
        )
        self._errors = (home / "stderr").open("w+b")
        self._limit, self._stop = limit, threading.Event()
        self._halt = halt or threading.Event()
        self._seen: set[psutil.Process] = set()
        self.peak, self.overran = 0, False

    def __enter__(self) -> Kernel:
        self._started = time.monotonic()
        try:
            run_sync(self.manager.start_kernel)(env=self._environment, stderr=self._errors)
        except BaseException:
            self._home.cleanup()
            raise
        self._process = psutil.Process(self.manager.provisioner.pid)  # type: ignore[union-attr]
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._watcher.join()
        self._seen.update(self._tree())
        # a kernel that died while it started leaves a manager that cannot say goodbye
        with contextlib.suppress(Exception):
            run_sync(self.manager.shutdown_kernel)(now=kind is not None)
        for process in self._seen:  # and what a cell started and left behind
            _kill(process)
        self._errors.close()
        self._home.cleanup()

    def obituary(self) -> str:
        """How the process ended and the last line it wrote, if it is dead; else empty."""
        code = self.manager.provisioner.process.poll()  # type: ignore[union-attr]
        if code is None:
            return ""
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        how = f"exit code {code}"
        if code < 0:
            how = f"killed by signal {-code} ({signal.Signals(-code).name})"
        if code == -signal.SIGKILL:
            how += "; the system does this when memory runs out"
        last = [line for line in said if line.startswith("Fatal")] or said[-1:]
        return ": ".join([how, *last[:1]])

    def _watch(self) -> None:
        tree = [self._process]
        for look in itertools.count():
            if look % LOOKS == 0:
                tree = self._tree()
                self._seen.update(tree)
            self.peak = max(self.peak, sum(map(_resident, tree)))
            overran = bool(self._limit) and time.monotonic() - self._started > self._limit
            if overran or self._halt.is_set():
                self.overran = overran
                for process in {*tree, *self._tree()}:
                    _kill(process)
                return
            if self._stop.wait(SAMPLE):
                return

    def _tree(self) -> list[psutil.Process]:
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        process.kill()
