"""Who walks where, what stands in the way, and the box that a detector would draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sticc_lib.tracklets.walkers.scene import LABELS
from sticc_lib.tracklets.walkers3d import props
from sticc_lib.tracklets.walkers3d.cameras import Camera, put
from sticc_lib.tracklets.walkers3d.person import Person
from sticc_lib.tracklets.walkers3d.raster import Body, Posed, pose, project

UNIT = np.array([0, 0, 1, 1], np.float32)
STRIDE = 1.45
"""Metres that a double step at full stride takes."""
Stranger = Callable[[int], Person]


@dataclass(frozen=True)
class Walk:
    """Where somebody is in each frame: metres and radians, float [T] each; pace 0..1."""

    x: np.ndarray
    z: np.ndarray
    yaw: np.ndarray
    phase: np.ndarray
    pace: float


@dataclass(frozen=True)
class Actor:
    """Somebody or something in the scene.

    Attributes:
        body: what it is.
        posed: in each frame.
        label: of LABELS.
        foot: float [T, 2], x and z of its shadow; height: metres of what throws it.
    """

    body: Body
    posed: list[Posed]
    label: int
    foot: np.ndarray
    height: float


def walk_of(rng: np.random.Generator, camera: Camera, frames: int) -> Walk:
    """A straight way through the view: towards, away, or across, as the drawn walkers go."""
    view = rng.choice((np.pi, 0.0, np.pi / 2, -np.pi / 2), p=(0.3, 0.3, 0.2, 0.2))
    yaw = view + rng.normal(0, 0.3) + rng.normal(0, 0.03, frames)
    pace = 0.05 if rng.random() < 0.08 else float(rng.uniform(0.75, 1.05))
    step = rng.uniform(0.6, 1.2)
    phase = rng.uniform(0, 2 * np.pi) + step * np.arange(frames)
    z = rng.uniform(camera.near, camera.far)
    x = rng.uniform(-0.22, 0.22) * z
    way = step / (2 * np.pi) * STRIDE * pace * (np.arange(frames) - (frames - 1) / 2)
    return Walk(x + way * np.sin(yaw[0]), z + way * np.cos(yaw[0]), yaw, phase, pace)


def walker(person: Person, walk: Walk, label: int) -> Actor:
    """A person on their way, soles on the ground."""
    bones = person.matrices(walk.phase, walk.pace)
    c, s = np.cos(walk.yaw), np.sin(walk.yaw)
    turn = np.zeros((len(c), 3, 3), np.float32)
    turn[:, 0, 0], turn[:, 0, 2], turn[:, 1, 1] = c, s, 1
    turn[:, 2, 0], turn[:, 2, 2] = -s, c
    moved = np.einsum("tij,tbjk->tbik", turn, bones).astype(np.float32)
    moved[:, :, 0, 3] += walk.x[:, None].astype(np.float32)
    moved[:, :, 2, 3] += walk.z[:, None].astype(np.float32)
    posed = [pose(person.body, np.ascontiguousarray(m)) for m in moved]
    for each in posed:
        each.positions[:, 1] -= each.positions[:, 1].min()
    return Actor(person.body, posed, label, np.stack([walk.x, walk.z], 1), person.height)


def passers(rng: np.random.Generator, camera: Camera, walk: Walk, strangers: Stranger
             ) -> list[Actor]:  # fmt: skip
    """People who pass behind; with a chance of 0.3, as single ones or two."""
    found = []
    for _ in range(int(rng.choice((0, 1, 2), p=(0.7, 0.22, 0.08)))):
        person = strangers(int(rng.integers(1 << 30)))
        other = walk_of(rng, camera, len(walk.x))
        middle = len(walk.x) // 2
        away = rng.uniform(1.2, 7.0)
        side = rng.uniform(-0.9, 0.9)
        shift_x = walk.x[middle] * (1 + away / walk.z[middle]) + side - other.x[middle]
        shift_z = walk.z[middle] + away - other.z[middle]
        moved = replace(other, x=other.x + shift_x, z=other.z + shift_z)
        found.append(walker(person, moved, LABELS["other person"]))
    return found


def occluders(rng: np.random.Generator, kind: str, walk: Walk, strangers: Stranger
               ) -> list[Actor]:  # fmt: skip
    """What stands or passes between the camera and the person."""
    if kind in ("none", "crop"):
        return []
    frames, middle = len(walk.x), len(walk.x) // 2
    gap = {"car": (1.3, 2.2), "walker": (0.6, 1.4)}.get(kind, (0.5, 1.3))
    reach = {"car": 1.9, "walker": 0.35, "bush": 0.6, "barrier": 0.6, "bin": 0.4}.get(kind, 0.25)
    share = 1 - rng.uniform(*gap) / walk.z[middle]
    x = walk.x[middle] * share + rng.uniform(-reach, reach)
    z = walk.z[middle] * share
    if kind == "walker" or kind == "umbrella":
        person = strangers(int(rng.integers(1 << 30)))
        yaw = rng.choice((np.pi / 2, -np.pi / 2, 0.0, np.pi)) + rng.normal(0, 0.3)
        way = rng.uniform(0.12, 0.3) * (np.arange(frames) - middle)
        drift = (walk.x - walk.x[middle]) * rng.uniform(0.3, 1.0)  # partly along with the person
        other = Walk(
            x + way * np.sin(yaw) * 0.6 + drift,
            z + way * np.cos(yaw) * 0.3,
            np.full(frames, yaw),
            rng.uniform(0, 6) + 0.9 * np.arange(frames),
            0.9,
        )
        found = [walker(person, other, LABELS["other person"])]
        if kind == "umbrella":
            body = props.make(kind, rng)
            posed = [put(body, other.x[t], other.z[t] - 0.15, 0.0) for t in range(frames)]
            foot = np.stack([other.x, other.z], 1)
            found.append(Actor(body, posed, LABELS["occluder"], foot, 0.0))
        return found
    body = props.make(kind, rng)
    toward = np.arctan2(x, z)
    yaw = toward + (
        rng.normal(0, 0.25) if kind in ("car", "sign", "barrier") else rng.uniform(0, 6)
    )
    posed = put(body, x, z, yaw)
    foot = np.tile([[x, z]], (frames, 1))
    tall = float(min(posed.positions[:, 1].max(), 2.5))
    return [Actor(body, [posed] * frames, LABELS["occluder"], foot, tall)]


def boxes_of(rng: np.random.Generator, target: Actor, camera: Camera) -> np.ndarray:
    """Boxes as a detector gives them, in the eye's plane at distance 1: x y w h, [T, 4]."""
    loose = rng.random() < 0.15  # a bad box: too wide, and off the person
    tall = rng.uniform(1.16, 1.38) if loose else rng.uniform(1.02, 1.13)
    slim, shift = rng.uniform(0.40, 0.50), rng.normal(0, 0.08 if loose else 0.03, 2)
    found = []
    for posed in target.posed:
        low, high = project(posed.positions, camera.view, UNIT)[1][:, :2]
        height = (high[1] - low[1]) * tall * (1 + rng.normal(0, 0.012))
        width = max(slim * height, (high[0] - low[0]) * 1.04)
        middle = (low + high) / 2 + (shift + rng.normal(0, 0.012, 2)) * height * (0.7, 0.5)
        found.append((middle[0] - width / 2, middle[1] - height / 2, width, height))
    return np.array(found)


def cropped(rng: np.random.Generator, boxes: np.ndarray) -> np.ndarray:
    """Boxes that hold only a part: without legs, without head, or half to the side."""
    part = rng.choice(("upper", "lower", "side"), p=(0.5, 0.25, 0.25))
    x, y, w, h = boxes.T
    wobble = rng.normal(0, 0.012, len(boxes)) * h
    if part == "side":
        return np.stack(
            [x + rng.choice((-1, 1)) * rng.uniform(0.22, 0.38) * w + wobble, y, w, h], 1
        )
    share = rng.uniform(0.52, 0.74)
    top = y + wobble if part == "upper" else y + (1 - share) * h + wobble
    middle, wide = x + w / 2, w * share**0.5
    return np.stack([middle - wide / 2, top, wide, h * share], 1)
