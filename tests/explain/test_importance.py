"""Frames: order matters to the temporal memory alone, and what is changed shows."""

from dataclasses import replace

import numpy as np
import pytest
from spotlight import Spotlight, lit, stirred

from sticc_lib.config import EvalConfig
from sticc_lib.explain.again import Again, cosines
from sticc_lib.explain.importance import ACTIONS, frames_matter, uniform_weights
from sticc_lib.explain.look import look
from sticc_lib.explain.without import PARTS
from sticc_lib.retrieval.embed import embed
from sticc_lib.tracklets.store import ArrayStore


def other(data, tracklet=12):
    return data.read(data.frame_positions()[tracklet][:1])[0]


@pytest.mark.parametrize("options", [
    {}, {"decoders": "rg"}, {"rg_pool": "concat"}, {"spatial": "subtract"}, {"temporal": "mean"},
    {"encoder": "serial"}, {"clip_length": 5},
], ids=str)  # fmt: skip
def test_order_moves_the_temporal_block_alone(tiny, coloured, options):
    data, model = coloured(lengths=(5,)), stirred(tiny(**options))
    seen = look(model, data, 0, "tiny")
    table = frames_matter(model, seen, 0, other(data, 6))
    shuffled = table[table["action"] == "shuffle"]
    assert len(shuffled) == 5
    still = [name for name in seen.blocks if name != "r_tm" or options.get("temporal") == "mean"]
    assert np.abs(shuffled[[n for n in still if n in shuffled]]).to_numpy().max(initial=0) < 1e-5
    if "r_tm" in seen.blocks and "r_tm" not in still:
        assert shuffled["r_tm"].max() > 1e-4


def test_every_real_frame_meets_every_action_and_filling_meets_none(tiny, coloured):
    data, model = coloured(lengths=(2,)), stirred(tiny())
    seen = look(model, data, 0, "tiny")
    table = frames_matter(model, seen, 0, other(data, 6), shuffles=2)
    counts = table["action"].value_counts()
    assert counts.to_dict() == {a: 2 for a in ACTIONS}
    assert set(table["frame"].dropna()) == {0, 1}
    assert table["drift"].notna().all()


def test_dropping_a_frame_is_the_clip_without_it(coloured):
    data, model = lit(coloured()), Spotlight()
    seen = look(model, data, 0, "model")
    table = frames_matter(model, seen, 0, other(data)).set_index(["action", "frame"])
    again = Again(model, seen)
    without = again.embed(again.base[[1, 2]][None], np.array([True, True]))
    drift = 1 - cosines(without, again.original)[0]
    assert drift > 1e-7
    assert table.loc[("drop", 0), "drift"] == pytest.approx(drift, abs=1e-8)
    assert np.isnan(table.loc[("drop", 0), "weights"])


def test_an_odd_frame_drifts_most_when_it_goes_and_its_double_least(coloured):
    data = lit(coloured())
    pixels = data.pixels.array.copy()
    pixels[1] = pixels[1][..., [2, 0, 1]]  # frame 1 of tracklet 0 in other colours
    data, model = replace(data, pixels=ArrayStore(pixels)), Spotlight()
    seen = look(model, data, 0, "model")
    table = frames_matter(model, seen, 0, other(data)).set_index(["action", "frame"])
    assert table.loc["drop", "drift"].idxmax() == 1
    assert (table.loc["duplicate", "drift"] < table.loc["drop", "drift"]).all()
    assert table.loc[("erase", 0), "weights before"] == pytest.approx(1, abs=1e-3)


def test_weights_before_are_even_on_the_mean_and_relevance_comes_with_them(tiny, coloured):
    data, model = coloured(), stirred(tiny())
    table = frames_matter(model, look(model, data, 0, "tiny"), 0, other(data))
    before = table[table["action"] == "swap"]
    for name in ("relevance", "w_RG", "w_MG", "w_MG spatial"):
        assert before[f"{name} before"].mean() == pytest.approx(1, abs=5e-3), name
        assert before[name].notna().all()
    assert (before["relevance"] - before["relevance before"]).abs().max() > 1e-2


def test_ranks_are_told_where_there_is_a_gallery(tiny, coloured):
    data, model = coloured(lengths=(5,)), stirred(tiny())
    data.tracklets[["query", "gallery"]] = True
    gallery = embed(model, data, EvalConfig(), progress=False)
    seen = look(model, data, 2, "tiny")
    table = frames_matter(model, seen, 1, other(data, 6), gallery)
    assert table["rank before"].nunique() == 1
    assert table["rank"].between(1, 7).all()
    parts = uniform_weights(model, seen, gallery)
    assert (parts["rank before"] == table["rank before"][0]).all()


def test_one_frame_alone_can_be_replaced_but_not_left_out(tiny, coloured):
    data, model = coloured(lengths=(1, 2)), stirred(tiny(clip_length=1))
    table = frames_matter(model, look(model, data, 0, "tiny"), 0, other(data))
    assert "drop" not in set(table["action"])
    assert table[table["action"] == "sibling"]["drift"].abs().max() < 1e-6  # it has none
    assert table[table["action"] == "duplicate"]["drift"].abs().max() < 1e-5


def test_a_frame_of_another_size_is_refused(tiny, coloured):
    model = tiny()
    with pytest.raises(ValueError, match=r"expected a frame \(3, 32, 16\), got \(3, 8, 8\)"):
        frames_matter(model, look(model, coloured(), 0, "t"), 0, np.zeros((3, 8, 8), np.uint8))


def test_each_part_made_uniform_moves_its_own_blocks(tiny, coloured):
    model = stirred(tiny())
    table = uniform_weights(model, look(model, coloured(), 1, "tiny"))
    assert table.index.tolist() == list(PARTS)
    moved = table[["RV_FG", "r_sp", "r_tm"]] > 1e-5
    assert moved.loc["slots"].tolist() == moved.loc["relevance"].tolist() == [True, False, False]
    assert moved.loc["temporal"].tolist() == [False, False, True]
    assert moved.loc["spatial"].tolist() == [False, True, True]
    floor = tiny("attention_pool")
    assert len(uniform_weights(floor, look(floor, coloured(), 1, "tiny"))) == 0
