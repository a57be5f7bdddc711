"""Features of crops: parts, clips, and what trunks with one frozen half share."""

import numpy as np
import pytest

from sticc_lib.counting.features import crop_features
from sticc_lib.models import zoo
from sticc_lib.values import ConfigError


@pytest.fixture
def crops():
    pixels = np.random.default_rng(0).integers(0, 256, (10, 3, 128, 64), dtype=np.uint8)
    return pixels, np.repeat([0, 1, 2], [6, 1, 3])


def test_parts_have_length_one_each(crops):
    values = crop_features(*crops, "stripes+hsv")
    assert np.allclose((values**2).sum(1), 2, atol=1e-5)
    assert np.array_equal(values[:, -648:], crop_features(*crops, "hsv"))


def test_a_crop_has_the_vector_of_its_clip(crops):
    pixels, owner = crops
    values = crop_features(pixels, owner, "sticc", zoo.build("sticc", 1).eval())
    assert np.allclose(values[0], values[1])  # of six crops: every other one makes a clip of three
    assert not np.allclose(values[0], values[6])


def test_kept_maps_change_nothing_and_are_made_once(crops):
    pixels, owner = crops
    model, kept = zoo.build("sticc", 1).eval(), {}
    for kind in ("frozen", "stripes", "hsv", "sticc"):
        plain = crop_features(pixels, owner, kind, model)
        assert np.allclose(crop_features(pixels, owner, kind, model, kept=kept), plain, atol=1e-5)
        assert len(kept) == 1  # one trunk; the histogram has none
    assert [len(maps) for maps in kept.values()] == [len(pixels)]
    kept = {key: maps * 0 for key, maps in kept.items()}  # what is kept is what is used
    assert not np.allclose(crop_features(pixels, owner, "frozen", kept=kept), plain[:, :96])


def test_crops_of_another_size_are_refused(crops):
    pixels, owner = crops
    with pytest.raises(ConfigError, match="128"):
        crop_features(pixels[:, :, :64], owner, "stripes", kept={})
