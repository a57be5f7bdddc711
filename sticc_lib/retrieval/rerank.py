"""k-reciprocal re-ranking: from features or distances to distances that the neighbourhood mended.

Zhong et al., Re-ranking person re-identification with k-reciprocal encoding, CVPR 2017: two rows
are near if they are among each other's nearest, and if those are the same.

It is *transductive*: the re-ranked distance of one query to one gallery row depends on all other
queries and on the whole gallery, which must be there at once. A score with it answers another
question than one without it and must not stand beside one unsaid. Nor does it know of persons,
cameras or visits: what a set's rule removes takes part, and is removed from the ranking after it.
"""

from __future__ import annotations

import numpy as np

from sticc_lib.retrieval.distances import Kind
from sticc_lib.retrieval.mirrored import Features
from sticc_lib.retrieval.reciprocal import Settings, Table, mend

__all__ = ["Settings", "rerank", "rerank_among", "rerank_distances"]

_BLOCK_BYTES = 8 << 20  # of distances made at once


def rerank(
    query: np.ndarray,
    gallery: np.ndarray,
    kind: Kind = "cosine",
    settings: Settings = Settings(),
    progress: bool = False,
) -> np.ndarray:
    """Re-ranked distances of features: what `rerank_distances` makes of their `distances`.

    The distances of all rows never exist at once, only blocks of them; benchmarks/rerank.py
    measures the memory at MARS's size.

    Args:
        query: real [Q, D].
        gallery: real [G, D]; a row that is also a query counts as its neighbour. Where queries
            are in the gallery, `rerank_among` counts them once.
        kind: `cosine` or `euclidean`.
        settings: k1, k2 and lambda.
        progress: show bars.

    Returns:
        float32 [Q, G], 0 to 1; smaller is nearer.

    Raises:
        ValueError: kind `dot`, which is no distance; NaN or infinity; widths or settings that do
            not fit.
    """
    query, gallery = np.asarray(query), np.asarray(gallery)
    if query.ndim != 2 or gallery.ndim != 2 or query.shape[1] != gallery.shape[1]:
        raise ValueError(f"features {query.shape} and {gallery.shape}: expected equal widths")
    parts = [(part, np.arange(len(part))) for part in (query, gallery)]
    total = len(query) + len(gallery)
    columns = slice(0, len(query)), slice(len(query), total)
    return mend(Features(parts, kind), *columns, settings, progress)


def rerank_among(
    values: np.ndarray,
    query: np.ndarray,
    gallery: np.ndarray,
    kind: Kind = "cosine",
    settings: Settings = Settings(),
    progress: bool = False,
) -> np.ndarray:
    """`rerank` for rows of one table, some of which may be both query and gallery.

    CHOICE: such a row takes part once. The formulation stacks queries on the gallery; where they
    are the same rows, every neighbourhood would hold each twice and be half as wide as k1 says.

    Args:
        values: real [N, D].
        query: int [Q], rows of `values`, none twice.
        gallery: int [G], likewise.
        kind, settings, progress: as in `rerank`.

    Returns:
        float32 [Q, G].

    Raises:
        ValueError: as in `rerank`.
    """
    if len(np.unique(query)) < len(query):
        raise ValueError("query: a row stands there twice; expected each once")
    rows = np.union1d(query, gallery)
    places = np.searchsorted(rows, query), np.searchsorted(rows, gallery)
    return mend(Features([(np.asarray(values), rows)], kind), *places, settings, progress)


def rerank_distances(
    query_gallery: np.ndarray,
    query_query: np.ndarray,
    gallery_gallery: np.ndarray,
    settings: Settings = Settings(),
    progress: bool = False,
) -> np.ndarray:
    """Re-ranked distances of three distance matrices, in the order that torchreid takes them.

    Args:
        query_gallery: real [Q, G], at least 0; they are squared first, as the authors do.
        query_query: real [Q, Q].
        gallery_gallery: real [G, G]. Where a square one is not symmetric, its columns count.
        settings: k1, k2 and lambda.
        progress: show bars.

    Returns:
        float32 [Q, G], 0 to 1; smaller is nearer. Neighbours at the same distance are taken in
        the order of the rows, queries first.

    Raises:
        ValueError: shapes or settings that do not fit, NaN or infinity, or distances below 0.
    """
    table = _Given(*map(np.asarray, (query_gallery, query_query, gallery_gallery)))
    borders = slice(0, table.queries), slice(table.queries, table.count)
    return mend(table, *borders, settings, progress)


class _Given(Table):
    """Distances that somebody else made: column j of the stacked matrix is row j here."""

    def __init__(self, mixed: np.ndarray, query: np.ndarray, gallery: np.ndarray):
        shape = mixed.shape if mixed.ndim == 2 else (-1, -1)
        wanted = tuple((side, side) for side in shape)
        if (query.shape, gallery.shape) != wanted:
            raise ValueError(
                f"distances {mixed.shape}, {query.shape}, {gallery.shape}: expected query-gallery "
                "[Q, G], query-query [Q, Q] and gallery-gallery [G, G]"
            )
        self.mixed, self.query, self.gallery = mixed, query, gallery
        self.queries, self.count = shape[0], sum(shape)
        self.dtype = np.result_type(mixed, query, gallery, np.float32)
        self.step = max(64, _BLOCK_BYTES // (self.dtype.itemsize * max(1, self.count)))

    def rows(self, start: int, stop: int) -> np.ndarray:
        block = np.empty((stop - start, self.count), self.dtype)
        border = self.queries
        for low, high in ((start, min(stop, border)), (max(start, border), stop)):
            if low >= high:
                continue
            part = block[low - start : high - start]
            if high <= border:
                part[:, :border] = self.query[:, low:high].T
                part[:, border:] = self.mixed[low:high]
            else:
                part[:, :border] = self.mixed[:, low - border : high - border].T
                part[:, border:] = self.gallery[:, low - border : high - border].T
        least = block.min()
        if least < 0 and least < -1e-3 * block.max():  # not what rounding leaves of no distance
            row = start + int(np.argmin(block.min(axis=1)))
            raise ValueError(f"distances: {least} in row {row} of the stack; expected 0 or more")
        return block

    def pairs(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        border, result = self.queries, np.empty(len(left), self.dtype)
        first, second = left < border, right < border
        for own, other in ((True, True), (True, False), (False, True), (False, False)):
            at = (first == own) & (second == other)
            i, j = left[at] - border * (not own), right[at] - border * (not other)
            matrix = self.query if own else self.gallery
            result[at] = matrix[j, i] if own == other else self.mixed[(i, j) if own else (j, i)]
        return result
