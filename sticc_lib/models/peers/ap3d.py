"""AP3D (ECCV 2020): neighbouring frames are laid over a frame before they are convolved in time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, normalize, pad

from sticc_lib import losses
from sticc_lib.config import LossConfig
from sticc_lib.models.attention import Tap
from sticc_lib.models.base import ModelSpec, Output
from sticc_lib.models.peers.clips import cycled
from sticc_lib.models.peers.common import HOSTS, Head, InsideResNet, Plugin
from sticc_lib.models.peers.keys import keys_by_prefix

ALIGNED = {"layer2": (0, 2), "layer3": (0, 2, 4)}
"""Blocks whose 3x3 convolution also sees the frames before and after."""
SINGLE_AXES = (
    *((f"{stage}.{i}.conv2.temporal", (3, 4)) for stage in ALIGNED for i in ALIGNED[stage]),
    ("conv1.", (2,)), ("layer", (2,)),
)  # fmt: skip
"""Axes of length one that official weights have beside ours, by the beginning of their key."""


class Ap3d(InsideResNet):
    """Appearance-Preserving 3D convolution (AP3D with C2D as base), from specs/peers/AP3D.md.

    The variant with non-local blocks is not built. Nothing in it is odd enough to switch off.

    Args:
        spec: any T (4 published) and frame size.
        persons: classes of the identity loss.
        weights: of the ResNet, `imagenet` or `none`.
        trunk: which ResNet; published is the first of HOSTS.
    """

    def __init__(self, spec: ModelSpec, persons: int, weights: str = "none", trunk: str = HOSTS[0]):
        super().__init__(spec, weights, trunk=trunk)
        for stage in (self.layer2, self.layer3):
            for number in range(0, len(stage), 2):
                stage[number] = AlignedBlock(stage[number])
        self.head = Head(persons, self.widths[-1])

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frames [B T 3 H W], mask [B T] -> Output with a C embedding, after the BatchNorm.

        Padded frames become repeats of the real ones. `extras.frames` [B T C] are the frames'
        features before the BatchNorm.
        """
        time = maps.shape[1]
        x = self.stem(cycled(maps, mask).flatten(0, 1))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x, time)
        frames = x.amax((2, 3)).unflatten(0, (-1, time))
        out = Output(frames, extras={"frames": frames})
        out.embedding = self.head(frames.mean(1), "clip", out)
        return out

    def objective(
        self, out: Output, persons: Tensor, settings: LossConfig
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Identity and cosine triplet."""
        identity = losses.identity(out.logits["clip"], persons, 0.0)
        triplet = losses.cosine_triplet(out.features["clip"], persons, 0.3)
        return losses.summed({"id/clip": (1.0, identity), "triplet/clip": (1.0, triplet)})


class AlignedBlock(Plugin):
    """A block of torchvision's with the convolution over time in it, in place of its second."""

    def __init__(self, block: Any):
        super().__init__()
        self.conv1, self.bn1 = block.conv1, block.bn1
        self.conv2, self.bn2 = AlignedConv(block.conv2), block.bn2
        self.deep = hasattr(block, "conv3")  # a bottleneck
        if self.deep:
            self.conv3, self.bn3 = block.conv3, block.bn3
        self.downsample = nn.Identity() if block.downsample is None else block.downsample

    def forward(self, maps: Tensor, time: int) -> Tensor:
        """[B*T C H W] -> [B*T C' H' W']."""
        x = torch.relu(self.bn1(self.conv1(maps)))
        x = self.bn2(self.conv2(x, time))
        x = self.bn3(self.conv3(torch.relu(x))) if self.deep else x
        return torch.relu(x + self.downsample(maps))


class AlignedConv(nn.Module):
    """APP3D-C: x = S(.), then x + P(neighbours laid over x), P starting at zero."""

    def __init__(self, spatial: Any):
        super().__init__()
        width = spatial.out_channels
        self.spatial_conv3d, self.APM = spatial, Alignment(width)
        self.temporal = nn.Parameter(torch.zeros(width, width, 3))

    def forward(self, maps: Tensor, time: int) -> Tensor:
        """[B*T C H W] -> [B*T C H' W']."""
        x = self.spatial_conv3d(maps)
        beside = self.APM(x.unflatten(0, (-1, time))).flatten(0, 1)  # [B*T 3 C H W]
        # a convolution of step 3 over before, now, after: one over three times the channels
        kernel = self.temporal.transpose(1, 2).flatten(1)[..., None, None]  # [C 3*C 1 1]
        return x + conv2d(beside.flatten(1, 2), kernel)


class Alignment(nn.Module):
    """APM: each position of a frame takes from the positions of a neighbour that look like it.

    Args:
        width: C.
        shrink: C over the width in which positions are compared.
        temperature: what cosines are multiplied by.
    """

    def __init__(self, width: int, shrink: int = 16, temperature: float = 4.0):
        super().__init__()
        inner, self.temperature = width // shrink, temperature
        # CHOICE: PyTorch's own initialisation; the official one of these layers is not recorded
        self.semantic_mapping, self.x_mapping, self.n_mapping = (
            nn.Conv2d(width, inner, 1, bias=False) for _ in range(3)
        )
        self.contrastive_att_net = nn.Sequential(nn.Conv2d(inner, 1, 1, bias=False), nn.Sigmoid())
        # places of the neighbour, not of the frame: no figure may lay them over it
        self.weights = Tap("clip frame neighbour query place")
        self.trust = Tap("clip frame neighbour token")

    def forward(self, maps: Tensor) -> Tensor:
        """[B T C H W] -> [B T 3 C H W]: before, now, after; beyond the clip's ends stand zeros.

        Its maps are the positions' weights [B T 2 N N] and how far the result is trusted [B T 2 N].
        """
        batch, time, _, *size = maps.shape
        meaning = normalize(self.semantic_mapping(maps.flatten(0, 1)), dim=1).flatten(2)
        meaning = meaning.unflatten(0, (batch, time))  # [B T c N]
        scores = self.temperature * meaning.mT.unsqueeze(2) @ _beside(meaning)  # [B T 2 N N]
        weights = self.weights(scores.softmax(-1))
        laid = (weights @ _beside(maps.flatten(3)).mT).mT.unflatten(-1, size)  # [B T 2 C H W]
        now = self.x_mapping(maps.detach().flatten(0, 1)).unflatten(0, (batch, time, 1))
        then = self.n_mapping(laid.detach().flatten(0, 2)).unflatten(0, (batch, time, 2))
        trust = self.contrastive_att_net((now * then).flatten(0, 2))  # [B*T*2 1 H W]
        trust = self.trust(trust.view(batch, time, 2, -1)).view(batch, time, 2, 1, *size)
        before, after = (laid * trust).unbind(2)
        return torch.stack([before, maps, after], 2)


def _beside(rows: Tensor) -> Tensor:
    """[B T C N] -> the frame before and the one after each, [B T 2 C N]."""
    padded = pad(rows, (0, 0, 0, 0, 1, 1))
    return torch.stack([padded[:, :-2], padded[:, 2:]], 2)


def official_keys(model: Ap3d) -> dict[str, str]:
    """Official key -> our key."""
    keys = keys_by_prefix(model, [("head.", "")])
    return {k.replace("conv2.temporal", "conv2.temporal_conv3d.weight"): v for k, v in keys.items()}
