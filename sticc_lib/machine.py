"""What a run was made with (versions, commit, machine), and what is asked of the machine."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "torchvision", "numpy", "pandas", "accelerate", "jupyterlab",
            "jupyterlab-widgets", "ipywidgets", "anywidget", "papermill", "sticc-lib")  # fmt: skip

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of glibc's malloc.h."""


def describe(root: Path) -> dict[str, Any]:
    """Versions, the commit of the project at `root` ("" if it is none), and this machine."""
    versions = {}
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return {
        "python": platform.python_version(),
        "versions": versions,
        "commit": _git(root, "rev-parse", "HEAD"),
        "uncommitted_changes": bool(_git(root, "status", "--porcelain", "--untracked-files=no")),
        "machine": {
            "system": platform.system(),
            "cpu": platform.machine(),
            "cores": os.cpu_count(),
        },
    }


def keep_freed_memory() -> None:
    """Lets this process keep memory that it freed, rather than give it back and fetch it again.

    A training step frees and takes hundreds of MB. glibc hands blocks that large back to the
    system, which fills new ones with zeros page by page: a tenth to a quarter of a step at `quick`
    (`python benchmarks/training.py`). The numbers are the same. Elsewhere than on glibc, and where
    the environment already says something of it (MALLOC_...), it does nothing.
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, 1 << 30)  # blocks below it come from the heap
        mallopt(_TRIM_THRESHOLD, (1 << 31) - 1)  # of which nothing is given back


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
