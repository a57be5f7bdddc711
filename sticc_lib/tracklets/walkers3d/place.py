"""The places that cameras look at: a ground, walls with windows, hedges and glass, a sky.

Grounds and walls are planes with textures made from noise; a ray through each pixel finds what it
meets. Colours are those of stone, asphalt and leaves: dull ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

SIZE = 256
"""Width and height of a texture, pixels; it repeats."""
GROUNDS = ("asphalt", "paving", "concrete", "grass", "brick", "tiles")
WALLS = ("windows", "brick", "glass", "hedge", "shops", "concrete")


@dataclass(frozen=True)
class Place:
    """One place. Metres; the camera stands above the origin and looks along +z.

    Attributes:
        textures: float32 [3, LEVELS, SIZE, SIZE, 3], of the ground and the two walls, each halved
            in detail from level to level.
        scale: float32 [3], metres that a texture spans.
        walls: float32 [2, 4]: normal x and z, distance along it, height.
        stripe: float32 [4]: a path or road along the ground: normal x and z, where, half width.
        stripe_color: float32 [3].
        sky: float32 [3].
        shadow: float32 [2], way of cast shadows, metres per metre of height; strength: 0..1.
    """

    textures: np.ndarray
    scale: np.ndarray
    walls: np.ndarray
    stripe: np.ndarray
    stripe_color: np.ndarray
    sky: np.ndarray


def sample(rng: np.random.Generator, unseen: bool) -> Place:
    """A place at random; unseen ones have other grounds and walls, and another cast."""
    grounds = GROUNDS[3:] if unseen else GROUNDS[:5]
    walls = WALLS[3:] if unseen else WALLS[:4]
    ground, first = str(rng.choice(grounds)), str(rng.choice(walls))
    second = str(rng.choice(walls))
    textures = np.stack([_levels(MAKERS[name](rng)) for name in (ground, first, second)])
    angle, side = rng.normal(0, 0.3), rng.choice((-1.0, 1.0))
    back = [np.sin(angle), np.cos(angle), rng.uniform(16, 40), rng.uniform(4, 14)]
    flank = [side * np.cos(angle), -side * np.sin(angle), rng.uniform(5, 14), rng.uniform(2, 9)]
    way = rng.uniform(0, np.pi)
    return Place(
        textures, np.array([rng.uniform(2.0, 4.0), 8.0, 8.0], np.float32),
        np.array([back, flank], np.float32),
        np.array([np.sin(way), np.cos(way), rng.uniform(4, 20), rng.uniform(0.1, 2.5)], np.float32),
        (rng.uniform(0.30, 0.75) + rng.normal(0, 0.02, 3)).astype(np.float32),
        (rng.uniform(0.65, 0.95) * np.array((0.92, 0.97, 1.0))).astype(np.float32),
    )  # fmt: skip


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


def _levels(texture: np.ndarray, count: int = 5) -> np.ndarray:
    """A texture in ever less detail, [count, SIZE, SIZE, 3]."""
    found = [texture.astype(np.float32)]
    for k in range(1, count):
        n = SIZE >> k
        small = texture.reshape(n, 1 << k, n, 1 << k, 3).mean((1, 3))
        found.append(np.repeat(np.repeat(small, 1 << k, 0), 1 << k, 1).astype(np.float32))
    return np.stack(found)


@njit(cache=True, nogil=True, error_model="numpy")
def paint(
    image, eye, turn, window, textures, scale, walls, stripe, stripe_color, sky, spots, light
):
    """Fills a picture with the place.  # pragma: no cover

    Args:
        image: float32 [H, W, 3], filled.
        eye: float32 [3]; turn: float32 [3, 3], world to eye.
        window: float32 [4] of raster.project, in pixels of this picture.
        textures, scale, walls, stripe, stripe_color, sky: of Place.
        spots: float32 [n, 6], cast shadows: foot x and z, way x and z (its length that of the
            shadow), half width, strength.
        light: float32 [3], what lies in the open receives, by channel.
    """
    height, width = image.shape[:2]
    for row in range(height):
        py = (row + 0.5) / window[3] + window[1]
        for column in range(width):
            px = (column + 0.5) / window[2] + window[0]
            dx = turn[0, 0] * px + turn[1, 0] * py + turn[2, 0]
            dy = turn[0, 1] * px + turn[1, 1] * py + turn[2, 1]
            dz = turn[0, 2] * px + turn[1, 2] * py + turn[2, 2]
            best, which, u, v = np.float32(300.0), -1, np.float32(0), np.float32(0)
            if dy < -1e-6 and -eye[1] / dy < best:
                best, which = -eye[1] / dy, 0
                u, v = eye[0] + best * dx, eye[2] + best * dz
            for k in range(2):
                nx, nz = walls[k, 0], walls[k, 1]
                toward = nx * dx + nz * dz
                if toward < 1e-6:
                    continue
                t = (walls[k, 2] - nx * eye[0] - nz * eye[2]) / toward
                y = eye[1] + t * dy
                if 0 < t < best and 0 <= y < walls[k, 3]:
                    best, which = t, k + 1
                    u, v = nz * (eye[0] + t * dx) - nx * (eye[2] + t * dz), -y
            if which < 0:
                for c in range(3):
                    image[row, column, c] = sky[c] * (
                        1 - np.float32(0.25) * min(np.float32(1), max(np.float32(0), dy))
                    )
                continue
            span = scale[which]
            foot = best / window[3] / span * 256
            if which == 0:
                foot *= 1 / max(np.float32(0.15), -dy)
            level = 0
            while level < 4 and foot > 1.41:
                level, foot = level + 1, foot * np.float32(0.5)
            a, b = int(v / span * 256) % 256, int(u / span * 256) % 256
            shade = np.float32(1)
            on_stripe = which == 0 and abs(stripe[0] * u + stripe[1] * v - stripe[2]) < stripe[3]
            if which == 0:
                for s in range(len(spots)):
                    ox, oz = u - spots[s, 0], v - spots[s, 1]
                    if abs(ox) > 6 or abs(oz) > 6:
                        continue
                    length = np.sqrt(spots[s, 2] ** 2 + spots[s, 3] ** 2) + np.float32(1e-6)
                    ex, ez = spots[s, 2] / length, spots[s, 3] / length
                    along = (ox * ex + oz * ez) / length - np.float32(0.45)
                    across = (ox * ez - oz * ex) / spots[s, 4]
                    away = along * along * 3 + across * across
                    if away < 4:
                        shade *= 1 - spots[s, 5] * np.exp(-away * away)
            for c in range(3):
                value = textures[which, level, a, b, c]
                if on_stripe:
                    value = np.float32(0.35) * value + np.float32(0.65) * stripe_color[c]
                image[row, column, c] = value * light[c] * shade
