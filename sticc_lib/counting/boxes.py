"""Boxes in pixels: overlap, suppression, clipping, and how one set of boxes covers another.

A box is a row `x y w h` (left upper corner and size), often with a score behind: float32 [n, 5].
"""

from __future__ import annotations

import numpy as np


def iou(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Intersection over union of every pair, float64 [n, m] in 0..1; 0 for boxes without area."""
    return _shared(left, right)[0]


def covered(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The share of each left box that lies inside each right one, float64 [n, m] in 0..1."""
    shared, area = _shared(left, right)[1:]
    return shared / np.maximum(area[:, None], 1e-9)


def _shared(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(IoU [n, m], shared area [n, m], area of the left [n])."""
    a, b = np.asarray(left, float), np.asarray(right, float)
    shared = np.ones((len(a), len(b)))
    for axis in (0, 1):  # one at a time: thousands of boxes square are many
        side = np.minimum.outer(a[:, axis] + a[:, axis + 2], b[:, axis] + b[:, axis + 2])
        side -= np.maximum.outer(a[:, axis], b[:, axis])
        shared *= np.clip(side, 0, None, out=side)
    area_a, area_b = a[:, 2] * a[:, 3], b[:, 2] * b[:, 3]
    union = area_a[:, None] + area_b[None, :] - shared
    return shared / np.maximum(union, 1e-9), shared, area_a


def suppress(boxes: np.ndarray, most: float, keep: int = 10_000) -> np.ndarray:
    """Non-maximum suppression: the best of each heap of boxes.

    Args:
        boxes: [n, 5] with scores.
        most: boxes that overlap a better one by more than this IoU go.
        keep: at most so many stay.

    Returns:
        Positions of those that stay, best first.
    """
    left = np.argsort(-boxes[:, 4], kind="stable")
    kept: list[int] = []
    while len(left) and len(kept) < keep:
        best, left = int(left[0]), left[1:]
        kept.append(best)
        left = left[iou(boxes[[best]], boxes[left])[0] <= most]
    return np.array(kept, np.int64)


def clip(boxes: np.ndarray, width: int, height: int, least: float = 1.0) -> np.ndarray:
    """Boxes cut at the image; those of which less than `least` pixels a side remain go."""
    x, y, w, h = boxes[:, :4].T
    left, top = np.clip(x, 0, width), np.clip(y, 0, height)
    right, bottom = np.clip(x + w, 0, width), np.clip(y + h, 0, height)
    cut = boxes.copy()
    cut[:, :4] = np.stack([left, top, right - left, bottom - top], axis=1)
    return cut[(cut[:, 2] >= least) & (cut[:, 3] >= least)]


def hits(found: np.ndarray, wanted: np.ndarray, least: float = 0.5) -> list[tuple[int, int]]:
    """Which found box is which wanted one: pairs of positions, each box at most once.

    As many pairs with an IoU of `least` or more as there can be, and of these the closest.
    """
    from scipy.optimize import linear_sum_assignment

    if not len(found) or not len(wanted):
        return []
    overlap = iou(found, wanted)
    worth = np.where(overlap >= least, 1 + overlap / (1 + min(overlap.shape)), 0)
    pairs = np.stack(linear_sum_assignment(worth, maximize=True), axis=1)
    return [(int(i), int(j)) for i, j in pairs if overlap[i, j] >= least]
