"""Randomised weights: what training changed is shuffled, and nothing else."""

import numpy as np
import pytest
import torch

from sticc_lib.explain import maps
from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.control import as_peaked, randomised
from sticc_lib.explain.look import look


def test_learned_weights_keep_their_entries_and_lose_their_places(tiny):
    model = tiny(trainable_blocks=1)
    before = {name: p.clone() for name, p in model.named_parameters()}
    control = dict(randomised(model).named_parameters())
    moved = 0
    for name, weight in model.named_parameters():
        assert torch.equal(weight, before[name]), name
        if weight.ndim > 1 and weight.requires_grad:
            assert torch.equal(*(p.flatten().sort().values for p in (control[name], weight))), name
            moved += not torch.equal(control[name], weight)
        else:
            assert torch.equal(control[name], weight), name
    assert moved > 20
    assert any("trunk.frozen" in name for name in before)


def test_a_seed_repeats_and_another_differs(tiny):
    model = tiny()
    keys = [randomised(model, seed).common.to_key for seed in (1, 1, 2)]
    assert torch.equal(keys[0].weight, keys[1].weight)
    assert not torch.equal(keys[0].weight, keys[2].weight)


@pytest.mark.parametrize(("name", "tap"), [
    ("sticc", maps.ALPHA), ("attention_pool", "weights"), ("attention_pool_joint", "weights")
])  # fmt: skip
def test_a_sharpened_control_is_as_peaked_as_the_model(tiny, coloured, name, tap):
    data, model = coloured(lengths=(3, 2)), tiny(name)
    layer = model.individual.to_query if name == "sticc" else model.score
    with torch.no_grad():
        layer.weight.normal_(std=3.0 if name == "sticc" else 100.0)
    control = randomised(model, 1)
    with torch.no_grad():  # far too flat
        (control.individual.to_query if name == "sticc" else control.score).weight.mul_(0.1)

    def peak(one):
        found = []
        for tracklet in data.tracklets.index:
            seen = look(one, data, tracklet, "tiny")
            value = seen.map(tap)[seen.mask]
            found.append(maps.entropy(value / value.sum(-1, keepdims=True)).mean())
        return np.mean(found)

    assert peak(model) < 0.9 * np.log(8) < peak(control)
    peaked = as_peaked(control, model, data, tracklets=len(data))
    assert peak(peaked) == pytest.approx(peak(model), abs=0.05)
    assert peak(control) > 0.9 * np.log(8)  # left as it was


def test_a_model_without_scores_cannot_be_sharpened(tiny, coloured):
    with pytest.raises(CaptureError, match="MeanPool has no scores over tokens"):
        as_peaked(tiny("mean_pool"), tiny("mean_pool"), coloured())
