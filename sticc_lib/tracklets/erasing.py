"""Random erasing (arXiv 1708.04896): which rectangle of which frame, ours and the published ways.

Every rule makes a fixed number of draws, so that what is drawn after it does not move.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

TRIES = 100
"""Rectangles that are drawn until one fits into the frame; a frame where none does stays whole."""
Pair = tuple[int, int]
Boxes = np.ndarray
"""(top, left, h, w) of each frame's rectangle, int64 [B*T 4]; h = w = 0 where none."""


def rectangles(
    rule: str,
    rng: np.random.Generator,
    counts: Pair,
    size: Pair,
    chance: float,
) -> tuple[Boxes, np.ndarray | None]:
    """What each frame of a batch loses.

    Args:
        rule: of RULES.
        rng: source of every draw.
        counts: (B clips, T frames).
        size: (height, width) of a frame.
        chance: that a frame, or a clip, loses anything.

    Returns:
        Rectangles, and the colour of each [B*T 3] where the rule draws it, else None.

    Raises:
        ValueError: an unknown rule.
    """
    if rule not in RULES:
        raise ValueError(f"erasing rule {rule!r} is none of {', '.join(RULES)}")
    return RULES[rule](rng, counts, size, chance)


def per_frame(
    rng: np.random.Generator, counts: Pair, size: Pair, chance: float
) -> tuple[Boxes, None]:
    """Ours: each frame by itself, 2 to 40 % of its area, height over width 0.3 to 3.3."""
    count, (height, width) = counts[0] * counts[1], size
    hit = rng.random(count) < chance
    area = rng.uniform(0.02, 0.4, count) * height * width
    aspect = np.exp(rng.uniform(np.log(0.3), np.log(1 / 0.3), count))
    # CHOICE: a side longer than the frame is cut to it, instead of drawing again: the number of
    # draws stays fixed, and on tall frames low wide bands stay possible.
    h = np.clip(np.round(np.sqrt(area * aspect)), 1, height).astype(np.int64)
    w = np.clip(np.round(np.sqrt(area / aspect)), 1, width).astype(np.int64)
    return place(rng, h, w, height, width, hit), None


def each(rng: np.random.Generator, counts: Pair, size: Pair, chance: float) -> tuple[Boxes, None]:
    """STMN, MSINet: each frame by itself, drawn until it fits."""
    count = counts[0] * counts[1]
    hit = rng.random(count) < chance
    h, w = _fitting(rng, count, size)
    return place(rng, h, w, *size, hit), None


def same_in_clip(
    rng: np.random.Generator, counts: Pair, size: Pair, chance: float
) -> tuple[Boxes, None]:
    """BiCnet-TKS, PSTA: one coin and one rectangle a clip."""
    boxes, _ = each(rng, (counts[0], 1), size, chance)
    return boxes.repeat(counts[1], axis=0), None


def same_place(
    rng: np.random.Generator, counts: Pair, size: Pair, chance: float
) -> tuple[Boxes, None]:
    """SINet: one coin and one relative place a clip, the rectangle's sides drawn per frame."""
    hit = (rng.random(counts[0]) < chance).repeat(counts[1])
    top, left = rng.random((counts[0], 2)).repeat(counts[1], axis=0).T
    h, w = _fitting(rng, counts[0] * counts[1], size)
    corner = [top * (size[0] - h + 1), left * (size[1] - w + 1)]
    return np.stack([*(c.astype(np.int64) for c in corner), h, w], 1) * hit[:, None], None


def corner(
    rng: np.random.Generator, counts: Pair, size: Pair, chance: float
) -> tuple[Boxes, np.ndarray]:
    """GRL: each frame by itself, up to 20 %, one random colour a rectangle.

    Its top left corner stands at (its width, its height), as officially; what is then outside the
    frame is cut off.
    """
    count, (height, width) = counts[0] * counts[1], size
    hit = rng.random(count) < chance
    h, w = _fitting(rng, count, size, largest=0.2)
    colours = rng.integers(0, 256, (count, 3))
    inside = [np.clip(height - h, 0, h), np.clip(width - w, 0, w)]
    hit &= (inside[0] > 0) & (inside[1] > 0)
    return np.stack([h, w, *inside], 1) * hit[:, None], colours


RULES: dict[str, Callable[..., tuple[Boxes, np.ndarray | None]]] = {
    "frame": per_frame, "each": each, "clip": same_in_clip, "place": same_place, "corner": corner,
}  # fmt: skip
"""`train.erase_rule` -> what it erases; the published ones are in specs/peers/COMMON.md."""


def place(
    rng: np.random.Generator, h: np.ndarray, w: np.ndarray, height: int, width: int, hit: np.ndarray
) -> Boxes:
    """Rectangles of given sides anywhere in the frame; none where not `hit`."""
    top = rng.integers(0, height - h + 1)
    left = rng.integers(0, width - w + 1)
    return np.stack([top, left, h, w], axis=1) * hit[:, None]


def _fitting(
    rng: np.random.Generator, count: int, size: Pair, largest: float = 0.4
) -> tuple[np.ndarray, np.ndarray]:
    """Sides int64 [n] of the first rectangle that is smaller than the frame; 0 where none is."""
    height, width = size
    area = rng.uniform(0.02, largest, (TRIES, count)) * height * width
    aspect = rng.uniform(0.3, 1 / 0.3, (TRIES, count))
    h = np.round(np.sqrt(area * aspect)).astype(np.int64)
    w = np.round(np.sqrt(area / aspect)).astype(np.int64)
    fits = (h < height) & (w < width)
    first = fits.argmax(0), np.arange(count)
    return h[first] * fits[first], w[first] * fits[first]
