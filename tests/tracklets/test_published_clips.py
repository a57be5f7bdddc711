"""Test clips of the compared methods: what each rule promises, whatever the lengths."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sticc_lib.config import Policy
from sticc_lib.tracklets import published_clips
from sticc_lib.tracklets.published_clips import RULES
from sticc_lib.tracklets.sampling import test_clips as cut_clips

LENGTHS, CLIPS, NAMES = st.integers(1, 200), st.integers(1, 16), st.sampled_from(sorted(RULES))


@given(LENGTHS, CLIPS, NAMES)
def test_every_clip_is_of_real_frames_and_none_is_padding(length, clip_length, name):
    frames, mask = cut_clips(length, clip_length, name)
    assert frames.shape == mask.shape
    assert frames.shape[1] == clip_length
    assert len(frames) >= 1
    assert bool(mask.all())
    assert frames.min() == 0  # every rule begins at the beginning
    assert frames.max() < length


@given(LENGTHS, CLIPS)
def test_rules_that_leave_out_no_frame(length, clip_length):
    for name in ("wrapped", "ordered"):
        frames = RULES[name](length, clip_length)
        assert set(frames.ravel()) == set(range(length))
        assert len(frames) == -(-length // clip_length)


@given(LENGTHS, CLIPS)
def test_strided_clips_share_no_frame_and_lack_fewer_than_t(length, clip_length):
    frames = RULES["strided"](length, clip_length)
    if length >= clip_length:
        assert len(set(frames.ravel())) == frames.size > length - clip_length


@given(LENGTHS, CLIPS)
def test_quick_rules_give_one_clip_whose_frames_do_not_run_back(length, clip_length):
    for name in ("interval", "first", "first_of_blocks"):
        frames = RULES[name](length, clip_length)
        assert len(frames) == 1
        if length >= clip_length or name != "interval":
            assert (np.diff(frames[0]) >= 0).all()


def test_short_tracklets_go_round_swing_or_stay():
    assert published_clips.strided(3, 5).tolist() == [[0, 1, 2, 0, 1]]
    assert published_clips.swung(3, 6).tolist() == [[0, 1, 2, 1, 2, 1]]
    assert published_clips.swung(1, 3).tolist() == [[0, 0, 0]]
    assert published_clips.ordered(1, 4).tolist() == [[0, 0, 0, 0]]
    assert published_clips.ordered(2, 8).tolist() == [[0] + 7 * [1]]
    assert published_clips.first(2, 4).tolist() == [[0, 1, 1, 1]]


def test_policies_of_the_config_are_those_that_can_be_cut():
    for policy in get_args(Policy):
        assert len(cut_clips(9, 4, policy)[0])
    assert set(get_args(Policy)) - set(RULES) == {"all_frames", "restricted", "dense"}
    with pytest.raises(ValueError, match="policy 'published' is none of all_frames, "):
        cut_clips(9, 4, "published")
