"""Drawn walkers before the rendered ones' cameras: same persons, other recordings, own cache."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("numba")

from sticc_lib.config import ConfigError, DataConfig
from sticc_lib.tracklets import walkers

pytestmark = pytest.mark.usefixtures("own_cache")
SMALL = DataConfig(
    train_persons=2, val_persons=1, test_persons=2, cameras=3, tracklets_per_camera=1, frames=2
)
LENS = replace(SMALL, options={"cameras": "lens", "cameras_each": 2})


def test_they_are_recorded_at_the_rendered_ones_size_with_masks_that_fit():
    data = walkers.load(LENS).check()
    assert data.pixels.array.shape[1:] == (128, 64, 3)
    assert data.masks.array.shape[1:] == (128, 64)
    assert (data.tracklets.groupby("person")["camera"].nunique() == 2).all()
    shown = (data.masks.array == walkers.LABELS["target visible"]).mean((1, 2))
    assert (shown > 0.02).all()


def test_who_walks_and_what_hides_them_does_not_depend_on_the_camera():
    own, lens = walkers.load(SMALL), walkers.load(replace(LENS, options={"cameras": "lens"}))
    columns = ["person", "camera", "split", "occlusion", "visibility"]
    assert own.tracklets[columns].equals(lens.tracklets[columns])
    assert own.fingerprint() != lens.fingerprint()
    coarse = lens.masks.array[:, ::2, ::2]
    assert np.array_equal(coarse, own.masks.array)


def test_cameras_differ_and_the_same_seed_gives_the_same_pixels(monkeypatch, tmp_path):
    first = walkers.load(LENS)
    pixels = np.array(first.pixels.array)
    monkeypatch.setenv("STICC_CACHE", str(tmp_path))
    assert np.array_equal(pixels, walkers.load(LENS).pixels.array)
    unseen = walkers.load(LENS, "unseen_cameras")
    assert unseen.tracklets["camera"].min() > 100


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cameras": "phone"}, "expected own or lens"),
        ({"colour": 1}, "data.options.colour: none of cameras, cameras_each"),
        ({"cameras_each": -1}, "expected 0 or more"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, said):
    with pytest.raises(ConfigError, match=said):
        walkers.load(replace(SMALL, options=options))
