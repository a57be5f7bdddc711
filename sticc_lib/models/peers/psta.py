"""PSTA (ICCV 2021): a pyramid that merges frames in pairs, by what is alike between and in them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sticc_lib import losses
from sticc_lib.config import ConfigError, HeadConfig, LossConfig
from sticc_lib.models.attention import Tap
from sticc_lib.models.base import ClipError, ModelSpec, Output, VideoModel
from sticc_lib.models.peers.clips import cycled
from sticc_lib.models.peers.keys import keys_by_prefix, resnet_pairs
from sticc_lib.models.trunk import Trunk

LEVELS = 3


class Psta(VideoModel):
    """Pyramid Spatial-Temporal Aggregation, written from specs/peers/PSTA.md.

    Officially C = 1024 (`channels`), T = 8 and three levels. CHOICE: with a T that cannot be halved
    three times, as many levels as it can be. The network has no oddity to switch off.

    Args:
        trunk: frames to maps.
        spec: its T and frame size fix the number of levels and of tokens.
        config: `channels`, C; must be a multiple of 8.
        persons: classes of the identity loss.

    Raises:
        ConfigError: T is odd, or C no multiple of 8.
    """

    any_length = False

    def __init__(self, trunk: Trunk, spec: ModelSpec, config: HeadConfig, persons: int):
        super().__init__()
        self.trunk, self.spec = trunk, spec
        width, self.tokens = config.channels, _tokens(trunk, spec)
        halvings = (spec.clip_length & -spec.clip_length).bit_length() - 1
        if halvings == 0:
            raise ConfigError(
                f"clip_length: {spec.clip_length}; psta merges frames in pairs and needs an even T"
            )
        if width % 8:
            raise ConfigError(f"head.channels: {width}; psta needs a multiple of 8")
        self.reduce = nn.Sequential(*_conv(trunk.channels, width))
        self.levels = nn.ModuleList(
            # past the first level a frame is several frames merged: no map over the clip's frames
            Level(width, self.tokens, "frame" if level == 0 else "merged")
            for level in range(min(halvings, LEVELS))
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in self.levels)
        self.classifiers = nn.ModuleList(_classifier(width, persons) for _ in self.levels)
        for norm in self.norms:
            norm.bias.requires_grad_(False)

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frozen maps [B T C' H' W'], mask [B T] -> Output with a C embedding (b_3).

        Padded frames become repeats of the real ones, as the official samplers have it. `features`
        and `logits` have `level1` to `level3`, after the BatchNorm.

        Raises:
            ClipError: T cannot be halved as often as the pyramid has levels, or frames are of
                another size than the relations between positions were built for.
        """
        time, step = maps.shape[1], 2 ** len(self.levels)
        if time % step:
            raise ClipError(f"psta with {len(self.levels)} levels needs T in {step}s, got {time}")
        frames = self.reduce(self.trunk.trainable(cycled(maps, mask).flatten(0, 1)))
        if frames[0, 0].numel() != self.tokens:
            size = "x".join(map(str, self.spec.image_size))
            raise ClipError(
                f"psta is built for frames of {size}, {self.tokens} positions; these have "
                f"{frames[0, 0].numel()}"
            )
        frames = frames.unflatten(0, (-1, time))  # F0 [B T C H W]
        out, pooled = Output(frames), []
        for i, level in enumerate(self.levels):
            frames = level(frames)  # [B T/2 C H W]
            pooled.append(frames.mean((1, 3, 4)))
            out.embedding = self.norms[i](torch.stack(pooled).mean(0))
            out.features[f"level{i + 1}"] = out.embedding
            if self.training:
                out.logits[f"level{i + 1}"] = self.classifiers[i](out.embedding)
        return out

    def objective(
        self, out: Output, persons: Tensor, settings: LossConfig
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Smoothed identity and cosine triplet on every level, averaged over levels."""
        share, terms = 1 / len(self.levels), {}
        for name, feature in out.features.items():
            terms[f"id/{name}"] = share, losses.identity(out.logits[name], persons, 0.1)
            terms[f"triplet/{name}"] = share, losses.cosine_triplet(feature, persons, 0.3)
        return losses.summed(terms)


class Level(nn.Module):
    """STAM: F [B T C H W] -> [B T/2 C H W]. `between` frames (TRA), then `within` them (SRA)."""

    def __init__(self, width: int, tokens: int, axis: str):
        super().__init__()
        small = width // 8
        self.embed = nn.Sequential(*_conv(width, width // 4), *_conv(width // 4, small))
        self.between = Between(width, tokens, axis)
        self.within = Within(width, tokens, axis)
        self.out = nn.Sequential(
            *_conv(width, width // 4), *_conv(width // 4, width // 4, 3), *_conv(width // 4, width)
        )
        _kaiming(self)

    def forward(self, frames: Tensor) -> Tensor:
        """[B T C H W] -> [B T/2 C H W]."""
        batch = frames.shape[0]
        embedded = self.embed(frames.flatten(0, 1)).unflatten(0, (batch, -1))  # [B T C/8 H W]
        merged = self.between(frames, embedded)
        merged = merged + self.within(frames, embedded)
        return self.out(merged.flatten(0, 1)).unflatten(0, (batch, -1))


class Between(nn.Module):
    """TRA: two neighbours a, b, gated by what each finds of itself in the other."""

    def __init__(self, width: int, tokens: int, axis: str):
        super().__init__()
        small = width // 8
        self.query, self.key = (nn.Sequential(*_conv(width, small)) for _ in range(2))
        self.relation = nn.Sequential(*_conv(2 * tokens, small))
        self.pair = nn.Sequential(*_conv(2 * small, small))
        self.spatial = nn.Sequential(*_conv(2 * small, 1)[:2])
        self.describe = nn.Sequential(nn.Conv1d(width, small, 1, bias=False), nn.ReLU())
        self.channel = _perceptron(2 * small, small, width)
        self.gate = Tap(f"clip {axis} token")

    def forward(self, frames: Tensor, embedded: Tensor) -> Tensor:
        """F [B T C H W], E [B T C/8 H W] -> A [B T/2 C H W]."""
        batch, time, _, height, breadth = frames.shape
        a, b = frames[:, ::2].flatten(0, 1), frames[:, 1::2].flatten(0, 1)  # [B*T/2 C H W]
        shown_a, shown_b = embedded[:, ::2].flatten(0, 1), embedded[:, 1::2].flatten(0, 1)
        a_in_b, a_out_b = _correlate(self.query(a), self.key(b))
        b_in_a, b_out_a = _correlate(self.query(b), self.key(a))
        there = self.relation(torch.cat([a_in_b, b_out_a], 1))  # J0 [B*T/2 C/8 H W]
        back = self.relation(torch.cat([b_in_a, a_out_b], 1))  # J1
        pair_ab = self.pair(torch.cat([shown_a, shown_b], 1))  # K0
        pair_ba = self.pair(torch.cat([shown_b, shown_a], 1))  # K1
        gates = torch.stack([
            self.spatial(torch.cat([pair_ab, there], 1)),
            self.spatial(torch.cat([pair_ba, back], 1)),
        ], 1).sigmoid()  # s [B*T/2 2 1 H W]  # fmt: skip
        shown = self.gate(gates.reshape(batch, time, height * breadth))
        spatial_a, spatial_b = shown.view(-1, 2, 1, height, breadth).unbind(1)
        means = frames.mean((3, 4)).flatten(0, 1).unsqueeze(2)  # e [B*T C 1]
        means_a, means_b = self.describe(means).view(-1, 2, means.shape[1] // 8).unbind(1)
        channel_a = self.channel(torch.cat([means_a, means_b], 1))[..., None, None].sigmoid()
        channel_b = self.channel(torch.cat([means_b, means_a], 1))[..., None, None].sigmoid()
        merged = torch.relu(channel_a * spatial_a * a + channel_b * spatial_b * b).square()
        return merged.unflatten(0, (batch, -1))


class Within(nn.Module):
    """SRA: each frame gated by how its positions relate to each other, then merged in pairs."""

    def __init__(self, width: int, tokens: int, axis: str):
        super().__init__()
        small = width // 8
        self.query, self.key = (nn.Sequential(*_conv(width, small)) for _ in range(2))
        self.relation = nn.Sequential(*_conv(2 * tokens, small))
        self.spatial = nn.Sequential(*_conv(2 * small, small), *_conv(small, 1)[:2])
        self.channel = _perceptron(width, small, width)
        self.gate = Tap(f"clip {axis} token")

    def forward(self, frames: Tensor, embedded: Tensor) -> Tensor:
        """F [B T C H W], E [B T C/8 H W] -> what is added to A, [B T/2 C H W]."""
        batch, time, _, height, breadth = frames.shape
        flat = frames.flatten(0, 1)
        relation = self.relation(torch.cat(_correlate(self.query(flat), self.key(flat)), 1))
        gates = self.spatial(torch.cat([embedded.flatten(0, 1), relation], 1)).sigmoid()
        gates = self.gate(gates.reshape(batch, time, height * breadth))  # s
        channel = self.channel(flat.mean((2, 3))).sigmoid().unflatten(0, (batch, time))  # k
        gated = channel[..., None, None] * gates.view(batch, time, 1, height, breadth) * frames
        return torch.relu(gated[:, ::2] + gated[:, 1::2])


def official_keys(model: Psta) -> dict[str, str]:
    """Official key -> our key, for a model over a ResNet-50."""
    parts = {
        "embed.": "Embeding.", "out.": "conv_block.",
        "between.query.": "TRAG.gamma_temporal.", "between.key.": "TRAG.beta_temporal.",
        "between.relation.": "TRAG.gg_temporal.", "between.pair.": "TRAG.tte_para.",
        "between.spatial.": "TRAG.te_para.", "between.describe.": "TRAG.theta_channel.",
        "between.channel.": "TRAG.channel_para.",
        "within.query.": "SRAG.alphi_appearance.", "within.key.": "SRAG.delta_appearance.",
        "within.relation.": "SRAG.gg_spatial.", "within.spatial.": "SRAG.spa_para.",
        "within.channel.": "SRAG.app_channel.",
    }  # fmt: skip
    levels = [
        (f"levels.{i}.{ours}", f"layer{i + 1}.{official}")
        for i in range(len(model.levels)) for ours, official in parts.items()
    ]  # fmt: skip
    head = [("reduce.", "down_channel."), ("norms.", "bottleneck.")]
    head.append(("classifiers.", "classifier."))
    return keys_by_prefix(model, [*resnet_pairs(model.trunk, "base."), *levels, *head])


def _tokens(trunk: Trunk, spec: ModelSpec) -> int:
    """Positions of the map; strides round up."""
    height, width = (-(-side // trunk.stride) for side in spec.image_size)
    return height * width


def _conv(inner: int, outer: int, size: int = 1) -> list[nn.Module]:
    """Convolution, BatchNorm, ReLU."""
    conv = nn.Conv2d(inner, outer, size, padding=size // 2, bias=False)
    return [conv, nn.BatchNorm2d(outer), nn.ReLU()]


def _classifier(width: int, persons: int) -> nn.Linear:
    classifier = nn.Linear(width, persons)
    nn.init.normal_(classifier.weight, std=0.001)
    nn.init.zeros_(classifier.bias)
    return classifier


def _perceptron(inner: int, hidden: int, outer: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inner, hidden), nn.ReLU(), nn.Linear(hidden, outer))


def _kaiming(module: nn.Module) -> None:
    """He-normal: fan_in for convolutions, fan_out for linear layers; biases 0."""
    for part in module.modules():
        if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Linear):
            mode = "fan_out" if isinstance(part, nn.Linear) else "fan_in"
            nn.init.kaiming_normal_(part.weight, mode=mode)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def _correlate(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Every position of one map against every one of another: [n c H W] twice -> [n N H W] twice.

    Channel i, pixel j holds <first_j, second_i> in the one (`in`), <first_i, second_j> in the other
    (`out`).
    """
    height, width = first.shape[2:]
    likeness = first.flatten(2).mT @ second.flatten(2)  # G [n N N]
    return likeness.mT.unflatten(2, (height, width)), likeness.unflatten(2, (height, width))
