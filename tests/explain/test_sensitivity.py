"""Boxes taken away move the embedding where the model looks, and nowhere else."""

import numpy as np
import pytest
from spotlight import Spotlight, lit, stirred

from sticc_lib.explain import maps
from sticc_lib.explain.look import look
from sticc_lib.explain.sensitivity import agreement, sensitivity

TOKEN = 8 * 8 + 2  # row 8, column 2 of 16 x 8 tokens: at the person's edge, which a blur moves


def checked(model, data, tracklet=0, **more):
    seen = look(model, data, tracklet, "model")
    return seen, sensitivity(model, seen, progress=False, **({"box": 4, "stride": 2} | more))


@pytest.mark.parametrize("fill", ["mean", "noise", "blur"])
def test_a_model_that_sees_one_token_is_sensitive_there_alone(coloured, fill):
    _, found = checked(Spotlight(TOKEN), lit(coloured()), fill=fill)
    covering = found.cover[:, TOKEN] > 0
    effect = found.effect.reshape(3, -1)
    assert covering.sum() == 4  # a box of 2 x 2 tokens, one token apart
    assert (effect[:, covering] > 1e-5).all()
    np.testing.assert_allclose(effect[:, ~covering], 0, atol=1e-9)
    assert (found.tokens.argmax(1) == TOKEN).all()


def test_a_map_that_tells_the_truth_agrees_and_one_that_lies_does_not(coloured):
    seen, found = checked(Spotlight(np.arange(40, 72)), lit(coloured()))  # four rows of tokens
    weights = maps.token_weights(seen)["weights"][0]
    assert agreement(found, weights) > 0.8
    assert agreement(found, weights.max() - weights) < -0.8
    assert np.isnan(agreement(found, np.ones_like(weights)))
    with pytest.raises(ValueError, match=r"expected weights \(3, 128\), got \(2, 128\)"):
        agreement(found, weights[:2])


def test_against_a_pair_the_effect_is_the_fall_of_the_margin(coloured):
    data, model = lit(coloured()), Spotlight(TOKEN)
    seen = look(model, data, 0, "model")
    other = look(model, data, 12, "model").embedding
    own = seen.embedding
    _, found = checked(model, data, against=(own, other))
    _, turned = checked(model, data, against=(other, own))
    np.testing.assert_allclose(found.effect, -turned.effect, atol=1e-7)
    assert np.abs(found.effect).max() > 1e-4
    assert found.target == "margin of the true over the false match"


def test_a_box_over_the_whole_frame_and_frames_that_only_fill(tiny, coloured):
    _, found = checked(stirred(tiny()), coloured(lengths=(2,)), box=99)
    assert found.effect.shape == (3, 1, 1)
    assert (found.effect[:2] > 0).all()
    assert found.effect[2] == 0
    assert found.boxes.tolist() == [[0, 0, 32, 16]]
    np.testing.assert_array_equal(found.cover, 1)
    np.testing.assert_allclose(found.tokens[0], found.effect[0].item())


def test_boxes_reach_every_edge_and_their_effects_average_onto_tokens(tiny, coloured):
    _, found = checked(stirred(tiny()), coloured(), box=10, stride=6)
    assert found.boxes[:, :2].min(0).tolist() == [0, 0]
    assert found.boxes[:, 2:].max(0).tolist() == [32, 16]
    assert (found.cover.sum(0) > 0).all()
    assert found.cover.sum(1).max() == pytest.approx(10 * 10 / 64)  # of cells of 8 x 8
    low, high = found.effect[0].min(), found.effect[0].max()
    assert (found.tokens[0] >= low).all()
    assert (found.tokens[0] <= high).all()


@pytest.mark.parametrize("wrong", [{"box": 0}, {"stride": 0}])
def test_boxes_of_no_size_are_refused(coloured, wrong):
    with pytest.raises(ValueError, match="expected at least one pixel each"):
        checked(Spotlight(), lit(coloured()), **wrong)
