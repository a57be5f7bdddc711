"""Cameras: mild casts within the stated ranges, places of their own, nothing shared by accident."""

from __future__ import annotations

import numpy as np

from sticc_lib.tracklets.walkers import cameras
from sticc_lib.tracklets.walkers.cameras import camera


def test_a_camera_depends_on_seed_and_number_alone():
    first, again = (camera(0, 2, False, (64, 32)) for _ in range(2))
    assert np.array_equal(first.panorama, again.panorama)
    assert np.array_equal(first.tones, again.tones)
    other = camera(1, 2, False, (64, 32))
    assert not np.array_equal(first.tones, other.tones)


def test_casts_are_mild():
    for number in range(1, 9):
        eye = camera(0, number, False, (64, 32))
        assert 0.7 <= eye.saturation <= 1.05
        grey = eye.tones[:, 512].astype(float)
        low, high = (0.84 * 0.5) ** 1.2 * 255, (1.14 * 0.5) ** 0.85 * 255
        assert (grey >= low - 1).all()
        assert (grey <= high + 1).all()
        assert (np.diff(eye.tones.astype(int), axis=1) >= 0).all()


def test_softening_keeps_an_even_picture_even():
    eye = camera(0, 3, False, (64, 32))
    for matrix in eye.soften:
        assert np.allclose(matrix.sum(1), 1, atol=1e-6)
        assert (matrix >= 0).all()
    recorded = eye.record(np.full((1, 3, 64, 32), 0.4, np.float32))
    assert recorded.shape == (1, 64, 32, 3)
    assert (recorded == recorded[:, :1, :1]).all()


def test_unseen_cameras_look_at_other_places():
    seen = {camera(0, n, False, (64, 32)).place for n in range(1, 5)}
    unseen = {camera(0, n, True, (64, 32)).place for n in range(1, 5)}
    assert len(seen) == len(unseen) == 4
    assert not seen & unseen
    assert not set(cameras.PLACES) & set(cameras.UNSEEN_PLACES)
