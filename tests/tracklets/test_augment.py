"""Flip and crop once a clip, erasing once a frame, every bit from the given generator."""

import numpy as np
import pytest
import torch

from sticc_lib.tracklets.augment import MEAN_COLOUR, augment_clips, augment_maps


def rng(seed=0):
    return np.random.default_rng(seed)


def clips(batch=6, frames=4, height=32, width=16):
    """Clips whose frames are all the same picture, so that per-clip draws leave them equal."""
    pictures = torch.from_numpy(rng(9).integers(0, 256, (batch, 1, 3, height, width), np.uint8))
    return pictures.expand(-1, frames, -1, -1, -1).contiguous()


def token_maps(batch=8, frames=6, height=8, width=4):
    torch.manual_seed(0)
    return torch.randn(batch, frames, 5, height, width)


def missing(maps, out):
    """bool [B T H W]: tokens (unflipped maps only) that changed."""
    return (out != maps).any(2)


@pytest.mark.parametrize("crop", [0, 3])
def test_flip_and_crop_are_the_same_for_all_frames_of_a_clip(crop):
    out = augment_clips(clips(), rng(), flip=0.5, crop=crop, erase=0)
    assert (out == out[:, :1]).all()
    changed = (out != clips()).flatten(1).any(1)
    assert changed.any()


def test_flip_mirrors_some_clips_and_leaves_the_others():
    pixels = clips(batch=40)
    out = augment_clips(pixels, rng(), flip=0.5, crop=0, erase=0)
    mirrored = (out == pixels.flip(-1)).flatten(1).all(1)
    kept = (out == pixels).flatten(1).all(1)
    assert (mirrored ^ kept).all()
    assert 10 < mirrored.sum() < 30
    assert (augment_clips(pixels, rng(), 1.0, 0, 0) == pixels.flip(-1)).all()


def test_crop_shifts_by_at_most_the_padding_and_fills_with_the_mean_colour():
    pixels = clips(batch=30)
    padding = 3
    out = augment_clips(pixels, rng(), flip=0, crop=padding, erase=0)
    colour = torch.tensor(MEAN_COLOUR, dtype=torch.uint8).view(3, 1, 1)
    padded = colour.expand(30, 4, 3, 38, 22).clone()
    padded[..., 3:35, 3:19] = pixels
    shifts = set()
    for number in range(30):
        found = [
            (t, left)
            for t in range(2 * padding + 1)
            for left in range(2 * padding + 1)
            if (padded[number, ..., t : t + 32, left : left + 16] == out[number]).all()
        ]
        assert len(found) == 1
        shifts.add(found[0])
    assert len(shifts) > 15


def test_erasing_is_drawn_for_each_frame_and_paints_one_rectangle():
    pixels = torch.zeros(20, 4, 3, 32, 16, dtype=torch.uint8)
    out = augment_clips(pixels, rng(), flip=0, crop=0, erase=0.5)
    gone = out[:, :, 0] == MEAN_COLOUR[0]  # [B T H W]
    assert ((out[:, :, 1] == MEAN_COLOUR[1]) == gone).all()
    hit = gone.flatten(2).any(2)
    assert 0.3 < hit.float().mean() < 0.7
    assert any(0 < clip.sum() < 4 for clip in hit)  # some frames of a clip, not all
    for frame in gone[hit]:
        rows, columns = frame.any(1).sum(), frame.any(0).sum()
        assert frame.sum() == rows * columns  # one solid rectangle
        assert 0.01 < frame.float().mean() < 0.45


def test_augmentation_repeats_bitwise_and_leaves_its_input_alone():
    pixels, maps = clips(), token_maps()
    kept, kept_maps = pixels.clone(), maps.clone()
    assert (augment_clips(pixels, rng(4)) == augment_clips(pixels, rng(4))).all()
    assert (augment_maps(maps, rng(4)) == augment_maps(maps, rng(4))).all()
    assert (augment_clips(pixels, rng(4)) != augment_clips(pixels, rng(5))).any()
    assert (pixels == kept).all()
    assert (maps == kept_maps).all()


def test_chances_of_zero_change_nothing_and_leave_the_other_draws_alone():
    pixels, maps = clips(), token_maps()
    assert (augment_clips(pixels, rng(), 0, 0, 0) == pixels).all()
    assert (augment_maps(maps, rng(), 0, 0) == maps).all()
    flipped = augment_maps(maps, rng(), 0.5, 0)
    both = augment_maps(maps, rng(), 0.5, 1.0)
    assert ((both == flipped).all(2).flatten(2).sum(2) >= 16).all()  # half the tokens at least


def test_maps_flip_once_a_clip():
    maps = token_maps(batch=40)
    out = augment_maps(maps, rng(), flip=0.5, erase=0)
    mirrored = (out == maps.flip(-1)).flatten(1).all(1)
    assert (mirrored ^ (out == maps).flatten(1).all(1)).all()
    assert 10 < mirrored.sum() < 30


def test_maps_lose_bands_or_rectangles_per_frame_to_the_channel_mean():
    maps = token_maps(batch=60)
    out = augment_maps(maps, rng(), flip=0, erase=0.5)
    gone = missing(maps, out)
    hit = gone.flatten(2).any(2)
    assert 0.4 < hit.float().mean() < 0.6
    assert any(0 < clip.sum() < 6 for clip in hit)
    bands = 0
    for frame in gone[hit]:
        rows, columns = int(frame.any(1).sum()), int(frame.any(0).sum())
        assert frame.sum() == rows * columns
        assert (columns == 4 and rows <= 4) or columns <= 2
        bands += columns == 4
    assert 0.35 < bands / int(hit.sum()) < 0.65
    mean = maps.mean((0, 1, 3, 4))
    assert torch.allclose(out.movedim(2, -1)[gone], mean.expand(int(gone.sum()), -1))


def test_half_precision_maps_stay_so_and_do_not_overflow():
    maps = torch.full((4, 4, 2, 8, 4), 3000.0, dtype=torch.float16)
    out = augment_maps(maps, rng(), erase=1.0)
    assert out.dtype == torch.float16
    assert (out == 3000).all()


def test_single_rows_and_frames_are_taken():
    assert augment_maps(torch.ones(1, 1, 3, 1, 1), rng(), 1.0, 1.0).shape == (1, 1, 3, 1, 1)
    assert augment_clips(torch.zeros(1, 1, 3, 2, 2, dtype=torch.uint8), rng(), 1, 1, 1).shape == (
        1, 1, 3, 2, 2,
    )  # fmt: skip
