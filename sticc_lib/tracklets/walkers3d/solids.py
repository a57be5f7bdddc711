"""Plain solids that things are made of: rounded boxes, ribbons, half discs, tubes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Solid:
    """Points float64 [V, 3] in metres, triangles int32 [F, 3], outward faces anticlockwise."""

    points: np.ndarray
    triangles: np.ndarray

    def joined(self, other: Solid) -> Solid:
        """Both as one."""
        return Solid(
            np.r_[self.points, other.points],
            np.r_[self.triangles, other.triangles + len(self.points)].astype(np.int32),
        )


def _grid(rows: int, columns: int, wrap: bool = False) -> np.ndarray:
    """Triangles over a grid of points, row by row."""
    across = columns if wrap else columns - 1
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(across), indexing="ij")
    a, b = i * columns + j, i * columns + (j + 1) % columns
    c, d = a + columns, b + columns
    halves = np.stack([np.stack([a, c, b], -1), np.stack([b, c, d], -1)], 2)
    return halves.reshape(-1, 3).astype(np.int32)


def blob(center: Sequence[float] | np.ndarray, half: Sequence[float] | np.ndarray, power: float,
         rows: int = 11, columns: int = 20) -> Solid:  # fmt: skip
    """A ball (power 2) to a box with rounded edges (power 8)."""
    up = np.linspace(np.pi / 2, -np.pi / 2, rows)[:, None]
    around = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None]
    way = np.stack([np.cos(up) * np.cos(around), np.sin(up) + 0 * around,
                    np.cos(up) * np.sin(-around)], -1)  # fmt: skip
    size = (np.abs(way) ** power).sum(-1, keepdims=True) ** (1 / power)
    points = np.asarray(center) + way / size * np.asarray(half)
    return Solid(points.reshape(-1, 3), _grid(rows, columns, wrap=True))


def ribbon(path: np.ndarray, across: np.ndarray, half: float) -> Solid:
    """A band along a path, [n, 3]; `across` is the way of its width, `half` of it in metres."""
    side = across / np.linalg.norm(across) * half
    points = np.stack([path - side, path + side], 1).reshape(-1, 3)
    return Solid(points, _grid(len(path), 2))


def fan(center: Sequence[float], half: Sequence[float], columns: int = 9) -> Solid:
    """Half a disc that reaches forward (+z): half sizes across, rise at its rim, forward."""
    around = np.linspace(0, np.pi, columns)
    rim = np.stack([np.cos(around) * half[0], np.sin(around) * half[1],
                    np.sin(around) * half[2]], -1)  # fmt: skip
    points = np.r_[np.zeros((1, 3)), rim] + np.asarray(center)
    k = np.arange(1, columns)
    return Solid(points, np.stack([0 * k, k, k + 1], 1).astype(np.int32))


def lathe(profile: Sequence[tuple[float, float]], columns: int = 14) -> Solid:
    """Turned around the y axis: pairs of radius and height, from the top down."""
    around = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    rings = [np.stack([r * np.cos(around), 0 * around + y, -r * np.sin(around)], -1)
             for r, y in profile]  # fmt: skip
    return Solid(np.concatenate(rings), _grid(len(rings), columns, wrap=True))


def loft(sections: Sequence[np.ndarray]) -> Solid:
    """A skin over closed outlines, [n, 3] each, from one end to the other, with lids."""
    count = len(sections[0])
    points = np.concatenate(sections)
    ends = []
    for start, turn in ((0, 1), (len(points) - count, -1)):
        k = np.arange(1, count - 1) + start
        ends.append(np.stack([0 * k + start, k, k + 1], 1)[:, ::turn])
    triangles = np.concatenate([_grid(len(sections), count, wrap=True), *ends])
    return Solid(points, triangles.astype(np.int32))
