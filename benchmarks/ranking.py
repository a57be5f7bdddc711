"""Ranking of MARS's size: ours beside one stable argsort a row, alternating in one run.

Synthetic features (persons around random centres): 1,980 queries, 11,310 in the gallery, of which
3,248 distractors; `separated` has a mAP near 0.85, `random` carries no identity at all. Prints one
line a figure: the median ratio over the repeats, process CPU time of one thread.

    OMP_NUM_THREADS=1 python benchmarks/ranking.py [repeats]
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np

from sticc_lib.retrieval.ranking import score

QUERIES, GALLERY, DISTRACTORS, PERSONS, CAMERAS, WIDTH = 1980, 11310, 3248, 626, 6, 64


def synthetic(separation: float, seed: int = 0):
    """(distances float32 [Q, G], labels as `score` takes them)."""
    rng = np.random.default_rng(seed)
    named = GALLERY - DISTRACTORS
    person = np.r_[np.arange(named) % PERSONS + 1, np.zeros(DISTRACTORS, int)]
    camera = rng.integers(0, CAMERAS, GALLERY)
    centres = rng.standard_normal((PERSONS + 1, WIDTH)) * separation
    centres[0] = 0
    values = centres[person] + rng.standard_normal((GALLERY, WIDTH))
    values[named:] += rng.standard_normal((DISTRACTORS, WIDTH)) * separation
    values = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
    query = rng.choice(named, QUERIES, replace=False)
    labels = person[query], person, camera[query], camera
    return 1 - values[query] @ values.T, labels


def plain(distances, query_person, gallery_person, query_camera, gallery_camera):
    """(mAP, CMC at ranks 1..50) by a stable argsort of every row."""
    ap, cmc = [], []
    for row, person, camera in zip(distances, query_person, query_camera, strict=True):
        order = np.argsort(row, kind="stable")
        same = gallery_person[order] == person
        hit = same[~(same & (gallery_camera[order] == camera))]
        places = np.flatnonzero(hit) + 1
        if len(places):
            ap.append(np.mean(np.arange(1, len(places) + 1) / places))
            cmc.append(places[0] <= np.arange(1, 51))
    return np.mean(ap), np.mean(cmc, axis=0)


def timed(work, *inputs):
    """(result, CPU seconds)."""
    start = time.process_time()
    result = work(*inputs)
    return result, time.process_time() - start


def main(repeats: int = 5) -> None:
    for name, separation in (("separated", 1.0), ("random", 0.0)):
        distances, labels = synthetic(separation)
        ratios, ours, theirs = [], [], []
        for _ in range(max(1, repeats)):
            (wanted, cmc), slow = timed(plain, distances, *labels)
            found, fast = timed(score, distances, *labels)
            if abs(found.mAP - wanted) > 1e-9 or np.abs(found.cmc - cmc).max() > 1e-9:
                sys.exit(f"{name}: mAP {found.mAP} is not the argsort's {wanted}")
            ratios.append(slow / fast)
            ours.append(fast)
            theirs.append(slow)
        print(
            f"ranking, {name} (mAP {found.mAP:.3f}), {QUERIES} x {GALLERY}: "
            f"{statistics.median(ratios):.1f}x over a stable argsort in numpy "
            f"({1e3 * statistics.median(ours):.0f} against "
            f"{1e3 * statistics.median(theirs):.0f} cpu-ms, median of {len(ratios)})"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
