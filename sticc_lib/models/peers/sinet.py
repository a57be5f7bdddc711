"""SINet (CVPR 2022): what earlier frames show is suppressed in later ones; and its relatives."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from sticc_lib import losses
from sticc_lib.config import LossConfig
from sticc_lib.models.base import ModelSpec, Output
from sticc_lib.models.peers.clips import cycled
from sticc_lib.models.peers.common import HOSTS, Head, InsideResNet, refuse, refuse_shape
from sticc_lib.models.peers.keys import keys_by_prefix
from sticc_lib.models.peers.sinet_parts import (
    RUN,
    Integration,
    SalientToBroad,
    StatisticAttention,
)

Variant = Literal["sinet", "sbnet", "idnet", "sanet", "c2d"]
SINGLE_AXES = (("conv1.", (2,)), ("layer", (2,)))
"""Axes of length one that official weights have beside ours, by the beginning of their key."""


class SiNet(InsideResNet):
    """Salient-to-broad transition Network and its variants, written from specs/peers/SINet.md.

    Args:
        spec: T (a multiple of 4 with SBM), frame size; IDM fits no other T nor size.
        persons: classes of the identity loss.
        variant: `sinet` (SBM and IDM), `sbnet` (SBM), `idnet` (IDM), `sanet` (statistic
            attention) or `c2d` (the plain baseline).
        faithful: as the official code has it: no padding before the stem's pooling (maps of 63x31
            in stage 1), BatchNorm statistics renewed twice a training step, once from the clips'
            means and once from their frames, and a division by zero where no position of a clip
            stands out. False: the usual padding, statistics from the frames alone, a guarded
            division.
        weights: of the ResNet, `imagenet` or `none`.
        trunk: which ResNet; published is the first of HOSTS.

    Raises:
        ConfigError: a T or frame size that the variant's modules cannot take.
    """

    any_length = False

    def __init__(
        self,
        spec: ModelSpec,
        persons: int,
        variant: Variant = "sinet",
        faithful: bool = True,
        weights: str = "none",
        trunk: str = HOSTS[0],
    ):
        refuse(variant, _problems(spec, variant))
        super().__init__(spec, weights, biased=True, trunk=trunk)
        self.variant, self.faithful = variant, faithful
        if faithful:
            self.maxpool.padding = 0  # type: ignore[assignment]
        salient = variant in ("sinet", "sbnet")
        height, width = spec.image_size
        positions = spec.clip_length * (height // 8) * (width // 8)
        _, second, third, last = self.widths
        if variant in ("sinet", "idnet"):
            self.plug("layer2", *(Integration(second, positions) for _ in range(2)))
        if variant == "sanet":
            self.plug("layer2", *(StatisticAttention(second) for _ in range(2)))
        if salient:
            self.plug("layer3", *(SalientToBroad(third, i, faithful) for i in range(3)))
        self.head = Head(persons, last)
        self.projection = nn.Conv1d(last, last, 1) if salient else None
        if self.projection is not None:
            nn.init.kaiming_normal_(self.projection.weight, mode="fan_out")
            nn.init.zeros_(self.projection.bias)  # type: ignore[arg-type]

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frames [B T 3 H W], mask [B T] -> Output with a C embedding (2048 published).

        Padded frames become repeats of the real ones. `extras.frames` [B T C]: features of the
        frames after the BatchNorm; `extras.projected`, while training with SBM, what InfoNCE sees.
        """
        time = maps.shape[1]
        refuse_shape(self.variant, self.spec, maps)
        x = self.stem(cycled(maps, mask).flatten(0, 1))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x, time)
        frames = x.amax((2, 3)).unflatten(0, (-1, time))  # [B T C]
        out = Output(frames)
        if not self.training or not self.faithful:
            normal = self.head.bn(frames.flatten(0, 1)).unflatten(0, (-1, time))
            out.embedding = out.features["clip"] = normal.mean(1)
            if self.training:
                out.logits["clip"] = self.head.classifier(out.embedding)
        else:
            out.embedding = self.head(frames.mean(1), "clip", out)
            normal = self.head.bn(frames.flatten(0, 1)).unflatten(0, (-1, time))
        out.extras["frames"] = normal
        if self.training and self.projection is not None:
            out.extras["projected"] = self.projection(normal.mT).mT  # [B T C]
        return out

    def objective(
        self, out: Output, persons: Tensor, settings: LossConfig
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Identity, cosine triplet and, with SBM, the contrast between frames.

        Raises:
            ValueError: clips of a person do not stand side by side, at least two of each.
        """
        terms = {
            "id/clip": (1.0, losses.identity(out.logits["clip"], persons, 0.0)),
            "triplet/clip": (1.0, losses.cosine_triplet(out.features["clip"], persons, 0.3)),
        }
        if "projected" in out.extras:
            projected = out.extras["projected"]
            clips = neighbours(persons.repeat_interleave(projected.shape[1] // RUN))
            found = info_nce(projected, clips, faithful=self.faithful)
            terms["contrast/frames"] = 0.001, found
        return losses.summed(terms)


def neighbours(persons: Tensor) -> int:
    """How many clips of one person stand side by side, 4 as published, else 3 or 2.

    Raises:
        ValueError: no such number divides the batch into groups of one person.
    """
    for count in (4, 3, 2):
        if len(persons) % count == 0:
            groups = persons.view(-1, count)
            if bool((groups == groups[:, :1]).all()):
                return count
    raise ValueError(
        "sinet contrasts frames of clips of one person that stand side by side, 4 (or 3, or 2) of "
        "each; set train.tracklets to 4"
    )


def info_nce(
    projected: Tensor, clips: int = 4, temperature: float = 0.07, faithful: bool = True
) -> Tensor:
    """Frames of one number in clips of one person shall be alike, unlike the other frames.

    Args:
        projected: z [B T C], B in groups of `clips` clips of one person, T a multiple of 4. Longer
            clips count as neighbouring clips of 4 frames.
        clips: K.
        temperature: tau.
        faithful: the sum over the groups, as officially; False: their mean.
    """
    groups = projected.unflatten(1, (-1, RUN)).flatten(0, 1).unflatten(0, (-1, clips))
    rows = groups.transpose(1, 2).flatten(1, 2)  # [G 4*K C], frame by frame
    rows = nn.functional.normalize(rows.float(), dim=-1)
    scores = rows @ rows.mT / temperature
    frame = torch.arange(rows.shape[1], device=rows.device) // clips
    same = frame.unsqueeze(0) == frame.unsqueeze(1)
    others = scores.masked_fill(same, -torch.inf).logsumexp(-1, keepdim=True)
    lost = torch.logaddexp(scores, others) - scores  # -log of a positive among the negatives
    pairs = same & ~torch.eye(len(frame), dtype=torch.bool, device=rows.device)
    each = lost[:, pairs].mean(-1)  # [G]
    return each.sum() if faithful else each.mean()


def official_keys(model: SiNet) -> dict[str, str]:
    """Official key -> our key."""
    return keys_by_prefix(model, [("head.", "")])


def _problems(spec: ModelSpec, variant: Variant) -> list[str]:
    found = []
    if variant in ("sinet", "sbnet") and spec.clip_length % RUN:
        found.append(f"clip_length {spec.clip_length}; expected a multiple of {RUN}")
    if any(side % 16 for side in spec.image_size) or min(spec.image_size) < 32:
        height, width = spec.image_size
        found.append(f"frames of {height}x{width}; expected multiples of 16, 32 at least")
    return found
