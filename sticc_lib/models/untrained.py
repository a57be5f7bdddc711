"""Floors without training: a striped colour histogram, a pooled trunk, and its stripes.

They answer one question: how much of a score needs no learning at all.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sticc_lib.models.base import ModelSpec, Output, VideoModel, frame_mean
from sticc_lib.models.trunk import Trunk

STRIPES = 6
"""CHOICE: six horizontal stripes, the usual partition of a pedestrian box (PCB, SDALF-like)."""
HUE, SATURATION, VALUE = 12, 3, 3
"""CHOICE: bins a stripe; 108 in all, coarse enough for a stripe of 20 x 64 pixels."""


class HsvHistogram(VideoModel):
    """Hue, saturation and value counted jointly in six stripes; square-rooted (Hellinger)."""

    def __init__(self, spec: ModelSpec):
        super().__init__()
        self.spec = spec
        self.trunk = Trunk([], 3, 1, 0)

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Normalised frames [B T 3 H W] -> embedding [B 6*108]."""
        mean, std = (maps.new_tensor(v).view(3, 1, 1) for v in (self.spec.mean, self.spec.std))
        bins = _hsv_bins((maps * std + mean).clamp(0, 1))  # [B T H W]
        rows = torch.arange(bins.shape[2], device=maps.device) * STRIPES // bins.shape[2]
        bins = bins + (rows * HUE * SATURATION * VALUE).view(1, 1, -1, 1)
        size = STRIPES * HUE * SATURATION * VALUE
        counts = torch.zeros(*bins.shape[:2], size, device=maps.device)
        counts.scatter_add_(
            2, bins.flatten(2), torch.ones_like(bins, dtype=counts.dtype).flatten(2)
        )
        share = frame_mean(counts, mask) / bins[0, 0].numel()
        return Output(share.sqrt())


def _hsv_bins(rgb: Tensor) -> Tensor:
    """RGB 0..1 [... 3 H W] -> joint bin number [... H W]."""
    high, where = rgb.max(-3)
    low = rgb.amin(-3)
    spread = (high - low).clamp_min(1e-6)
    red, green, blue = rgb.unbind(-3)
    sixth = torch.stack(
        [(green - blue) / spread, (blue - red) / spread + 2, (red - green) / spread + 4], -3
    )
    hue = (sixth.gather(-3, where.unsqueeze(-3)).squeeze(-3) / 6) % 1
    parts = ((hue, HUE), ((high - low) / high.clamp_min(1e-6), SATURATION), (high, VALUE))
    joint = torch.zeros_like(hue, dtype=torch.long)
    for value, bins in parts:
        joint = joint * bins + (value * bins).long().clamp(0, bins - 1)
    return joint


class FrozenTrunk(VideoModel):
    """The trunk's map averaged over space and time: ImageNet features as they come.

    Args:
        stripes: 1 for the whole map; more averages each horizontal stripe alone, scales each to
            length one and puts them side by side (part pooling, keeps the order head to feet).
    """

    def __init__(self, trunk: Trunk, spec: ModelSpec, stripes: int = 1):
        super().__init__()
        self.trunk, self.spec, self.stripes = trunk, spec, stripes

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frozen maps [B T C' H W] -> embedding [B stripes*C]."""
        batch, time = maps.shape[:2]
        maps = self.trunk.trainable(maps.flatten(0, 1))
        parts = nn.functional.adaptive_avg_pool2d(maps, (self.stripes, 1)).squeeze(3).mT
        parts = frame_mean(parts.unflatten(0, (batch, time)), mask)  # [B stripes C]
        if self.stripes > 1:
            parts = nn.functional.normalize(parts, dim=2)
        return Output(parts.flatten(1))
