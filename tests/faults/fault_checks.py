"""What must hold of a folder after a fault: every file that has its name is whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from safetensors.torch import load_file


def _npz(path: Path) -> None:
    with np.load(path, allow_pickle=False) as held:
        for name in held.files:
            assert held[name] is not None


def _jsonl(path: Path) -> None:
    for line in path.read_text().splitlines():
        json.loads(line)


def _picture(path: Path) -> None:
    with Image.open(path) as held:
        held.load()


def _page(path: Path) -> None:
    assert path.read_text().rstrip().endswith("</html>"), f"{path}: ends too early"


READERS: dict[str, Callable[[Path], Any]] = {
    ".json": lambda path: json.loads(path.read_text()),
    ".ipynb": lambda path: json.loads(path.read_text()),
    ".jsonl": _jsonl, ".npz": _npz, ".npy": lambda path: np.load(path, allow_pickle=False),
    ".csv": pd.read_csv, ".png": _picture, ".html": _page, ".safetensors": load_file,
    ".pt": lambda path: torch.load(path, weights_only=True),
}  # fmt: skip
APPENDED = ("crops.u8",)
"""Written bit by bit on purpose: a record that is written after it tells how much of it counts."""


def all_whole(folder: Path) -> int:
    """Reads every file of a folder to its end; how many there were.

    Temporary files (their names begin with a dot) have no name yet, and nobody reads them.
    """
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith(".")]
    for path in files:
        reader = READERS.get(path.suffix)
        if path.name in APPENDED or path.suffix in (".part", ".md", ".svg"):
            continue
        assert reader is not None, f"{path}: say in fault_checks how to read it"
        try:
            reader(path)
        except Exception as error:
            raise AssertionError(f"{path}: not whole ({type(error).__name__}: {error})") from error
    return len(files)


def finished(job: str, folder: Path) -> dict[str, Any]:
    """What a job has finished for good: files that no later start may write again."""
    if job == "training":
        state = folder / "checkpoints" / "state.pt"
        step = torch.load(state, weights_only=True)["progress"]["step"] if state.exists() else 0
        return {"begun": step}
    if job == "counting":
        kept = sorted((folder / "seen" / "intervals").glob("[0-9]*.npz"))
        return {"begun": len(kept), **{p.name: p.stat().st_mtime_ns for p in kept[:-1]}}
    if job == "embedding":
        return {"begun": len(list(folder.rglob("[!.]*.npz")))}
    return {"begun": 0}
