"""STMN (ICCV 2021): a memory of distractors, subtracted, and one of the frames' weights."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from sticc_lib import losses
from sticc_lib.config import HeadConfig, LossConfig
from sticc_lib.models.attention import Tap
from sticc_lib.models.base import ClipError, ModelSpec, Output, VideoModel
from sticc_lib.models.peers.clips import cycled
from sticc_lib.models.peers.keys import keys_by_prefix, resnet_pairs
from sticc_lib.models.trunk import Trunk


class Stmn(VideoModel):
    """Spatial and temporal memories (STMN), written from specs/peers/STMN.md.

    The trunk's last block stands three times: for values, spatial keys and temporal keys; the two
    key copies end without their last ReLU. A trunk without a trainable block shares one map.

    Args:
        trunk: frames to maps.
        spec: T is built into the temporal memory; clips of other lengths are refused.
        config: `spatial_items` (10) and `temporal_items` (5), slots of the two memories.
        persons: classes of the identity loss.
        faithful: as the official code has it: (1) no ReLU after a ResNet stem's BatchNorm; (2) the
            spatial queries are the map [C H W] cut into rows of C without moving channels last,
            so that a row is 1/N of the channels at every position, and what is read goes back the
            same way; (3) keys have unit length along the slots, not along their own numbers.
            False: the ReLU is there, a query is one position with all its channels, a key has unit
            length.
    """

    any_length = False

    def __init__(
        self, trunk: Trunk, spec: ModelSpec, config: HeadConfig, persons: int, faithful: bool = True
    ):
        super().__init__()
        self.trunk, self.spec, self.faithful = trunk, spec, faithful
        if faithful:
            _open_stem(trunk)
        width = trunk.channels
        self.spatial_keys = _open_copy(trunk)
        self.temporal_keys = _open_copy(trunk)
        self.spatial = SpatialMemory(width, config.spatial_items, faithful)
        self.temporal = TemporalMemory(width, config.temporal_items, spec.clip_length, faithful)
        self.frame_norm, self.clip_norm = nn.BatchNorm1d(width), nn.BatchNorm1d(width)
        for norm in (self.frame_norm, self.clip_norm):
            norm.bias.requires_grad_(False)
        self.frame_classifier = nn.Linear(width, persons, bias=False)
        self.clip_classifier = nn.Linear(width, persons, bias=False)
        for classifier in (self.frame_classifier, self.clip_classifier):
            nn.init.normal_(classifier.weight, std=0.001)

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frozen maps [B T C' H' W'], mask [B T] -> Output.

        Padded frames become repeats of the real ones (CHOICE: the official code knows no mask; its
        samplers repeat frames). `features` has `frames` (mean of v_s) and `clip` (v_t);
        `extras.addresses` the rows that the spread loss of both memories sees.

        Raises:
            ClipError: T is not the one the temporal memory was built for.
        """
        batch, time = maps.shape[:2]
        if time != self.spec.clip_length:
            wanted = self.spec.clip_length
            raise ClipError(f"stmn stores patterns of T = {wanted} frames, got clips of {time}")
        shared = self.trunk.trainable[:-1](cycled(maps, mask).flatten(0, 1))
        values = self.trunk.trainable[-1:](shared)  # [B*T C H W]
        keys = self.temporal_keys(shared).mean((2, 3)).unflatten(0, (batch, time))  # [B T C]
        clean, spatial = self.spatial(values, self.spatial_keys(shared))
        frames = clean.mean((2, 3)).unflatten(0, (batch, time))  # v_s [B T C]
        weights, temporal = self.temporal(keys)
        clip = torch.einsum("bt,btc->bc", weights, frames)  # v_t
        out = Output(self.clip_norm(clip), {"frames": frames.mean(1), "clip": clip})
        out.extras["addresses"] = {"spatial": spatial, "temporal": temporal}
        if self.training:
            logits = self.frame_classifier(self.frame_norm(frames.flatten(0, 1)))
            out.logits["frames"] = logits.unflatten(0, (batch, time)).mean(1)
            out.logits["clip"] = self.clip_classifier(out.embedding)
        return out

    def objective(
        self, out: Output, persons: Tensor, settings: LossConfig
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Identity and soft-margin triplet of frames and clip; each slot wanted by some rows."""
        terms = {}
        for name, feature in out.features.items():
            terms[f"id/{name}"] = 1.0, losses.identity(out.logits[name], persons, 0.0)
            terms[f"triplet/{name}"] = 1.0, losses.batch_hard_triplet(feature, persons, None)
        for name, address in out.extras["addresses"].items():
            terms[f"spread/{name}"] = 1.0, losses.memory_spread(address, 0.3)
        return losses.summed(terms)


class SpatialMemory(nn.Module):
    """What is common to many frames (background, other people), read out and subtracted."""

    def __init__(self, width: int, items: int, faithful: bool):
        super().__init__()
        self.faithful = faithful
        self.key, self.value = (nn.Parameter(torch.randn(items, width)) for _ in range(2))
        self.norm = nn.BatchNorm1d(width)
        nn.init.zeros_(self.norm.weight)  # nothing is subtracted at first
        nn.init.zeros_(self.norm.bias)
        # a row asks for items; nothing is weighed over positions that a figure could show
        self.address = Tap("clip*frame query item")

    def forward(self, values: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Maps [n C H W] of values and keys -> cleaned values, addresses [n*N M]."""
        count, width, height, breadth = keys.shape
        rows = keys if self.faithful else keys.permute(0, 2, 3, 1)
        rows = rows.reshape(-1, width)  # [n*N C]
        address = _addresses(rows, self.key, self.faithful).unflatten(0, (count, -1))
        address = self.address(address).flatten(0, 1)
        read = self.norm(address @ self.value)
        if self.faithful:
            read = read.reshape(values.shape)
        else:
            read = read.reshape(count, height, breadth, width).permute(0, 3, 1, 2)
        return values - read, address


class TemporalMemory(nn.Module):
    """Stored patterns of frame weights, addressed by what an LSTM makes of the clip."""

    def __init__(self, width: int, items: int, clip_length: int, faithful: bool):
        super().__init__()
        self.faithful = faithful
        self.key = nn.Parameter(torch.randn(items, width))
        self.value = nn.Parameter(torch.rand(items, clip_length))
        self.lstm = nn.LSTM(width, width, batch_first=True)
        self.address, self.weights = Tap("clip item"), Tap("clip frame")

    def forward(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Keys of a clip [B T C] -> weights of its frames [B T], addresses [B M]."""
        last = self.lstm(keys)[0][:, -1]
        address = self.address(_addresses(last, self.key, self.faithful))
        return self.weights((address @ self.value).softmax(-1)), address


def official_keys(model: Stmn) -> dict[str, str]:
    """Official key -> our key, for a model over a ResNet-50."""
    base = "features.backbone."
    trunk = [*resnet_pairs(model.trunk, base)][:-1]
    last = f"trunk.trainable.{len(model.trunk.trainable) - 1}."
    copies = [(last, f"{base}layer4_val.")]
    for ours, official in (("spatial_keys.", "layer4_key_s."), ("temporal_keys.", "layer4_key_t.")):
        copies += [(f"{ours}2.block.", f"{base}{official}2."), (ours, f"{base}{official}")]
    head = [
        ("spatial.value", "smem.val"), ("spatial.norm.", "smem.bn."), ("spatial.", "smem."),
        ("temporal.value", "tmem.val"), ("temporal.", "tmem."),
        ("frame_norm.", "bn_s."), ("clip_norm.", "bn_t."),
        ("frame_classifier.", "cls_s."), ("clip_classifier.", "cls_t."),
    ]  # fmt: skip
    return keys_by_prefix(model, [*trunk, *copies, *head])


def _addresses(rows: Tensor, keys: Tensor, faithful: bool) -> Tensor:
    """Softmax over the slots of cosine-like likeness: [n C], [M C] -> [n M]."""
    return (normalize(rows, dim=1) @ normalize(keys, dim=0 if faithful else 1).T).softmax(-1)


def _open_stem(trunk: Trunk) -> None:
    """Takes the ReLU out of a ResNet's stem; other trunks stay as they are."""
    stem = next(iter([*trunk.frozen, *trunk.trainable]), None)
    if isinstance(stem, nn.Sequential) and isinstance(stem[-1], nn.MaxPool2d):
        stem[2] = nn.Identity()


def _open_copy(trunk: Trunk) -> nn.Module:
    """A copy of the last trainable block without the ReLU it ends with."""
    if len(trunk.trainable) == 0:
        return nn.Identity()
    block = copy.deepcopy(trunk.trainable[-1])
    if isinstance(block, nn.Sequential):
        if isinstance(block[-1], nn.ReLU | nn.ReLU6):
            block[-1] = nn.Identity()
        elif hasattr(block[-1], "downsample"):
            block[-1] = OpenResidual(block[-1])
    return block


class OpenResidual(nn.Module):
    """A block of torchvision's ResNets without the ReLU after the sum."""

    def __init__(self, block: nn.Module):
        super().__init__()
        self.block = block

    def forward(self, maps: Tensor) -> Tensor:
        """[n C H W] -> [n C' H' W']."""
        block: Any = self.block
        short = maps if block.downsample is None else block.downsample(maps)
        steps = [n for n in ("1", "2", "3") if hasattr(block, f"conv{n}")]
        for step in steps:
            maps = getattr(block, f"bn{step}")(getattr(block, f"conv{step}")(maps))
            if step != steps[-1]:
                maps = torch.relu(maps)
        return maps + short
