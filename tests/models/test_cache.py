"""Cached maps: the frozen half's own numbers, made once, made again when damaged."""

import dataclasses

import numpy as np
import pytest
import torch

from sticc_lib.models import cache
from sticc_lib.models.base import normalise
from sticc_lib.models.cache import frozen_maps
from sticc_lib.run import cache_dir
from sticc_lib.tracklets.store import ArrayStore

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture
def model(tiny):
    """Two frozen convolution blocks, with BatchNorm statistics that are not the start's."""
    model = tiny(trainable_blocks=2)
    for module in model.trunk.frozen.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return model.eval()


def stored():
    return sorted((cache_dir() / "maps").glob("*"))


def test_cached_maps_are_the_frozen_half_within_fp16(model, coloured, monkeypatch):
    monkeypatch.setattr(cache, "BATCH", 7)  # several batches, the last one short
    data = coloured()
    maps = frozen_maps(model, data)
    positions = np.array([5, 0, len(data.frames) - 1, 5])
    pixels = torch.from_numpy(data.read(positions, model.spec.image_size))
    with torch.no_grad():
        wanted = model.trunk.frozen(normalise(pixels, model.spec))
    found = maps.read(positions)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, wanted, rtol=2e-3, atol=2e-3)
    assert maps.array.shape[0] == len(data.frames)
    assert maps.array.dtype == np.float16


def test_a_model_from_maps_gives_what_it_gives_from_pixels(model, coloured):
    data = coloured()
    maps = frozen_maps(model, data)
    positions = np.arange(6)
    pixels = torch.from_numpy(data.read(positions, model.spec.image_size)).unflatten(0, (2, 3))
    with torch.no_grad():
        wanted = model(normalise(pixels, model.spec)).embedding
        found = model(maps.read(positions).unflatten(0, (2, 3)), from_maps=True).embedding
    assert torch.nn.functional.cosine_similarity(found, wanted).min() > 0.999


def test_a_second_call_reads_and_does_not_compute(model, coloured, monkeypatch):
    first = frozen_maps(model, coloured())
    monkeypatch.setattr(cache, "_write", lambda *_: pytest.fail("it computed again"))
    second = frozen_maps(model, coloured())
    assert np.array_equal(first.array, second.array)


@pytest.mark.parametrize("damage", ["empty", "cut", "foreign"])
def test_a_damaged_file_is_made_again(model, coloured, damage):
    data = coloured()
    wanted = np.array(frozen_maps(model, data).array)
    (path,) = stored()
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "cut": whole[:-100], "foreign": b"PK not an array"}[damage])
    assert np.array_equal(frozen_maps(model, data).array, wanted)
    assert path.read_bytes() == whole


def test_other_weights_pixels_or_sizes_get_another_file(model, coloured, tiny):
    data = coloured()
    frozen_maps(model, data)
    with torch.no_grad():
        next(model.trunk.frozen.parameters()).add_(1e-3)
    frozen_maps(model, data)
    assert len(stored()) == 2
    changed = data.pixels.array.copy()
    changed[0, 0, 0, 0] ^= 255
    frozen_maps(model, dataclasses.replace(data, pixels=ArrayStore(changed)))
    assert len(stored()) == 3
    model.spec = dataclasses.replace(model.spec, image_size=(48, 16))
    assert frozen_maps(model, data).array.shape[2:] == (12, 4)
    assert len(stored()) == 4


def test_weights_behind_the_frozen_half_do_not_matter(model, coloured):
    frozen_maps(model, coloured())
    with torch.no_grad():
        for parameter in model.trunk.trainable.parameters():
            parameter.add_(1)
    frozen_maps(model, coloured())
    assert len(stored()) == 1


def test_a_trunk_without_a_frozen_half_has_nothing_to_keep(tiny, coloured):
    assert frozen_maps(tiny(), coloured()) is None
    assert not (cache_dir() / "maps").exists()


def test_a_failure_half_way_leaves_no_file(model, coloured, monkeypatch):
    monkeypatch.setattr(cache, "BATCH", 7)
    data, reads = coloured(), []

    def read(self, *arguments, **options):
        reads.append(arguments)
        if len(reads) == 3:
            raise OSError(28, "No space left on device")
        return np.zeros((7, 3, 32, 16), np.uint8)

    monkeypatch.setattr(type(data), "read", read)
    with pytest.raises(OSError, match="No space left"):
        frozen_maps(model, data)
    assert stored() == []
