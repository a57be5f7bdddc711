"""What methods that live inside a ResNet share: its stages, time beside them, the head."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from sticc_lib.config import ConfigError, TrunkConfig
from sticc_lib.models.base import ClipError, ModelSpec, Output, VideoModel
from sticc_lib.models.peers.quicker import Residual, make_pointwise, normed
from sticc_lib.models.trunk import Trunk, build_trunk

HOSTS = ("resnet50", "resnet18")
"""Trunks that have stages to live in; published is the first."""


class Plugin(nn.Module):
    """A part between two blocks that sees the frames of a clip together.

    Its forward takes maps of frames [B*T C H W] and T, and gives maps of the same shape.
    """


class Stage(nn.Sequential):
    """Blocks of a ResNet with plug-ins between them."""

    def forward(self, maps: Tensor, time: int = 1) -> Tensor:  # type: ignore[override]
        """Maps of frames [B*T C H W] -> [B*T C' H' W']."""
        for block in self:
            maps = block(maps, time) if isinstance(block, Plugin) else block(maps)
        return maps


class InsideResNet(VideoModel):
    """Base of the methods that change what happens between the stages of a ResNet.

    The official code inflates every convolution to three dimensions with a time kernel of 1. That
    is the same as one frame after the other, which is how it is computed here. All of it learns:
    nothing is frozen, and what `forward_maps` is given are the frames.

    Published is the ResNet-50. CHOICE: in a ResNet-18, so that a method can be trained on two
    cores, plug-ins are as wide as the stages there and stand as far into them (`spread`).

    Args:
        spec: T, frame size.
        weights: of the ResNet: `imagenet` or `none`.
        biased: convolutions have a bias (of PyTorch's own initialisation).
        trunk: which ResNet; a name of HOSTS.

    Attributes:
        widths: channels of the four stages.
    """

    trunk_parts = ("conv1.", "bn1.", "layer", "learners.layer4.", "learners.branch.")

    def __init__(
        self,
        spec: ModelSpec,
        weights: str = "none",
        biased: bool = False,
        trunk: str = HOSTS[0],
    ):
        super().__init__()
        self.spec, self.trunk = spec, Trunk([], 3, 16, 0)  # nothing frozen
        settings = TrunkConfig(trunk, weights, -1)  # type: ignore[arg-type]
        stem, *layers = build_trunk(settings, spec.image_size).trainable
        self.conv1, self.bn1, self.relu, self.maxpool = stem  # type: ignore[misc]
        self.layer1, self.layer2, self.layer3, self.layer4 = (Stage(*layer) for layer in layers)  # type: ignore[misc]
        self.widths = tuple(_channels(layer[-1]) for layer in layers)  # type: ignore[index]
        make_pointwise(self)
        # where maps are large and weights few
        self.layer1, self.layer2 = (Stage(*map(Residual, s)) for s in (self.layer1, self.layer2))
        if biased:
            for part in list(self.modules()):
                if isinstance(part, nn.Conv2d):
                    bound = part.weight[0].numel() ** -0.5
                    part.bias = nn.Parameter(part.weight.new_empty(part.out_channels))
                    nn.init.uniform_(part.bias, -bound, bound)

    def plug(self, layer: str, *parts: Plugin) -> None:
        """Spreads plug-ins over a stage: the last one behind its last block."""
        blocks, behind = list(getattr(self, layer)), {}
        for part, number in zip(parts, spread(len(parts), len(blocks)), strict=True):
            behind.setdefault(number, []).append(part)
        placed = [[block, *behind.get(number, [])] for number, block in enumerate(blocks)]
        setattr(self, layer, Stage(*(part for run in placed for part in run)))

    def stem(self, frames: Tensor) -> Tensor:
        """[n 3 H W] -> [n 64 H/4 W/4]."""
        maps = self.maxpool(normed(self.conv1, self.bn1, frames))  # type: ignore[arg-type]
        return torch.relu(maps)  # the same behind the pooling, of a quarter of the positions


class Head(nn.Module):
    """BatchNorm with bias, then a linear classifier with bias."""

    def __init__(self, persons: int, width: int):
        super().__init__()
        self.bn, self.classifier = nn.BatchNorm1d(width), nn.Linear(width, persons)
        nn.init.normal_(self.bn.weight, 1.0, 0.02)
        nn.init.normal_(self.classifier.weight, std=0.001)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, feature: Tensor, name: str, out: Output) -> Tensor:
        """Feature [B C] -> after BatchNorm [B C]; entered in `out`, with logits while training."""
        normal = self.bn(feature)
        out.features[name] = normal
        if self.training:
            out.logits[name] = self.classifier(normal)
        return normal


def spread(parts: int, blocks: int) -> list[int]:
    """Behind which block each part stands, evenly: two in four blocks behind 1 and 3.

    More parts than blocks stand one behind the other, in their order.
    """
    return [-(-(i + 1) * blocks // parts) - 1 for i in range(parts)]


def _channels(block: nn.Module) -> int:
    """What a block of torchvision's ResNets gives out."""
    return (block.bn3 if hasattr(block, "bn3") else block.bn2).num_features  # type: ignore[return-value, union-attr]


def silent(norm: nn.Module) -> nn.Module:
    """A BatchNorm that gives zeros at first, so that what it ends starts as no change."""
    nn.init.zeros_(norm.weight)  # type: ignore[arg-type]
    nn.init.zeros_(norm.bias)  # type: ignore[arg-type]
    return norm


def refuse(name: str, problems: Iterable[str]) -> None:
    """Raises one ConfigError with every problem, if there is any."""
    found = "; ".join(problems)
    if found:
        raise ConfigError(f"{name}: {found}")


def refuse_shape(name: str, spec: ModelSpec, frames: Tensor) -> None:
    """Refuses clips [B T 3 H W] that are not of the T and frame size a model was built for.

    Raises:
        ClipError: says both.
    """
    wanted = (spec.clip_length, 3, *spec.image_size)
    if tuple(frames.shape[1:]) != wanted:
        raise ClipError(f"{name} is built for clips {wanted}, got {tuple(frames.shape[1:])}")
