"""A gallery on disk that answers "who is nearest?" without being read into memory.

Two kinds. *exact* goes through all vectors in tiles, as `ranking.py` does, and gives its order.
*approximate* takes a short list from faiss (index_lists.py) and ranks that by the vectors
themselves, which lie in a mapped file: its distances are exact, and a neighbour can be missed. How
often, against exact, is measured when it is built and stands in `recall`.

CHOICE: exact search is our own tiles and not faiss's flat index: the same order as ranking, no
extra to install, and the flat index would hold all vectors in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sticc_lib.retrieval import index_files as files
from sticc_lib.retrieval.distances import Kind, distances
from sticc_lib.retrieval.index_files import GalleryError
from sticc_lib.retrieval.index_lists import opened, short_list

TILE = 8192


@dataclass(frozen=True)
class Gallery:
    """An opened index. Use `Gallery.open`.

    Attributes:
        folder: where it lies.
        facts: what `index.json` says: `kind`, `metric`, `dim`, `count`, `embedder`, `sets`,
            `recall`, and for approximate ones `lists`, `probes`, `depth`.
        vectors: float32 [N, D], mapped.
        rows: index_files.ROW [N], mapped.
    """

    folder: Path
    facts: dict[str, Any]
    vectors: np.ndarray
    rows: np.ndarray
    lists: Any = field(default=None, repr=False)

    @classmethod
    def open(cls, folder: Path | str, whole: bool = False) -> Gallery:
        """Opens a finished gallery after comparing its files with what was noted of them.

        Args:
            folder: what `sticc gallery` wrote. Of people you trust: see index_lists.py.
            whole: compare every byte, not evenly spaced parts of large files.

        Raises:
            GalleryError: none there, an unfinished or a damaged one, or faiss is missing.
        """
        folder = Path(folder)
        facts = files.read_index(folder)
        files.compare(folder, facts["files"], whole)
        count, dim = facts["count"], facts["dim"]
        if facts["files"][files.VECTORS]["size"] != 4 * count * dim:
            raise GalleryError(f"{folder}: {count} x {dim} vectors told, others there; build again")
        lists = opened(folder, facts["lists"]["name"]) if facts["lists"] else None
        vectors = files.mapped(folder, files.VECTORS, "<f4", (count, dim))
        return cls(folder, facts, vectors, files.mapped(folder, files.ROWS, files.ROW, (count,)),
                   lists)  # fmt: skip

    def __len__(self) -> int:
        """Number of tracklets."""
        return len(self.rows)

    def search(
        self,
        queries: np.ndarray,
        k: int = 10,
        keep: np.ndarray | None = None,
        probes: int = 0,
        depth: int = 0,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The nearest tracklets of each query, nearest first; of equals the earlier row.

        Args:
            queries: float32 [n, D].
            k: how many.
            keep: bool [N], which rows may be found; None for all.
            probes: lists to look through; 0 for what was found enough when it was built.
            depth: length of the short list; 0 likewise.

        Returns:
            Rows int64 [n, k], -1 where there are fewer, and distances float32 [n, k], infinite
            there.

        Raises:
            GalleryError: queries of another width, or not finite.
        """
        queries = np.asarray(queries, np.float32)
        if queries.ndim != 2 or queries.shape[1] != self.facts["dim"]:
            raise GalleryError(
                f"{self.folder}: expected queries [n, {self.facts['dim']}], got "
                f"{list(queries.shape)}; embed them with the gallery's own model"
            )
        if not np.isfinite(queries).all():
            raise GalleryError("queries hold NaN or infinity; did training diverge?")
        kind: Kind = self.facts["metric"]
        if self.lists is None:
            return nearest(self.vectors, queries, k, kind, keep)
        depth = max(depth or self.facts["depth"], k)
        some = short_list(self.lists, queries, kind, probes or self.facts["probes"], depth, keep)
        if some.max(initial=-1) >= len(self):
            raise GalleryError(f"{self.folder}: its lists name rows it has not; build it again")
        return ranked(self.vectors, queries, some, k, kind)

    def table(self, rows: np.ndarray) -> pd.DataFrame:
        """What is known of some rows: `tracklet`, `camera` (may be <NA>), `person`, `set`, `path`.

        `set` is the number of the set in `facts["sets"]`, `path` that of the first frame.
        """
        rows = np.asarray(rows, np.int64)
        held = self.rows[rows]
        camera = pd.array(held["camera"], "Int64")
        camera[held["camera"] == files.NO_CAMERA] = pd.NA
        paths = []
        with (self.folder / files.PATHS).open("rb") as text:
            for row, end in zip(rows, held["path_end"], strict=True):
                begin = int(self.rows["path_end"][row - 1]) if row else 0
                text.seek(begin)
                paths.append(text.read(int(end) - begin).decode(errors="replace"))
        return pd.DataFrame(
            {"tracklet": held["tracklet"], "camera": camera, "person": held["person"],
             "set": held["set"], "path": paths}
        )  # fmt: skip

    def told(self) -> str:
        """Kind and size in a line, for tables and captions."""
        found = f"{self.facts['kind']}, {len(self):,} x {self.facts['dim']}"
        if self.lists is None:
            return found
        told = self.facts["recall"]  # None where others than the chosen probes are taken
        recall = "recall not measured"
        if told:
            recall = f"recall@10 {told['value']:.3f} on {told['queries']} sampled queries"
        return (
            f"{found}, {self.facts['probes']} of {self.facts['lists']['lists']} lists probed, "
            f"{self.facts['depth']} re-ranked, {recall}"
        )


def nearest(
    vectors: np.ndarray, queries: np.ndarray, k: int, kind: Kind, keep: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The exact answer, tile by tile; as `Gallery.search`."""
    best = np.full((len(queries), k), -1, np.int64)
    near = np.full((len(queries), k), np.inf, np.float32)
    for start in range(0, len(vectors), TILE):
        tile = np.arange(start, min(start + TILE, len(vectors)))
        found = distances(queries, vectors[start : tile[-1] + 1], kind)
        if keep is not None:
            found[:, ~keep[tile]] = np.inf
        for number, row in enumerate(found):
            closer = np.flatnonzero(row < near[number, -1])  # an equal one that comes later is not
            if len(closer):
                both = np.concatenate([near[number], row[closer]])
                order = np.argsort(both, kind="stable")[:k]
                best[number] = np.concatenate([best[number], tile[closer]])[order]
                near[number] = both[order]
    return best, near


def ranked(
    vectors: np.ndarray, queries: np.ndarray, some: np.ndarray, k: int, kind: Kind
) -> tuple[np.ndarray, np.ndarray]:
    """Short lists int [n, depth] ranked by the vectors themselves; as `Gallery.search`."""
    best = np.full((len(queries), k), -1, np.int64)
    near = np.full((len(queries), k), np.inf, np.float32)
    for number, rows in enumerate(some):
        rows = np.sort(rows[rows >= 0])  # in the order of the file
        files.ahead(vectors, rows)
        found = distances(queries[number : number + 1], vectors[rows], kind)[0]
        order = np.argsort(found, kind="stable")[:k]
        best[number, : len(order)], near[number, : len(order)] = rows[order], found[order]
    return best, near
