"""How sure a count is: its interval, from the chances of the merges that made it."""

from __future__ import annotations

import numpy as np

from sticc_lib.counting.calibrate import Cut
from sticc_lib.counting.evidence import Evidence
from sticc_lib.counting.merging import Merges

DRAWS = 1000


def spread(
    merges: Merges, cut: Cut, item: np.ndarray, evidence: Evidence, least: float, seed: int = 0
) -> tuple[int, int]:
    """90 % interval of the count: the threshold is drawn anew from its pairs, and every merge is
    done by its chance under it.

    CHOICE: merges are drawn independently though later ones build on earlier; the interval is one
    of the decisions near the threshold, not of errors in the tracks.

    Args:
        merges: of items.
        cut: the threshold and its width.
        item: int [fragments].
        evidence: whose fragments they are.
        least: seconds that somebody must be seen to be counted.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    value = cut.drawn(DRAWS, rng)[:, None]
    chance = cut.probability(merges.height - value + cut.value)  # [draws, merges]
    done = rng.random(chance.shape) < chance
    seconds = np.bincount(item[evidence.boxes["fragment"]], minlength=merges.count) / evidence.fps
    counts = [(_total(merges, one, seconds) >= least).sum() for one in done]
    low, high = np.quantile(counts, [0.05, 0.95])
    return int(low), int(np.ceil(high))


def _total(merges: Merges, done: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Seconds of each group, -1 for items that went into another.

    Merges come leaves first and name groups by their lowest item; where an earlier one was not
    done, the later one joins what its two items are in by then.
    """
    total, parent = seconds.copy(), np.arange(merges.count)

    def root(n: int) -> int:
        while parent[n] != n:
            n = parent[n]
        return n

    for i, j in zip(merges.left[done].tolist(), merges.right[done].tolist(), strict=True):
        first, second = root(i), root(j)
        if first != second:
            parent[second] = first
            total[first], total[second] = total[first] + total[second], -1.0
    return total
