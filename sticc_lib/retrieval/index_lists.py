"""The lists of an approximate index: faiss IVF-PQ on disk, made shard by shard, searched mapped.

A vector belongs to the nearest of `lists` centres and is held as one byte for each eight of its
numbers (product quantisation). A query looks through the lists of the nearest `probes` centres and
gives a short list, which `index.py` ranks again by the vectors themselves.

faiss is not hardened against hostile files: an index file can make it read anywhere. Files are
compared with the sums in `index.json` before faiss sees them, which finds damage and not malice;
open galleries of people you trust only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sticc_lib.machine import threads
from sticc_lib.retrieval.index_files import GalleryError, sums
from sticc_lib.run import atomic, bar, stderr

SHARD = 131_072
"""Vectors between two files, and so what an interruption can cost."""
CHUNK = 16_384
"""Vectors in memory at a time."""
GROWN = 4
"""CHOICE: centres are learnt again when the gallery is this many times as large as it was."""


def faiss() -> Any:
    """The library, set to the machine's threads.

    Raises:
        GalleryError: it is not installed.
    """
    try:
        import faiss as library
    except ImportError as error:
        raise GalleryError(
            f"an approximate gallery needs faiss ({error}); pip install 'sticc-lib[ann]', or "
            "build an exact one with --kind exact"
        ) from None
    library.omp_set_num_threads(threads())
    return library


def prepared(values: np.ndarray, metric: str, width: int) -> np.ndarray:
    """float32 [n, width]: of length one where cosine compares, zeros behind where D is uneven."""
    values = np.asarray(values, np.float32)
    if metric == "cosine":
        values = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    return np.ascontiguousarray(np.pad(values, ((0, 0), (0, width - values.shape[1]))))


def widths(dim: int) -> tuple[int, int]:
    """Bytes a vector, and the width it is padded to."""
    parts = -(-dim // 8)
    return parts, parts * -(-dim // parts)


def train(path: Path, vectors: np.ndarray, metric: str) -> None:
    """Learns centres and codes from a sample and writes them, empty of vectors.

    CHOICE: as many lists as the root of the count (a power of two), so that looking for lists and
    looking through them cost alike; some 64 vectors a centre and ten rounds, after which recall
    does not move.
    """
    library = faiss()
    count, dim = vectors.shape
    parts, width = widths(dim)
    lists = int(2 ** np.clip(round(np.log2(np.sqrt(count))), 2, 16))
    compare = library.METRIC_INNER_PRODUCT if metric == "dot" else library.METRIC_L2
    centres = library.IndexFlat(width, compare)
    made = library.IndexIVFPQ(centres, width, lists, parts, 8 if count >= 4096 else 4, compare)
    made.cp.niter = made.pq.cp.niter = 10
    made.cp.min_points_per_centroid = made.pq.cp.min_points_per_centroid = 1
    made.pq.cp.max_points_per_centroid = 64
    wanted = min(count, max(64 * lists, 16_384))
    rows = np.sort(np.random.default_rng(0).choice(count, wanted, replace=False))
    stderr(f"gallery: learns {lists} centres from {wanted:,} of {count:,} vectors")
    made.train(prepared(vectors[rows], metric, width))
    with atomic(path) as temporary:
        library.write_index(made, str(temporary))


def lists_of(folder: Path, vectors: np.ndarray, metric: str, old: dict[str, Any] | None) -> dict:
    """Puts all vectors into lists on disk; goes on from shards that an interrupted call left.

    Args:
        folder: the gallery's.
        vectors: float32 [N, D], mapped.
        metric: cosine, euclidean or dot.
        old: what was returned for the first of these vectors, of a gallery that grows.

    Returns:
        `name` (of the two files), `trained` (the file of the centres), `count`, `lists`,
        `learnt_from` (how many vectors there were then).
    """
    library, work = faiss(), folder / "work"
    work.mkdir(exist_ok=True)
    count, width = len(vectors), widths(vectors.shape[1])[1]
    keep = old is not None and count <= GROWN * old["learnt_from"]
    first, learnt = (old["count"], old["learnt_from"]) if keep and old else (0, count)
    trained = folder / f"trained-{learnt}.faiss"
    if not trained.exists():
        train(trained, vectors, metric)
    mark = f"{sums(trained, trained.stat().st_size)[0]:08x}"
    shards = []
    meter = bar(total=count - first, desc="lists", unit="vector", unit_scale=True)
    with meter:
        for start in range(first, count, SHARD):
            stop = min(start + SHARD, count)
            shards.append(work / f"shard-{start}-{stop}-{mark}.faiss")
            if not shards[-1].exists():
                made = library.read_index(str(trained))
                for low in range(start, stop, CHUNK):
                    rows = np.arange(low, min(low + CHUNK, stop))
                    part = prepared(vectors[low : rows[-1] + 1], metric, width)
                    made.add_with_ids(part, rows)
                with atomic(shards[-1]) as temporary:
                    library.write_index(made, str(temporary))
            meter.update(stop - start)
    name = f"lists-{count}-{mark}"
    parts = [opened(folder, old["name"])] if keep and old and first else []
    parts += [library.read_index(str(shard), library.IO_FLAG_MMAP) for shard in shards]
    nlist = _merged(library, folder, name, trained, parts)
    return {"name": name, "trained": trained.name, "count": count, "lists": nlist,
            "learnt_from": learnt}  # fmt: skip


def _merged(library: Any, folder: Path, name: str, trained: Path, parts: list[Any]) -> int:
    """Joins the lists of several indices in one file; returns how many lists there are."""
    whole = library.read_index(str(trained))
    data = folder / f"{name}.ivfdata"
    data.unlink(missing_ok=True)
    lists = library.OnDiskInvertedLists(whole.nlist, whole.code_size, str(data))
    pointers = library.InvertedListsPtrVector()
    for part in parts:
        pointers.push_back(part.invlists)
    with hushed():
        whole.ntotal = lists.merge_from_multiple(pointers.data(), pointers.size())
    lists.filename = data.name  # beside the index, wherever that goes
    whole.replace_invlists(lists, False)
    with atomic(folder / f"{name}.faiss") as temporary:
        library.write_index(whole, str(temporary))
    return int(whole.nlist)


def opened(folder: Path, name: str) -> Any:
    """The lists, read from disk as they are looked at.

    Raises:
        GalleryError: faiss is not installed, or cannot read them.
    """
    library = faiss()
    try:
        flags = library.IO_FLAG_ONDISK_SAME_DIR | library.IO_FLAG_READ_ONLY
        with hushed():
            return library.read_index(str(folder / f"{name}.faiss"), flags)
    except RuntimeError as error:
        raise GalleryError(
            f"{folder / name}.faiss: faiss cannot read it ({error}); build the gallery again"
        ) from None


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Keeps what faiss prints about its files out of the answer on standard output."""
    if os.name != "posix":
        yield
        return
    flush = ctypes.CDLL(None).fflush  # it prints through C's own buffer
    sys.stdout.flush()
    flush(None)
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        flush(None)
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def short_list(
    index: Any, queries: np.ndarray, metric: str, probes: int, depth: int, keep: np.ndarray | None
) -> np.ndarray:
    """Rows int64 [n, depth] of likely neighbours; -1 where there are fewer.

    Args:
        index: of `opened`.
        queries: float32 [n, D].
        metric: as it was built with.
        probes: lists to look through.
        depth: length of the short list.
        keep: bool [N], which rows may be found; None for all.
    """
    library = faiss()
    options: dict[str, Any] = {"nprobe": min(probes, index.nlist)}
    if keep is not None:
        bits = np.packbits(keep, bitorder="little")
        options["sel"] = library.IDSelectorBitmap(bits)
    settings = library.SearchParametersIVF(**options)
    return index.search(prepared(queries, metric, index.d), depth, params=settings)[1]
