"""MSINet agrees with the official code, cell by cell, and in its cross-domain loss."""

import json

import goldens
import pytest
import torch
from torch.nn.functional import normalize

from sticc_lib import losses
from sticc_lib.models.base import ModelSpec
from sticc_lib.models.peers import msinet

CLOSE = 1e-5


def build():
    return msinet.MsiNet(ModelSpec(1, (256, 128)), 10)


@pytest.fixture(scope="module")
def golden():
    goldens.folder("MSINet")
    return goldens.filled(build, msinet.official_keys, "MSINet"), goldens.clips(1)


def errors(golden):
    model, clips = golden
    seen, hooks = {}, []
    for i, cell in enumerate(model.cells):
        key = f"cells.{i}"
        hook = cell.register_forward_hook(lambda m, given, out, key=key: seen.update({key: out}))
        hooks.append(hook)
    with torch.inference_mode():
        out = model(clips)
    for hook in hooks:
        hook.remove()
    expected, taps = goldens.numbers("MSINet"), goldens.taps("MSINet")
    found = {
        "feat": goldens.error(out.embedding, expected["feat"]),
        "feat_transfer": goldens.error(out.extras["necks"], expected["feat_transfer"]),
    }
    for key, value in seen.items():
        found[key] = goldens.tap_error(value, taps[key])
    return found


def test_features_and_cells_are_the_official_ones(golden):
    found = errors(golden)
    assert len(found) == 2 + 8
    assert max(found.values()) < CLOSE


def test_branches_that_do_not_swap_are_seen(golden, monkeypatch):
    monkeypatch.setitem(golden[0].cells[1]._modules, "_op2", msinet.Keep(64))
    assert errors(golden)["feat"] > 10 * CLOSE


def test_lower_body_before_upper_is_seen_in_the_halves(golden):
    hook = golden[0].f_conv.register_forward_hook(lambda module, given, out: out.flip(2))
    found = errors(golden)
    hook.remove()
    assert found["feat"] > 10 * CLOSE


def test_a_pool_of_other_kind_is_seen(golden, monkeypatch):
    monkeypatch.setitem(golden[0].cells[2]._modules, "1", torch.nn.MaxPool2d(2))
    assert errors(golden)["feat"] > 10 * CLOSE


def test_a_clip_is_the_mean_of_its_frames(golden):
    model, clips = golden
    with torch.inference_mode():
        twice = model(clips.transpose(0, 1)).embedding  # both frames as one clip
        alone = model(clips).embedding
        first = model(clips.transpose(0, 1), torch.tensor([[True, False]])).embedding
    torch.testing.assert_close(twice, alone.mean(0, keepdim=True))
    torch.testing.assert_close(first, alone[:1])


def test_aligned_model_has_the_official_entries():
    model = msinet.MsiNet(ModelSpec(1, (256, 128)), 10, aligned=True)
    official = json.loads((goldens.folder("MSINet") / "state_dict_sam.json").read_text())
    assert {k: list(v.shape) for k, v in model.state_dict().items()} == official


def test_alignment_loss_is_the_official_one():
    values = goldens.draws(9, 17, 16, 12)
    loss = msinet.alignment(values[:16], values[16], goldens.FOURS)
    assert goldens.error(loss, goldens.loss("MSINet.sam_pos_neg")) < CLOSE


def test_triplet_of_unit_features_is_the_official_one():
    """Self counts as positive: no difference, a distance to oneself is never the farthest."""
    loss = losses.batch_hard_triplet(normalize(goldens.draws(1, 16, 64), dim=1), goldens.FOURS, 0.3)
    assert goldens.error(loss, goldens.loss("MSINet.triplet_l2n")) < CLOSE
