"""STMN agrees with the official code, in its feature and in what its memories are addressed by."""

import goldens
import pytest
import torch

from sticc_lib import losses
from sticc_lib.config import HeadConfig
from sticc_lib.models.base import ModelSpec
from sticc_lib.models.peers import stmn

CLOSE = 1e-5


def build():
    config = HeadConfig(spatial_items=10, temporal_items=5)
    return stmn.Stmn(goldens.resnet(), ModelSpec(6, (256, 128)), config, 10)


@pytest.fixture(scope="module")
def golden():
    """The model, the maps of its three last stages already known, and what stands for the input."""
    goldens.folder("STMN")
    model = goldens.filled(build, stmn.official_keys, "STMN")
    with torch.inference_mode():
        shared = model.trunk.trainable[:-1](goldens.clips(6).flatten(0, 1))
        model.spatial_keys = goldens.Stored(model.spatial_keys(shared))
        model.temporal_keys = goldens.Stored(model.temporal_keys(shared))
        model.trunk.trainable = torch.nn.Sequential(
            goldens.Stored(model.trunk.trainable[-1:](shared))
        )
    return model, torch.zeros(2, 6, 1, 1, 1)


def errors(golden):
    model, maps = golden
    with torch.inference_mode():
        out = model.forward_maps(maps)
    expected, addresses = goldens.numbers("STMN"), out.extras["addresses"]
    spread = {name: losses.memory_spread(addresses[name]) for name in ("spatial", "temporal")}
    return {
        "feat": goldens.error(out.embedding, expected["feat"]),
        "val_t": goldens.error(out.features["clip"], expected["val_t"]),
        "smem_loss": goldens.error(spread["spatial"], expected["smem_loss"]),
        "tmem_loss": goldens.error(spread["temporal"], expected["tmem_loss"]),
    }


def test_feature_and_both_memory_losses_are_the_official_ones(golden):
    assert max(errors(golden).values()) < CLOSE


@pytest.mark.long
def test_mean_with_the_mirrored_clip_and_its_taps_are_the_official_ones(golden):
    model, maps = golden
    fresh = goldens.filled(build, stmn.official_keys, "STMN")
    seen = {}
    fresh.spatial_keys.register_forward_hook(lambda *a: seen.update(spatial=a[2]))
    fresh.temporal_keys.register_forward_hook(lambda *a: seen.update(temporal=a[2].mean((2, 3))))
    with torch.inference_mode():
        mirrored = fresh(goldens.clips(6).flip(-1))
        straight = model.forward_maps(maps)
    mean = (straight.embedding + mirrored.embedding) / 2
    assert goldens.error(mean, goldens.numbers("STMN")["feat_flip_avg"]) < CLOSE
    taps = goldens.taps("STMN")
    for i, name in ((1, "spatial"), (2, "temporal")):
        expected = taps[f"features(val,key_s,key_t)[{i}]"]["first8"]
        assert goldens.error(goldens.first8(seen[name]), expected) < 1e-4


def test_keys_that_end_with_a_relu_are_seen_by_the_memory_loss_alone(golden):
    model, _ = golden
    hook = model.temporal_keys.register_forward_hook(lambda module, given, out: out.relu())
    found = errors(golden)
    hook.remove()
    assert found["tmem_loss"] > 10 * CLOSE
    assert found["feat"] < 10 * CLOSE  # why the feature would not do


def test_an_lstm_fed_backwards_is_seen_by_the_memory_loss(golden):
    lstm = golden[0].temporal.lstm
    hook = lstm.register_forward_pre_hook(lambda module, given: (given[0].flip(1),))
    found = errors(golden)
    hook.remove()
    assert found["tmem_loss"] > 10 * CLOSE


def test_the_sane_layout_of_queries_is_not_the_official_one(golden):
    memory = golden[0].spatial
    memory.faithful = False
    found = errors(golden)
    memory.faithful = True
    assert found["feat"] > 10 * CLOSE
    assert found["smem_loss"] > 10 * CLOSE


def test_losses_are_the_official_ones():
    features = goldens.draws(1, 16, 64)
    triplet = losses.batch_hard_triplet(features, goldens.FOURS, None)
    assert goldens.error(triplet, goldens.loss("STMN.triplet_soft_eu")) < CLOSE
    address = (0.2 * goldens.draws(10, 24, 5)).softmax(-1)
    spread = losses.memory_spread(address)
    assert goldens.error(spread, goldens.loss("STMN.mem_trip_m0.3")) < CLOSE
