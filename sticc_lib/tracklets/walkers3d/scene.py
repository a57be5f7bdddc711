"""One tracklet, staged and rendered: the walk, the box around it, others, and what hides.

Everything random comes from generators keyed by (seed, purpose, split, person, camera, repeat), so
that a picture depends on nothing else that is drawn with it. Everybody and everything stands in one
scene; what hides what is decided by depth, sample by sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sticc_lib.tracklets.walkers.scene import LABELS, OCCLUDED, Film
from sticc_lib.tracklets.walkers3d import place, props
from sticc_lib.tracklets.walkers3d.cameras import Camera, put
from sticc_lib.tracklets.walkers3d.person import Person
from sticc_lib.tracklets.walkers3d.raster import Body, Buffers, Posed, draw, pose, project, shade
from sticc_lib.tracklets.walkers3d.resolve import resolve

SIZE = (128, 64)
"""Height and width of a frame, pixels."""
FINE = 2
"""Samples per pixel along each axis."""
UNIT = np.array([0, 0, 1, 1], np.float32)
STRIDE = 1.45
"""Metres that a double step at full stride takes."""
TRIES, LEAST = 5, 0.15
"""CHOICE: a tracklet that shows less than this share of its person is staged again with something
else in front: nobody would have boxed it. The least of the drawn walkers is about that."""
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


def film(person: Person, camera: Camera, key: list[int], frames: int, kinds: tuple[str, ...],
         strangers: Stranger) -> Film:  # fmt: skip
    """Renders one tracklet.

    Args:
        person: the person.
        camera: the camera.
        key: what names this tracklet to the random generators.
        frames: T.
        kinds: kinds of occluders that may appear (props.SEEN or UNSEEN). With the same key and
            other kinds, all but the occluder stays as it is.
        strangers: other people by number.

    Returns:
        pixels uint8 [T, 128, 64, 3], labels uint8 [T, 128, 64], visibility float [T], kind.
    """
    for attempt in range(TRIES):
        made = _try(person, camera, key, attempt, frames, kinds, strangers)
        if made.visibility.mean() >= LEAST:
            break
    return made


def _try(person: Person, camera: Camera, key: list[int], attempt: int, frames: int,
         kinds: tuple[str, ...], strangers: Stranger) -> Film:  # fmt: skip
    rng = np.random.default_rng([*key, 1])
    front = np.random.default_rng([*key, 2])
    hidden = front.random() < OCCLUDED
    front = np.random.default_rng([*key, 4, attempt])
    kind = str(front.choice(kinds)) if hidden else "none"
    walk = _walk(rng, camera, frames)
    target = _walker(person, walk, LABELS["target visible"])
    behind = _passers(rng, camera, walk, strangers)
    boxes = whole = _boxes(rng, target, camera)
    if kind == "crop":
        boxes = _crop(front, boxes)
    cast = [target, *behind, *_occluders(front, kind, walk, strangers)]
    return _shoot(camera, cast, boxes, whole, kind, np.random.default_rng([*key, 3]))


def _shoot(camera: Camera, cast: list[Actor], boxes: np.ndarray, whole: np.ndarray, kind: str,
           noise: np.random.Generator) -> Film:  # fmt: skip
    """Every frame; `whole` are boxes that hold all of the person, who comes first in the cast."""
    frames = len(boxes)
    pixels = np.empty((frames, *SIZE, 3), np.uint8)
    labels = np.empty((frames, *SIZE), np.uint8)
    visibility = np.empty(frames)
    work = Buffers.empty(SIZE[0] * FINE, SIZE[1] * FINE)
    for t in range(frames):
        image, labels[t], area = _picture(work, camera, cast, boxes[t], t)
        if kind == "crop":
            area = max(area, _area(work, camera, cast[0], whole[t], t) * _zoom(whole[t], boxes[t]))
        shown = (labels[t] == LABELS["target visible"]).sum()
        visibility[t] = min(shown / max(area, 1), 1)
        tall = camera.sharpness * 10 * boxes[t][3]  # pixels of the box in the video
        pixels[t] = camera.lens.record(image, noise, max(tall, 24.0))
    return Film(pixels, labels, np.round(visibility, 4), kind)


def _walk(rng: np.random.Generator, camera: Camera, frames: int) -> Walk:
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


def _walker(person: Person, walk: Walk, label: int) -> Actor:
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


def _passers(rng: np.random.Generator, camera: Camera, walk: Walk, strangers: Stranger
             ) -> list[Actor]:  # fmt: skip
    """People who pass behind; with a chance of 0.3, as single ones or two."""
    found = []
    for _ in range(int(rng.choice((0, 1, 2), p=(0.7, 0.22, 0.08)))):
        person = strangers(int(rng.integers(1 << 30)))
        other = _walk(rng, camera, len(walk.x))
        middle = len(walk.x) // 2
        away = rng.uniform(1.2, 7.0)
        side = rng.uniform(-0.9, 0.9)
        shift_x = walk.x[middle] * (1 + away / walk.z[middle]) + side - other.x[middle]
        shift_z = walk.z[middle] + away - other.z[middle]
        moved = replace(other, x=other.x + shift_x, z=other.z + shift_z)
        found.append(_walker(person, moved, LABELS["other person"]))
    return found


def _occluders(rng: np.random.Generator, kind: str, walk: Walk, strangers: Stranger
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
        other = Walk(x + way * np.sin(yaw) * 0.6 + drift, z + way * np.cos(yaw) * 0.3,
                     np.full(frames, yaw), rng.uniform(0, 6) + 0.9 * np.arange(frames), 0.9)  # fmt: skip
        found = [_walker(person, other, LABELS["other person"])]
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


def _boxes(rng: np.random.Generator, target: Actor, camera: Camera) -> np.ndarray:
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


def _crop(rng: np.random.Generator, boxes: np.ndarray) -> np.ndarray:
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


def _zoom(whole: np.ndarray, box: np.ndarray) -> float:
    """Pixels of `box` for one of `whole`."""
    return float(whole[2] * whole[3] / (box[2] * box[3]))


def _window(box: np.ndarray, fine: int) -> np.ndarray:
    x, y, w, h = box
    return np.array([x, y, SIZE[1] * fine / w, SIZE[0] * fine / h], np.float32)


def _seen(posed: Posed, camera: Camera, window: np.ndarray) -> np.ndarray | None:
    """Projected vertices, or None where none can be in the picture."""
    seen, (low, high) = project(posed.positions, camera.view, window)
    outside = high[0] < 0 or high[1] < 0 or low[0] > SIZE[1] * FINE or low[1] > SIZE[0] * FINE
    return None if outside or high[2] < 0.3 else seen


def _area(work: Buffers, camera: Camera, target: Actor, box: np.ndarray, t: int) -> float:
    """Pixels of the target in a box that holds all of it."""
    work.clear()
    seen = _seen(target.posed[t], camera, _window(box, FINE))
    if seen is not None:
        draw(work, target.body, seen, 1)
    return float((work.owner == 1).sum() / FINE**2)


def _picture(work: Buffers, camera: Camera, actors: list[Actor], box: np.ndarray, t: int
             ) -> tuple[np.ndarray, np.ndarray, float]:  # fmt: skip
    """One frame: colours float32 [H, W, 3], labels uint8 [H, W], and the target's pixels."""
    work.clear()
    window = _window(box, FINE)
    cast = [(a.body, a.posed[t], a.label) for a in actors]
    cast += [(body, posed, LABELS["background"]) for body, posed, _, _ in camera.things]
    drawn, cover = [], np.zeros(work.owner.shape, bool)
    for number, (body, posed, label) in enumerate(cast, 1):
        seen = _seen(posed, camera, window)
        if seen is None:
            continue
        draw(work, body, seen, number)
        drawn.append((number, body, posed, label))
        if number == 1:  # alone so far: all that would show with nothing in front
            cover = work.owner == 1
    names = np.zeros(len(cast) + 1, np.uint8)
    for number, body, posed, label in drawn:
        names[number] = label
        shade(work, body, posed, number, camera.eye, camera.light.numbers)
    back = np.empty((*SIZE, 3), np.float32)
    where = camera.place
    place.paint(back, camera.eye, camera.view[:, :3].copy(), _window(box, 1), where.textures,
                where.scale, where.walls, where.stripe, where.stripe_color, where.sky,
                _shadows(camera, actors, t), camera.light.ground)  # fmt: skip
    return resolve(work.owner, work.color, back, names, cover)


def _shadows(camera: Camera, actors: list[Actor], t: int) -> np.ndarray:
    """A cast shadow each, and the dark spot where feet meet the ground; see place.paint."""
    rows, light = [], camera.light
    spots = [(a.foot[t], a.height) for a in actors if a.height > 0]
    spots += [(np.array(at), tall) for _, _, at, tall in camera.things]
    for (x, z), tall in spots:
        rows.append((x, z, *(0.9 * tall * light.way), 0.22, light.strength))
        rows.append((x, z, 0.0, 0.42, 0.30, 0.35))
    return np.array(rows, np.float32).reshape(-1, 6)
