"""GRL agrees with the official code, in each third of its feature and in its own losses."""

import goldens
import pytest
import torch
from torch.nn.functional import normalize

from sticc_lib import losses
from sticc_lib.models.base import ModelSpec
from sticc_lib.models.peers import grl

CLOSE = 1e-5


@pytest.fixture(scope="module")
def golden():
    """The model, its trunk's maps already known, and what stands for the input."""
    goldens.folder("GRL")
    model = goldens.filled(
        lambda: grl.Grl(goldens.resnet(), ModelSpec(8, (256, 128)), 10), grl.official_keys, "GRL"
    )
    with torch.inference_mode():
        maps = model.trunk(goldens.clips(8).flatten(0, 1))
    model.trunk.trainable = goldens.Stored(maps)
    return model, torch.zeros(2, 8, 1, 1, 1)


def errors(golden):
    model, maps = golden
    seen = {}
    hook = model.guide.map.register_forward_hook(lambda module, given, out: seen.update(map=out))
    with torch.inference_mode():
        out = model.forward_maps(maps)
    hook.remove()
    expected = goldens.numbers("GRL")
    guide = goldens.taps("GRL")["backbone(uncorr,corr,map)[2]"]["first8"]
    return {
        "feat": goldens.error(out.embedding, expected["feat"]),
        "x_uncorr": goldens.error(out.extras["rest"], expected["x_uncorr"]),
        "x_corr": goldens.error(out.extras["frames"], expected["x_corr"]),
        "siamese_att": goldens.error(out.extras["attended"], expected["siamese_att"]),
        "map": goldens.error(goldens.first8(seen["map"]), guide),
    }


def test_feature_and_its_thirds_are_the_official_ones(golden):
    assert max(errors(golden).values()) < CLOSE


def test_a_relu_in_the_guide_where_none_belongs_is_seen(golden):
    hook = golden[0].guide.correlate[1].register_forward_hook(lambda m, given, out: out.relu())
    found = errors(golden)
    hook.remove()
    assert min(found["map"], found["feat"]) > 10 * CLOSE


def test_a_backward_pass_in_forward_order_is_seen(golden):
    hook = golden[0].back.register_forward_pre_hook(
        lambda module, given: (given[0].flip(1), given[1].flip(1), given[2])
    )
    found = errors(golden)
    hook.remove()
    assert found["x_corr"] > 10 * CLOSE


def test_thirds_of_the_sane_version_all_have_length_one(golden):
    model, maps = golden
    model.faithful = False
    with torch.inference_mode():
        sane = model.forward_maps(maps).embedding
    model.faithful = True
    with torch.inference_mode():
        official = model.forward_maps(maps).embedding
    for name, part in model.blocks.items():
        assert torch.allclose(sane[:, part].norm(dim=1), torch.ones(2), atol=1e-5), name
    assert float(official[:, model.blocks["mean"]].norm(dim=1).max()) < 1 - 1e-4


def test_instance_table_is_the_published_one():
    table = grl.InstanceTable(64, 10)
    table.table.copy_(normalize(goldens.draws(12, 10, 64), dim=1))
    features = normalize(goldens.draws(11, 16, 64), dim=1).requires_grad_()
    loss = table(features, goldens.FOURS)
    assert goldens.error(loss.detach(), goldens.loss("GRL.oim_s30")) < CLOSE
    before = table.table.clone()
    table.update(features, goldens.FOURS)
    assert goldens.error(table.table.abs().sum(), goldens.loss("GRL.oim_lut_after")) < CLOSE
    loss.backward()  # the loss was taken with the table before its update
    gradient = (
        30 / 16 * (torch.softmax(30 * features @ before.T, 1) @ before - before[goldens.FOURS])
    )
    torch.testing.assert_close(features.grad, gradient.detach())


def test_pair_loss_has_the_mask_as_coded_and_the_sane_one_is_transposed():
    import numpy as np

    scores = np.random.Generator(np.random.PCG64(7)).random((8, 8)).astype(np.float32)
    scores, probes = torch.from_numpy(scores), torch.arange(8)
    gallery = torch.arange(4).repeat(2)
    official = goldens.loss("GRL.pair_bce")
    assert goldens.error(grl.pair_loss(scores, probes, gallery), official) < CLOSE
    assert goldens.error(grl.pair_loss(scores, probes, gallery, faithful=False), official) > 1e-3
    turned = grl.pair_loss(scores.T, gallery, probes, faithful=False)
    torch.testing.assert_close(turned, grl.pair_loss(scores.T, probes, gallery))


def test_soft_triplet_is_the_official_one():
    loss = losses.batch_hard_triplet(goldens.draws(1, 16, 64), goldens.FOURS, None)
    assert goldens.error(loss, goldens.loss("GRL.triplet_soft_mean")) < CLOSE
