"""Individuals of a whole video: tracks merged nearest first, never against a cannot-link."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BLOCKED = np.float32(np.inf)
AROUND = (0.8, 1.5)
"""CHOICE: more room above, for a threshold from within tracks is too strict for people who come
back. Drawn scenes are counted nearly alike without it (benchmarks/count_scenes.py); copies of one
real video (mirrored, at a quarter of the bitrate) with it only, and there the limits come from."""


@dataclass(frozen=True)
class Merges:
    """All merges that constraints allow, nearest first.

    Attributes:
        left, right: int [k], the items (lowest numbers of the groups) that were merged.
        height: float [k], the mean distance at which each pair was merged.
        far: float32 [count, count], distances; infinite where barred.
        weight: [count], as given.
        founds: bool [count], as given.
    """

    left: np.ndarray
    right: np.ndarray
    height: np.ndarray
    far: np.ndarray
    weight: np.ndarray
    founds: np.ndarray

    @property
    def count(self) -> int:
        """Items at the beginning."""
        return len(self.far)

    def groups(self, most: float) -> np.ndarray:
        """Group of each item, int [count] from 0, with merges up to this height.

        Later merges of groups that wait for an earlier one above the height are not done.
        """
        parent = np.arange(self.count)
        for i, j, height in zip(self.left, self.right, self.height, strict=True):
            if height > most:
                break  # heights rise: average linkage knows no inversions
            parent[parent == j] = i
        return np.unique(self._attached(parent, most), return_inverse=True)[1]

    def steadied(self, most: float) -> float:
        """The middle of the widest gap between merges around a height, so that no merge hangs on a
        hair: from AROUND[0] to AROUND[1] times that height."""
        low, high = AROUND[0] * most, AROUND[1] * most
        inside = self.height[(self.height > low) & (self.height < high)]
        edges = np.concatenate([[low], inside, [high]])
        widest = int(np.argmax(np.diff(edges)))
        return float(edges[widest] + edges[widest + 1]) / 2 if len(inside) else most

    def _attached(self, group: np.ndarray, most: float) -> np.ndarray:
        """Items that found nothing, each put into the nearest group that may have it."""
        group, guests = group.copy(), np.flatnonzero(~self.founds)
        core = np.flatnonzero(self.founds)
        heads, place = np.unique(group[core], return_inverse=True)
        if not len(guests) or not len(heads):
            return group
        shares = np.zeros((len(core), len(heads)))
        shares[np.arange(len(core)), place] = self.weight[core]
        far = self.far[np.ix_(guests, core)]
        barred = np.isinf(far)
        mean = np.where(barred, 0, far) @ shares / shares.sum(0)
        mean[(barred @ shares) > 0] = BLOCKED
        for row in np.argsort(-self.weight[guests], kind="stable"):
            free = np.flatnonzero(mean[row] <= most)
            for head in heads[free[np.argsort(mean[row, free], kind="stable")]]:
                # a guest that is there already may bar, but tells no distance
                if np.isfinite(self.far[guests[row], group == head]).all():
                    group[guests[row]] = head
                    break
        return group


def merge(
    distance: np.ndarray,
    forbidden: np.ndarray,
    weight: np.ndarray | None = None,
    founds: np.ndarray | None = None,
) -> Merges:
    """Average linkage under cannot-links, to the end.

    Args:
        distance: [n, n], symmetric.
        forbidden: bool [n, n], symmetric: never in one group, with any of its members.
        weight: [n], how much an item's distances count in its group's mean; 1 by default.
        founds: bool [n], which items groups are made of; each of the others joins the group that
            is nearest in the end, or none. All by default.

    Returns:
        The merges. The order of items does not matter, ties aside.
    """
    count = len(distance)
    apart = np.where(forbidden, BLOCKED, distance).astype(np.float32)
    mass = np.ones(count) if weight is None else np.asarray(weight, float)
    core = np.ones(count, bool) if founds is None else np.asarray(founds, bool)
    far = np.where(core & core[:, None], apart, BLOCKED)
    given, mass = mass, mass.copy()
    np.fill_diagonal(far, BLOCKED)
    where = far.argmin(1) if count else np.empty(0, int)
    nearest = far[np.arange(count), where]
    left, right, height = [], [], []
    while count and np.isfinite(best := nearest.min()):
        i = int(np.argmin(nearest))
        j = int(where[i])
        i, j = min(i, j), max(i, j)
        left.append(i)
        right.append(j)
        height.append(float(best))
        # a blocked member blocks the group, for infinity stays infinity in a mean
        joined = (mass[i] * far[i] + mass[j] * far[j]) / (mass[i] + mass[j])
        mass[i] += mass[j]
        far[i], far[:, i] = joined, joined
        far[j], far[:, j], far[i, i] = BLOCKED, BLOCKED, BLOCKED
        # a mean is never below both of its parts: only who had i or j nearest has to look again
        stale = np.flatnonzero(np.isin(where, (i, j)))
        stale = np.union1d(stale, (i, j))
        where[stale] = far[stale].argmin(1)
        nearest[stale] = far[stale, where[stale]]
    rising = np.maximum.accumulate(height) if height else np.empty(0)
    pairs = np.array(left, int), np.array(right, int), np.asarray(rising, float)
    return Merges(*pairs, apart, given, core)
