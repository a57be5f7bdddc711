"""Folded BatchNorm: the same numbers, a copy, and what cannot be folded stays."""

import pytest
import torch

from sticc_lib.config import TrunkConfig
from sticc_lib.models import zoo
from sticc_lib.models.folding import fold_batchnorm, folded
from sticc_lib.models.trunk import build_trunk


def stir(module):
    """Statistics that are not the start's."""
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 2)
    return module


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet18", "small"])
def test_folded_batchnorms_change_nothing_but_rounding(name):
    torch.manual_seed(0)
    trunk = build_trunk(TrunkConfig(name, "none", 0), (64, 32)).eval()
    stir(trunk)
    before = {k: v.clone() for k, v in trunk.state_dict().items()}
    half = fold_batchnorm(trunk.frozen)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in half.modules())
    frames = torch.randn(2, 3, 64, 32)
    with torch.no_grad():
        torch.testing.assert_close(half(frames), trunk.frozen(frames), rtol=1e-3, atol=1e-3)
    assert all(torch.equal(before[k], v) for k, v in trunk.state_dict().items())


@pytest.mark.parametrize("name", [*zoo.BUILDERS, "psta", "sinet"])
def test_a_folded_copy_gives_the_models_own_embeddings(name, tiny):
    peer = {"trunk": "resnet18", "height": 64, "width": 32, "clip_length": 4}
    options = peer if name in zoo.PEERS else {}
    model = stir(tiny(name, trainable_blocks=-1, **options)).train()
    held = folded(model)
    clips = torch.randn(2, model.spec.clip_length, 3, *model.spec.image_size)
    with torch.no_grad():
        found = held(clips).embedding
        assert model.training
        assert not held.training
        wanted = model.eval()(clips).embedding
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_batchnorm_without_statistics_stays():
    part = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 1), torch.nn.BatchNorm2d(4, track_running_stats=False)
    )
    frames = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(fold_batchnorm(part)(frames), part.eval()(frames))
