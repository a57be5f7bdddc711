"""The lens: what it keeps, and what it may change."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from sticc_lib.tracklets.walkers3d.lens import Lens

PLAIN = Lens(np.ones(3), 1.0, 1.0, 0.0, 0.0, 95)


def picture(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.kron(rng.random((8, 4, 3)), np.ones((16, 16, 1))).astype(np.float32)


def test_a_plain_lens_gives_the_picture_back_but_for_jpeg():
    image = picture()
    seen = PLAIN.record(image, np.random.default_rng(0), 128)
    assert seen.shape == image.shape
    assert np.abs(seen / 255 - image).mean() < 0.03


def test_gain_works_channel_by_channel():
    lens = Lens(np.array([0.5, 1.0, 1.0]), 1.0, 1.0, 0.0, 0.0, 95)
    grey = np.full((128, 64, 3), 0.6, np.float32)
    seen = lens.record(grey, np.random.default_rng(0), 128).mean((0, 1)) / 255
    np.testing.assert_allclose(seen, [0.3, 0.6, 0.6], atol=0.02)


def test_no_saturation_makes_everything_grey():
    lens = Lens(np.ones(3), 1.0, 0.0, 0.0, 0.0, 95)
    seen = lens.record(picture(), np.random.default_rng(0), 128).astype(int)
    assert np.ptp(seen, axis=2).max() <= 6


def test_fewer_pixels_lose_detail_but_not_brightness():
    image = np.indices((128, 64)).sum(0)[:, :, None] % 2 * np.ones(3, np.float32)
    image = image.astype(np.float32)
    sharp = PLAIN.record(image, np.random.default_rng(0), 128)
    soft = PLAIN.record(image, np.random.default_rng(0), 40)
    assert soft.std() < 0.3 * sharp.std()
    assert soft.mean() == pytest.approx(sharp.mean(), abs=4)


def test_the_same_generator_gives_the_same_noise():
    lens = Lens.sample(np.random.default_rng(5))
    first, again = (lens.record(picture(), np.random.default_rng(1), 70) for _ in range(2))
    np.testing.assert_array_equal(first, again)
