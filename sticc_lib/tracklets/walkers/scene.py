"""One tracklet, staged and painted: place, passer-by, the person, what stands in front, camera.

Everything random comes from generators keyed by (seed, purpose, split, person, camera, repeat), so
that a picture depends on nothing else that is drawn with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sticc_lib.tracklets.walkers import appearance, figure, occluders
from sticc_lib.tracklets.walkers.appearance import Look
from sticc_lib.tracklets.walkers.cameras import PANORAMA, Eye
from sticc_lib.tracklets.walkers.draw import Canvas

LABELS = {"background": 0, "target visible": 1, "target hidden": 2, "occluder": 3,
          "other person": 4}  # fmt: skip
"""Values of the label maps. Hidden: the person is there, but something stands in front."""
SIZE = (64, 32)
"""Height and width of a drawn frame, pixels."""
OCCLUDED = 0.75
"""Share of the tracklets with something in front, as the anchors were set with."""
PERSON = 53.0
"""Height of an average person in a well fitted box, pixels."""


@dataclass(frozen=True)
class Film:
    """A painted tracklet.

    Attributes:
        pixels: uint8 [T, H, W, 3].
        labels: uint8 [T, H, W], values of LABELS.
        visibility: float [T], share of the person's pixels that show, 0..1. What a cropping box
            leaves outside the frame counts as hidden; a toe that lies outside any other does not.
        occlusion: kind of what hides the person, or `none`.
    """

    pixels: np.ndarray
    labels: np.ndarray
    visibility: np.ndarray
    occlusion: str


@dataclass(frozen=True)
class Staging:
    """Where the person stands in the frames, pixels, float32 [T] each."""

    center: np.ndarray
    base: np.ndarray
    scale: np.ndarray
    pose: figure.Pose


def film(look: Look, camera: Eye, key: list[int], frames: int, kinds: tuple[str, ...]) -> Film:
    """Paints one tracklet.

    Args:
        look: the person.
        camera: the camera.
        key: what names this tracklet to the random generators.
        frames: T.
        kinds: kinds of occluders that may appear (occluders.SEEN or UNSEEN). With the same key
            and other kinds, all but the occluder stays as it is.
    """
    rng = np.random.default_rng([*key, 1])
    stage = _stage(rng, frames, look.height)
    front = np.random.default_rng([*key, 2])
    # asked for first: whether something stands in front must not depend on the kinds there are
    hidden = front.random() < OCCLUDED
    occlusion = str(front.choice(kinds)) if hidden else "none"
    whole = stage
    if occlusion == "crop":
        stage = _crop(front, stage)
    image = _window(camera, rng, stage)
    behind = _clutter(image, rng, frames)
    _shadow(image, stage)
    canvas = Canvas(image, stage.center, stage.base, stage.scale * look.height)
    figure.draw(canvas, look, stage.pose)
    target = canvas.ink > 0.5
    thing, other = _occlude(image, front, occlusion, stage)
    area = target.sum((1, 2)).astype(np.float64)
    if occlusion == "crop":
        area = np.maximum(area, _area(look, whole) * (stage.scale / whole.scale) ** 2)
    labels = _labels(target, behind > 0.5, thing > 0.5, other > 0.5)
    shown = (labels == LABELS["target visible"]).sum((1, 2))
    visibility = np.minimum(shown / np.maximum(area, 1), 1)
    return Film(camera.record(image), labels, np.round(visibility, 4), occlusion)


def _stage(rng: np.random.Generator, frames: int, height: float) -> Staging:
    """A walk through the box: view, gait, and how well the box fits."""
    view = rng.choice((0.0, np.pi, np.pi / 2, -np.pi / 2), p=(0.3, 0.3, 0.2, 0.2))
    yaw = view + rng.normal(0, 0.22) + rng.normal(0, 0.03, frames)
    phase = rng.uniform(0, 2 * np.pi) + rng.uniform(0.7, 1.1) * np.arange(frames)
    loose = rng.random() < 0.15  # a bad box: too wide, and off the person
    scale = PERSON * (rng.uniform(0.74, 0.86) if loose else rng.uniform(0.94, 1.04))
    shift = rng.normal(0, 2.6 if loose else 1.2) + rng.normal(0, 0.6, frames)
    rise = rng.uniform(0.2, 0.8 if loose else 0.6)
    room = SIZE[0] - scale * height
    base = SIZE[0] - np.clip(rise * room, 1.5, None) + rng.normal(0, 0.5, frames)
    scales = scale * (1 + rng.normal(0, 0.012, frames))
    pose = figure.Pose(yaw.astype(np.float32), phase.astype(np.float32))
    center, base, scales = np.stack([SIZE[1] / 2 + shift, base, scales]).astype(np.float32)
    return Staging(center, base, scales, pose)


def _crop(rng: np.random.Generator, stage: Staging) -> Staging:
    """A box that holds only a part: without legs, without head, or half to the side."""
    part = rng.choice(("upper", "lower", "side"), p=(0.5, 0.25, 0.25))
    frames = len(stage.base)
    wobble = rng.normal(0, 0.7, frames).astype(np.float32)
    if part == "side":
        off = np.float32(rng.uniform(7, 12) * rng.choice((-1, 1)))
        return Staging(stage.center + off + wobble, stage.base, stage.scale, stage.pose)
    zoom = np.float32(rng.uniform(1.35, 1.90))
    center = SIZE[1] / 2 + (stage.center - SIZE[1] / 2) * zoom
    scale = stage.scale * zoom
    head = np.float32(rng.uniform(2, 5))
    base = head + scale if part == "upper" else SIZE[0] - head
    return Staging(center, (base + wobble).astype(np.float32), scale, stage.pose)


def _window(camera: Eye, rng: np.random.Generator, stage: Staging) -> np.ndarray:
    """The part of the camera's place behind the box: float32 [T, 3, H, W]."""
    start, speed = rng.uniform(0, PANORAMA), rng.uniform(0.5, 3.0)
    slide = start + speed * np.sin(stage.pose.yaw[0]) * np.arange(len(stage.base))
    zoom = (stage.scale / PERSON)[:, None]
    columns = slide[:, None] + (np.arange(SIZE[1]) - stage.center[:, None]) / zoom
    rows = SIZE[0] - 4 - (stage.base[:, None] - np.arange(SIZE[0])) / zoom
    columns = np.floor(columns).astype(np.int64) % PANORAMA
    rows = np.clip(np.floor(rows).astype(np.int64), 0, SIZE[0] - 1)
    picked = camera.panorama[:, rows[:, :, None], columns[:, None, :]]
    return np.ascontiguousarray(picked.transpose(1, 0, 2, 3))


def _clutter(image: np.ndarray, rng: np.random.Generator, frames: int) -> np.ndarray:
    """Things and sometimes a passer-by behind the person; the ink of the passer-by."""
    canvas = Canvas(image, SIZE[1] / 2, float(SIZE[0]), 1.0)
    for _ in range(int(rng.integers(0, 4))):
        x, low = occluders.drift(rng, frames, 16, 8), rng.uniform(2, 36)
        color = occluders.CLOTHES[rng.integers(10)] * 0.9
        high, half = low + rng.uniform(6, 22), rng.uniform(2, 5)
        canvas.paint(canvas.box(x, low, high, half), color, ink=False)
    if rng.random() >= 0.25:
        return canvas.ink
    side = occluders.drift(rng, frames, 14, 12)
    scale = PERSON * rng.uniform(0.62, 0.85)
    return _stranger(image, rng, side, SIZE[0] - rng.uniform(9, 15), scale)


def _shadow(image: np.ndarray, stage: Staging) -> None:
    canvas = Canvas(image, stage.center, stage.base, stage.scale)
    canvas.paint(canvas.ellipse(0.0, 0.006, 0.17, 0.022), (0.08, 0.08, 0.12), 0.28, ink=False)


def _occlude(image: np.ndarray, rng: np.random.Generator, kind: str, stage: Staging
             ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Paints what stands in front; ink of things, and of other people, [T, H, W] each."""
    nothing = np.zeros(image.shape[:1] + image.shape[2:], np.float32)
    if kind in ("none", "crop"):
        return nothing, nothing
    if kind == "walker":
        side = occluders.drift(rng, len(image), 9, 22)
        scale = PERSON * rng.uniform(1.0, 1.15)
        base = SIZE[0] + rng.uniform(-1, 4)
        return nothing, _stranger(image, rng, side, base, scale)
    canvas = Canvas(image, SIZE[1] / 2, float(SIZE[0]), 1.0)
    occluders.THINGS[kind](canvas, rng)
    return canvas.ink, nothing


def _stranger(image: np.ndarray, rng: np.random.Generator, side: np.ndarray, base: float,
              scale: float) -> np.ndarray:  # fmt: skip
    """Someone else, dressed like any person; their ink."""
    look = appearance.sample(rng)
    pose = _stage(rng, len(image), look.height).pose
    canvas = Canvas(image, SIZE[1] / 2 + side, base, scale * look.height)
    figure.draw(canvas, look, pose)
    return canvas.ink


def _area(look: Look, stage: Staging) -> np.ndarray:
    """Pixels of the whole person in a box that holds all of it, [T]."""
    image = np.zeros((len(stage.base), 3, 72, 64), np.float32)
    canvas = Canvas(image, 32.0, 66.0, stage.scale * look.height)
    figure.draw(canvas, look, stage.pose)
    return (canvas.ink > 0.5).sum((1, 2)).astype(np.float64)


def _labels(target: np.ndarray, behind: np.ndarray, thing: np.ndarray, other: np.ndarray
            ) -> np.ndarray:  # fmt: skip
    """Label maps, uint8 [T, H, W]. The passer-by stands behind the person, the rest in front."""
    labels = np.where(behind, LABELS["other person"], LABELS["background"]).astype(np.uint8)
    labels[thing] = LABELS["occluder"]
    labels[other] = LABELS["other person"]
    labels[target] = LABELS["target visible"]
    labels[target & (thing | other)] = LABELS["target hidden"]
    return labels
