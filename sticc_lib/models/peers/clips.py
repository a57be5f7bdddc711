"""Clips of methods that know no mask: padded frames become repeats of the real ones."""

from __future__ import annotations

import torch
from torch import Tensor

from sticc_lib.models.base import real_first


def cycled(maps: Tensor, mask: Tensor | None) -> Tensor:
    """Fills padded frames with the clip's own real frames, in turn, as the official samplers do.

    Args:
        maps: [B T ...].
        mask: bool [B T], True where a frame is real; at least one in every clip.
    """
    if mask is None or (not torch.compiler.is_exporting() and bool(mask.all())):
        return maps
    time = torch.arange(mask.shape[1], device=mask.device)
    index = real_first(mask).gather(1, time % mask.sum(1, keepdim=True))  # [B T]
    return maps[torch.arange(maps.shape[0], device=maps.device).unsqueeze(1), index]
