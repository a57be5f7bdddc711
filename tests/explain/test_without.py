"""A part made uniform is uniform, and nothing else is touched."""

import numpy as np
import pytest
import torch
from spotlight import stirred

from sticc_lib.config import EvalConfig
from sticc_lib.explain import maps
from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.look import look
from sticc_lib.explain.without import PARTS, keep_blocks, parts_of, without
from sticc_lib.retrieval.embed import embed

TAPS = {"attention": maps.ALPHA, "relevance": maps.RHO, "slots": maps.PI, "spatial": maps.BETA,
        "temporal": maps.GAMMA}  # fmt: skip
AXES = {"attention": -1, "relevance": 1, "slots": -1, "spatial": -1, "temporal": -1}


@pytest.mark.parametrize("part", PARTS)
def test_the_part_weighs_all_alike_and_no_other_map_that_comes_before_changes(tiny, coloured, part):
    model, data = stirred(tiny()), coloured()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    plain, changed = (look(m, data, 1, "tiny") for m in (model, without(model, part)))
    assert np.ptp(plain.map(TAPS[part]), axis=AXES[part]).max() > 1e-2
    assert np.ptp(changed.map(TAPS[part]), axis=AXES[part]).max() < 1e-3
    for other in list(TAPS.values())[: list(TAPS).index(part)]:
        if other != maps.PI or part != "relevance":
            np.testing.assert_array_equal(plain.maps[other], changed.maps[other])
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())
    assert model.individual.score == "lse"


def test_only_the_blocks_behind_a_part_move(tiny, coloured):
    model, data = stirred(tiny()), coloured()
    plain = look(model, data, 1, "tiny")
    moved = {"relevance": ["RV_FG"], "slots": ["RV_FG"], "spatial": ["r_sp", "r_tm"],
             "temporal": ["r_tm"], "attention": ["RV_FG", "r_sp", "r_tm"]}  # fmt: skip
    for part, blocks in moved.items():
        changed = look(without(model, part), data, 1, "tiny")
        for name, place in plain.blocks.items():
            gap = np.abs(changed.embeddings[:, place] - plain.embeddings[:, place]).max()
            assert (gap > 1e-4) == (name in blocks), (part, name)


@pytest.mark.parametrize(("options", "missing"), [
    ({}, set()), ({"decoders": "rg"}, {"spatial", "temporal"}),
    ({"decoders": "mg"}, {"relevance", "slots"}), ({"rg_pool": "concat"}, {"slots"}),
    ({"rg_score": "uniform"}, {"relevance"}), ({"spatial": "off"}, {"spatial"}),
    ({"spatial": "subtract"}, set()), ({"temporal": "mean"}, {"temporal"}),
], ids=lambda v: str(sorted(v) if isinstance(v, set) else v))  # fmt: skip
def test_a_variant_has_the_parts_it_has_and_the_rest_is_refused(tiny, options, missing):
    model = tiny(**options)
    assert set(parts_of(model)) == set(PARTS) - missing
    for part in missing:
        with pytest.raises(CaptureError, match=f"Sticc has no {part} to make uniform; it has"):
            without(model, part)


def test_stored_distractors_are_no_longer_subtracted(tiny, coloured):
    model, data = stirred(tiny(spatial="subtract")), coloured()
    changed = without(model, "spatial")
    grid = torch.randn(2, 3, 4, 16)
    frames = changed.eval().abstraction._frames(grid, None, {})
    torch.testing.assert_close(frames, grid.mean(2))
    assert not np.allclose(
        look(model, data, 1, "a").embeddings, look(changed, data, 1, "b").embeddings
    )


def test_other_models_and_other_words_are_refused(tiny):
    assert parts_of(tiny("attention_pool")) == []
    with pytest.raises(
        CaptureError, match="AttentionPool has no slots to make uniform; it has none"
    ):
        without(tiny("attention_pool"), "slots")
    with pytest.raises(ValueError, match="part 'gamma' is none of attention, relevance"):
        without(tiny(), "gamma")


def test_embeddings_cut_to_blocks_hold_those_blocks(tiny, coloured):
    model, data = tiny(), coloured()
    whole = embed(model, data, EvalConfig(), progress=False)
    part = keep_blocks(whole, model.blocks, ["r_tm", "RV_FG"])
    np.testing.assert_array_equal(part.values[:, :16], whole.values[:, 32:])
    np.testing.assert_array_equal(part.values[:, 16:], whole.values[:, :16])
    assert part.facts["blocks"] == "r_tm, RV_FG"
    with pytest.raises(ValueError, match=r"blocks \['r_x'\]: expected some of RV_FG, r_sp, r_tm"):
        keep_blocks(whole, model.blocks, ["r_x"])
