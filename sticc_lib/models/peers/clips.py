"""Clips of methods that know no mask: padded frames become repeats of the real ones."""

from __future__ import annotations

import torch
from torch import Tensor


def cycled(maps: Tensor, mask: Tensor | None) -> Tensor:
    """Fills padded frames with the clip's own real frames, in turn, as the official samplers do.

    Args:
        maps: [B T ...].
        mask: bool [B T], True where a frame is real; at least one in every clip.
    """
    if mask is None or bool(mask.all()):
        return maps
    time = torch.arange(mask.shape[1], device=mask.device)
    real = (~mask).to(torch.uint8).argsort(dim=1, stable=True)  # real frames first, in their order
    index = real.gather(1, time % mask.sum(1, keepdim=True))  # [B T]
    return maps[torch.arange(len(maps), device=maps.device).unsqueeze(1), index]
