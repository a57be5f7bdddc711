"""V3 and V4 on every variant of the model, and models side by side."""

from dataclasses import replace

import numpy as np
import pytest

from sticc_lib.explain import maps
from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.look import look
from sticc_lib.explain.memories import contents
from sticc_lib.figures import looking, memory, relevance
from sticc_lib.figures.captions import words

VARIANTS = [{}, {"decoders": "rg"}, {"decoders": "mg"}, {"rg_pool": "concat"},
            {"spatial": "subtract"}, {"spatial": "off"}, {"temporal": "mean"},
            {"temporal": "off"}]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "length"),
    [*((options, 8) for options in VARIANTS), ({}, 1), ({}, 3)],
    ids=lambda value: str(value or "default"),
)
def test_every_variant_is_drawn_for_any_clip(tiny, coloured, texts, options, length):
    model = tiny(**options)
    seen = look(model, coloured(), 1, "tiny", clip_length=length)  # five frames: 8 has a mask
    shown = texts(relevance.relevance(seen, frame=length - 1, row=3, column=1))
    has_rg = options.get("decoders") != "mg"
    assert ("w_RG" in shown) is has_rg
    assert ("ρ of frame and slot" in shown) is has_rg
    if options.get("decoders") == "rg":
        return
    said = texts(memory.read_out(seen, contents(model), frame=length - 1))
    assert any(text.startswith("w_MG") for text in said)
    assert ("γ: frames" in said) is ("temporal" not in options)
    assert ("β: slots" in said) is ("spatial" not in options)


def test_the_contributions_of_the_slots_are_those_of_the_selected_patch(tiny, coloured, texts):
    seen = look(tiny(), coloured(), 1, "tiny")
    parts = maps.slot_weights(seen)[0, 2, :, 5] * 3 * 8  # times an even spread
    shown = texts(relevance.relevance(seen, frame=2, row=2, column=1))
    assert {f"slot {n}  {value:.2f}" for n, value in enumerate(parts)} <= set(shown)
    assert f"{parts.sum():.2f} times even, of which" in shown


def test_a_floors_own_map_is_drawn_and_its_missing_memory_named(tiny, coloured, texts):
    seen = look(tiny("attention_pool_joint"), coloured(), 0, "floor")
    assert "weights" in texts(relevance.relevance(seen))
    with pytest.raises(CaptureError, match=r"no memory-guided decoder \(M4\); it has embedding"):
        memory.read_out(seen, contents(tiny()))


def test_memories_of_another_model_are_refused(tiny, coloured):
    seen = look(tiny(), coloured(), 0, "tiny")
    with pytest.raises(ValueError, match=r"abstraction\.a is over 4 items, the memory has 7"):
        memory.read_out(seen, contents(tiny(spatial_items=7)))
    with pytest.raises(ValueError, match="temporal_item: 9; expected 0 to 3"):
        memory.read_out(seen, contents(tiny()), temporal_item=9)


def test_equal_maps_share_all_and_different_ones_what_the_numbers_say(tiny, coloured, texts):
    data = coloured()
    seen, floor = look(tiny(), data, 0, "one"), look(tiny("attention_pool"), data, 0, "floor")
    shown = texts(looking.token_weights([floor, replace(floor, whose="twin"), seen]))
    assert "shared with the first: 1.00" in shown
    other = maps.overlap(maps.token_weights(floor)["weights"], maps.token_weights(seen)["w_RG"])
    assert f"shared with the first: {other[0]:.2f}" in shown
    assert "w_MG spatial" not in shown


def test_the_scale_of_an_even_map_does_not_reach_its_end(tiny, coloured):
    seen = look(tiny("attention_pool"), coloured(), 0, "floor")
    image = np.asarray(looking.token_weights([seen]).axes[0].images[-1].get_array())
    assert image[:20].min(axis=(0, 1)).max() < 200  # magma's bright end is above


def test_looks_of_different_tracklets_are_refused(tiny, coloured):
    data, model = coloured(), tiny()
    with pytest.raises(ValueError, match="tracklet 3 of coloured"):
        looking.token_weights([look(model, data, 1, "one"), look(model, data, 3, "two")])
    with pytest.raises(ValueError, match="expected one a model"):
        looking.token_weights([])


def test_what_stands_below_says_whose_and_how(tiny, coloured):
    seen = look(tiny(), coloured(), 0, "tiny, seed 0")
    for figure in (relevance.relevance(seen), memory.read_out(seen, contents(tiny()))):
        caption = words(figure).caption
        assert "product" in caption
        assert "ean over heads" in caption
        assert "tiny, seed 0" in caption
        assert "all_frames, T = 3" in caption
