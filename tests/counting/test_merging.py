"""Items that found nobody join the nearest group that may have them, and bar one another."""

import numpy as np
import pytest

from sticc_lib.counting.merging import merge


def told(far, groups, founds, weight, most):
    """The same, guest by guest and group by group."""
    groups = groups.copy()
    for guest in sorted(np.flatnonzero(~founds), key=lambda g: -weight[g]):
        best, nearest = most, -1
        for head in np.unique(groups[founds]):
            there = np.flatnonzero(groups == head)
            core = there[founds[there]]
            mean = np.average(far[guest, core], weights=weight[core])
            if np.isfinite(far[guest, there]).all() and mean <= best:
                best, nearest = mean, head
        if nearest >= 0:
            groups[guest] = nearest
    return np.unique(groups, return_inverse=True)[1]


@pytest.mark.parametrize("seed", range(6))
def test_guests_join_the_nearest_group_that_may_have_them(seed):
    rng = np.random.default_rng(seed)
    count = 24
    distance = rng.uniform(0, 1, (count, count)).astype(np.float32)
    distance = (distance + distance.T) / 2
    forbidden = np.triu(rng.random((count, count)) < 0.15, 1)
    forbidden |= forbidden.T
    weight, founds = rng.uniform(1, 9, count), rng.random(count) < 0.5
    merges = merge(distance, forbidden, weight, founds)
    far = np.where(forbidden, np.inf, distance)
    for most in (0.2, 0.45, 0.6):
        core = np.arange(count)
        for i, j, height in zip(merges.left, merges.right, merges.height, strict=True):
            if height <= most:
                core[core == j] = i
        assert np.array_equal(merges.groups(most), told(far, core, founds, weight, most))


def test_two_guests_that_bar_each_other_are_not_in_one_group():
    distance = np.full((3, 3), 0.1)
    forbidden = np.zeros((3, 3), bool)
    forbidden[1, 2] = forbidden[2, 1] = True
    founds = np.array([True, False, False])
    merges = merge(distance, forbidden, np.array([9.0, 2.0, 5.0]), founds)
    assert merges.groups(0.2).tolist() == [0, 1, 0], "the longer one comes first"
    assert merges.groups(0.05).tolist() == [0, 1, 2]


def test_without_founders_everybody_stays_alone():
    nobody = merge(np.zeros((2, 2)), np.zeros((2, 2), bool), None, np.zeros(2, bool))
    assert nobody.groups(1.0).tolist() == [0, 1]
