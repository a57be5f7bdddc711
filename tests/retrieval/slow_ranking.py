"""Retrieval the slow way: one stable argsort a query, everything by its definition."""

from __future__ import annotations

import numpy as np


def slow(distances, query, gallery, trapezoid=False):
    """(ap, inp, first) per query; `query` and `gallery` are dicts of label arrays."""
    found = []
    for q, row in enumerate(np.asarray(distances, np.float64)):
        hits, rank = [], 0
        for g in np.argsort(row, kind="stable"):
            same = {k: query[k][q] is not None and query[k][q] == gallery[k][g] for k in query}
            if gallery["person"][g] == -1 or same.get("tracklet") or same.get("visit"):
                continue
            if same["person"] and same.get("camera"):
                continue
            rank += 1
            if same["person"]:
                hits.append(rank)
        if not hits:
            found.append((np.nan, np.nan, np.nan))
            continue
        precision = []
        for number, place in enumerate(hits, 1):
            here = number / place
            before = (number - 1) / (place - 1) if place > 1 else 1.0
            precision.append((here + before) / 2 if trapezoid else here)
        found.append((np.mean(precision), len(hits) / hits[-1], hits[0]))
    return (np.array(column, float) for column in zip(*found, strict=True))
