"""AP3D agrees with the official code, in each frame and between stages."""

import goldens
import pytest
import torch

from sticc_lib.models.peers import ap3d, official

CLOSE = 1e-5


@pytest.fixture(scope="module")
def model():
    return official.load_official("ap3d", goldens.official_state("AP3D"), 10)


def errors(model):
    """Of the feature, of the frames, and the largest of all taps."""
    seen, taps = {}, goldens.taps("AP3D")
    look = lambda name: lambda m, given, out: seen.update({name: out})  # noqa: E731
    hooks = [model.get_submodule(name).register_forward_hook(look(name)) for name in taps]
    with torch.inference_mode():
        out = model(goldens.clips(4))
    for hook in hooks:
        hook.remove()
    expected = goldens.numbers("AP3D")
    return {
        "feat": goldens.error(out.embedding, expected["feat"]),
        "feat_frames": goldens.error(out.extras["frames"], expected["feat_frames"]),
        "taps": max(goldens.tap_error(seen[k], taps[k]) for k in taps),
    }


def test_features_and_stages_are_the_official_ones(model):
    assert max(errors(model).values()) < CLOSE


def test_neighbours_in_the_other_order_are_seen(model, monkeypatch):
    real = ap3d._beside
    monkeypatch.setattr(ap3d, "_beside", lambda rows: real(rows).flip(2))
    assert min(errors(model).values()) > 10 * CLOSE  # the taps see it too


@pytest.mark.long
def test_another_temperature_is_seen(model, monkeypatch):
    monkeypatch.setattr(model.layer3[0].conv2.APM, "temperature", 1.0)
    assert errors(model)["feat"] > 10 * CLOSE
