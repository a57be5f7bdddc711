"""The files of a gallery index: vectors, labels and paths one after the other, and their checks.

`vectors.f32` is float32 [N, D], `rows.bin` the labels (ROW), `paths.txt` the paths of first frames
without anything between them. They only ever grow: what lies behind the count that `index.json`
tells is of an unfinished addition, and is never read.
"""

from __future__ import annotations

import mmap
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sticc_lib.run import RunError, fingerprint, read_json
from sticc_lib.values import Refusal

INDEX, JOURNAL = "index.json", "building.json"
VECTORS, ROWS, PATHS = "vectors.f32", "rows.bin", "paths.txt"
VERSION = 1
NO_CAMERA = -(2**31)
ROW = np.dtype(
    [("tracklet", "<i8"), ("person", "<i8"), ("camera", "<i4"), ("set", "<i4"), ("path_end", "<i8")]
)
BLOCK = 4 << 20
"""Bytes under one check sum."""
LOOKED_AT = 16
"""Blocks of a file that opening compares. CHOICE: all of a small file, and of a large one evenly
spaced ones, so that opening takes no longer than a search; `whole` compares all."""


class GalleryError(Refusal, ValueError):
    """A gallery that cannot be used; the message names the file and the remedy."""


def append(folder: Path, values: np.ndarray, rows: np.ndarray, paths: bytes) -> None:
    """Adds tracklets behind those there are, safe on disk when this returns."""
    parts = {VECTORS: values.astype("<f4").tobytes(), ROWS: rows.tobytes(), PATHS: paths}
    for name, content in parts.items():
        with (folder / name).open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def cut(folder: Path, count: int, dim: int) -> int:
    """Takes away what lies behind the first `count` tracklets; returns where their paths end.

    Raises:
        GalleryError: a file is shorter than that.
    """
    sizes = {VECTORS: 4 * count * dim, ROWS: ROW.itemsize * count}
    for name in (VECTORS, ROWS, PATHS):
        (folder / name).touch()
    short = [name for name, size in sizes.items() if (folder / name).stat().st_size < size]
    end = 0
    if not short and count:
        end = int(np.memmap(folder / ROWS, ROW, "r", shape=(count,))[-1]["path_end"])
    if not 0 <= end <= (folder / PATHS).stat().st_size:
        short.append(PATHS)
    if short:
        raise GalleryError(f"{folder}: {', '.join(short)} cut short; remove it and build it again")
    for name, size in {**sizes, PATHS: end}.items():
        os.truncate(folder / name, size)
    return end


def labels(tracklets: pd.DataFrame, number: int, paths: list[str], end: int) -> np.ndarray:
    """ROW [n] of tracklets of one set.

    Args:
        tracklets: rows of `TrackletSet.tracklets`.
        number: of the set within the gallery.
        paths: of their first frames; empty where there is none.
        end: where the paths before them end.
    """
    rows = np.zeros(len(tracklets), ROW)
    rows["tracklet"], rows["person"] = tracklets.index, tracklets["person"]
    rows["camera"] = tracklets["camera"].astype("Int64").fillna(NO_CAMERA).to_numpy(np.int64)
    rows["set"] = number
    rows["path_end"] = end + np.cumsum([len(path.encode()) for path in paths])
    return rows


def sums(path: Path, size: int) -> list[int]:
    """CRC-32 of each block of the first `size` bytes."""
    with path.open("rb") as file:
        return [zlib.crc32(file.read(min(BLOCK, size - at))) for at in range(0, size, BLOCK)]


def sealed(folder: Path, sizes: dict[str, int]) -> dict[str, dict[str, Any]]:
    """What `index.json` says of each file: its size and its check sums."""
    return {n: {"size": size, "sums": sums(folder / n, size)} for n, size in sizes.items()}


def compare(folder: Path, files: dict[str, dict[str, Any]], whole: bool) -> None:
    """Compares files with what was noted of them.

    Raises:
        GalleryError: one is missing, shorter, or other than it was; names it.
    """
    for name, told in files.items():
        path, size, noted = folder / name, int(told["size"]), told["sums"]
        if Path(name).name != name or len(noted) != -(-size // BLOCK):
            raise GalleryError(f"{folder / INDEX}: damaged ({name}); build the gallery again")
        if not path.is_file() or path.stat().st_size < size:
            raise GalleryError(f"{path}: missing or cut short; copy or build the gallery again")
        some = np.linspace(0, len(noted) - 1, min(len(noted), LOOKED_AT)).astype(int)
        with path.open("rb") as file:
            for block in range(len(noted)) if whole else some:
                at = int(block) * BLOCK
                file.seek(at)
                if zlib.crc32(file.read(min(BLOCK, size - at))) != noted[block]:
                    raise GalleryError(
                        f"{path}: not what was built (bytes from {at:,} differ); copy or build "
                        "the gallery again"
                    )


def read_index(folder: Path) -> dict[str, Any]:
    """What `index.json` says, once it has shown to be whole and of this version.

    Raises:
        GalleryError: no gallery, an unfinished one, a damaged one, or another version's.
    """
    path = folder / INDEX
    if not path.is_file():
        if (folder / JOURNAL).is_file():
            raise GalleryError(f"{folder}: not finished; run the command that builds it again")
        raise GalleryError(f"{folder}: no gallery there; sticc gallery builds one")
    try:
        found = read_json(path)
        if not isinstance(found, dict) or found.pop("hash", "") != fingerprint(found):
            raise ValueError("its hash differs")
        if found["version"] != VERSION:
            raise ValueError(f"version {found['version']}, not {VERSION}")
    except (ValueError, KeyError, RunError) as error:
        raise GalleryError(f"{path}: damaged ({error}); build the gallery again") from None
    return found


def mapped(folder: Path, name: str, kind: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A file's first part as an array that is read from disk when it is looked at."""
    return np.memmap(folder / name, kind, "r", shape=shape) if shape[0] else np.empty(shape, kind)


def ahead(vectors: np.ndarray, rows: np.ndarray) -> None:
    """Asks the system for some rows of a mapped file before they are read, all at once.

    Read one by one from a disk each would be waited for, and its neighbours come along: the first
    query after opening takes hundreds of milliseconds instead of a few
    (`python benchmarks/index.py`).
    """
    held = vectors.base
    if not isinstance(held, mmap.mmap) or not hasattr(mmap, "MADV_WILLNEED"):
        return
    wide, page = vectors.strides[0], mmap.PAGESIZE
    for row in rows.tolist():
        start = row * wide // page * page
        held.madvise(mmap.MADV_WILLNEED, start, (row + 1) * wide - start)
