"""k-reciprocal neighbours and what is made of them, all of it sparse.

Of N rows each has some tens of neighbours, so nothing here is N x N but blocks of a few MB:
neighbours come from blocks of distances, sets and their weights are sparse matrices, and the
Jaccard distances of a query are sums over the columns that it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sticc_lib.run import bar

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Columns = slice | np.ndarray
_INNER = 1 << 18  # entries looked at together: stay in a core's cache
_EXPANDED = 1 << 20  # entries of a sum of minima made at once


@dataclass(frozen=True)
class Settings:
    """The formulation's three numbers, with the values its authors publish.

    Attributes:
        k1: neighbours that may be reciprocal, beside the row itself.
        k2: nearest rows over which encodings are averaged, the row itself among them; 1: none.
        weight: lambda, share of the distance as it was; 1 changes no order.
    """

    k1: int = 20
    k2: int = 6
    weight: float = 0.3

    def __post_init__(self) -> None:
        if self.k1 < 1 or self.k2 < 1 or not 0 <= self.weight <= 1:
            raise ValueError(f"{self}: expected k1 and k2 of at least 1, weight from 0 to 1")


class Table(Protocol):
    """Distances among `count` rows, given out in parts."""

    count: int
    step: int
    """Rows that one call of `rows` asks for; blocks start at its multiples."""

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Distances float [n, count] of rows `start` to `stop`; the caller may write to it."""
        ...

    def pairs(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Distances float [m] of pairs of rows, as `rows` has them at [left, right]."""
        ...


def mend(
    table: Table, query: Columns, gallery: Columns, settings: Settings, progress: bool
) -> np.ndarray:
    """Re-ranked distances float32 [Q, G] of some rows of a table to some.

    Args:
        table: distances; they are squared, and divided by each row's largest.
        query: which rows, none twice.
        gallery: which columns, none twice.
        settings: k1, k2 and lambda.
        progress: show bars.

    Raises:
        ValueError: a distance is NaN or infinite; names its row.
    """
    everything = np.arange(table.count)
    result = np.empty((len(everything[query]), len(everything[gallery])), np.float32)
    if result.size == 0:
        return result
    near, values, peak = _neighbours(table, query, gallery, settings, result, progress)
    encoded = _encode(table, near, values, peak, settings.k1)
    if settings.k2 > 1:
        encoded = _pattern(near, settings.k2, "mean") @ encoded
    _add_jaccard(encoded[query], encoded[gallery], 1 - settings.weight, result, progress)
    return result


def _neighbours(
    table: Table,
    query: Columns,
    gallery: Columns,
    settings: Settings,
    result: np.ndarray,
    progress: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every row's nearest int32 [N, k] with their distances [N, k] (0..1) and its largest [N].

    Writes lambda times the distances as they were into `result`, as they pass by.
    """
    count = table.count
    width = min(max(settings.k1 + 1, settings.k2), count)
    near, values, peaks = np.empty((count, width), np.int32), [], []
    place = np.full(count, -1)
    place[query] = np.arange(len(result))
    inner = max(1, _INNER // count)
    with bar(progress, total=count, desc="re-rank: neighbours", unit="row") as meter:
        for start in range(0, count, table.step):
            block = table.rows(start, min(start + table.step, count))
            for low in range(0, len(block), inner):
                part, first = block[low : low + inner], start + low
                rows = slice(first, first + len(part))
                peaks.append(_normalise(part, first))
                near[rows], found = _smallest(part, width)
                values.append(found)
                asked = np.flatnonzero(place[rows] >= 0)
                if len(asked):
                    kept = part[:, gallery] if len(asked) == len(part) else part[asked][:, gallery]
                    result[place[rows][asked]] = settings.weight * kept
            meter.update(len(block))
    return near, np.concatenate(values), np.concatenate(peaks)


def _normalise(part: np.ndarray, first: int) -> np.ndarray:
    """Squares distances and divides them by each row's largest [n], in place."""
    np.multiply(part, part, out=part)
    peak = part.max(axis=1)
    if not np.isfinite(peak).all():
        row = first + int(np.argmin(np.isfinite(peak)))
        raise ValueError(f"distances: NaN or infinity in row {row} of queries and gallery")
    peak[peak == 0] = 1  # a row that equals all others
    part /= peak[:, None]
    return peak


def _smallest(part: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns int [n, k] and values [n, k] of the smallest of each row, in order, ties stable.

    Of k groups with the smallest minima each holds a value up to the k-th of these minima, so no
    value above it is among the k smallest: few are left to sort.
    """
    rows, count = part.shape
    groups = count // 16
    least = part
    if groups >= 4 * k:
        least = part[:, : 16 * groups].reshape(rows, 16, groups).min(axis=1)
    bound = np.partition(least, k - 1, axis=1)[:, k - 1]
    row, column = np.divmod(np.flatnonzero(part <= bound[:, None]), count)
    value = part[row, column]
    order = np.lexsort((value, row))  # stable: of equals the earlier column goes first
    starts = np.searchsorted(row, np.arange(rows))
    chosen = order[starts[:, None] + np.arange(k)]
    return column[chosen], value[chosen]


def _pattern(near: np.ndarray, k: int, what: str = "ones") -> csr_array:
    """Sparse float32 [N, N], each row's first k neighbours marked by 1, or by a share of 1."""
    from scipy.sparse import csr_array

    part = np.sort(near[:, :k], axis=1)
    count, k = part.shape
    data = np.full(part.size, 1 / k if what == "mean" else 1, np.float32)
    ends = np.arange(0, part.size + 1, k, dtype=np.int32)
    return csr_array((data, part.ravel(), ends), shape=(count, count))


def _reciprocal(near: np.ndarray, k: int) -> csr_array:
    """Sparse [N, N]: 1 where two rows are among each other's first k."""
    nearest = _pattern(near, k)
    return nearest.multiply(nearest.T.tocsr()).tocsr()


def _encode(
    table: Table, near: np.ndarray, values: np.ndarray, peak: np.ndarray, k1: int
) -> csr_array:
    """Sparse float32 [N, N]: a row's expanded reciprocal neighbours by exp(-d), sums of 1.

    CHOICE: a neighbour's own half set joins where *more* than two thirds of it are in the set.
    The paper prints "at least"; its authors' code, which its figures come from, and all that
    follow it have "more than".
    """
    from scipy.sparse import csr_array

    whole = _reciprocal(near, k1 + 1)
    half = _reciprocal(near, round(k1 / 2) + 1)  # halves to even, as in the authors' code
    shared = (whole @ half).multiply(whole).tocsr()  # half is symmetric
    sizes = np.diff(half.indptr)[shared.indices]
    shared.data = (3 * shared.data > 2 * sizes).astype(np.float32)
    shared.eliminate_zeros()
    members = whole + shared @ half
    members.data[:] = 1
    ends = np.arange(0, near.size + 1, near.shape[1])
    known = csr_array((np.exp(-values).ravel(), near.ravel(), ends), shape=members.shape)
    known.sort_indices()
    weights = members.multiply(known).tocsr()  # nearly all were met among the nearest
    seen = weights.copy()
    seen.data[:] = 1
    rest = (members - seen).tocsr()
    rest.eliminate_zeros()
    left, right = rest.nonzero()
    rest.data = np.exp(-(table.pairs(left, right) ** 2) / peak[left]).astype(np.float32)
    weights = (weights + rest).tocsr()
    sums = np.asarray(weights.sum(axis=1)).ravel()
    weights.data = (weights.data / np.repeat(sums, np.diff(weights.indptr))).astype(np.float32)
    return weights


def _add_jaccard(
    query: csr_array, gallery: csr_array, weight: float, result: np.ndarray, progress: bool
) -> None:
    """Adds `weight` times the Jaccard distances of encodings [Q, N] and [G, N] to `result`."""
    columns = gallery.T.tocsr()  # [N, G]
    width = result.shape[1]
    with bar(progress, total=len(result), desc="re-rank: Jaccard", unit="query") as meter:
        for low, high in _runs(query, np.diff(columns.indptr)):
            ends = query.indptr[low : high + 1]
            mine = slice(ends[0], ends[-1])
            others = columns[query.indices[mine]]  # a row for every entry of these queries
            counts = np.diff(others.indptr)
            least = np.minimum(others.data, np.repeat(query.data[mine], counts))
            bounds = others.indptr[ends - ends[0]]
            for row in range(low, high):
                part = slice(bounds[row - low], bounds[row - low + 1])
                shared = np.bincount(others.indices[part], least[part], width)
                # both sum to 1, so the larger of two sums to 2 less the smaller
                result[row] += weight * (1 - shared / (2 - shared))
            meter.update(high - low)


def _runs(query: csr_array, counts: np.ndarray) -> Iterator[tuple[int, int]]:
    """Runs of queries whose entries meet about `_EXPANDED` entries of the gallery."""
    met = np.append(0, np.cumsum(counts[query.indices]))[query.indptr[1:]]
    edges = np.flatnonzero(np.diff(met // _EXPANDED, prepend=-1))
    yield from zip(edges.tolist(), [*edges[1:].tolist(), len(met)], strict=True)
