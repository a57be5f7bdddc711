"""MSINet (CVPR 2023): a light searched network of two branches that exchange at two scales."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sticc_lib import losses
from sticc_lib.config import LossConfig
from sticc_lib.models.attention import Tap
from sticc_lib.models.base import ModelSpec, Output, VideoModel, frame_mean
from sticc_lib.models.peers.msinet_sam import Positions, alignment, correlations
from sticc_lib.models.peers.quicker import make_pointwise, normed, stacked
from sticc_lib.models.trunk import Trunk

MSMT = (
    ("gate", "gate"), ("swap", "gate"), ("cross", "gate"),
    ("gate", "none"), ("gate", "cross"), ("swap", "cross"),
)  # fmt: skip
"""The published genotype `msmt`: the two exchanges of each of the six cells."""
STAGES = ((64, 256), (256, 256), (256, 384), (384, 384), (384, 512), (512, 512))
PARTS = 6
"""How many steps of `cells` come before the part branch."""


class MsiNet(VideoModel):
    """Multi-Scale Interaction Network, written from specs/peers/MSINet.md.

    An image model: each frame by itself, features averaged over the clip's frames (CHOICE: the
    plainest way from images to video). It has its own trunk and learns whole. No oddity to switch
    off. Without a spatial attention map, what can be looked at are channel gates.

    Args:
        spec: frames of at least 32 pixels a side; `distance` should be `cosine`.
        persons: classes of the identity loss.
        aligned: adds the position attention that the cross-domain loss (`sam`) sees in training.
    """

    def __init__(self, spec: ModelSpec, persons: int, aligned: bool = False):
        super().__init__()
        self.spec, self.trunk = spec, Trunk([], 3, 16, 0)  # nothing frozen; maps have stride 16
        self.conv1 = Conv(3, 64, 7, stride=2)
        cells = [Cell(*widths, *ops) for widths, ops in zip(STAGES, MSMT, strict=True)]
        halve = [nn.Sequential(Conv(w, w), nn.AvgPool2d(2)) for w in (256, 384)]
        self.cells = nn.ModuleList([*cells[:2], halve[0], *cells[2:4], halve[1], *cells[4:]])
        self.fc, self.head = nn.Linear(512, 512, bias=False), nn.BatchNorm1d(512)
        self.classifier = nn.Linear(512, persons)
        self.f_conv = nn.Conv2d(384, 128, 1)
        self.f_fc, self.f_head = nn.Linear(256, 256, bias=False), nn.BatchNorm1d(256)
        self.f_classifier = nn.Linear(256, persons)
        self.align_module = Positions(512) if aligned else None
        make_pointwise(self)
        _initialise(self)
        for norm in (self.head, self.f_head):
            norm.bias.requires_grad_(False)

    @property
    def blocks(self) -> dict[str, slice]:
        """`whole` (512) and `halves`, upper and lower body (256)."""
        return {"whole": slice(0, 512), "halves": slice(512, 768)}

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frames [B T 3 H W], mask [B T] -> Output with a 768 embedding.

        `features` and `logits` have `whole` and `halves`; `extras.necks` the two after their
        BatchNorm, [B 768], which the official transfer test ranks by. With `aligned`, while
        training, `extras.map` [B*T 512 H W] and `extras.positions` [B*T N] for `correlations`.
        """
        batch, time = maps.shape[:2]
        x = nn.functional.max_pool2d(self.conv1(stacked(maps)), 3, 2, 1)
        for cell in self.cells[:PARTS]:
            x = cell(x)
        halves = self.f_conv(x)  # [B*T 128 H W]
        rows = halves.shape[2] // 2
        halves = torch.cat([halves[:, :, :rows].mean((2, 3)), halves[:, :, rows:].mean((2, 3))], 1)
        for cell in self.cells[PARTS:]:
            x = cell(x)
        whole, halves = (
            frame_mean(v.unflatten(0, (batch, time)), mask) for v in (x.mean((2, 3)), halves)
        )
        out = Output(torch.cat([whole, halves], 1), {"whole": whole, "halves": halves})
        necks = self.head(self.fc(whole)), self.f_head(self.f_fc(halves))
        out.extras["necks"] = torch.cat(necks, 1)
        if self.training:
            out.logits["whole"] = self.classifier(necks[0])
            out.logits["halves"] = self.f_classifier(necks[1])
            if self.align_module is not None:
                out.extras |= {"map": x, "positions": self.align_module(x)}
        return out

    def objective(
        self, out: Output, persons: Tensor, settings: LossConfig
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Smoothed identity and triplet on features of length one, of both parts.

        With `aligned` the cross-domain loss besides, on frames.
        """
        terms = {}
        for name, feature in out.features.items():
            unit = nn.functional.normalize(feature.float(), dim=1)
            terms[f"id/{name}"] = 1.0, losses.identity(out.logits[name], persons, 0.1)
            terms[f"triplet/{name}"] = 1.0, losses.batch_hard_triplet(unit, persons, 0.3)
        if "positions" in out.extras:
            maps, positions = out.extras["map"].float(), out.extras["positions"].float()
            owners = persons.repeat_interleave(len(maps) // len(persons))
            terms["alignment"] = 2.0, alignment(correlations(maps), positions, owners)
        return losses.summed(terms)


class Conv(nn.Module):
    """Convolution without bias, BatchNorm, and a ReLU or none."""

    def __init__(self, inner: int, outer: int, size: int = 1, stride: int = 1, relu: bool = True):
        super().__init__()
        self.conv = nn.Conv2d(inner, outer, size, stride, size // 2, bias=False)
        self.bn, self.relu = nn.BatchNorm2d(outer), relu

    def forward(self, maps: Tensor) -> Tensor:
        """[n C H W] -> [n C' H' W']."""
        maps = normed(self.conv, self.bn, maps)
        return maps.relu_() if self.relu else maps


class Light(nn.Module):
    """1x1 over channels, then 3x3 in each channel, BatchNorm, ReLU."""

    def __init__(self, width: int):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.bn = nn.BatchNorm2d(width)

    def forward(self, maps: Tensor) -> Tensor:
        """[n C H W] -> [n C H W]."""
        return normed(self.conv2, self.bn, self.conv1(maps)).relu_()


class Cell(nn.Module):
    """Two branches, one seeing three times as far; after each half they exchange."""

    def __init__(self, inner: int, outer: int, first: str, second: str):
        super().__init__()
        width = outer // 4
        self.conv1a, self.conv1b = Conv(inner, width), Conv(inner, width)
        self.conv2a, self.conv2b = Light(width), nn.Sequential(*(Light(width) for _ in range(3)))
        self._op2 = EXCHANGES[first](width)
        self.conv3a, self.conv3b = Light(width), nn.Sequential(*(Light(width) for _ in range(3)))
        self._op3 = EXCHANGES[second](width)
        self.conv4a, self.conv4b = (Conv(width, outer, relu=False) for _ in range(2))
        self.downsample = Conv(inner, outer, relu=False) if inner != outer else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        """[n inner H W] -> [n outer H W]."""
        a, b = self._op2(self.conv2a(self.conv1a(maps)), self.conv2b(self.conv1b(maps)))
        a, b = self._op3(self.conv3a(a), self.conv3b(b))
        return (self.conv4a(a) + self.conv4b(b)).add_(self.downsample(maps)).relu_()


class Keep(nn.Module):
    """No exchange."""

    def __init__(self, width: int):
        super().__init__()

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Both as they are."""
        return a, b


class Swap(Keep):
    """Each branch goes on as the other."""

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Both, the other way round."""
        return b, a


class Gate(nn.Module):
    """One channel gate, the same weights for both branches, each with its own means."""

    def __init__(self, width: int):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(width, width // 16, 1), nn.Conv2d(width // 16, width, 1)
        self.gate = Tap("clip*frame branch channel")

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Both [n m H W], gated."""
        means = torch.cat([a.mean((2, 3), keepdim=True), b.mean((2, 3), keepdim=True)])
        gates = self.fc2(torch.relu(self.fc1(means))).sigmoid()
        shown = self.gate(gates.view(2, *a.shape[:2]).transpose(0, 1))  # [n 2 m]
        gate_a, gate_b = shown[..., None, None].unbind(1)
        return a * gate_a, b * gate_b


class Cross(nn.Module):
    """Channels of one branch take from those of the same branch what is unlike in the other."""

    def __init__(self, width: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))  # no exchange at first
        self.weights = Tap("clip*frame branch query channel")

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Both [n m H W] -> gamma P a + a, gamma P' b + b."""
        flat_a, flat_b = a.flatten(2), b.flatten(2)
        likeness = flat_a @ flat_b.mT  # [n m m]
        both = torch.stack([likeness, likeness.mT], 1)
        weights = self.weights((both.amax(-1, keepdim=True) - both).softmax(-1))
        mixed_a, mixed_b = (weights @ torch.stack([flat_a, flat_b], 1)).unbind(1)
        return self.gamma * mixed_a.view_as(a) + a, self.gamma * mixed_b.view_as(b) + b


EXCHANGES = {"none": Keep, "swap": Swap, "gate": Gate, "cross": Cross}


def official_keys(model: MsiNet) -> dict[str, str]:
    """Official key -> our key: the same."""
    return {key: key for key in model.state_dict()}


def _initialise(model: nn.Module) -> None:
    """Convolutions He-normal (fan_out), linear layers N(0, 0.01); biases 0."""
    for part in model.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out")
        elif isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=0.01)
        if isinstance(part, nn.Conv2d | nn.Linear) and part.bias is not None:
            nn.init.zeros_(part.bias)
