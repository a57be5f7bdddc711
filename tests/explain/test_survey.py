"""A survey says of every tracklet what a look at it says, and keeps no map."""

import weakref
from dataclasses import replace

import numpy as np
import pytest
from spotlight import Spotlight, lit, quiet, stirred

from sticc_lib.explain import maps
from sticc_lib.explain import survey as module
from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.look import look
from sticc_lib.explain.shares import by_level
from sticc_lib.explain.survey import EVEN
from sticc_lib.models.cache import frozen_maps
from sticc_lib.retrieval.embeddings import EmbeddingError
from sticc_lib.tracklets.table import DataError

PERSON = 1


@pytest.mark.parametrize("clips", [1, 5])
def test_it_agrees_with_a_look_at_each_tracklet(tiny, coloured, clips):
    data, model = coloured(lengths=(2, 5)), stirred(tiny())
    found = quiet(model, data, clips)
    for place, tracklet in enumerate(data.tracklets.index):
        seen = look(model, data, tracklet, "tiny")
        cells = maps.label_cells(seen.labels, seen.grid)
        weights = maps.token_weights(seen) | {EVEN: maps.uniform(seen)}
        assert list(found.shares) == list(weights)
        for name, weight in weights.items():
            share = np.einsum("ktn,ktln->kl", weight, cells).mean(0)
            np.testing.assert_allclose(found.shares[name][place], share, atol=2e-3)
        np.testing.assert_allclose(found.mean("pi")[place], seen.map(maps.PI).mean(0), atol=2e-3)
        np.testing.assert_allclose(
            found.mean("a")[place], seen.map(maps.A)[seen.mask].mean(0), atol=2e-3
        )
        mine = found.frames[found.frames["tracklet"] == tracklet]
        np.testing.assert_array_equal(mine["time"], seen.times[seen.mask])
        np.testing.assert_array_equal(data.read(mine["row"].to_numpy()), seen.frames[seen.mask])
        rho = maps.relevance(seen) * seen.mask.sum(1)[:, None, None]
        np.testing.assert_allclose(found.per_frame["rho"][mine.index], rho[seen.mask], atol=5e-3)
        alpha = maps.attention(seen)[seen.mask]
        np.testing.assert_array_equal(found.per_frame["token"][mine.index], alpha.argmax(-1))


def test_cached_maps_give_what_pixels_give(tiny, coloured, own_cache):
    data, model = coloured(), stirred(tiny(trainable_blocks=1))
    plain, cached = (quiet(model, data, maps=m) for m in (None, frozen_maps(model, data, False)))
    for name in plain.shares:
        np.testing.assert_allclose(cached.shares[name], plain.shares[name], atol=2e-2)


def test_shares_add_up_and_an_even_look_gets_the_area(tiny, coloured):
    found = quiet(stirred(tiny()), coloured())
    for name, share in (found.shares | found.placed).items():
        np.testing.assert_allclose(share.sum(1), 1, atol=5e-3, err_msg=name)
    np.testing.assert_allclose(found.shares[EVEN][:, PERSON], 22 * 8 / 512, rtol=1e-5)
    for name, weight in found.weights.items():
        mean = weight.reshape(-1).mean()
        assert mean == pytest.approx(1, abs=5e-3), name  # times the number of frames
        assert found.places[name].sum() == pytest.approx(1, abs=5e-3)


def test_a_model_that_looks_at_the_person_alone_has_share_one(coloured):
    data = lit(coloured())
    found = quiet(Spotlight(), data)
    np.testing.assert_allclose(found.shares["weights"][:, PERSON], 1, atol=1e-3)
    data = replace(data, tracklets=data.tracklets.assign(visibility=1.0))
    row = by_level(quiet(Spotlight(), data)).iloc[0]
    assert row["ratio"] == pytest.approx(512 / (22 * 8), rel=1e-3)
    # everybody stands at the same place here, so the mean map does as well
    assert row["place"] == pytest.approx(1, abs=1e-3)


def test_a_model_that_looks_at_one_token_always_is_what_its_mean_map_says(coloured):
    found = quiet(Spotlight(token=3), lit(coloured()))
    assert found.places["weights"].argmax() == 3
    np.testing.assert_allclose(found.placed["weights"], found.shares["weights"], atol=1e-6)


@pytest.mark.parametrize("options", [
    {"decoders": "rg"}, {"decoders": "mg"}, {"rg_pool": "concat"}, {"spatial": "subtract"},
    {"spatial": "off"}, {"temporal": "mean"}, {"temporal": "off"}, {"encoder": "serial"},
    {"clip_length": 1},
], ids=str)  # fmt: skip
def test_every_variant_gives_what_it_has_and_names_it_when_asked_for_more(tiny, coloured, options):
    found = quiet(tiny(**options), coloured(), whose="tiny")
    here = {**found.per_frame, **found.per_clip}
    assert {"alpha", "token"} <= set(here)
    assert ("rho" in here) == (options.get("decoders") != "mg")
    for absent in {"a", "b", "beta", "gamma", "pi"} - set(here):
        with pytest.raises(CaptureError, match=f"tiny has no {absent}; it has"):
            found.mean(absent)


def test_a_set_without_masks_has_no_shares_but_all_else(tiny, coloured):
    data = replace(coloured(), masks=None)
    found = quiet(tiny("attention_pool"), data)
    assert found.shares == found.placed == {}
    assert list(found.weights) == list(found.places) == ["weights"]
    assert found.likeness is None
    with pytest.raises(DataError, match="coloured: no label maps"):
        by_level(found)


def test_maps_of_one_batch_are_gone_before_the_next(tiny, coloured, monkeypatch):
    earlier, see = [], module.see

    def watched(*args):
        assert all(ref() is None for ref in earlier)
        seen = see(*args)
        earlier.append(weakref.ref(seen.maps[maps.ALPHA]))
        return seen

    monkeypatch.setattr(module, "see", watched)
    quiet(tiny(), coloured(), clips=2)
    assert len(earlier) > 3
    assert all(ref() is None for ref in earlier)


def test_what_cannot_be_surveyed_is_refused(tiny, coloured):
    with pytest.raises(CaptureError, match="MeanPool has no attention"):
        quiet(tiny("mean_pool"), coloured())
    with pytest.raises(EmbeddingError, match="coloured: no tracklets to look at"):
        quiet(tiny(), coloured().split("val"))


def test_label_cells_are_shares_of_each_cell():
    labels = np.zeros((4, 4), np.uint8)
    labels[:2, 0] = 1
    cells = maps.label_cells(labels, (2, 2))
    assert cells.shape == (5, 4)
    assert cells[:2].tolist() == [[0.5, 1, 1, 1], [0.5, 0, 0, 0]]
    with pytest.raises(ValueError, match="4x4 do not divide into 3x2"):
        maps.label_cells(labels, (3, 2))


def test_spearman_shares_ranks_among_ties_and_knows_flat_rows():
    a = np.array([[1.0, 2, 2, 4], [1, 1, 1, 1]])
    found = maps.spearman(a, np.array([1.0, 3, 2, 9]))
    assert found[0] == pytest.approx(0.9486833)  # ranks 1 2.5 2.5 4 against 1 3 2 4
    assert np.isnan(found[1])
