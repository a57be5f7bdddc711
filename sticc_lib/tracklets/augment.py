"""Augmentation of whole clips: flip and crop are drawn once a clip, erasing once a frame.

A person does not turn round between two frames, so geometry belongs to the clip. An occluder does
come and go, and bridging it is what the model should learn, so erasing belongs to the frame (unless
a published rule is asked for, erasing.py). All
draws come from the caller's generator, in a fixed order and number: the same state gives the same
bits, and a chance of 0 leaves the other draws as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sticc_lib.tracklets.erasing import place, rectangles
from sticc_lib.tracklets.part import Part

if TYPE_CHECKING:
    from torch import Tensor

MEAN_COLOUR = (124, 116, 104)
"""ImageNet's mean in uint8: an erased pixel is near zero once normalised."""


def augment_clips(
    pixels: Tensor,
    rng: np.random.Generator,
    flip: float = 0.5,
    crop: int = 10,
    erase: float = 0.5,
    fill: tuple[int, ...] = MEAN_COLOUR,
    rule: str = "frame",
    part: Part | None = None,
) -> Tensor:
    """Flips, shifts and erases clips of pixels.

    Args:
        pixels: uint8 [B T 3 H W].
        rng: source of every draw.
        flip: chance that a clip is mirrored.
        crop: pixels of padding (with `fill`) on each side of which a window of the old size is
            cut; the same window for a clip's frames. 0: none.
        erase: chance that a frame (by some rules, a clip) loses a rectangle.
        fill: RGB of what is missing.
        rule: of `erasing.RULES`; which rectangles.
        part: which of a batch's clips these are; all of them by default.

    Returns:
        uint8 [B T 3 H W], a new tensor.
    """
    import torch
    from torchvision.transforms.v2 import functional

    clips, frames, _, height, width = pixels.shape
    part = part or Part.all(clips)
    flips = part.of(rng.random(part.whole) < flip)
    shifts = part.of(rng.integers(0, 2 * crop + 1, size=(part.whole, 2)))
    boxes, colours = rectangles(rule, rng, (part.whole, frames), (height, width), erase)
    colours = np.array(fill)[None].repeat(len(boxes), 0) if colours is None else colours
    boxes, colours = part.of(boxes, frames), part.of(colours, frames)
    colour = torch.from_numpy(colours).to(pixels.dtype).view(-1, 3, 1, 1)
    done = []
    for number, clip in enumerate(pixels):  # [T 3 H W]
        if flips[number]:
            clip = functional.horizontal_flip(clip)
        if crop:
            top, left = (int(s) for s in shifts[number])
            clip = functional.pad(clip, [crop], fill=list(map(float, fill)))
            clip = functional.crop(clip, top, left, height, width)
        done.append(clip)
    augmented = torch.stack(done)
    for number, (top, left, h, w) in enumerate(boxes):
        if h:
            frame = augmented[number // frames, number % frames]
            functional.erase(
                frame, int(top), int(left), int(h), int(w), colour[number], inplace=True
            )
    return augmented


def augment_maps(
    maps: Tensor,
    rng: np.random.Generator,
    flip: float = 0.5,
    erase: float = 0.5,
    part: Part | None = None,
) -> Tensor:
    """The same for the cached maps of a trunk's frozen part: whole tokens flip and vanish.

    Args:
        maps: float [B T C H W].
        rng: source of every draw.
        flip: chance that a clip is mirrored, token by token.
        erase: chance that a frame loses tokens, which then hold the channel's mean over the batch.
            CHOICE: as often a band of rows (1 to half of them: a car, a bush, a cropped box) as a
            rectangle (any height, up to half the width: a pole, another walker).
        part: which of a batch's clips these are; all of them by default. The channel's mean is
            then over all processes, whose parts are of one size.

    Returns:
        [B T C H W], a new tensor of the same type.
    """
    import torch

    from sticc_lib import processes

    clips, frames, channels, height, width = maps.shape
    own = part or Part.all(clips)
    hit = own.of(rng.random(own.whole) < flip)
    flips = torch.from_numpy(hit).view(-1, 1, 1, 1, 1).to(maps.device)
    drawn = _draw_token_boxes(rng, own.whole * frames, height, width, erase)
    boxes = torch.from_numpy(own.of(drawn, frames))
    top, left, h, w = boxes.view(clips, frames, 4, 1, 1).to(maps.device).unbind(2)  # [B T 1 1]
    rows = torch.arange(height, device=maps.device).view(-1, 1)
    columns = torch.arange(width, device=maps.device)
    gone = (rows >= top) & (rows < top + h) & (columns >= left) & (columns < left + w)  # [B T H W]
    mean = maps.mean((0, 1, 3, 4), dtype=torch.float32)
    mean = (mean if part is None else processes.mean(mean)).to(maps.dtype).view(channels, 1, 1)
    flipped = torch.where(flips, maps.flip(-1), maps)
    return torch.where(gone.unsqueeze(2), mean, flipped)


def _draw_token_boxes(
    rng: np.random.Generator, count: int, height: int, width: int, chance: float
) -> np.ndarray:
    """(top, left, h, w) of the erased tokens, int64 [n, 4]; h = w = 0 where none."""
    hit = rng.random(count) < chance
    band = rng.random(count) < 0.5
    h_band = rng.integers(1, max(height // 2, 1) + 1, count)
    h_box = rng.integers(1, height + 1, count)
    w_box = rng.integers(1, max(width // 2, 1) + 1, count)
    h, w = np.where(band, h_band, h_box), np.where(band, width, w_box)
    return place(rng, h, w, height, width, hit)
