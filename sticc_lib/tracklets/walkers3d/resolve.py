"""From samples to pixels: colours over the background, and labels by majority."""

from __future__ import annotations

import numpy as np
from numba import njit

VISIBLE, HIDDEN = 1, 2
"""Labels of the person, as walkers.scene.LABELS has them; a test holds the two together."""


def resolve(owner: np.ndarray, color: np.ndarray, back: np.ndarray, names: np.ndarray,
            cover: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:  # fmt: skip
    """Pools the samples of a picture.

    Args:
        owner: int16 [fH, fW], who is seen; 0 nobody.
        color: float32 [fH, fW, 3].
        back: float32 [H, W, 3], what shows where nobody is.
        names: uint8, label of each owner.
        cover: bool [fH, fW], where the person is, hidden or not.

    Returns:
        float32 [H, W, 3]; labels uint8 [H, W] of the most frequent sample, the person's first
        where two are as frequent; and how many pixels are the person's, hidden ones too.
    """
    labels = np.empty(back.shape[:2], np.uint8)
    image = np.empty_like(back)
    area = _resolve(owner, color, back, names, cover, image, labels)
    return image, labels, area


@njit(cache=True, nogil=True)
def _resolve(owner, color, back, names, cover, image, labels):  # pragma: no cover
    height, width = labels.shape
    fine = owner.shape[0] // height
    share = np.float32(1) / (fine * fine)
    votes = np.empty(5, np.int64)
    area = 0
    for y in range(height):
        for x in range(width):
            votes[:] = 0
            r, g, b, empty = np.float32(0), np.float32(0), np.float32(0), 0
            for i in range(y * fine, y * fine + fine):
                for j in range(x * fine, x * fine + fine):
                    who = owner[i, j]
                    label = names[who]
                    if cover[i, j] and label != VISIBLE:
                        label = HIDDEN
                    votes[label] += 1
                    if who > 0:
                        r += color[i, j, 0]
                        g += color[i, j, 1]
                        b += color[i, j, 2]
                    else:
                        empty += 1
            image[y, x, 0] = (r + empty * back[y, x, 0]) * share
            image[y, x, 1] = (g + empty * back[y, x, 1]) * share
            image[y, x, 2] = (b + empty * back[y, x, 2]) * share
            best = VISIBLE
            for label in (HIDDEN, 4, 3, 0):
                if votes[label] > votes[best]:
                    best = label
            labels[y, x] = best
            if best in (VISIBLE, HIDDEN):
                area += 1
    return area
