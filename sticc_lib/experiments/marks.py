"""Short marks of what a run is made from beside its settings: code, weights, data.

Equal marks mean equal inputs. None of them takes long: nothing heavy is imported, and large files
are known by size and time.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import sticc_lib
from sticc_lib.config import ConfigError, DataConfig
from sticc_lib.run import data_dir, fingerprint

MADE = ("walkers", "walkers3d", "worlds")
"""Data that the library draws or renders: its code and the settings say what comes out."""


def library_mark() -> str:
    """Of the version and of every source file of this library."""
    root, digest = Path(__file__).resolve().parents[1], hashlib.sha256()
    digest.update(sticc_lib.__version__.encode())
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def weights_mark() -> str:
    """Of the weights that come with the project: trunks, and models where a run trains none."""
    return _mark(data_dir() / "weights")


def data_mark(config: DataConfig) -> str:
    """Of the tracklets that settings name.

    Raises:
        ConfigError: no such source, or no folder for one on disk.
        DataError: lists what is wrong with a data set on disk.
    """
    if config.name in MADE:
        assets = config.options.get("assets") or os.environ.get("STICC_HUMANS", "")
        return _mark(Path(assets)) if assets and config.name != "walkers" else "made"
    from sticc_lib.tracklets.sources import EMBEDDED, SOURCES, choose

    if config.name not in SOURCES:
        known = ", ".join(dict.fromkeys((*MADE, *SOURCES)))
        raise ConfigError(f"data.name: {config.name!r} is none of {known}")
    if not config.root and config.name not in EMBEDDED:
        raise ConfigError(f"data.root: say where {config.name} is, data.root=FOLDER")
    root = os.path.expanduser(config.root)
    return choose.read(config.name, root, config.split, **config.options).to_set().fingerprint()


def _mark(folder: Path) -> str:
    """Of a folder's files by name, size and time."""
    return fingerprint([[str(p.relative_to(folder)), s.st_size, s.st_mtime_ns]
                        for p, s in _files(folder)])  # fmt: skip


def _files(folder: Path) -> Iterable[tuple[Path, os.stat_result]]:
    return [(p, p.stat()) for p in sorted(folder.rglob("*")) if p.is_file()]
