"""The places that cameras look at: a ground, walls with windows, hedges and glass, a sky.

Grounds and walls are planes with textures made from noise; a ray through each pixel finds what it
meets. Colours are those of stone, asphalt and leaves: dull ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from sticc_lib.tracklets.walkers3d.surfaces import MAKERS, levels

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
    textures = np.stack([levels(MAKERS[name](rng)) for name in (ground, first, second)])
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


@njit(cache=True, nogil=True, error_model="numpy")
def _shade(u, v, spots):
    """Share of the light that cast shadows leave to a point of the ground.  # pragma: no cover"""
    shade = np.float32(1)
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
    return shade


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
                shade *= _shade(u, v, spots)
            for c in range(3):
                value = textures[which, level, a, b, c]
                if on_stripe:
                    value = np.float32(0.35) * value + np.float32(0.65) * stripe_color[c]
                image[row, column, c] = value * light[c] * shade
