"""One tracklet, staged and rendered: the walk, the box around it, others, and what hides.

Everything random comes from generators keyed by (seed, purpose, split, person, camera, repeat), so
that a picture depends on nothing else that is drawn with it. Everybody and everything stands in one
scene; what hides what is decided by depth, sample by sample.
"""

from __future__ import annotations

import numpy as np

from sticc_lib.tracklets.walkers.scene import LABELS, OCCLUDED, Film
from sticc_lib.tracklets.walkers3d import place
from sticc_lib.tracklets.walkers3d.cameras import Camera
from sticc_lib.tracklets.walkers3d.person import Person
from sticc_lib.tracklets.walkers3d.raster import Buffers, Posed, draw, project, shade
from sticc_lib.tracklets.walkers3d.resolve import resolve
from sticc_lib.tracklets.walkers3d.staging import (
    Actor,
    Stranger,
    boxes_of,
    cropped,
    occluders,
    passers,
    walk_of,
    walker,
)

SIZE = (128, 64)
"""Height and width of a frame, pixels."""
FINE = 2
"""Samples per pixel along each axis."""
TRIES, LEAST = 5, 0.2
"""CHOICE: a tracklet that shows less than this share of its person on average is staged again with
something else in front: nobody would have boxed it."""


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
    walk = walk_of(rng, camera, frames)
    target = walker(person, walk, LABELS["target visible"])
    behind = passers(rng, camera, walk, strangers)
    boxes = whole = boxes_of(rng, target, camera)
    if kind == "crop":
        boxes = cropped(front, boxes)
    cast = [target, *behind, *occluders(front, kind, walk, strangers)]
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
