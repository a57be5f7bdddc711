"""Several sets as one: nobody is mixed up, every frame is still its own."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sticc_lib.tracklets.joined import join
from sticc_lib.tracklets.table import DataError, Rule


def test_persons_cameras_and_tracklets_stay_apart_and_the_union_passes_its_check(coloured):
    one, other = coloured(3, seed=0), coloured(4, seed=1)
    both = join([one, other]).check()
    assert len(both) == len(one) + len(other)
    assert both.tracklets["person"].nunique() == 7
    assert both.tracklets["camera"].nunique() == 4
    assert both.tracklets.index.is_unique
    assert both.rule == one.rule


def test_every_frame_reads_as_in_its_own_set_in_any_order(coloured):
    one, other = coloured(2, seed=0), coloured(2, seed=1)
    both = join([one, other])
    order = np.random.default_rng(0).permutation(len(both.frames))
    every = np.concatenate([s.read(np.arange(len(s.frames))) for s in (one, other)])
    assert np.array_equal(both.read(order), every[order])
    assert np.array_equal(both.read(order, (16, 8)).shape, (len(order), 3, 16, 8))
    masks = np.concatenate([s.read(np.arange(len(s.frames)), masks=True) for s in (one, other)])
    assert np.array_equal(both.read(order, masks=True), masks[order])


def test_a_split_of_the_union_reads_its_own_frames(coloured):
    both = join([coloured(2, seed=0), coloured(2, seed=1)])
    part = both.subset(both.tracklets["person"] == 3)
    first = part.read(np.array([0]))
    assert np.array_equal(first, coloured(2, seed=1).read(np.array([0])))
    assert part.fingerprint() != both.fingerprint()


def test_the_fingerprint_sees_another_part(coloured):
    a, b, c = coloured(2, seed=0), coloured(2, seed=1), coloured(2, seed=2)
    assert join([a, b]).fingerprint() == join([a, b]).fingerprint()
    assert join([a, b]).fingerprint() != join([a, c]).fingerprint()


def test_sets_under_other_rules_are_not_joined(coloured):
    one = coloured(2)
    other = dataclasses.replace(one, rule=Rule(same_camera_junk=False))
    with pytest.raises(DataError, match="same rule"):
        join([one, other])
