"""What stands in front of the person: kinds met in training, and kinds kept for a test.

Every kind is painted into a canvas whose plane is the picture itself: pixels, x from the middle of
the frame, y upwards from its lower edge. Things drift through the frame, so that some frames of
a tracklet show more of the person than others.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sticc_lib.tracklets.walkers.appearance import PALETTE
from sticc_lib.tracklets.walkers.draw import Canvas

SEEN = ("pole", "car", "bush", "walker", "crop")
UNSEEN = ("umbrella", "sign", "barrier")
CLOTHES = np.array(list(PALETTE.values()), np.float32)
POSTS = ((0.46, 0.48, 0.51), (0.45, 0.33, 0.23), (0.68, 0.66, 0.62), (0.25, 0.30, 0.29))
Paint = Callable[[Canvas, np.random.Generator], None]


def drift(rng: np.random.Generator, frames: int, start: float, travel: float) -> np.ndarray:
    """Places along a steady way through about +-start, float32 [frames]."""
    middle = rng.uniform(-start, start)
    way = rng.uniform(0.3, 1.0) * travel * rng.choice((-1.0, 1.0))
    return (middle + way * np.linspace(-0.5, 0.5, frames)).astype(np.float32)


def pole(canvas: Canvas, rng: np.random.Generator) -> None:
    """A post, tree trunk or pillar from the top of the frame to the ground."""
    half = rng.uniform(2.4, 5.2)
    x = drift(rng, len(canvas.x), 8, 14)
    color = np.array(POSTS[rng.integers(len(POSTS))], np.float32)
    foot = rng.uniform(-6, 2)
    shape = canvas.box(x, foot, 80.0, half)
    canvas.paint(shape, color)
    canvas.paint(canvas.beside(shape, x + half * 0.35), color * 0.78, ink=False)


def car(canvas: Canvas, rng: np.random.Generator) -> None:
    """A parked or passing car before the legs; its bonnet or boot may end inside the frame."""
    color = CLOTHES[rng.integers(10)]
    x = drift(rng, len(canvas.x), 26, 26)
    size = rng.uniform(0.85, 1.25)
    low, waist, roof = -4.0, 17 * size, 27 * size
    cabin = canvas.profile(x, waist - 1, roof, 27 * size, 22 * size, 17 * size)
    canvas.paint(cabin, color * 0.92)
    glass = canvas.profile(x, waist, roof - 2.5, 24 * size, 19.5 * size, 15.5 * size)
    canvas.paint(glass, (0.23, 0.29, 0.34))
    canvas.paint(canvas.box(x, waist, roof - 2, 1.2), color * 0.92)
    body = canvas.profile(x, low + 4, waist, 43 * size, 45 * size, 45 * size, 42 * size)
    canvas.paint(body, color)
    canvas.paint(canvas.limit(body, high=low + 8), color * 0.7, ink=False)
    for side in (-1, 1):
        wheel = x + side * 26 * size
        canvas.paint(canvas.ellipse(wheel, low + 6, 7.5 * size, 7.5 * size), (0.12, 0.12, 0.13))
        canvas.paint(canvas.ellipse(wheel, low + 6, 3.4 * size, 3.4 * size), (0.62, 0.63, 0.65),
                     ink=False)  # fmt: skip


def bush(canvas: Canvas, rng: np.random.Generator) -> None:
    """A shrub: leafy lumps, darker ones behind."""
    x = drift(rng, len(canvas.x), 9, 14)
    tall, wide = rng.uniform(15, 36), rng.uniform(7, 14)
    green = np.array((0.30, 0.50, 0.26), np.float32) + rng.uniform(-0.07, 0.07, 3).astype("f4")
    for shade in (0.78, 0.9, 1.0, 1.12):
        for _ in range(3):
            dx, dy = rng.uniform(-0.62, 0.62) * wide, rng.uniform(0.0, 0.78) * tall
            r = rng.uniform(0.34, 0.52) * wide
            canvas.paint(canvas.ellipse(x + dx, dy, r, r * rng.uniform(0.8, 1.2)), green * shade)
    canvas.paint(canvas.ellipse(x, 2.0, wide, tall * 0.42), green * 0.9)


def umbrella(canvas: Canvas, rng: np.random.Generator) -> None:
    """Someone else's umbrella across the head and shoulders."""
    x, half = drift(rng, len(canvas.x), 7, 10), rng.uniform(12, 18)
    rim, color = rng.uniform(36, 46), CLOTHES[rng.integers(10)]
    dome = canvas.limit(canvas.ellipse(x, rim, half, rng.uniform(13, 18)), low=rim)
    canvas.paint(dome, color)
    for side in (-0.45, 0.45):
        canvas.paint(canvas.beside(dome, x + side * half), color * 0.85, ink=False)
    canvas.paint(canvas.box(x, -2.0, rim + 2, 0.9), (0.25, 0.22, 0.20))


def sign(canvas: Canvas, rng: np.random.Generator) -> None:
    """A board on a post, before the trunk."""
    x, half = drift(rng, len(canvas.x), 6, 10), rng.uniform(7, 11)
    low = rng.uniform(20, 32)
    high, color = low + rng.uniform(16, 24), CLOTHES[2 + rng.integers(8)]
    canvas.paint(canvas.box(x, -2.0, low, 1.3), (0.40, 0.41, 0.43))
    canvas.paint(canvas.box(x, low, high, half), (0.93, 0.93, 0.91))
    canvas.paint(canvas.box(x, low + 1.6, high - 1.6, half - 1.6), color)
    canvas.paint(canvas.box(x, low + 5, low + 7.5, half - 4), (0.93, 0.93, 0.91))


def barrier(canvas: Canvas, rng: np.random.Generator) -> None:
    """A striped road barrier before the legs."""
    x, top = drift(rng, len(canvas.x), 4, 6), rng.uniform(22, 34)
    color = CLOTHES[[5, 8, 3][rng.integers(3)]]
    for side in (-11.0, 11.0):
        canvas.paint(canvas.box(x + side, -2.0, top, 1.6), (0.40, 0.41, 0.43))
    for low in (top - 10, top - 23):
        plank = canvas.box(x, low, low + 9.0, 40.0)
        canvas.paint(plank, (0.95, 0.95, 0.93))
        canvas.paint(canvas.bands(plank, x - 40, x + 40, 8, upright=True), color)


THINGS: dict[str, Paint] = {
    "pole": pole, "car": car, "bush": bush, "umbrella": umbrella, "sign": sign, "barrier": barrier,
}  # fmt: skip
"""The kinds that are things. `walker` is a person and `crop` a box; scene.py does both."""
