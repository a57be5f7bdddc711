"""What a run was made with (versions, commit, machine), and what is asked of the machine."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("torch", "torchvision", "numpy", "pandas", "accelerate", "jupyterlab",
            "jupyterlab-widgets", "ipywidgets", "anywidget", "papermill", "matplotlib", "scipy",
            "scikit-learn", "safetensors", "sticc-lib")  # fmt: skip

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of glibc's malloc.h."""


def describe(root: Path) -> dict[str, Any]:
    """Versions, the commit of the code at `root`, and this machine; nothing that names its owner.

    Returns:
        `python`, `versions`; `commit` ("" where `root` is no checkout of its own),
        `uncommitted_changes`, `diff` (12 hex digits that stand for these changes, or "") and
        `diff_files` (whose they are); `machine`: system, cpu, cores, memory, gpu, threads.
    """
    versions = {}
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return {
        "python": platform.python_version(),
        "versions": versions,
        **code(root),
        "machine": this_machine(),
    }


def first_process() -> bool:
    """Whether this process writes: the only one, or the first that one launch has started."""
    return os.environ.get("RANK", "0") == "0"


def this_machine() -> dict[str, Any]:
    """What computes: nothing that names it or its owner. `gpu` is known where torch is loaded."""
    return {
        "system": platform.system(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": _gpu(),
        "threads": threads(),
    }


def code(root: Path) -> dict[str, Any]:
    """Which code stands at `root`: its commit, and a hash of what was changed since.

    Untracked files count where code lies (sticc_lib, notebooks): a new file changes what runs.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    if not top or Path(top).resolve() != root.resolve():  # somebody else's, further up
        return {"commit": "", "uncommitted_changes": False, "diff": "", "diff_files": []}
    new = _git(root, "ls-files", "--others", "--exclude-standard", "--", "sticc_lib", "notebooks")
    changed = _git(root, "diff", "HEAD", "--name-only")
    names = sorted(filter(None, [*changed.splitlines(), *new.splitlines()]))
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.encode() + b"\0")
        with contextlib.suppress(OSError):  # removed: its name says so
            digest.update(hashlib.sha256((root / name).read_bytes()).digest())
    return {
        "commit": _git(root, "rev-parse", "HEAD"),
        "uncommitted_changes": bool(names),
        "diff": digest.hexdigest()[:12] if names else "",
        "diff_files": names[:20],
    }


def threads() -> int:
    """Threads of torch in this process, or those it would take."""
    torch = sys.modules.get("torch")  # asked only where it is loaded: it is heavy
    if torch is not None:
        return int(torch.get_num_threads())
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdigit() and int(given) else psutil.cpu_count(logical=False) or 1


def peak_mib() -> tuple[float, float]:
    """Most memory this process ever held, and the largest of its ended children did, MiB.

    The latter is 0 where no child held more than this process: on Linux a child that was just born
    counts as large as its parent, so smaller ones cannot be told.
    """
    try:
        import resource
    except ImportError:  # Windows
        held = psutil.Process().memory_info()
        return round(getattr(held, "peak_wset", held.rss) / 2**20, 1), 0.0
    unit = 1 if sys.platform == "darwin" else 1024
    most = (resource.getrusage(who).ru_maxrss * unit / 2**20
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))  # fmt: skip
    own, child = most
    return round(own, 1), round(child, 1) if child > own else 0.0


def without_places(value: Any, root: Path | None = None) -> Any:
    """A JSON-like value without paths that tell whose machine it was.

    What lies in the project at `root`, if one is given, is named from there (`./reports/quick`),
    what lies in the user's home from `~`; `Path.expanduser` leads back. Other text stays as it is.
    """
    if isinstance(value, Mapping):
        return {name: without_places(held, root) for name, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_places(held, root) for held in value]
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, str) and os.path.isabs(value):
        places = {".": root, "~": Path(os.path.expanduser("~"))}
        for mark, place in places.items():
            if place and str(place) != place.anchor and Path(value).is_relative_to(place):
                return f"{mark}/{Path(value).relative_to(place).as_posix()}"
    return value


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


def _cpu() -> str:
    """The processor's name, as far as the system tells."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()} ({platform.machine()})"
    return platform.processor() or platform.machine()


def _gpu() -> str:
    """Names of the GPUs that torch sees; empty where it is not loaded or sees none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return ""
    return ", ".join(torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count()))
