"""Worse recordings on the fly: fewer pixels and JPEG, drawn once a clip, as a camera has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sticc_lib.tracklets.part import Part

if TYPE_CHECKING:
    from torch import Tensor

SCALE, QUALITY = (0.25, 1.0), (25, 90)
"""Share of the pixels a side that is left; quality of the JPEG. CHOICE: from 32 x 16 pixels of a
128 x 64 frame, and a little below what the rendered walkers' cameras save."""


def degrade(
    pixels: Tensor,
    rng: np.random.Generator,
    shrink: float,
    jpeg: float,
    part: Part | None = None,
) -> Tensor:
    """Scales clips down and up again, and saves them as JPEG.

    Args:
        pixels: uint8 [B T 3 H W].
        rng: source of every draw; their number does not depend on what is drawn.
        shrink: chance that a clip loses resolution.
        jpeg: chance that its frames are saved as JPEG, after that.
        part: which of a batch's clips these are; all of them by default.

    Returns:
        uint8 [B T 3 H W]; the same tensor where both chances are 0.
    """
    if shrink <= 0 and jpeg <= 0:
        return pixels
    import torch
    from torch.nn.functional import interpolate
    from torchvision.io import decode_jpeg, encode_jpeg

    clips, _, _, height, width = pixels.shape
    part = part or Part.all(clips)
    small, saved = rng.random(part.whole) < shrink, rng.random(part.whole) < jpeg
    scale = rng.uniform(*SCALE, part.whole)
    quality = rng.integers(*QUALITY, part.whole, endpoint=True)
    small, saved, scale, quality = map(part.of, (small, saved, scale, quality))
    done = []
    for k, clip in enumerate(pixels):  # [T 3 H W]
        if small[k]:
            size = [max(4, round(side * scale[k])) for side in (height, width)]
            clip = interpolate(clip, size=size, mode="bilinear", antialias=True)
        if saved[k]:
            files = [encode_jpeg(frame.contiguous(), int(quality[k])) for frame in clip]
            clip = torch.stack([decode_jpeg(file) for file in files])
        if small[k]:
            clip = interpolate(clip, size=[height, width], mode="bilinear", antialias=True)
        done.append(clip)
    return torch.stack(done)
