"""Embedding a set: clips, their mean, masks, flips, maps, batches and the cache."""

import dataclasses

import numpy as np
import pytest
import torch
from tiny import Colours, Maps, frame_colours, tiny_set

from sticc_lib.config import ConfigError, EvalConfig
from sticc_lib.models.base import Output
from sticc_lib.retrieval.embed import embed, embed_cached, model_fingerprint
from sticc_lib.retrieval.embeddings import EmbeddingError
from sticc_lib.tracklets.sampling import test_clips as cut_clips


def quiet(model, data, config=None, maps=None):
    return embed(model, data, config or EvalConfig(), maps, progress=False)


def by_hand(data, clip_length, policy, mirrored=False):
    colours = frame_colours(data)
    if mirrored:
        colours = colours[:, [3, 4, 5, 0, 1, 2]]
    rows = []
    for frames in data.frame_positions().values():
        clips, masks = cut_clips(len(frames), clip_length, policy)
        pairs = zip(clips, masks, strict=True)
        rows.append(np.mean([colours[frames[c][m]].mean(0) for c, m in pairs], axis=0))
    return np.array(rows)


@pytest.mark.parametrize("policy", ["all_frames", "restricted", "dense"])
def test_a_tracklet_is_the_mean_of_its_clips_short_ones_masked(policy):
    data, model = tiny_set(), Colours()
    found = quiet(model, data, EvalConfig(policy=policy))
    np.testing.assert_allclose(found.values, by_hand(data, 4, policy), atol=1e-6)
    assert found.tracklets is data.tracklets
    assert found.rule == data.rule
    assert found.facts["policy"] == f"{policy}, T = 4"


def test_cosine_embeddings_have_length_one_and_the_direction_of_the_mean():
    data = tiny_set()
    found = quiet(Colours(distance="cosine"), data).values
    mean = by_hand(data, 4, "all_frames")
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean, axis=1, keepdims=True), atol=1e-6)


def test_flip_averages_with_the_mirrored_frames():
    data = tiny_set()
    found = quiet(Colours(), data, EvalConfig(flip=True))
    sides = [by_hand(data, 4, "all_frames", mirrored) for mirrored in (False, True)]
    np.testing.assert_allclose(found.values, np.mean(sides, axis=0), atol=1e-6)
    assert "mirrored" in found.facts["policy"]
    with_maps = quiet(Colours(), data, EvalConfig(flip=True), Maps(data))
    np.testing.assert_allclose(with_maps.values, found.values, atol=1e-6)


def test_published_takes_the_models_own_policy_and_flipping():
    data, model = tiny_set(), Colours()
    model.spec = dataclasses.replace(model.spec, policy="interval", flip=True)
    found = quiet(model, data, EvalConfig(policy="published"))
    sides = [by_hand(data, 4, "interval", mirrored) for mirrored in (False, True)]
    np.testing.assert_allclose(found.values, np.mean(sides, axis=0), atol=1e-6)
    assert found.facts["policy"] == "interval, T = 4, averaged with the mirrored frames"
    others = quiet(model, data, EvalConfig())
    np.testing.assert_allclose(others.values, by_hand(data, 4, "all_frames"), atol=1e-6)


def test_parts_of_an_embedding_have_length_one_where_the_spec_says_so(monkeypatch):
    data, model = tiny_set(), Colours(distance="cosine")
    parts = {"left": slice(0, 3), "right": slice(3, 6)}
    monkeypatch.setattr(Colours, "blocks", parts)
    model.spec = dataclasses.replace(model.spec, unit_parts=True)
    mean = by_hand(data, 4, "all_frames").reshape(-1, 2, 3)
    unit = mean / np.linalg.norm(mean, axis=2, keepdims=True)
    expected = unit.reshape(-1, 6) / np.sqrt(2)
    np.testing.assert_allclose(quiet(model, data).values, expected, atol=1e-6)


@pytest.mark.parametrize("frames", [1, 4, 7, 12, 64, 10_000])
def test_batch_size_changes_nothing(frames):
    data = tiny_set((3, 40, 9, 1, 5, 17))
    whole = quiet(Colours(), data).values
    parts = quiet(Colours(), data, EvalConfig(batch_frames=frames)).values
    np.testing.assert_allclose(parts, whole, atol=1e-6)


def test_each_frame_is_read_once_and_batches_stay_in_bounds():
    data = tiny_set((3, 6, 9, 1, 5, 17))
    quiet(Colours(), data, EvalConfig(batch_frames=24))
    read = data.pixels.log
    assert sorted(np.concatenate(read)) == list(range(len(data.frames)))
    assert len(read) > 1
    assert max(map(len, read)) <= 24


def test_a_frame_that_fills_a_clip_goes_through_the_frozen_half_once():
    data, model, seen = tiny_set((1, 2, 1)), Colours(), []
    model.trunk.frozen.register_forward_hook(lambda _, frames, __: seen.append(len(frames[0])))
    quiet(model, data)
    assert sum(seen) == len(data.frames)

    class Whole(Colours):
        """A model that is not made of two halves."""

        def forward(self, clips, mask=None):
            seen.append(clips.shape[:2])
            return self.forward_maps(clips, mask)

    found = quiet(Whole(), data)
    assert seen[-1] == (3, 4)
    np.testing.assert_allclose(found.values, quiet(model, data).values, atol=1e-6)


def test_maps_take_the_place_of_pixels():
    data, model = tiny_set(), Colours()
    maps = Maps(dataclasses.replace(data))
    pixels = quiet(model, data)
    data.pixels.log = []
    found = quiet(model, data, maps=maps)
    np.testing.assert_allclose(found.values, pixels.values, atol=1e-6)
    assert sorted(np.concatenate(maps.reads)) == list(range(len(data.frames)))
    assert found.facts["input"] == "cached maps"


def test_the_mode_of_the_model_is_put_back_even_after_a_failure():
    data, model = tiny_set(), Colours().train()
    quiet(model, data)
    assert model.training

    def fail(*_):
        raise RuntimeError("broken")

    model.forward_maps = fail
    with pytest.raises(RuntimeError, match="broken"):
        quiet(model, data)
    assert model.training


def test_bad_input_is_refused():
    with pytest.raises(ConfigError, match="batch_frames: 0"):
        quiet(Colours(), tiny_set(), EvalConfig(batch_frames=0))
    with pytest.raises(EmbeddingError, match="no tracklets"):
        quiet(Colours(), tiny_set().split("val"))
    broken = tiny_set()
    broken = dataclasses.replace(broken, frames=broken.frames[broken.frames["tracklet"] != 12])
    with pytest.raises(EmbeddingError, match="tracklet 12 has no frames"):
        quiet(Colours(), broken)
    model = Colours()
    model.forward_maps = lambda maps, mask: Output(torch.full((len(maps), 2), torch.nan))
    with pytest.raises(EmbeddingError, match="first tracklet 10"):
        quiet(model, tiny_set())


def test_the_cache_is_used_when_all_is_the_same_and_only_then(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("STICC_CACHE", str(tmp_path))
    data, config = tiny_set(), EvalConfig()

    def run(model=None, config=config, data=data, maps=None):
        return embed_cached(model or Colours(), data, config, maps, "colours/x", progress=False)

    made, loaded = run(), run()
    assert (made.facts["origin"], loaded.facts["origin"]) == ("made now", "loaded from cache")
    assert "loaded from tiny-colours_x" in capsys.readouterr().err
    np.testing.assert_array_equal(made.values, loaded.values)
    other = tiny_set((3, 4, 9, 2))
    weights = Colours()
    weights.weight.data[0] = 2
    changed = [
        run(config=EvalConfig(policy="dense")), run(config=EvalConfig(flip=True)),
        run(data=other), run(maps=Maps(data)), run(Colours(scale=2.0)), run(weights),
        run(Colours(clip_length=2)),
    ]  # fmt: skip
    assert {e.facts["origin"] for e in changed} == {"made now"}
    assert len(list(tmp_path.rglob("*.npz"))) == 8
    for path in tmp_path.rglob("*.npz"):
        path.write_bytes(path.read_bytes()[:100])
    assert run().facts["origin"] == "made now"
    assert "embedding again" in capsys.readouterr().err
    assert run().facts["origin"] == "loaded from cache"


def test_a_fingerprint_tells_settings_apart_that_weights_do_not():
    assert model_fingerprint(Colours()) == model_fingerprint(Colours().eval())
    assert model_fingerprint(Colours()) != model_fingerprint(Colours(scale=2.0))
