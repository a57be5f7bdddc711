"""BiCnet-TKS agrees with the official code, in both streams and in what sets its parts apart."""

import goldens
import pytest
import torch

from sticc_lib.models.peers import bicnet_tks, official

CLOSE = 1e-5


@pytest.fixture(scope="module")
def model():
    return official.load_official("bicnet_tks", goldens.official_state("BiCNet"), 10)


def errors(model):
    """Of both features, and the largest of all taps."""
    seen, hooks = {}, []

    def keep(part, key):
        look = lambda m, given, out: seen.setdefault(key, []).append(out)  # noqa: E731
        hooks.append(part.register_forward_hook(look))

    for stage in ("layer1", "layer4"):
        keep(getattr(model, stage), stage)
    keep(model.kernels, "TKS")
    keep(model.diverse, "DAO")
    with torch.inference_mode():
        out = model(goldens.clips(8))
    for hook in hooks:
        hook.remove()
    for name in ("TKS", "DAO"):
        seen[name] = [*seen[name][0][:2], *(seen[name][0][2] if name == "DAO" else [])]
    expected, found = goldens.numbers("BiCNet"), {}
    for key, tap in goldens.taps("BiCNet").items():
        stage, number = key.split("(")[0], int(key[-2])
        found[key] = goldens.tap_error(seen[stage][number], tap)
    return {
        "feat": goldens.error(out.embedding, expected["feat"]),
        "feat_clip": goldens.error(out.extras["raw"], expected["feat_clip"]),
        "taps": max(found.values()),
    }


def test_features_streams_and_part_attentions_are_the_official_ones(model):
    assert max(errors(model).values()) < CLOSE


def test_lateral_maps_in_another_order_of_frames_are_seen(model, monkeypatch):
    def crossing(self, number, high):
        pooled = torch.nn.functional.max_pool2d(high, 2)
        maps = self.lateral[number](pooled).unflatten(1, (3, -1)).unflatten(0, (-1, 2))
        return maps.transpose(1, 2).flatten(0, 2)  # small frames 0, 2, 4 behind the first large one

    monkeypatch.setattr(bicnet_tks.BicnetTks, "crossing", crossing)
    assert min(errors(model).values()) > 10 * CLOSE  # the taps see it too


@pytest.mark.long
def test_frames_out_of_their_order_are_seen(model, monkeypatch):
    streams = lambda large, small: torch.cat([large, small], 1)  # noqa: E731
    monkeypatch.setattr(bicnet_tks, "together", streams)
    assert errors(model)["feat"] > 10 * CLOSE


@pytest.mark.long
def test_a_second_kernel_without_dilation_is_seen(model, monkeypatch):
    for name in ("dilation", "padding"):
        monkeypatch.setattr(model.kernels.conv2, name, (1,))
    assert errors(model)["feat"] > 10 * CLOSE


@pytest.mark.long
def test_exchanged_questions_are_seen(model):
    parts = model.diverse.conv1
    parts[0], parts[1] = parts[1], parts[0]
    found = errors(model)
    parts[0], parts[1] = parts[1], parts[0]
    assert found["feat"] > 10 * CLOSE


def test_divergence_of_parts_is_the_official_one():
    parts = [goldens.draws(seed, 32, 8).softmax(-1) for seed in (3, 4, 5)]
    found = bicnet_tks.part_divergence(parts)
    assert goldens.error(found, goldens.loss("BiCNet.div")) < CLOSE


def test_supervised_contrast_is_the_official_one():
    found = bicnet_tks.supervised_contrast(goldens.draws(1, 16, 64), goldens.FOURS)
    assert goldens.error(found, goldens.loss("BiCNet.supcon_scale16")) < CLOSE
