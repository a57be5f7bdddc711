"""Other people's code to measure against, installed into the benchmarks' own environments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from runpy import run_path
from typing import Any

from sticc_lib.run import cache_dir


def torchreid(*files: str) -> list[dict[str, Any]]:
    """Names that files of torchreid (PyPI) define, such as `metrics/rank.py`.

    It is installed without its dependencies, and only these files are run. PyPI's copies of it, the
    source distribution too, come without `rank_cy.pyx`: its compiled ranking cannot be built here.

    Raises:
        OSError, subprocess.SubprocessError, ImportError, ValueError: it cannot be had.
    """
    home = cache_dir() / "benchmarks" / "torchreid"
    if not list(home.rglob("utils/rerank.py")):
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "--no-deps"]
        subprocess.run([*pip, "torchreid"], check=True)
    found: list[dict[str, Any]] = []
    for file in files:
        (path,) = home.rglob(f"torchreid/**/{Path(file)}")
        found.append(run_path(str(path)))
    return found
