"""Frames of a clip and tracklets of a batch."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sticc_lib.tracklets.sampling import (
    draw_clips,
    draw_positions,
    train_restricted,
    train_strided,
    train_window,
)
from sticc_lib.tracklets.sampling import test_clips as cut_clips
from sticc_lib.tracklets.store import ArrayStore
from sticc_lib.tracklets.table import TrackletSet

LENGTHS, CLIPS = st.integers(1, 200), st.integers(1, 16)


def drawn(length, clip_length, seed=0):
    return train_restricted(length, clip_length, np.random.default_rng(seed))


@given(LENGTHS, CLIPS, st.integers(0, 1000))
def test_training_takes_one_frame_of_each_equal_chunk(length, clip_length, seed):
    frames = drawn(length, clip_length, seed)
    assert frames.shape == (clip_length,)
    if length < clip_length:
        wanted = [*range(length), *[length - 1] * (clip_length - length)]
        assert frames.tolist() == wanted
    else:
        edges = [k * length // clip_length for k in range(clip_length + 1)]
        assert all(edges[k] <= f < edges[k + 1] for k, f in enumerate(frames))


def test_training_reaches_every_frame_of_a_chunk_and_repeats_with_the_seed():
    seen = {tuple(drawn(6, 2, seed)) for seed in range(200)}
    assert seen == {(a, b) for a in range(3) for b in range(3, 6)}
    assert drawn(100, 8, 5).tolist() == drawn(100, 8, 5).tolist()


@given(LENGTHS, CLIPS, st.integers(0, 1000))
def test_strided_and_window_take_rising_frames_and_repeat_only_where_there_are_too_few(
    length, clip_length, seed
):
    for rule in (train_strided, train_window):
        frames = rule(length, clip_length, np.random.default_rng(seed))
        assert frames.shape == (clip_length,)
        assert frames.min() >= 0
        assert frames.max() < length
        assert (np.diff(frames) >= 0).all()
        assert len(set(frames)) == clip_length or length < clip_length


def test_strided_clips_reach_over_32_frames_from_any_start():
    starts = set()
    for seed in range(200):
        frames = train_strided(40, 8, np.random.default_rng(seed))
        assert np.diff(frames).tolist() == 7 * [4]
        starts.add(frames[0])
    assert starts == set(range(9))
    assert np.diff(train_strided(40, 4, np.random.default_rng(0))).tolist() == 3 * [8]


@pytest.mark.parametrize(("length", "block"), [(64, 8), (63, 4), (31, 2), (15, 1), (8, 1)])
def test_windows_are_the_longest_blocks_that_fit_with_one_frame_of_each(length, block):
    starts = set()
    for seed in range(300):
        frames = train_window(length, 8, np.random.default_rng(seed))
        starts.add(int(frames[0]))
        assert frames[-1] - frames[0] <= 8 * block - 1
        assert np.diff(frames).max() < 2 * block
    assert starts == set(range(length - 8 * block + block))


def test_frames_that_are_repeated_at_random_are_no_padding(coloured):
    data = coloured(persons=1, lengths=(2,))
    for rule, real in (("restricted", 2), ("strided", 4), ("window", 4)):
        mask = draw_positions(data, np.array([0]), 4, np.random.default_rng(0), rule)[1]
        assert mask.sum() == real


@given(LENGTHS, CLIPS, st.sampled_from(["all_frames", "dense"]))
def test_all_frames_and_dense_use_every_frame_in_ceil_f_over_t_clips(length, clip_length, policy):
    frames, mask = cut_clips(length, clip_length, policy)
    assert frames.shape == mask.shape == (-(-length // clip_length), clip_length)
    assert set(frames[mask]) == set(range(length))
    for clip, real in zip(frames, mask, strict=True):
        assert len(set(clip[real])) == real.sum() > 0  # no frame twice in one clip
        assert (np.diff(clip) >= 0).all()
        assert set(clip[~real]) <= {clip[real][-1]}  # what fills is the last real frame


@given(LENGTHS, CLIPS)
def test_restricted_is_one_clip_of_chunk_centres(length, clip_length):
    frames, mask = cut_clips(length, clip_length, "restricted")
    assert frames.shape == (1, clip_length)
    assert mask.sum() == min(length, clip_length)
    if length % clip_length == 0 and (length // clip_length) % 2 == 1:
        half = length // clip_length // 2
        assert frames[0].tolist() == [half + k * (2 * half + 1) for k in range(clip_length)]


def test_policies_by_hand():
    assert cut_clips(8, 4, "all_frames")[0].tolist() == [[0, 2, 4, 6], [1, 3, 5, 7]]
    assert cut_clips(10, 4, "all_frames")[0].tolist() == [[0, 2, 5, 7], [1, 3, 6, 8], [1, 4, 6, 9]]
    frames, mask = cut_clips(6, 4, "dense")
    assert frames.tolist() == [[0, 1, 2, 3], [4, 5, 5, 5]]
    assert mask.tolist() == [[True] * 4, [True, True, False, False]]
    assert cut_clips(9, 3, "restricted")[0].tolist() == [[1, 4, 7]]
    for policy in ("all_frames", "restricted", "dense"):
        frames, mask = cut_clips(2, 4, policy)
        assert frames.tolist() == [[0, 1, 1, 1]]
        assert mask.tolist() == [[True, True, False, False]]


def test_clips_of_one_frame_take_each_frame_or_the_centre():
    assert cut_clips(3, 1, "all_frames")[0].tolist() == [[0], [1], [2]]
    assert cut_clips(3, 1, "dense")[0].tolist() == [[0], [1], [2]]
    assert cut_clips(3, 1, "restricted")[0].tolist() == [[1]]


@pytest.mark.parametrize(
    ("length", "clip_length", "says"), [(5, 0, "T = 0"), (0, 4, "length of 0")]
)
def test_nothing_to_sample_is_refused(length, clip_length, says):
    with pytest.raises(ValueError, match=says):
        drawn(length, clip_length)
    with pytest.raises(ValueError, match=says):
        cut_clips(length, clip_length, "all_frames")


def test_unknown_policy_is_refused():
    with pytest.raises(ValueError, match="'every' is none of"):
        cut_clips(5, 4, "every")  # type: ignore[arg-type]


def small_set():
    """Three tracklets of 6, 2 and 6 frames; each pixel value is its frame's row."""
    owners = [0] * 6 + [1] * 2 + [2] * 6
    frames = pd.DataFrame({"tracklet": owners, "time": range(14), "row": range(14)})
    tracklets = pd.DataFrame(
        {
            "person": [1, 1, 2], "label": ["a", "a", "b"], "split": "train", "query": False,
            "camera": pd.array([1, None, 3], dtype="Int64"), "gallery": False,
            "num_frames": [6, 2, 6], "source": "test",
        }
    )  # fmt: skip
    array = np.broadcast_to(np.arange(14, dtype=np.uint8)[:, None, None, None], (14, 8, 4, 3))
    return TrackletSet("small", tracklets, frames, ArrayStore(array.copy())).check()


def test_drawn_clips_hold_the_right_frames_and_facts():
    batch = draw_clips(small_set(), np.array([2, 1]), 3, np.random.default_rng(0))
    assert batch.pixels.shape == (2, 3, 3, 8, 4)
    values = batch.pixels[:, :, 0, 0, 0].tolist()
    assert [v in range(8 + 2 * k, 10 + 2 * k) for k, v in enumerate(values[0])] == [True] * 3
    assert values[1] == [6, 7, 7]
    assert batch.mask.tolist() == [[True] * 3, [True, True, False]]
    assert batch.person.tolist() == [2, 1]
    assert batch.camera.tolist() == [3, -1]
    assert batch.tracklet.tolist() == [2, 1]


def test_drawn_clips_are_resized_and_repeat_with_the_seed():
    one, two = (
        draw_clips(small_set(), np.array([0, 2]), 4, np.random.default_rng(3), (16, 8))
        for _ in range(2)
    )
    assert one.pixels.shape == (2, 4, 3, 16, 8)
    assert (one.pixels == two.pixels).all()
