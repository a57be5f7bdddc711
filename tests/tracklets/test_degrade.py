"""Worse recordings: detail goes, colour and shape stay, and the draws are the seed's."""

import numpy as np
import torch

from sticc_lib.tracklets.degrade import degrade


def noise(clips=6):
    values = np.random.default_rng(0).integers(0, 256, (clips, 2, 3, 64, 32), np.uint8)
    return torch.from_numpy(values)


def test_without_a_chance_nothing_changes_and_nothing_is_drawn():
    rng = np.random.default_rng(1)
    pixels = noise()
    assert degrade(pixels, rng, 0.0, 0.0) is pixels
    assert rng.random() == np.random.default_rng(1).random()


def test_detail_is_lost_and_the_mean_is_kept():
    pixels = noise()
    for chances in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0)):
        worse = degrade(pixels, np.random.default_rng(2), *chances)
        assert worse.shape == pixels.shape
        assert worse.dtype == torch.uint8
        assert not torch.equal(worse, pixels)
        assert abs(worse.float().mean() - pixels.float().mean()) < 4
    small = degrade(pixels, np.random.default_rng(2), 1.0, 0.0).float()
    assert (small.std((-1, -2)) < pixels.float().std((-1, -2))).float().mean() > 0.9


def test_the_seed_decides_and_chances_do_not_move_later_draws():
    pixels = noise()
    once, again = (degrade(pixels, np.random.default_rng(3), 0.5, 0.5) for _ in range(2))
    assert torch.equal(once, again)
    after = []
    for chances in ((0.2, 0.9), (0.9, 0.2)):
        rng = np.random.default_rng(4)
        degrade(pixels, rng, *chances)
        after.append(rng.random())
    assert after[0] == after[1]
