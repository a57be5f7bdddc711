"""Occlusion sensitivity: how far the embedding moves when a box of one frame is taken away.

After Zeiler and Fergus (arXiv 1311.2901), on the embedding instead of a class score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sticc_lib.explain.again import Again, Fill, cosines, filled
from sticc_lib.explain.look import Look
from sticc_lib.explain.maps import spearman
from sticc_lib.models.base import VideoModel
from sticc_lib.run import bar


@dataclass(frozen=True)
class Sensitivity:
    """What each box of a clip is worth.

    Attributes:
        effect: float [T, rows, columns], a box a place: how far the target fell without it.
            0 in frames that only fill the clip.
        tokens: float [T, N], the mean effect of the boxes over a token, by the share of its cell
            that they cover.
        cover: float [rows*columns, N], the share of each token's cell that a box covers.
        boxes: int [rows*columns, 4], top, left, bottom and right of each box, pixels.
        mask: bool [T], real frames.
        target: what the effect is measured on, in words.
        how: box, stride and fill, in words.
    """

    effect: np.ndarray
    tokens: np.ndarray
    cover: np.ndarray
    boxes: np.ndarray
    mask: np.ndarray
    target: str
    how: str


def sensitivity(
    model: VideoModel,
    look: Look,
    clip: int = 0,
    box: int = 32,
    stride: int = 16,
    fill: Fill = "mean",
    against: tuple[np.ndarray, np.ndarray] | None = None,
    progress: bool = True,
) -> Sensitivity:
    """Takes away one box of one frame at a time and runs the clip again.

    The effect is 1 - cosine with the clip's own embedding: how far it moved, whichever way. With
    `against` it is the fall of the margin, cosine with the true vector minus cosine with the false
    one: negative where the box speaks for the false one.

    Args:
        model: the one the look was taken of.
        look: the tracklet.
        clip: which of its clips.
        box: side of the square box, pixels; larger than a frame's side covers all of it.
        stride: between boxes, pixels; the last row and column end at the frame's edge.
        fill: as in `again.filled`; a blur's sigma is a quarter of the box.
        against: embeddings [D] of a true and of a false tracklet.
        progress: show a bar.

    Raises:
        ValueError: no such clip, box or stride below 1, or another fill.
        CaptureError: another model than that of the look.
    """
    if box < 1 or stride < 1:
        raise ValueError(f"box {box} and stride {stride}: expected at least one pixel each")
    again = Again(model, look, clip)
    height, width = again.frames.shape[2:]
    tops, lefts = _starts(height, box, stride), _starts(width, box, stride)
    boxes = np.array([(y, x, min(y + box, height), min(x + box, width))
                      for y in tops for x in lefts])  # fmt: skip
    stand_in = filled(again.frames, fill, box / 4)
    effect = np.zeros((len(again.mask), len(boxes)))
    whole = _target(again.original[None], again.original, against)[0]
    for frame in bar(progress, iterable=np.flatnonzero(again.mask), desc="boxes", unit="frame"):
        changed = np.repeat(again.frames[frame][None], len(boxes), axis=0)
        for number, (top, left, bottom, right) in enumerate(boxes):
            part = (..., slice(top, bottom), slice(left, right))
            changed[number][part] = stand_in[frame][part]
        clips = again.base[None].repeat(len(boxes), *[1] * again.base.ndim)
        clips[:, frame] = again.features(changed)
        effect[frame] = whole - _target(again.embed(clips), again.original, against)
    cover = _cover(boxes, look.grid, (height, width))
    return Sensitivity(
        effect=effect.reshape(-1, len(tops), len(lefts)),
        tokens=effect @ cover / np.maximum(cover.sum(0), 1e-12),
        cover=cover,
        boxes=boxes,
        mask=again.mask,
        target="own embedding" if against is None else "margin of the true over the false match",
        how=f"boxes of {box} pixels, {stride} apart, filled with {_WORDS[fill]}",
    )


_WORDS = {"mean": "the mean colour", "noise": "noise", "blur": "the blurred frame"}


def agreement(sensitivity: Sensitivity, weights: np.ndarray) -> float:
    """Spearman correlation of a token-weight map with the effects, over boxes of the real frames.

    CHOICE: weight is summed under each box first. Box by box both are smeared over the same area;
    averaged onto tokens only the effect would be.

    Args:
        sensitivity: of a clip.
        weights: [T, N], of the same clip.

    Raises:
        ValueError: a map of another shape.
    """
    if weights.shape != sensitivity.tokens.shape:
        raise ValueError(f"expected weights {sensitivity.tokens.shape}, got {weights.shape}")
    under = weights @ sensitivity.cover.T  # [T boxes]
    effect = sensitivity.effect.reshape(len(under), -1)
    real = sensitivity.mask
    return float(spearman(under[real].ravel(), effect[real].ravel()))


def _target(
    vectors: np.ndarray, original: np.ndarray, against: tuple[np.ndarray, np.ndarray] | None
) -> np.ndarray:
    if against is None:
        return cosines(vectors, original)
    return cosines(vectors, against[0]) - cosines(vectors, against[1])


def _starts(length: int, box: int, stride: int) -> list[int]:
    """Where boxes start along a side, the last one ending at the edge."""
    last = max(0, length - box)
    return [*range(0, last, stride), last]


def _cover(boxes: np.ndarray, grid: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """Share of each token's cell under each box, [boxes, N]."""
    sides = []
    for axis in (0, 1):
        edges = np.arange(grid[axis] + 1) * size[axis] / grid[axis]
        low = np.maximum(boxes[:, axis, None], edges[:-1])
        high = np.minimum(boxes[:, axis + 2, None], edges[1:])
        sides.append(np.maximum(high - low, 0) / np.diff(edges))  # [boxes, grid]
    return (sides[0][:, :, None] * sides[1][:, None]).reshape(len(boxes), -1)
