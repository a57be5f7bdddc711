"""What each erasing rule takes from the frames of a clip."""

import numpy as np
import pytest
import torch

from sticc_lib.tracklets.augment import augment_clips
from sticc_lib.tracklets.erasing import RULES, rectangles

CLIPS, FRAMES, SIZE = 40, 5, (64, 32)


def drawn(rule, chance=0.5, seed=0, size=SIZE):
    boxes, colours = rectangles(rule, np.random.default_rng(seed), (CLIPS, FRAMES), size, chance)
    return boxes.reshape(CLIPS, FRAMES, 4), colours


@pytest.mark.parametrize("rule", RULES)
def test_rectangles_lie_in_the_frame_and_come_as_often_as_asked(rule):
    boxes, _ = drawn(rule)
    top, left, h, w = np.moveaxis(boxes, 2, 0)
    assert (top + h <= SIZE[0]).all()
    assert (left + w <= SIZE[1]).all()
    assert ((h > 0) == (w > 0)).all()
    assert 0.3 < (h > 0).mean() < 0.7
    assert not drawn(rule, 0)[0].any()
    share = (h * w)[h > 0] / np.prod(SIZE)
    assert share.max() < (0.22 if rule == "corner" else 0.42)


@pytest.mark.parametrize("rule", RULES)
def test_the_number_of_draws_does_not_depend_on_the_chance_nor_on_what_fits(rule):
    after = []
    for chance in (0.0, 0.5, 1.0):
        rng = np.random.default_rng(0)
        rectangles(rule, rng, (CLIPS, FRAMES), SIZE, chance)
        after.append(rng.random())
    assert len(set(after)) == 1


def test_frames_of_a_clip_lose_the_same_only_by_the_rule_clip():
    same = {rule: (drawn(rule, 1)[0] == drawn(rule, 1)[0][:, :1]).all() for rule in RULES}
    assert same == {rule: rule == "clip" for rule in RULES}


def test_by_the_rule_place_a_clip_is_hit_whole_at_one_relative_place():
    boxes, _ = drawn("place")
    hit = boxes[..., 2] > 0
    assert (hit == hit[:, :1]).all()
    top, left, h, w = np.moveaxis(boxes[hit[:, 0]], 2, 0)
    for start, side, whole in ((top, h, SIZE[0]), (left, w, SIZE[1])):
        room = whole - side + 1
        low, high = start / room, (start + 1) / room  # where the draw must have been
        assert (low.max(1) <= high.min(1) + 1e-12).all()
    assert (h != h[:, :1]).any()


def test_by_the_rule_corner_it_stands_at_its_own_size_in_one_random_colour():
    boxes, colours = drawn("corner", 1)
    assert colours.shape == (CLIPS * FRAMES, 3)
    assert len(np.unique(colours)) > 100
    some = boxes[boxes[..., 2] > 0]
    whole = (some[:, 0] + some[:, 2] < SIZE[0]) & (some[:, 1] + some[:, 3] < SIZE[1])
    assert (some[whole, 0] == some[whole, 2]).all()
    assert (some[whole, 1] == some[whole, 3]).all()
    pixels = torch.full((CLIPS, FRAMES, 3, *SIZE), 7, dtype=torch.uint8)
    out = augment_clips(pixels, np.random.default_rng(0), 0, 0, 1.0, rule="corner")
    erased = [np.unique(f[:, f[0] != 7].numpy(), axis=1) for f in out.flatten(0, 1)]
    assert {e.shape[1] for e in erased} <= {0, 1}  # one colour a frame
    assert len({tuple(e.ravel()) for e in erased}) > 50


def test_published_rectangles_are_smaller_than_the_frame_where_ours_are_cut():
    narrow = (64, 8)
    assert (drawn("frame", 1, size=narrow)[0][..., 3] == 8).any()
    assert (drawn("each", 1, size=narrow)[0][..., 3] < 8).all()


def test_the_fill_is_what_is_asked_for():
    pixels = torch.zeros(4, 2, 3, *SIZE, dtype=torch.uint8)
    out = augment_clips(pixels, np.random.default_rng(0), 0, 0, 1.0, (152, 144, 129), "clip")
    found = out.flatten(0, 1).permute(1, 0, 2, 3).flatten(1)
    assert torch.unique(found, dim=1).T.tolist() == [[0, 0, 0], [152, 144, 129]]


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="'all' is none of frame, each, clip, place, corner"):
        drawn("all")
