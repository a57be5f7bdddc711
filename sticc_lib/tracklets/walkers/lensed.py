"""Drawn walkers before the cameras of the rendered ones: the same lens, distance and light.

A control: what rendered people teach beyond these is owed to the third dimension, and not to
richer cameras.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sticc_lib.tracklets.walkers.cameras import camera as own_camera
from sticc_lib.tracklets.walkers.cameras import resampling

if TYPE_CHECKING:
    from sticc_lib.tracklets.walkers3d.cameras import Camera

SIZE = (128, 64)
"""Height and width of a recorded frame, pixels: as the rendered ones are."""
BOX = 1.85
"""Metres that a fitted box spans: a person of 1.72 m and a little room."""
LEAST = 24.0
"""Pixels below which no box is recorded; as for rendered people."""


@dataclass(frozen=True)
class Lensed:
    """A drawn place before a rendered people's camera, for one tracklet.

    Attributes:
        panorama: the drawn place, float32 [3, H, PANORAMA].
        eye: the camera.
        key: what names the tracklet to the random generators.
    """

    panorama: np.ndarray
    eye: Camera
    key: tuple[int, ...]

    def record(self, image: np.ndarray) -> np.ndarray:
        """What the camera makes of a drawing: float32 [n, 3, h, w] to uint8 [n, 128, 64, 3].

        CHOICE: a drawing is flat and has no normals, so it takes the ambient light and half of the
        sun, which is what an upright round body takes of it on average, give or take its height.
        """
        rng = np.random.default_rng([*self.key, 5])
        away = rng.uniform(self.eye.near, self.eye.far)
        tall = max(self.eye.sharpness * 10 * BOX / away, LEAST)
        light = self.eye.light.numbers
        lit = image * (light[6:] + light[3:6] / 2)[:, None, None]
        down, across = (resampling(n, m) for n, m in zip(image.shape[2:], SIZE, strict=True))
        large = np.clip(np.matmul(np.matmul(down, lit), across.T), 0, 1)
        frames = np.ascontiguousarray(large.transpose(0, 2, 3, 1), np.float32)
        return np.stack([self.eye.lens.record(frame, rng, tall) for frame in frames])


class Lenses:
    """The cameras of a set by number.

    Args:
        seed: of the set.
        count: how many.
        unseen: those that training never meets.
        size: of a drawing, (height, width).
    """

    def __init__(self, seed: int, count: int, unseen: bool, size: tuple[int, int]):
        from sticc_lib.tracklets.walkers3d.cameras import camera

        numbers = range(1, count + 1)
        self.places = {n: own_camera(seed, n, unseen, size).panorama for n in numbers}
        self.eyes = {n: camera(seed, n, unseen) for n in numbers}

    def at(self, number: int, key: list[int]) -> Lensed:
        """A camera as it records one tracklet."""
        return Lensed(self.places[number], self.eyes[number], tuple(key))
