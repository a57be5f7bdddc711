"""Textures of grounds and walls, made from noise: asphalt, paving, brick, grass, windows, hedges.

Colours are those of stone and leaves: dull ones.
"""

from __future__ import annotations

import numpy as np

SIZE = 256
"""Width and height of a texture, pixels; it repeats."""


def _noise(rng: np.random.Generator, coarse: int = 4) -> np.ndarray:
    """Repeating noise of several sizes, about -1..1, [SIZE, SIZE]."""
    total, size, share = np.zeros((SIZE, SIZE)), coarse, 1.0
    while size <= SIZE:
        grid = rng.normal(0, 1, (size, size))
        step = np.linspace(0, size, SIZE, endpoint=False)
        low, part = step.astype(int), step % 1
        part = part * part * (3 - 2 * part)
        rows = grid[low] * (1 - part[:, None]) + grid[(low + 1) % size] * part[:, None]
        total += share * (rows[:, low] * (1 - part) + rows[:, (low + 1) % size] * part)
        size, share = size * 2, share * 0.62
    return total / 2.2


def _tinted(value: np.ndarray, tint: np.ndarray) -> np.ndarray:
    return np.clip(value[:, :, None] * tint, 0.02, 1).astype(np.float32)


def _grey(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    return rng.uniform(low, high) * (1 + rng.normal(0, 0.025, 3))


def _joints(rows: int, columns: int, width: int, shifted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Lines between slabs, 0..1, and a number for each slab, both [SIZE, SIZE]."""
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    row = y * rows // SIZE
    x = (x + (row % 2) * (SIZE // columns // 2) * shifted) % SIZE
    column = x * columns // SIZE
    line = (y % (SIZE // rows) < width) | (x % (SIZE // columns) < width)
    return line.astype(float), row * columns + column


def _asphalt(rng: np.random.Generator) -> np.ndarray:
    grain = 1 + 0.06 * _noise(rng) + rng.normal(0, 0.07, (SIZE, SIZE))
    return _tinted(grain, _grey(rng, 0.28, 0.46))


def _concrete(rng: np.random.Generator) -> np.ndarray:
    line, _ = _joints(2, 2, 2, False)
    return _tinted((1 + 0.07 * _noise(rng)) * (1 - 0.2 * line), _grey(rng, 0.48, 0.66))


def _paving(rng: np.random.Generator, rows: int = 8, columns: int = 8) -> np.ndarray:
    line, number = _joints(rows, columns, 2, bool(rng.random() < 0.5))
    tone = rng.normal(0, 0.06, rows * columns)[number]
    warm = np.array((1.06, 1.0, 0.92)) ** rng.uniform(-0.3, 1.2)
    return _tinted(
        (1 + tone + 0.04 * _noise(rng)) * (1 - 0.25 * line), _grey(rng, 0.45, 0.62) * warm
    )


def _brick(rng: np.random.Generator) -> np.ndarray:
    line, number = _joints(32, 16, 1, True)
    tone = rng.normal(0, 0.08, 512)[number]
    red = np.array((1.22, 0.96, 0.84)) ** rng.uniform(0.3, 1.0)
    return _tinted((1 + tone + 0.05 * _noise(rng)) * (1 + 0.15 * line), _grey(rng, 0.36, 0.5) * red)


def _tiles(rng: np.random.Generator) -> np.ndarray:
    return 0.3 + 0.7 * _paving(rng, 4, 4)


def _grass(rng: np.random.Generator) -> np.ndarray:
    grain = 1 + 0.12 * _noise(rng, 8) + rng.normal(0, 0.10, (SIZE, SIZE))
    return _tinted(grain, rng.uniform(0.28, 0.4) * np.array((0.95, 1.08, 0.66)))


def _hedge(rng: np.random.Generator) -> np.ndarray:
    grain = 1 + 0.35 * _noise(rng, 16) + rng.normal(0, 0.18, (SIZE, SIZE))
    return _tinted(np.clip(grain, 0.2, 2), rng.uniform(0.16, 0.26) * np.array((0.85, 1.05, 0.62)))


def _windows(rng: np.random.Generator) -> np.ndarray:
    wall = _brick(rng) if rng.random() < 0.4 else _concrete(rng)
    rows, columns = int(rng.integers(2, 4)), int(rng.integers(2, 5))
    tall, wide = SIZE // rows, SIZE // columns
    for r in range(rows):
        for c in range(columns):
            y, x = r * tall + tall // 4, c * wide + wide // 4
            glass = rng.uniform(0.10, 0.42) * np.array((0.92, 1.0, 1.06))
            wall[y - 3 : y + tall // 2 + 3, x - 3 : x + wide // 2 + 3] *= rng.uniform(0.75, 1.3)
            wall[y : y + tall // 2, x : x + wide // 2] = glass
    return np.clip(wall, 0, 1)


def _glass(rng: np.random.Generator) -> np.ndarray:
    line, number = _joints(4, 8, 4, False)
    tone = rng.uniform(0.5, 1.4, 32)[number]
    pane = _tinted(tone * (1 + 0.15 * _noise(rng)), _grey(rng, 0.2, 0.4) * (0.95, 1.0, 1.04))
    return pane * (1 - line[:, :, None]) + line[:, :, None] * np.float32(rng.uniform(0.25, 0.6))


def _shops(rng: np.random.Generator) -> np.ndarray:
    wall = _concrete(rng)
    for c in range(2):
        x = c * 128 + 10
        wall[90:250, x : x + 108] = rng.uniform(0.15, 0.5) * np.array((1.04, 1.0, 0.95))
        for _ in range(7):
            a, b = x + int(rng.integers(0, 90)), int(rng.integers(110, 220))
            wall[b : b + 30, a : a + 14] = rng.uniform(0.2, 0.7, 3)
        wall[60:84, x : x + 108] = 0.5 * rng.uniform(0.2, 0.8, 3) + 0.25
    return wall.astype(np.float32)


MAKERS = {"asphalt": _asphalt, "paving": _paving, "concrete": _concrete, "grass": _grass,
          "brick": _brick, "tiles": _tiles, "windows": _windows, "glass": _glass, "hedge": _hedge,
          "shops": _shops}  # fmt: skip


def levels(texture: np.ndarray, count: int = 5) -> np.ndarray:
    """A texture in ever less detail, [count, SIZE, SIZE, 3]."""
    found = [texture.astype(np.float32)]
    for k in range(1, count):
        n = SIZE >> k
        small = texture.reshape(n, 1 << k, n, 1 << k, 3).mean((1, 3))
        found.append(np.repeat(np.repeat(small, 1 << k, 0), 1 << k, 1).astype(np.float32))
    return np.stack(found)
