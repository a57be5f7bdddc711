"""k-reciprocal re-ranking the slow way: dense, one row and one neighbour after the other."""

from __future__ import annotations

import numpy as np


def slow(mixed, query, gallery, k1=20, k2=6, weight=0.3):
    """Re-ranked distances [Q, G] of three distance matrices, by the words of the paper."""
    stacked = np.block([[query, mixed], [mixed.T, gallery]])
    squared = stacked**2
    near = (squared / squared.max(axis=0)).T  # every column by its own largest
    order = np.argsort(near, axis=1, kind="stable")
    count, queries = len(near), len(query)

    def reciprocal(row, k):
        """R(row, k): who has each other among the first k, beside itself."""
        return {int(j) for j in order[row, : k + 1] if row in order[j, : k + 1]}

    encoded = np.zeros((count, count))
    for row in range(count):
        own = reciprocal(row, k1)
        members = set(own)
        for neighbour in own:
            theirs = reciprocal(neighbour, int(np.around(k1 / 2)))
            if 3 * len(theirs & own) > 2 * len(theirs):
                members |= theirs
        members = sorted(members)
        similar = np.exp(-near[row, members].astype(float))
        encoded[row, members] = similar / similar.sum()
    if k2 > 1:
        encoded = np.stack([encoded[order[row, :k2]].mean(axis=0) for row in range(count)])
    result = np.empty((queries, count - queries))
    for i in range(queries):
        for j in range(queries, count):
            shared = np.minimum(encoded[i], encoded[j]).sum()
            jaccard = 1 - shared / (2 - shared)
            result[i, j - queries] = (1 - weight) * jaccard + weight * near[i, j]
    return result
