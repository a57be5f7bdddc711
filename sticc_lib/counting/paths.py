"""Where drawn people walk: in at the frame's border, through the scene, out, and in again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sticc_lib.counting.scenes import SceneConfig


@dataclass(frozen=True)
class Visit:
    """One stay of a person.

    Attributes:
        number: of all visits, from 0.
        person: from 0.
        turn: of the person's visits, from 1.
        first: first frame, from 0.
        foot: float [n, 2], x and y where the person stands, pixels.
        yaw, phase: float [n], radians, as `walkers.figure.Pose` has them.
    """

    number: int
    person: int
    turn: int
    first: int
    foot: np.ndarray
    yaw: np.ndarray
    phase: np.ndarray


def perspective(y: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Height in pixels of an average person whose feet are at row y: near is tall."""
    return size[0] * (0.08 + 0.17 * np.asarray(y, float) / size[0])


def visits(config: SceneConfig, rng: np.random.Generator) -> list[Visit]:
    """All visits of a scene. A fifth of them walk beside somebody who walks already."""
    found: list[Visit] = []
    last = round(config.seconds * config.fps)
    for person in range(config.persons):
        start = 0.0 if person < 2 else float(rng.uniform(0, 0.6 * config.seconds))
        for turn in range(1, 2 + int(rng.poisson(config.returns))):
            first = round(start * config.fps)
            if first >= last - config.fps:
                break
            mates = [v for v in found if v.first >= first and v.person != person]
            if mates and rng.random() < 0.2:
                mate = mates[int(rng.integers(len(mates)))]
                first, side = mate.first, rng.choice((-1, 1))
                side = side * perspective(mate.foot[:, 1], config.size)
                foot = mate.foot + np.stack([0.42 * side, 0.08 * side], axis=1)
            else:
                foot = _walk(rng, config)
            foot = foot[: last - first]
            if len(foot) < 4:
                break
            found.append(_stay(rng, len(found), person, turn, first, foot))
            start = (first + len(foot)) / config.fps + float(rng.uniform(*config.gap))
    return found


def _walk(rng: np.random.Generator, config: SceneConfig) -> np.ndarray:
    """From border to border over two to five places in the scene: float [n, 2]."""
    high, wide = config.size
    inside = [
        np.array([rng.uniform(0.15, 0.85) * wide, rng.uniform(0.45, 0.92) * high])
        for _ in range(int(rng.integers(2, 6)))
    ]
    corners = [_border(rng, config.size), *inside, _border(rng, config.size)]
    speed, points = float(rng.uniform(0.55, 0.85)), []
    here = corners[0]
    for goal in corners[1:]:
        while np.linalg.norm(goal - here) > 4:
            # heights a second; up and down the frame is foreshortened
            step = speed * perspective(here[1], config.size) / config.fps
            way = (goal - here) / np.linalg.norm(goal - here)
            here = here + way * step * np.array([1, 0.6])
            points.append(here)
            if len(points) > 90 * config.fps:
                break
    path = np.array(points)
    smooth = np.ones(5) / 5
    padded = np.pad(path, ((2, 2), (0, 0)), mode="edge")
    return np.stack([np.convolve(padded[:, k], smooth, "valid") for k in range(2)], axis=1)


def _border(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """A point just outside the left, right or lower edge."""
    high, wide = size
    side, y = rng.random(), rng.uniform(0.4, 0.95) * high
    if side < 0.4:
        return np.array([-0.06 * wide, y])
    if side < 0.8:
        return np.array([1.06 * wide, y])
    return np.array([rng.uniform(0.1, 0.9) * wide, 1.25 * high])


def _stay(
    rng: np.random.Generator, number: int, person: int, turn: int, first: int, foot: np.ndarray
) -> Visit:
    step = np.gradient(foot, axis=0) if len(foot) > 1 else np.ones_like(foot)
    yaw = np.arctan2(step[:, 0], step[:, 1] / 0.6)  # down the frame is towards the viewer
    pace = rng.uniform(0.75, 1.05)
    phase = rng.uniform(0, 2 * np.pi) + pace * np.arange(len(foot))
    return Visit(number, person, turn, first, foot, yaw, phase)
