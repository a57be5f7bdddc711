"""The rasteriser: antialiased shapes on a stack of small pictures, all frames at once.

A shape is its analytic coverage, clip(distance to the edge in pixels + 1/2, 0, 1), which is exactly
zero a pixel outside it; rows that no frame of the stack touches are skipped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Number = float | np.ndarray
"""A float, or one value a frame: float32 [n]."""


@dataclass(frozen=True)
class Shape:
    """Coverage 0..1 of one shape: float32 [n, h, W] over the picture rows `rows`."""

    rows: slice
    cover: np.ndarray


class Canvas:
    """n pictures under one pen, each with its own placement of the drawing's plane.

    Args:
        image: float32 [n, 3, H, W], RGB in 0..1; painted in place.
        center: column of x = 0, in pixels, [n].
        base: row of y = 0, in pixels, [n]; y points up.
        scale: pixels a unit, [n].
    """

    def __init__(self, image: np.ndarray, center: Number, base: Number, scale: Number):
        n, _, height, width = image.shape
        self.image = image
        self.scale = _frames(scale, n)
        columns = np.arange(width, dtype=np.float32) + 0.5
        rows = np.arange(height, dtype=np.float32) + 0.5
        self.x = (columns - _frames(center, n)[:, None]) / self.scale[:, None]
        self.y = (_frames(base, n)[:, None] - rows) / self.scale[:, None]
        self.ink = np.zeros((n, height, width), np.float32)
        """Union of everything painted with `ink`, coverage 0..1: the silhouette."""

    def capsule(self, ax: Number, ay: Number, bx: Number, by: Number, ra: Number, rb: Number
                ) -> Shape:  # fmt: skip
        """A limb: from (ax, ay) with radius ra to (bx, by) with radius rb."""
        ax, ay, bx, by, ra, rb = self._all(ax, ay, bx, by, ra, rb)
        thick = np.maximum(ra, rb)
        rows = self._rows(np.minimum(ay, by) - thick, np.maximum(ay, by) + thick)
        x, y = self.x[:, None, :] - _px(ax), self.y[:, rows, None] - _px(ay)
        dx, dy = _px(bx - ax), _px(by - ay)
        norm = 1 / (dx * dx + dy * dy + 1e-9)
        t = x * (dx * norm) + y * (dy * norm)
        _unit(t)
        px, py = x - t * dx, y - t * dy
        px *= px
        py *= py
        px += py
        np.sqrt(px, out=px)
        t *= _px(rb - ra)
        t += _px(ra)
        t -= px
        return Shape(rows, self._edge(t))

    def ellipse(self, x: Number, y: Number, rx: Number, ry: Number) -> Shape:
        """An upright ellipse; the edge is exact along its axes."""
        x, y, rx, ry = self._all(x, y, rx, ry)
        rows = self._rows(y - ry, y + ry)
        across = (self.x[:, None, :] - _px(x)) / _px(rx)
        up = (self.y[:, rows, None] - _px(y)) / _px(ry)
        q = across * across + up * up
        np.sqrt(q, out=q)
        np.subtract(1, q, out=q)
        q *= _px(np.minimum(rx, ry))
        return Shape(rows, self._edge(q))

    def profile(self, x: Number, low: Number, high: Number, *widths: Number) -> Shape:
        """A body upright around x: half widths at equal steps from `low` to `high`, joined."""
        x, low, high = self._all(x, low, high)
        rows = self._rows(low, high)
        y = self.y[:, rows]
        step = (y - low[:, None]) / (high - low)[:, None] * (len(widths) - 1)
        half = np.zeros_like(y)
        for number, width in enumerate(widths):
            weight = np.clip(1 - np.abs(np.clip(step, 0, len(widths) - 1) - number), 0, 1)
            half += weight * _frames(width, len(y))[:, None]
        across = half[:, :, None] - np.abs(self.x[:, None, :] - _px(x))
        return self.limit(Shape(rows, self._edge(across)), low, high)

    def box(self, x: Number, low: Number, high: Number, half: Number) -> Shape:
        """A rectangle, upright around x."""
        return self.profile(x, low, high, half, half)

    def limit(self, shape: Shape, low: Number = -np.inf, high: Number = np.inf) -> Shape:
        """The part of a shape between two heights."""
        low, high = self._all(low, high)
        y, scale = self.y[:, shape.rows], self.scale[:, None]
        inside = np.minimum((y - low[:, None]) * scale, (high[:, None] - y) * scale)
        shape.cover[...] *= np.clip(inside + 0.5, 0, 1)[:, :, None]
        return shape

    def bands(self, shape: Shape, low: Number, high: Number, count: float, width: float = 0.5,
              upright: bool = False) -> Shape:  # fmt: skip
        """The part of a shape that lies in `count` even bands between two places (x or y)."""
        low, high = self._all(low, high)
        place = self.x if upright else self.y[:, shape.rows]
        pitch = (high - low)[:, None] / count
        turn = (place - low[:, None]) / pitch
        off = np.abs(turn - np.floor(turn) - 0.5)
        cover = np.clip((width / 2 - off) * pitch * self.scale[:, None] + 0.5, 0, 1)
        cover = cover[:, None, :] if upright else cover[:, :, None]
        return Shape(shape.rows, shape.cover * cover)

    def beside(self, shape: Shape, x: Number) -> Shape:
        """The part of a shape to the right of x."""
        edge = (self.x - _frames(x, len(self.x))[:, None]) * self.scale[:, None] + 0.5
        return Shape(shape.rows, shape.cover * np.clip(edge, 0, 1)[:, None, :])

    def paint(
        self, shape: Shape, color: np.ndarray | tuple, opacity: float = 1.0, ink: bool = True
    ) -> None:
        """Lays a colour, RGB [3] in 0..1, on a shape; `ink` adds it to the silhouette."""
        part = self.image[:, :, shape.rows]
        tint = np.asarray(color, np.float32)[:, None, None]
        change = tint - part
        change *= (shape.cover if opacity == 1 else shape.cover * np.float32(opacity))[:, None]
        part += change
        if ink:
            held = self.ink[:, shape.rows]
            np.maximum(held, shape.cover, out=held)

    def _edge(self, inside: np.ndarray) -> np.ndarray:
        """Units inside the edge to coverage; works in place."""
        inside *= _px(self.scale)
        inside += 0.5
        return _unit(inside)

    def _rows(self, low: np.ndarray, high: np.ndarray) -> slice:
        margin = 1 / self.scale
        touched = (self.y >= (low - margin)[:, None]) & (self.y <= (high + margin)[:, None])
        rows = np.flatnonzero(touched.any(0))
        return slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) else slice(0, 0)

    def _all(self, *values: Number) -> list[np.ndarray]:
        return [_frames(value, len(self.image)) for value in values]


def _frames(value: Number, n: int) -> np.ndarray:
    """One float32 a frame."""
    filled = np.empty(n, np.float32)
    filled[...] = value
    return filled


def _px(value: np.ndarray) -> np.ndarray:
    """[n] to [n, 1, 1], against rows and columns."""
    return value[:, None, None]


def _unit(values: np.ndarray) -> np.ndarray:
    """Clips to 0..1 in place; half the cost of `np.clip` on arrays this small."""
    np.maximum(values, 0, out=values)
    return np.minimum(values, 1, out=values)
