"""How often an approximate index misses a neighbour, and the settings that are chosen by that."""

from __future__ import annotations

from typing import Any

import numpy as np

from sticc_lib.retrieval.index import nearest, ranked
from sticc_lib.retrieval.index_lists import short_list
from sticc_lib.run import stderr

SAMPLED = 256
"""Queries that recall is measured with: one half chooses probes and depth, the other is told."""
WANTED = 0.97
"""CHOICE: recall@10 that probes and depth are chosen for, above the 0.95 asked for, as the half
that is told is another sample."""
DEPTHS = (50, 100, 200, 400, 800)


def chosen(lists: Any, vectors: np.ndarray, metric: Any) -> dict[str, Any]:
    """Probes and depth that reach WANTED at the least cost, and the recall on other queries.

    Queries are sampled tracklets, each without itself. CHOICE: a vector of the short list, which
    is fetched from disk, counts as a hundred of those looked through in the lists.
    """
    count = len(vectors)
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(count, min(SAMPLED, count), replace=False))
    queries = np.asarray(vectors[rows])
    truth = _without(nearest(vectors, queries, 11, metric)[0], rows)
    half = rng.permutation(len(rows)) % 2 == 0
    deepest = min(DEPTHS[-1], count)
    best: tuple[float, int, int] | None = None
    probes = 1
    while probes <= lists.nlist:
        some = short_list(lists, queries[half], metric, probes, deepest, None)
        for depth in DEPTHS:
            cost = probes * count / lists.nlist + 100 * depth
            if best is not None and cost >= best[0]:
                continue
            if _recall(vectors, queries[half], some[:, :depth], truth[half], rows[half],
                       metric) >= WANTED:  # fmt: skip
                best = (cost, probes, depth)
        if best is not None and best[0] <= 2 * probes * count / lists.nlist + 100 * DEPTHS[0]:
            break
        probes *= 2
    _, probes, depth = best or (0.0, lists.nlist, DEPTHS[-1])
    some = short_list(lists, queries[~half], metric, probes, depth, None)
    value = _recall(vectors, queries[~half], some, truth[~half], rows[~half], metric)
    queried = int((~half).sum())
    stderr(f"gallery: recall@10 {value:.3f} against exact on {queried} sampled queries, with "
           f"{probes} of {lists.nlist} lists probed and {depth} re-ranked")  # fmt: skip
    return {"probes": probes, "depth": depth, "recall": {"value": value, "queries": queried}}


def _recall(
    vectors: np.ndarray, queries: np.ndarray, some: np.ndarray, truth: np.ndarray,
    own: np.ndarray, metric: Any,
) -> float:  # fmt: skip
    found = _without(ranked(vectors, queries, some, 11, metric)[0], own)
    return float(np.mean([len(set(f) & set(t) - {-1}) / max(1, int((t >= 0).sum()))
                          for f, t in zip(found, truth, strict=True)]))  # fmt: skip


def _without(found: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Each row of [n, 11] without the query itself, or without its last: [n, 10]."""
    same = found == own[:, None]
    same[~same.any(axis=1), -1] = True
    return found[~same].reshape(len(found), -1)
