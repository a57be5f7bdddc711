"""The trained floors: the same stem as STICC, then a mean or an attention pool.

What STICC adds must show against these, at the same cost and the same width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sticc_lib.config import HeadConfig
from sticc_lib.models.attention import FeedForward, Tap, masked_softmax
from sticc_lib.models.base import ModelSpec, Output, VideoModel, frame_mean
from sticc_lib.models.trunk import Trunk


class Stem(nn.Module):
    """Map -> tokens: 1x1 reduction to C, BatchNorm, ReLU, feed-forward. Shared by all methods."""

    def __init__(self, trunk_channels: int, config: HeadConfig, tokens: int):
        super().__init__()
        self.reduce = nn.Conv2d(trunk_channels, config.channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(config.channels)
        self.ffn = FeedForward(config.channels, config.ffn_ratio)
        self.position: nn.Parameter | None = None
        if config.position == "learned":
            self.position = nn.Parameter(0.02 * torch.randn(tokens, config.channels))

    def forward(self, maps: Tensor, batch: int) -> Tensor:
        """Maps [B*T C' H W] -> tokens FM [B T N C]."""
        reduced = nn.functional.relu(self.norm(self.reduce(maps)))
        return self.ffn(reduced.flatten(2).mT.unflatten(0, (batch, -1)))


class Neck(nn.Module):
    """BNNeck (arXiv 1903.07071): BatchNorm without bias, then a classifier without bias."""

    def __init__(self, width: int, persons: int):
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.norm.bias.requires_grad_(False)
        self.classifier = nn.Linear(width, persons, bias=False)
        nn.init.normal_(self.classifier.weight, std=0.001)

    def forward(self, feature: Tensor) -> tuple[Tensor, Tensor | None]:
        """Feature [B width] -> after BatchNorm [B width], logits [B persons] while training."""
        normal = self.norm(feature)
        return normal, self.classifier(normal) if self.training else None


class MeanPool(VideoModel):
    """Tokens averaged over space and time."""

    def __init__(self, trunk: Trunk, spec: ModelSpec, config: HeadConfig, persons: int):
        super().__init__()
        self.trunk, self.spec = trunk, spec
        tokens = (spec.image_size[0] // trunk.stride) * (spec.image_size[1] // trunk.stride)
        self.stem = Stem(trunk.channels, config, tokens)
        width = config.width or config.channels
        # the control of STICC's width: a projection, so that only the width differs
        self.widen = nn.Linear(config.channels, width) if config.width else nn.Identity()
        self.neck = Neck(width, persons)

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frozen maps [B T C' H W] -> Output; the embedding is what the BatchNorm gives."""
        tokens = self.stem(self.trunk.trainable(maps.flatten(0, 1)), maps.shape[0])
        feature = self.widen(self.pool(tokens, mask))
        embedding, logits = self.neck(feature)
        return Output(embedding, {"pooled": feature}, {} if logits is None else {"pooled": logits})

    def pool(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        """Tokens [B T N C] -> [B C]."""
        if self.stem.position is not None:
            # CHOICE: a mean has no keys; the position code is gated in, so that it can matter
            tokens = tokens * (1 + self.stem.position)
        return frame_mean(tokens.mean(2), mask)


class AttentionPool(MeanPool):
    """Tokens weighted by a learned score: a softmax per frame, or joint over T x N."""

    def __init__(
        self, trunk: Trunk, spec: ModelSpec, config: HeadConfig, persons: int, joint: bool = False
    ):
        super().__init__(trunk, spec, config, persons)
        self.joint, self.heads = joint, config.heads
        self.score = nn.Linear(config.channels, config.heads)
        nn.init.zeros_(self.score.weight)  # starts as the mean
        nn.init.zeros_(self.score.bias)
        self.weights = Tap("clip frame head token")

    def pool(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        """Tokens [B T N C] -> [B C]; the map it hands over is [B T heads N]."""
        keyed = tokens if self.stem.position is None else tokens + self.stem.position
        scores = self.score(keyed).mT  # [B T h N]
        valid = None if mask is None else mask.view(*mask.shape, 1, 1)
        if self.joint:
            flat = scores.transpose(1, 2).flatten(2)  # [B h T*N]
            if valid is not None:
                valid = valid.expand_as(scores).transpose(1, 2).flatten(2)
            weights = masked_softmax(flat, valid, -1)
            weights = weights.unflatten(2, (scores.shape[1], -1)).transpose(1, 2)
        else:
            weights = scores.softmax(-1)
            counts = scores.shape[1] if mask is None else mask.sum(1).view(-1, 1, 1, 1)
            weights = weights / counts if valid is None else weights * valid / counts
        weights = self.weights(weights)
        values = tokens.unflatten(-1, (self.heads, -1))  # [B T N h d]
        return torch.einsum("bthn,btnhd->bhd", weights, values).flatten(1)


class StripePool(MeanPool):
    """Tokens averaged in each of `head.slots` horizontal stripes, side by side.

    Part pooling as PCB has it (arXiv 1711.09349), with one neck for all parts: what a fixed cut
    from head to feet gives, against which slots that find their own parts have to show.
    """

    def __init__(self, trunk: Trunk, spec: ModelSpec, config: HeadConfig, persons: int):
        super().__init__(trunk, spec, config, persons)
        self.stripes, self.columns = config.slots, max(1, spec.image_size[1] // trunk.stride)
        width = config.slots * config.channels
        self.widen = nn.Linear(width, config.width) if config.width else nn.Identity()
        self.neck = Neck(config.width or width, persons)

    def pool(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        """Tokens [B T N C] -> [B stripes*C]."""
        if self.stem.position is not None:
            tokens = tokens * (1 + self.stem.position)
        maps = frame_mean(tokens, mask).unflatten(1, (-1, self.columns)).mean(2)  # [B H C]
        return nn.functional.adaptive_avg_pool1d(maps.mT, self.stripes).mT.flatten(1)
