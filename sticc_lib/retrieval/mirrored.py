"""Distances among rows of features, block by block; below the diagonal they were seen above it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sticc_lib.retrieval.distances import Kind, comparer, rowwise
from sticc_lib.retrieval.reciprocal import Table

_BLOCK_BYTES = 8 << 20  # of distances made at once
_SEEN_BYTES = 80 << 20  # of distances kept for the rows that they are the columns of


class Features(Table):
    """Distances of rows of one array or of several, made when they are asked for.

    A distance is the same both ways, so half of them need not be computed: what a block has to the
    right of it is kept, as far as `_SEEN_BYTES` go, until the rows come that have it on their left.
    """

    def __init__(self, parts: Sequence[tuple[np.ndarray, np.ndarray]], kind: Kind):
        """Each part is an array real [N, D] and which of its rows [n]; kind is not `dot`."""
        if kind == "dot":
            raise ValueError("re-ranking squares distances: use cosine or euclidean, not dot")
        self.parts = parts
        self.kind: Kind = kind
        self.compare = [comparer(values, index, kind) for values, index in parts]
        self.starts = np.cumsum([0, *(len(index) for _, index in parts)])
        self.count = int(self.starts[-1])
        self.step = max(64, _BLOCK_BYTES // (4 * max(1, self.count)))
        self._seen: dict[tuple[int, int], np.ndarray] = {}
        self._held = 0

    def rows(self, start: int, stop: int) -> np.ndarray:
        query, step = self._take(np.arange(start, stop)), self.step
        block = np.empty((stop - start, self.count), np.float32)
        block[:, start:] = self._between(query, start, self.count)
        own = np.arange(stop - start)
        block[own, start + own] = 0  # whatever rounding says
        np.maximum(block[:, start:], 0, out=block[:, start:])
        for low in range(0, start, step):
            high = min(low + step, start)
            seen = self._seen.pop((low, start), None)
            if seen is None:
                block[:, low:high] = np.maximum(self._between(query, low, high), 0)
            else:
                block[:, low:high] = seen.T
                self._held -= seen.nbytes
        for low in range(stop, self.count, step):
            part = block[:, low : low + step]
            if self._held + part.nbytes > _SEEN_BYTES:
                break
            self._seen[start, low] = part.copy()
            self._held += part.nbytes
        return block

    def pairs(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        found, step = [np.empty(0, np.float32)], 256
        for low in range(0, len(left), step):
            a, b = (self._take(side[low : low + step]) for side in (left, right))
            found.append(rowwise(a, b, self.kind))
        return np.where(left == right, 0, np.maximum(np.concatenate(found), 0))

    def _between(self, query: np.ndarray, low: int, high: int) -> np.ndarray:
        """Distances of features [n, D] to rows `low` to `high` of all parts together."""
        blocks = []
        for compare, (first, last) in zip(self.compare, pairwise(self.starts), strict=True):
            if max(low, first) < min(high, last):
                blocks.append(compare(query, max(low - first, 0), min(high, last) - first))
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)

    def _take(self, rows: np.ndarray) -> np.ndarray:
        if len(self.parts) == 1:
            values, index = self.parts[0]
            return values[index[rows]].astype(np.float32, copy=False)
        result = np.empty((len(rows), self.parts[0][0].shape[1]), np.float32)
        for number, (values, index) in enumerate(self.parts):
            here = rows - self.starts[number]
            mine = (here >= 0) & (here < len(index))
            result[mine] = values[index[here[mine]]]
        return result
