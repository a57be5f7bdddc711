"""PSTA agrees with the official code, in its feature and in the gates its feature is blind to."""

import goldens
import pytest
import torch

from sticc_lib import losses
from sticc_lib.config import HeadConfig
from sticc_lib.models.base import ModelSpec
from sticc_lib.models.peers import psta

CLOSE = 1e-5


def build():
    config = HeadConfig(channels=1024)
    return psta.Psta(goldens.resnet(), ModelSpec(8, (256, 128)), config, 10)


@pytest.fixture(scope="module")
def golden():
    """The model, its trunk's maps already known, and what stands for the input."""
    goldens.folder("PSTA")
    model = goldens.filled(build, psta.official_keys, "PSTA")
    with torch.inference_mode():
        maps = model.trunk(goldens.clips(8).flatten(0, 1))
    model.trunk.trainable = goldens.Stored(maps)
    return model, torch.zeros(2, 8, 1, 1, 1)


def errors(golden):
    """The feature's error, and of every tap whose stored values are not all zero."""
    model, maps = golden
    seen, hooks = {}, []
    for i, level in enumerate(model.levels, 1):
        named = {"TRA": level.between, "SRA.spatial_gate": level.within.gate, "": level}
        for name, module in named.items():
            key = f"layer{i}.{name}".rstrip(".")
            hook = module.register_forward_hook(lambda m, x, out, key=key: seen.update({key: out}))
            hooks.append(hook)
    with torch.inference_mode():
        out = model.forward_maps(maps)
    for hook in hooks:
        hook.remove()
    found = {"feat": goldens.error(out.embedding, goldens.numbers("PSTA")["feat"])}
    for key, value in seen.items():
        expected = goldens.taps("PSTA")[key]["first8"]
        if any(expected):
            found[key] = goldens.error(goldens.first8(value), expected)
    return found


def test_feature_and_taps_are_the_official_ones(golden):
    found = errors(golden)
    assert found.pop("feat") < CLOSE
    assert len(found) == 8
    assert max(found.values()) < 1e-4


def test_exchanged_correlations_are_seen_by_the_gates_alone(golden, monkeypatch):
    """Query and key of one level's `between` exchanged."""
    between = golden[0].levels[1].between
    query, key = between.query, between.key
    monkeypatch.setitem(between._modules, "query", key)
    monkeypatch.setitem(between._modules, "key", query)
    found = errors(golden)
    assert found["layer2.TRA"] > 1e-2
    assert found["feat"] < CLOSE  # why the feature would not do


def test_exchanged_gates_of_a_pair_are_seen_by_the_gates_alone(golden):
    gate = golden[0].levels[1].between.gate
    hook = gate.register_forward_hook(
        lambda module, given, out: out.unflatten(1, (-1, 2)).flip(2).flatten(1, 2)
    )
    found = errors(golden)
    hook.remove()
    assert found["layer2.TRA"] > 1e-2
    assert found["feat"] < CLOSE


def test_an_embedding_before_its_norm_is_not_the_official_one(golden, monkeypatch):
    monkeypatch.setitem(golden[0].norms._modules, "2", torch.nn.Identity())
    assert errors(golden)["feat"] > 10 * CLOSE


def test_smoothed_cross_entropy_is_the_official_one():
    loss = losses.identity(goldens.draws(2, 16, 10), goldens.FOURS)
    assert goldens.error(loss, goldens.loss("PSTA.ce_ls")) < CLOSE
