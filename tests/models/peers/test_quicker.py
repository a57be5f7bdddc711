"""Quicker layers give what torch's own give, and learn as they do."""

import pytest
import torch
from torch import nn
from torchvision.models import resnet18, resnet50

from sticc_lib.models.peers.quicker import Pointwise, Residual, make_pointwise, normed, stacked


def settled(module):
    """With statistics and scales that are not the first ones."""
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            for value in (part.running_mean, part.running_var, part.weight, part.bias):
                nn.init.uniform_(value, 0.5, 1.5)
    return module


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("bias", [True, False])
def test_a_pointwise_product_is_the_convolution(layout, bias):
    model = nn.Sequential(nn.Conv2d(6, 5, 1, bias=bias), nn.Conv2d(5, 4, 1, stride=2))
    maps = torch.randn(3, 6, 4, 2).to(memory_format=layout)
    wanted, names = model(maps), list(model.state_dict())
    make_pointwise(model)
    assert [type(part) for part in model] == [Pointwise, nn.Conv2d]
    assert list(model.state_dict()) == names
    found = model[0](maps)
    torch.testing.assert_close(model(maps), wanted)
    assert found.is_contiguous(memory_format=layout)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("groups", [1, 4])
def test_a_norm_becomes_part_of_the_convolution_in_eval_mode_only(bias, groups):
    conv = nn.Conv2d(4, 8, 3, 2, 1, groups=groups, bias=bias)
    norm, maps = settled(nn.BatchNorm2d(8)), torch.randn(3, 4, 6, 6)
    torch.testing.assert_close(normed(conv, norm.eval(), maps), norm(conv(maps)))
    before = norm.running_mean.clone()
    out = normed(conv, norm.train(), maps)
    assert not torch.equal(norm.running_mean, before)
    torch.testing.assert_close(out.mean((0, 2, 3)), norm.bias.detach(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("make", [resnet18, resnet50])
@pytest.mark.parametrize("number", [0, 1])
def test_a_block_is_torchvisions_in_both_modes(make, number):
    block = settled(make().layer2[number])
    ours = Residual(block)
    assert set(ours.state_dict()) == set(block.state_dict())
    maps = torch.randn(2, 64 if make is resnet18 else 256, 8, 4)
    maps = maps if number == 0 else torch.randn(2, 128 if make is resnet18 else 512, 8, 4)
    for mode in (False, True):
        block.train(mode)
        ours.train(mode)
        given = maps.clone()
        torch.testing.assert_close(ours(given), block(maps), atol=1e-5, rtol=1e-4)
        assert torch.equal(given, maps)  # what comes in is left as it is
    ours(maps).sum().backward()
    assert all(p.grad is not None for p in ours.parameters())


def test_frames_are_stacked_in_their_order_with_channels_last():
    frames = torch.randn(2, 3, 4, 5, 6)
    out = stacked(frames)
    assert torch.equal(out, frames.flatten(0, 1))
    assert out.is_contiguous(memory_format=torch.channels_last)
    again = stacked(out.unflatten(0, (2, 3))[:, ::2])
    assert torch.equal(again, frames[:, ::2].flatten(0, 1))
    assert again.is_contiguous(memory_format=torch.channels_last)
