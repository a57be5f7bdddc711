"""Cameras: where one stands, the place and the things it sees, the light there, its lens.

A camera stands above the origin, looks along +z and downwards; people walk before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sticc_lib.tracklets.walkers3d import place, props
from sticc_lib.tracklets.walkers3d.lens import Lens
from sticc_lib.tracklets.walkers3d.raster import Body, Posed, pose

THINGS = ("pole", "car", "bush", "bin", "tree")
"""What may stand in the background of any camera."""


@dataclass(frozen=True)
class Light:
    """Light on a scene.

    Attributes:
        numbers: float32 [9]: direction to the sun, its strength by channel, ambient by channel.
        way: float [2]: how far a shadow reaches along x and z, per metre of height.
        strength: of shadows, 0..1.
    """

    numbers: np.ndarray
    way: np.ndarray
    strength: float

    @property
    def ground(self) -> np.ndarray:
        """What the ground in the open receives, float32 [3]."""
        return self.numbers[6:] + self.numbers[1] * self.numbers[3:6]


@dataclass(frozen=True)
class Camera:
    """One camera.

    Attributes:
        number: as in the column `camera`.
        height: metres above the ground.
        view: float32 [3, 4], world to eye: x right, y down, z forward.
        near, far: metres between which people walk.
        sharpness: pixels that a metre at ten metres has in the video.
        place, light, lens: what it sees and records.
        things: rigid bodies in place, their (x, z), and the height that throws a shadow.
    """

    number: int
    height: float
    view: np.ndarray
    near: float
    far: float
    sharpness: float
    place: place.Place
    light: Light
    lens: Lens
    things: list[tuple[Body, Posed, tuple[float, float], float]]

    @property
    def eye(self) -> np.ndarray:
        """Where it is, float32 [3]."""
        return np.array([0, self.height, 0], np.float32)


def camera(seed: int, number: int, unseen: bool) -> Camera:
    """The camera with this number; it depends on nothing else that is drawn.

    CHOICE: 2.2 to 7 metres high, people 5 to 24 metres away, 40 to 110 pixels a metre at ten
    metres: from a door's camera to a high one over a square, such as PETS 2009 has.
    """
    rng = np.random.default_rng([seed, 12, int(unseen), number])
    height = float(rng.uniform(2.2, 7.0))
    near = float(rng.uniform(5.0, 9.0)) + 0.5 * height
    far = near + float(rng.uniform(4.0, 10.0))
    pitch = np.arctan2(height - 0.9, (near + far) / 2)
    forward = np.array([0, -np.sin(pitch), np.cos(pitch)])
    right = np.array([-1.0, 0, 0])
    turn = np.stack([right, np.cross(forward, right), forward])
    eye = np.array([0, height, 0])
    view = np.c_[turn, -turn @ eye].astype(np.float32)
    where = place.sample(rng, unseen)
    light = _light(rng)
    lens = Lens.sample(rng)
    sharpness = float(rng.uniform(40, 110))
    things = [_thing(rng, far, where.walls) for _ in range(int(rng.integers(4, 11)))]
    return Camera(number, height, view, near, far, sharpness, where, light, lens, things)


def put(body: Body, x: float, z: float, yaw: float) -> Posed:
    """A rigid body at a place, turned about the upright axis."""
    c, s = np.cos(yaw), np.sin(yaw)
    bones = np.array([[[c, 0, s, x], [0, 1, 0, 0], [-s, 0, c, z]]], np.float32)
    return pose(body, bones)


def _light(rng: np.random.Generator) -> Light:
    """From an overcast sky to a low sun."""
    sunny = rng.uniform(0.0, 1.0) ** 1.3
    high, around = rng.uniform(0.5, 1.25), rng.uniform(0, 2 * np.pi)
    toward = np.array([np.cos(high) * np.sin(around), np.sin(high), np.cos(high) * np.cos(around)])
    warm = np.array((1.0, 0.96, 0.90)) ** rng.uniform(0, 1.5)
    cool = np.array((0.96, 1.0, 1.04)) ** rng.uniform(0, 1.2)
    sun, ambient = (0.18 + 0.7 * sunny) * warm, (0.95 - 0.36 * sunny) * cool
    way = -toward[[0, 2]] / toward[1] * min(1.0, 1.6 * sunny)
    numbers = np.concatenate([toward, sun, ambient]).astype(np.float32)
    return Light(numbers, way, float(0.25 + 0.35 * sunny))


def _thing(rng: np.random.Generator, far: float, walls: np.ndarray
           ) -> tuple[Body, Posed, tuple[float, float], float]:  # fmt: skip
    """Something behind where people walk, and before the walls."""
    body = props.make(str(rng.choice(THINGS, p=(0.3, 0.22, 0.18, 0.12, 0.18))), rng)
    for _ in range(20):
        z = float(far + rng.uniform(1.5, 14))
        x = float(rng.uniform(-0.6, 0.6) * z)
        if all(wall[0] * x + wall[1] * z < wall[2] - 1.5 for wall in walls):
            break
    posed = put(body, x, z, rng.uniform(0, 2 * np.pi))
    return body, posed, (x, z), min(float(posed.positions[:, 1].max()), 3.0)
