"""The same layers with fewer passes over memory: what makes a forward as fast as its arithmetic."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear


class Pointwise(nn.Conv2d):
    """A 1x1 convolution as one product over the positions of all frames.

    Torch's own goes frame by frame on one thread and reads all weights anew for each, which on
    maps of a few positions is most of the time.
    """

    def forward(self, maps: Tensor) -> Tensor:  # type: ignore[override]
        """[n C H W] -> [n C' H W]."""
        return self._conv_forward(maps, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        rows = input.permute(0, 2, 3, 1)
        if not rows.is_contiguous():
            return super()._conv_forward(input, weight, bias)
        return linear(rows, weight.flatten(1), bias).permute(0, 3, 1, 2)


class Residual(nn.Module):
    """A block of torchvision's ResNets, its norms part of its convolutions in eval mode."""

    def __init__(self, block: Any):
        super().__init__()
        self.steps = tuple(step for step in "123" if hasattr(block, f"conv{step}"))
        for step in self.steps:
            setattr(self, f"conv{step}", getattr(block, f"conv{step}"))
            setattr(self, f"bn{step}", getattr(block, f"bn{step}"))
        self.downsample = block.downsample

    def forward(self, maps: Tensor) -> Tensor:
        """[n C H W] -> [n C' H' W']."""
        short = maps
        if self.downsample is not None:
            conv, norm = self.downsample
            short = normed(conv, norm, maps)
        for step in self.steps:
            maps = normed(getattr(self, f"conv{step}"), getattr(self, f"bn{step}"), maps)
            if step != self.steps[-1]:
                maps = maps.relu_()
        return maps.add_(short).relu_()


def stacked(frames: Tensor) -> Tensor:
    """[B T C H W] -> [B*T C H W], channels last in memory, as convolutions want them."""
    # moved before they are laid end to end: otherwise that would lay them out channels first
    rows = frames.permute(0, 1, 3, 4, 2).flatten(0, 1)
    return rows.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def make_pointwise(model: nn.Module) -> None:
    """Exchanges the 1x1 convolutions of stride 1 somewhere in a model; names and weights stay."""
    for part in list(model.modules()):
        for name, conv in part.named_children():
            if type(conv) is nn.Conv2d and conv.kernel_size == conv.stride == (1, 1):
                new = Pointwise(conv.in_channels, conv.out_channels, 1, bias=False)
                new.weight, new.bias = conv.weight, conv.bias
                setattr(part, name, new)


def normed(conv: nn.Conv2d, norm: nn.BatchNorm2d, maps: Tensor) -> Tensor:
    """norm(conv(maps)); in eval mode the norm is part of the convolution's weights.

    Worth it where maps are large and weights few: the product of the two is made at every call.

    Args:
        conv: a convolution, with bias or without.
        norm: the BatchNorm behind it.
        maps: [n C H W].
    """
    if norm.training or norm.running_var is None or norm.running_mean is None:
        return norm(conv(maps))
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    shift = norm.bias - norm.running_mean * scale
    shift = shift if conv.bias is None else shift + conv.bias * scale
    return conv._conv_forward(maps, conv.weight * scale.view(-1, 1, 1, 1), shift)
