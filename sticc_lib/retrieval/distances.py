"""Distances between features, in tiles, so that no second copy of a gallery is made."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np

Kind = Literal["cosine", "euclidean", "dot"]
_UNKNOWN = "distance {!r} is none of cosine, euclidean, dot"


class Compare(Protocol):
    """What `comparer` returns."""

    def __call__(self, query: np.ndarray, low: int = 0, high: int | None = None) -> np.ndarray:
        """Distances float32 [n, high - low] of features [n, D] to columns `low` to `high`."""
        ...


def distances(query: np.ndarray, gallery: np.ndarray, kind: Kind = "cosine") -> np.ndarray:
    """Distances float32 [Q, G] of features [Q, D] and [G, D]; smaller is nearer.

    Args:
        query: real [Q, D].
        gallery: real [G, D].
        kind: `cosine` (1 - cosine, 0..2; a zero vector is at 1 from all), `euclidean`, or `dot`
            (minus the inner product).

    Raises:
        ValueError: unknown kind, or widths differ.
    """
    compare = comparer(np.asarray(gallery), np.arange(len(gallery)), kind)
    return compare(np.asarray(query))


def comparer(values: np.ndarray, columns: np.ndarray, kind: Kind, tile: int = 8192) -> Compare:
    """A function from query features [n, D] to distances [n, G] to `values[columns]`, or to some.

    The gallery is gone through in tiles, so that no second copy of it is ever made.
    """
    if kind not in ("cosine", "euclidean", "dot"):
        raise ValueError(_UNKNOWN.format(kind))
    tiles = [columns[i : i + tile] for i in range(0, len(columns), tile)]
    whole = bool(len(columns)) and np.array_equal(columns, np.arange(columns[0], columns[-1] + 1))

    def part(index: np.ndarray) -> np.ndarray:
        rows = values[index[0] : index[-1] + 1] if whole else values[index]
        return rows.astype(np.float32, copy=False)

    squares = np.concatenate(
        [np.einsum("nd,nd->n", part(i), part(i)) for i in tiles] or [np.empty(0, np.float32)]
    )

    def compare(query: np.ndarray, low: int = 0, high: int | None = None) -> np.ndarray:
        if query.ndim != 2 or values.ndim != 2 or query.shape[1] != values.shape[1]:
            raise ValueError(f"features {query.shape} and {values.shape}: expected equal widths")
        query = query.astype(np.float32, copy=False)
        among = slice(low, len(columns) if high is None else high)
        result = np.empty((len(query), among.stop - low), np.float32)
        own = np.einsum("nd,nd->n", query, query)
        if kind == "cosine":
            query = query / np.maximum(np.sqrt(own), 1e-12)[:, None]
        for start in range(low, among.stop, tile):
            stop = min(start + tile, among.stop)
            np.matmul(query, part(columns[start:stop]).T, out=result[:, start - low : stop - low])
        if kind == "dot":
            return np.negative(result, out=result)
        if kind == "cosine":
            result /= np.maximum(np.sqrt(squares[among]), 1e-12)
            return np.subtract(1, result, out=result)
        result *= -2
        result += own[:, None]
        result += squares[among]
        return np.sqrt(np.maximum(result, 0, out=result), out=result)

    return compare


def paired(values: np.ndarray, left: np.ndarray, right: np.ndarray, kind: Kind) -> np.ndarray:
    """Distances float32 [n] of chosen pairs of rows of `values`; kinds as in `distances`."""
    parts = [np.empty(0, np.float32)]
    for start in range(0, len(left), 4096):
        a, b = (values[side[start : start + 4096]] for side in (left, right))
        parts.append(rowwise(a, b, kind))
    return np.concatenate(parts)


def rowwise(a: np.ndarray, b: np.ndarray, kind: Kind) -> np.ndarray:
    """Distances float32 [n] of each row of [n, D] to the same row of another; kinds as above."""
    a, b = a.astype(np.float32, copy=False), b.astype(np.float32, copy=False)
    if kind == "euclidean":
        return np.linalg.norm(a - b, axis=1)
    product = np.einsum("nd,nd->n", a, b)
    if kind == "dot":
        return -product
    if kind != "cosine":
        raise ValueError(_UNKNOWN.format(kind))
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return 1 - product / np.maximum(lengths, 1e-12)
