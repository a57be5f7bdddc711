"""What a camera adds: the place it looks at, a colour cast, and softness.

The place is one wide picture a camera; each tracklet shows a window of it that slides as the person
walks. Colours of walls and things are near those of clothes, on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sticc_lib.tracklets.walkers.appearance import PALETTE
from sticc_lib.tracklets.walkers.draw import Canvas

PANORAMA = 320
"""Width of a place, pixels; it joins up at its ends."""
FLOOR = 17
"""Height of the line between wall and floor above the lower edge, pixels."""
Color = tuple[float, float, float]


@dataclass(frozen=True)
class Thing:
    """Something that stands along a wall again and again. Sizes in pixels, from the floor line."""

    shape: str
    every: int
    half: float
    low: float
    high: float
    colors: tuple[Color, ...]


@dataclass(frozen=True)
class Place:
    wall: Color
    floor: Color
    things: tuple[Thing, ...]


GLASS, WOOD, STEEL = (0.66, 0.80, 0.86), (0.50, 0.36, 0.24), (0.45, 0.47, 0.50)
LEAVES = ((0.36, 0.55, 0.30), (0.29, 0.48, 0.29), (0.45, 0.60, 0.33))
POSTERS = tuple(PALETTE.values())
PLACES = {
    "street": Place((0.68, 0.53, 0.47), (0.63, 0.62, 0.62), (
        Thing("box", 9, 0.5, 0, 60, ((0.61, 0.46, 0.41),)),
        Thing("box", 46, 9, 14, 36, (GLASS, (0.30, 0.36, 0.44))),
        Thing("box", 97, 8, 0, 34, (WOOD, (0.20, 0.36, 0.34))),
        Thing("line", 8, 1, -9, -8, ((0.80, 0.79, 0.77),)))),
    "park": Place((0.72, 0.84, 0.90), (0.72, 0.70, 0.52), (
        Thing("ellipse", 34, 24, -4, 18, LEAVES),
        Thing("box", 53, 2.5, 0, 30, (WOOD,)),
        Thing("ellipse", 53, 15, 20, 50, LEAVES),
        Thing("line", 8, 1, -4, 1, (LEAVES[0],)))),
    "lobby": Place((0.86, 0.84, 0.80), (0.74, 0.72, 0.70), (
        Thing("box", 40, 16, 4, 42, (GLASS, (0.76, 0.86, 0.88))),
        Thing("box", 40, 1, 4, 42, (STEEL,)),
        Thing("box", 113, 7, 0, 12, POSTERS),
        Thing("box", 12, 0.5, -17, 0, ((0.66, 0.64, 0.62),)))),
    "plaza": Place((0.80, 0.72, 0.58), (0.82, 0.78, 0.70), (
        Thing("arch", 44, 12, 0, 32, ((0.44, 0.36, 0.30), (0.36, 0.32, 0.30))),
        Thing("box", 88, 5, 12, 34, POSTERS),
        Thing("line", 8, 1, -7, -6, ((0.72, 0.68, 0.60),)),
        Thing("line", 8, 1, -14, -13, ((0.72, 0.68, 0.60),)))),
}  # fmt: skip
UNSEEN_PLACES = {
    "station": Place((0.78, 0.82, 0.82), (0.50, 0.50, 0.53), (
        Thing("box", 6, 0.5, 0, 60, ((0.70, 0.75, 0.76),)),
        Thing("box", 50, 14, 12, 36, POSTERS),
        Thing("line", 8, 1, -12, -9, ((0.93, 0.78, 0.25),)))),
    "shops": Place((0.52, 0.50, 0.52), (0.68, 0.66, 0.62), (
        Thing("box", 54, 22, 4, 30, ((0.95, 0.90, 0.72), GLASS)),
        Thing("box", 54, 25, 31, 38, POSTERS),
        Thing("box", 27, 4, 5, 20, POSTERS))),
    "car park": Place((0.60, 0.61, 0.60), (0.44, 0.45, 0.46), (
        Thing("line", 8, 1, 8, 13, ((0.86, 0.70, 0.24),)),
        Thing("box", 62, 7, 0, 60, ((0.70, 0.70, 0.68),)),
        Thing("box", 31, 1, -17, -2, ((0.88, 0.88, 0.86),)))),
    "harbour": Place((0.64, 0.76, 0.86), (0.66, 0.56, 0.44), (
        Thing("line", 8, 1, 0, 12, ((0.30, 0.48, 0.60),)),
        Thing("box", 20, 1, 0, 14, (STEEL,)),
        Thing("line", 8, 1, 12, 14, (STEEL,)),
        Thing("box", 10, 0.5, -17, 0, ((0.58, 0.48, 0.37),)))),
}  # fmt: skip


class Eye(Protocol):
    """What a tracklet is painted for: a place, and what becomes of the drawing."""

    @property
    def panorama(self) -> np.ndarray:
        """float32 [3, H, PANORAMA], RGB in 0..1."""
        ...

    def record(self, image: np.ndarray) -> np.ndarray:
        """float32 [n, 3, H, W] to uint8 [n, H', W', 3]."""
        ...


@dataclass(frozen=True)
class Camera:
    """One camera. Arrays are float32.

    Attributes:
        number: as in the column `camera`.
        place: name of the place it looks at.
        panorama: [3, H, PANORAMA], RGB in 0..1.
        saturation: share of the colour that is kept, 0.7 to 1.05.
        tones: uint8 [3, 1024], level 0..1 in 1,023 steps to the recorded value: gain and gamma.
        soften: ([H, H], [W, W]): blur and loss of resolution, as matrices over rows and columns.
    """

    number: int
    place: str
    panorama: np.ndarray
    saturation: float
    tones: np.ndarray
    soften: tuple[np.ndarray, np.ndarray]

    def record(self, image: np.ndarray) -> np.ndarray:
        """What the camera makes of a drawing: float32 [n, 3, H, W] to uint8 [n, H, W, 3]."""
        down, across = self.soften
        image = np.matmul(np.matmul(down, image), across.T)
        grey = (image[:, :1] * 0.299 + image[:, 1:2] * 0.587) + image[:, 2:] * 0.114
        image = grey + np.float32(self.saturation) * (image - grey)
        level = (np.clip(image, 0, 1) * np.float32(1023) + np.float32(0.5)).astype(np.int16)
        return np.stack([self.tones[c][level[:, c]] for c in range(3)], axis=-1)


def camera(seed: int, number: int, unseen: bool, size: tuple[int, int]) -> Camera:
    """The camera with this number; it depends on nothing else that is drawn.

    Casts are mild (gain 0.84 to 1.14 a channel, gamma 0.85 to 1.2, saturation 0.7 to 1.05): under
    harsher ones small nets learned nothing.
    """
    rng = np.random.default_rng([seed, 11, int(unseen), number])
    places = UNSEEN_PLACES if unseen else PLACES
    place = list(places)[(number - 1) % len(places)]
    gain = rng.uniform(0.84, 1.14, 3)
    gamma = rng.uniform(0.85, 1.2)
    levels = np.linspace(0, 1, 1024)
    tones = np.clip(gain[:, None] * levels, 0, 1) ** gamma
    sharpness, blur = rng.uniform(0.62, 1.0), rng.uniform(0.0, 0.16)
    soften = _soften(size[0], sharpness, blur), _soften(size[1], sharpness, blur)
    return Camera(
        number, place, _panorama(places[place], rng, size[0]), float(rng.uniform(0.7, 1.05)),
        np.round(tones * 255).astype(np.uint8), soften,
    )  # fmt: skip


def _soften(length: int, sharpness: float, blur: float) -> np.ndarray:
    """Shrinks to `sharpness` of the length, back again, then a three-tap blur: one matrix."""
    small = max(2, round(length * sharpness))
    down = _triangle(length, small)
    taps = np.eye(length) * (1 - 2 * blur) + blur * (np.eye(length, k=1) + np.eye(length, k=-1))
    both = taps @ _triangle(small, length) @ down
    return (both / both.sum(1, keepdims=True)).astype(np.float32)


def resampling(source: int, target: int) -> np.ndarray:
    """Linear resampling as a matrix, float32 [target, source]."""
    return _triangle(source, target).astype(np.float32)


def _triangle(source: int, target: int) -> np.ndarray:
    """Linear resampling with antialiasing, float64 [target, source], rows sum to 1."""
    reach = max(1.0, source / target)
    center = (np.arange(target)[:, None] + 0.5) * source / target - 0.5
    weight = np.clip(1 - np.abs(np.arange(source)[None] - center) / reach, 0, None)
    return weight / weight.sum(1, keepdims=True)


def _panorama(place: Place, rng: np.random.Generator, height: int) -> np.ndarray:
    image = np.empty((1, 3, height, PANORAMA), np.float32)
    tint = rng.uniform(-0.06, 0.06, 3)
    image[...] = (np.array(place.wall) + tint)[None, :, None, None]
    image[:, :, height - FLOOR :] = (np.array(place.floor) + tint)[None, :, None, None]
    canvas = Canvas(image, 0.0, float(height - FLOOR), 1.0)
    for thing in place.things:
        # a whole number of things around, so that the ends meet
        count = max(1, PANORAMA // thing.every)
        shift = rng.uniform(0, thing.every)
        for k in range(count):
            color = np.array(thing.colors[rng.integers(len(thing.colors))], np.float32)
            x = (shift + k * PANORAMA / count) % PANORAMA
            sway = rng.uniform(0.85, 1.15) if thing.every > 20 else 1.0
            for wrapped in (x - PANORAMA, x, x + PANORAMA):
                _put(canvas, thing, wrapped, sway, color)
    return np.clip(image[0], 0, 1)


def _put(canvas: Canvas, thing: Thing, x: float, sway: float, color: np.ndarray) -> None:
    low, high, half = thing.low, thing.high * sway, thing.half * sway
    if thing.shape == "line":
        shape = canvas.box(PANORAMA / 2, low, high, PANORAMA)
    elif thing.shape == "ellipse":
        shape = canvas.ellipse(x, (low + high) / 2, half, (high - low) / 2)
    elif thing.shape == "arch":
        shape = canvas.profile(x, low, high, half, half, half, half * 0.92, half * 0.55)
    else:
        shape = canvas.box(x, low, high, half)
    canvas.paint(shape, color, ink=False)
