"""Painting drawn scenes: a person's layer in each frame, and layers put together far to near."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sticc_lib.counting.paths import Visit, perspective
from sticc_lib.tracklets.walkers import appearance, figure
from sticc_lib.tracklets.walkers.draw import Canvas

CHUNK = 12
"""Frames painted at once; who paints them has one middle view."""


@dataclass(frozen=True)
class Layer:
    """One thing in one frame.

    Attributes:
        depth: row of its foot; what stands lower is nearer.
        color: float32 [3, h, w], RGB in 0..1 times cover.
        cover: float32 [h, w], 0..1.
        left, top: where it lies in the frame, pixels.
        visit: whose it is; None for a thing.
    """

    depth: float
    color: np.ndarray
    cover: np.ndarray
    left: int
    top: int
    visit: Visit | None = None


def layers(visit: Visit, look: appearance.Look, size: tuple[int, int]) -> Iterator[Layer]:
    """A visit, frame after frame; lit a little more to the right of the place."""
    for start in range(0, len(visit.foot), CHUNK):
        part = slice(start, start + CHUNK)
        foot = visit.foot[part]
        scale = perspective(foot[:, 1], size).astype(np.float32)
        tall, wide = int(scale.max() * 1.2) + 6, int(scale.max() * 0.9) + 6
        left = np.floor(foot[:, 0] - wide / 2).astype(int)
        top = np.floor(foot[:, 1] - tall + 4).astype(int)
        image = np.zeros((len(foot), 3, tall, wide), np.float32)
        canvas = Canvas(image, foot[:, 0] - left, foot[:, 1] - top, scale * look.height)
        pose = figure.Pose(visit.yaw[part].astype(np.float32), visit.phase[part].astype(np.float32))
        figure.draw(canvas, look, pose)
        light = np.float32(0.8) + np.float32(0.35) * np.clip(foot[:, 0] / size[1], 0, 1)
        for n, bright in enumerate(light.astype(np.float32)):
            yield Layer(
                foot[n, 1], image[n] * bright, canvas.ink[n], int(left[n]), int(top[n]), visit
            )


def poles(rng: np.random.Generator, size: tuple[int, int]) -> list[Layer]:
    """One or two upright things that people walk behind."""
    found = []
    for left in rng.integers(size[1] // 5, 4 * size[1] // 5, int(rng.integers(1, 3))):
        foot, wide = float(rng.uniform(0.6, 0.9) * size[0]), int(rng.integers(6, 14))
        cover = np.ones((int(foot), wide), np.float32)
        found.append(Layer(foot, np.repeat(0.3 * cover[None], 3, axis=0), cover, int(left), 0))
    return found


def compose(image: np.ndarray, parts: list[Layer]) -> tuple[np.ndarray, pd.DataFrame]:
    """Layers over a background, from far to near, and how much of each person shows.

    Args:
        image: float32 [3, H, W]; painted in place.
        parts: in any order.

    Returns:
        The image, and a row a person: `person`, `visit` (text), `x y w h` of the whole silhouette
        (pixels), `shown` (share of it in the frame and in front, 0..1).
    """
    owner = np.full(image.shape[1:], -1)
    rows, numbers, areas = [], [], []
    for layer in sorted(parts, key=lambda p: p.depth):
        inside = layer.cover > 0.5
        if layer.visit is not None:
            ys, xs = np.nonzero(inside)
            box = (layer.left + xs.min(), layer.top + ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1)
            name = f"P{layer.visit.person:02d}"
            rows.append((name, f"{name}.{layer.visit.turn}", *box))
            numbers.append(layer.visit.number)
            areas.append(len(xs))
        _lay(image, owner, layer, inside)
    table = pd.DataFrame(rows, columns=["person", "visit", "x", "y", "w", "h"])
    shown = np.array([(owner == n).sum() for n in numbers], float)
    return image, table.assign(shown=shown / np.maximum(np.array(areas, float), 1))


def _lay(image: np.ndarray, owner: np.ndarray, layer: Layer, inside: np.ndarray) -> None:
    """Paints one layer where it lies in the frame, and notes whose these pixels are now."""
    high, wide = image.shape[1:]
    tall, broad = layer.cover.shape
    rows = slice(max(layer.top, 0), min(layer.top + tall, high))
    columns = slice(max(layer.left, 0), min(layer.left + broad, wide))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    cut = (slice(rows.start - layer.top, rows.stop - layer.top),
           slice(columns.start - layer.left, columns.stop - layer.left))  # fmt: skip
    under = image[:, rows, columns]
    under[...] = under * (1 - layer.cover[cut]) + layer.color[:, cut[0], cut[1]]
    owner[rows, columns][inside[cut]] = -1 if layer.visit is None else layer.visit.number


def background(panorama: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A camera's place (cameras.Camera.panorama), spread over the frame: float32 [3, H, W]."""
    high, wide = size
    far = high // 4
    wall = panorama[:, :47][:, np.arange(far) * 47 // far]
    floor = panorama[:, 47:][:, np.arange(high - far) * 17 // (high - far)]
    whole = np.concatenate([wall, floor], axis=1)
    return whole[:, :, np.arange(wide) * panorama.shape[2] // wide].astype(np.float32)
