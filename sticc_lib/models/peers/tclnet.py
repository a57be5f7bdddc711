"""TCLNet (ECCV 2020): the second learner is kept from what the first has found."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, avg_pool2d, normalize, one_hot

from sticc_lib import losses
from sticc_lib.config import LossConfig
from sticc_lib.models.attention import Tap
from sticc_lib.models.base import ModelSpec, Output
from sticc_lib.models.peers.clips import cycled
from sticc_lib.models.peers.common import (
    HOSTS,
    Head,
    InsideResNet,
    Plugin,
    refuse,
    refuse_shape,
    silent,
)
from sticc_lib.models.peers.keys import keys_by_prefix

SINGLE_AXES = (
    ("layer2.4.", (2, 3)), ("TSE_Module.conv_", (2, 3)), ("conv1.", (2,)), ("layer", (2,)),
)  # fmt: skip
"""Axes of length one that official weights have beside ours, by the beginning of their key."""


class TclNet(InsideResNet):
    """Temporal Complementary Learning Network, written from specs/peers/TCLNet.md.

    The network has nothing odd to switch off; the row that is erased is an argmax, so that the
    embedding jumps where two rows score alike. Officially each half is brought to length one
    before tracklets are compared: so it is here (`spec.unit_parts`), unless `faithful` is off.

    Args:
        spec: T must be even (4 published).
        persons: classes of the identity losses.
        weights: of the ResNet, `imagenet` or `none`.
        trunk: which ResNet; published is the first of HOSTS.

    Raises:
        ConfigError: an odd T.
    """

    any_length = False

    def __init__(self, spec: ModelSpec, persons: int, weights: str = "none", trunk: str = HOSTS[0]):
        odd = [f"clip_length {spec.clip_length}; expected an even one"] * (spec.clip_length % 2)
        refuse("tclnet", odd)
        super().__init__(spec, weights, trunk=trunk)
        _, second, third, last = self.widths
        self.plug("layer2", SaliencyBoost(second))
        self.learners = OrderedLearners(self.layer4, third, last)
        del self.layer4
        self.heads = nn.ModuleList(Head(persons, last) for _ in range(2))

    @property
    def blocks(self) -> dict[str, slice]:
        """`first` and `second` learner, C numbers each (2048 published)."""
        width = self.widths[-1]
        return {"first": slice(0, width), "second": slice(width, 2 * width)}

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frames [B T 3 H W], mask [B T] -> Output with a 2C embedding.

        Padded frames become repeats of the real ones. `features` and `logits` have `first` and
        `second`; `extras.raw` [B 2C] is the embedding before the two BatchNorms.
        """
        refuse_shape("tclnet", self.spec, maps)
        time = maps.shape[1]
        x = self.stem(cycled(maps, mask).flatten(0, 1))
        for stage in (self.layer1, self.layer2, self.layer3):
            x = stage(x, time)
        pairs = x.unflatten(0, (-1, 2))  # [B*T/2 2 C H W]
        both = self.learners(pairs[:, 0], pairs[:, 1], time // 2)
        both = [y.amax((2, 3)).unflatten(0, (-1, time // 2)).mean(1) for y in both]
        out = Output(both[0], extras={"raw": torch.cat(both, 1)})
        found = zip(self.heads, both, self.blocks, strict=True)
        out.embedding = torch.cat([head(y, name, out) for head, y, name in found], 1)
        return out

    def objective(
        self, out: Output, persons: Tensor, settings: LossConfig
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Identity and cosine triplet of both learners."""
        terms = {}
        for name, feature in out.features.items():
            terms[f"id/{name}"] = 1.0, losses.identity(out.logits[name], persons, 0.0)
            terms[f"triplet/{name}"] = 1.0, losses.cosine_triplet(feature, persons, 0.4)
        return losses.summed(terms)


class SaliencyBoost(Plugin):
    """TSB: each frame asks all others where they show what it shows, and takes it from there."""

    def __init__(self, width: int):
        super().__init__()
        self.W = nn.Sequential(nn.Linear(width, width), silent(nn.BatchNorm1d(width)))
        self.weights = Tap("clip query frame token")

    def forward(self, maps: Tensor, time: int) -> Tensor:
        """[B*T C H W] -> the same; its map is [B T T N], zero for a frame's own positions."""
        pooled = avg_pool2d(maps, 2, 1, 1)[..., :-1, :-1]  # zeros of the rim count
        memory = normalize(pooled, dim=1).flatten(2).unflatten(0, (-1, time))  # [B T C N]
        asked = normalize(maps.mean((2, 3)), dim=1).unflatten(0, (-1, time))  # [B T C]
        scores = 5 * torch.einsum("bqc,btcn->bqtn", asked, memory)
        own = torch.eye(time, dtype=torch.bool, device=maps.device)[..., None]
        weights = scores.masked_fill(own, -1e8).flatten(2).softmax(-1).view_as(scores)
        values = maps.flatten(2).unflatten(0, (-1, time))
        taken = torch.einsum("bqtn,btcn->bqc", self.weights(weights), values)
        return maps + self.W(taken.flatten(0, 1))[..., None, None]


class OrderedLearners(nn.Module):
    """TSE on pairs of frames: stage 4 with two last blocks, the second for what the first left.

    Args:
        stage: stage 4 of a ResNet; its last block is taken twice.
        width: channels that come in.
        wide: channels that go out.
    """

    def __init__(self, stage: nn.Sequential, width: int = 1024, wide: int = 2048):
        super().__init__()
        self.layer4 = nn.Sequential(*list(stage)[:-1])
        self.branch = nn.ModuleList(copy.deepcopy(stage[-1]) for _ in range(2))
        # CHOICE: PyTorch's own initialisation; the official one of these layers is not recorded
        self.conv_reduce = nn.Linear(wide, width, bias=False)
        self.conv_erase = nn.Sequential(nn.Linear(width, width), silent(nn.BatchNorm1d(width)))
        self.kept = Tap("clip pair row")
        self.found = Tap("clip pair token")

    def forward(self, first: Tensor, second: Tensor, pairs: int) -> list[Tensor]:
        """Maps of first and second frames [B*P C H W] -> two of [B*P C' H W].

        Its maps are where the second frames show what the first learner found [B P N], and the
        rows of them that the second learner is given [B P H].
        """
        whole = torch.ones_like(first[:, 0])  # [B*P H W]
        one = self.branch[0](self.layer4(self.erased(first, whole, whole)))
        asked = self.conv_reduce(one.detach().mean((2, 3)))  # [B*P C]
        likeness = torch.einsum("nc,nchw->nhw", asked, second) / second.shape[1] ** 0.5
        positions = likeness.flatten(1)
        self.found(positions.softmax(-1).unflatten(0, (-1, pairs)))
        rows = self.kept(self.rows(likeness).unflatten(0, (-1, pairs))).flatten(0, 1)
        mask = rows[..., None].expand_as(likeness)
        return [one, self.branch[1](self.layer4(self.erased(second, mask, likeness)))]

    def erased(self, maps: Tensor, mask: Tensor, soft: Tensor) -> Tensor:
        """Maps [n C H W] under a mask [n H W], plus their mean weighted by a score [n H W]."""
        weights = (soft - 1e8 * (1 - mask)).flatten(1).softmax(-1).view_as(soft)
        mean = torch.einsum("nhw,nchw->nc", weights, maps)
        return maps * mask.unsqueeze(1) + self.conv_erase(mean)[..., None, None]

    @staticmethod
    def rows(likeness: Tensor) -> Tensor:
        """[n H W] -> [n H], zero in the three neighbouring rows that score highest."""
        score = 3 * avg_pool1d(likeness.mean(2).unsqueeze(1), 3, 1, 1).squeeze(1)
        middle = one_hot(score.argmax(1), score.shape[1]).to(likeness.dtype)
        spread = avg_pool1d(middle.unsqueeze(1), 3, 1, 1).squeeze(1)
        return (spread == 0).to(likeness.dtype)


def official_keys(model: TclNet) -> dict[str, str]:
    """Official key -> our key."""
    pairs = [("learners.", "TSE_Module.")]
    for i in (0, 1):
        pairs += [(f"heads.{i}.{part}.", f"{part}.{i}.") for part in ("bn", "classifier")]
    return keys_by_prefix(model, pairs)
