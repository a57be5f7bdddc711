"""Things that stand in a scene: what hides people, seen in training or kept for a test.

Each is a rigid body at the origin, on the ground, metres; scenes put copies of it at a place.
"""

from __future__ import annotations

import numpy as np

from sticc_lib.tracklets.walkers3d.piece import normals_of
from sticc_lib.tracklets.walkers3d.raster import Body
from sticc_lib.tracklets.walkers3d.shading import Material
from sticc_lib.tracklets.walkers3d.solids import Solid, blob, lathe, loft
from sticc_lib.tracklets.walkers3d.wardrobe import CLOTH

SEEN = ("pole", "car", "bush", "bin", "walker", "crop")
UNSEEN = ("umbrella", "sign", "barrier")
Colored = tuple[Solid, tuple[float, ...]]
STEEL, DARK, GLASS = (0.42, 0.44, 0.46), (0.09, 0.09, 0.10), (0.17, 0.21, 0.25)
PAINTS = np.array(((0.12, 0.12, 0.13), (0.55, 0.56, 0.58), (0.80, 0.80, 0.79), (0.30, 0.32, 0.35),
                   (0.16, 0.20, 0.32), (0.45, 0.10, 0.11), (0.62, 0.60, 0.52)))  # fmt: skip


def body(parts: list[Colored], leaves: int = 99) -> Body:
    """Solids in their colours as one rigid body; those from number `leaves` on are leafy."""
    points, triangles, material, start = [], [], [], 0
    for k, (solid, _) in enumerate(parts):
        points.append(solid.points)
        triangles.append(solid.triangles + start)
        material.append(np.full(len(solid.triangles), k, np.int16))
        start += len(solid.points)
    places = np.concatenate(points)
    faces = np.concatenate(triangles).astype(np.int32)
    weights = np.zeros((len(places), 4), np.float32)
    weights[:, 0] = 1
    return Body(
        places.astype(np.float32),
        normals_of(places, faces),
        np.zeros((len(places), 4), np.int32),
        weights,
        np.c_[places * 10, 0 * places[:, 0]].astype("f4"),
        faces,
        np.zeros((len(faces), 3, 2), np.float32),
        np.concatenate(material),
        np.zeros(len(faces), bool),
        np.stack(
            [
                Material(color=color, pattern=6.0 if k >= leaves else 0.0).row()
                for k, (_, color) in enumerate(parts)
            ]
        ),
        np.zeros((1, 1, 1, 4), np.uint8),
    )


def make(kind: str, rng: np.random.Generator) -> Body:
    """A thing of a kind in SEEN or UNSEEN (`walker` and `crop` are no things), at random."""
    return body(MAKERS[kind](rng), {"bush": 0, "tree": 1}.get(kind, 99))


def _tone(color, rng: np.random.Generator, spread: float = 0.06):
    return tuple(float(c) for c in np.clip(np.asarray(color) + rng.normal(0, spread), 0.03, 0.95))


def _pole(rng: np.random.Generator) -> list[Colored]:
    color = _tone(
        ((0.40, 0.41, 0.43), (0.30, 0.23, 0.17), (0.58, 0.57, 0.54))[rng.integers(3)], rng
    )
    wide, tall = rng.uniform(0.05, 0.17), rng.uniform(3.0, 6.0)
    post = lathe([(0.01, tall), (wide * 0.8, tall), (wide, 1.0), (wide, 0.0)])
    foot = lathe([(wide, 0.25), (wide * 1.5, 0.22), (wide * 1.5, 0.0)])
    return [(post, color), (foot, _tone(color, rng, 0.03))]


def _car(rng: np.random.Generator) -> list[Colored]:
    color = _tone(PAINTS[rng.integers(len(PAINTS))], rng, 0.03)
    size, tall = rng.uniform(0.92, 1.1), rng.uniform(0.95, 1.25)
    lower = _hull(
        [
            (-2.1, 0.30, 0.70),
            (-1.9, 0.22, 0.80),
            (-1.0, 0.2, 0.86),
            (0.9, 0.2, 0.90),
            (1.8, 0.22, 0.92),
            (2.1, 0.32, 0.80),
        ],
        0.86,
        tall,
    )
    roof = _hull(
        [(-1.25, 0.84, 0.88), (-0.55, 0.84, 1.38), (0.75, 0.84, 1.42), (1.65, 0.86, 0.95)],
        0.74,
        tall,
    )
    top = _hull(
        [(-0.62, 1.30, 1.41), (-0.45, 1.34, 1.44), (0.70, 1.36, 1.46), (0.90, 1.28, 1.40)],
        0.72,
        tall,
    )
    found = [(lower, color), (roof, GLASS), (top, color)]
    for x in (-1.35, 1.35):
        for z in (-0.78, 0.78):
            disc = lathe([(0.01, 0.1), (0.31, 0.1), (0.31, -0.1), (0.01, -0.1)], 16)
            turned = disc.points[:, [0, 2, 1]] + np.array([x, 0.31, z])
            found.append((Solid(turned, disc.triangles), DARK))
    return [(Solid(s.points * size, s.triangles), c) for s, c in found]


def _hull(rows: list[tuple[float, ...]], half: float, tall: float) -> Solid:
    """A car's shell from (along, low, high) sections."""
    outline = []
    for along, low, high in rows:
        shape = [(low, half), (0.6 * low + 0.4 * high, half * 1.03), (high, half * 0.9)]
        ring = [(along, y * tall, z) for y, z in shape]
        ring += [(along, y * tall, -z) for y, z in shape[::-1]]
        outline.append(np.array(ring))
    return loft(outline)


def _bush(rng: np.random.Generator) -> list[Colored]:
    green = np.array((0.20, 0.30, 0.15)) + rng.normal(0, 0.03, 3)
    wide, tall = rng.uniform(0.45, 0.9), rng.uniform(0.8, 1.7)
    found = []
    for _ in range(14):
        way = rng.normal(0, 0.42, 3) * (wide, 0, wide)
        size = rng.uniform(0.22, 0.5) * wide
        lump = blob(
            (way[0], rng.uniform(0.12, 0.85) * tall, way[2]), (size, size * 0.9, size), 2.0, 8, 12
        )
        rough = lump.points + rng.normal(0, 0.13 * size, lump.points.shape)
        found.append(
            (Solid(rough, lump.triangles), _tone(green * rng.uniform(0.8, 1.15), rng, 0.01))
        )
    return found


def _bin(rng: np.random.Generator) -> list[Colored]:
    color = _tone(
        ((0.16, 0.24, 0.18), (0.25, 0.26, 0.28), (0.20, 0.24, 0.36))[rng.integers(3)], rng, 0.03
    )
    tall, wide = rng.uniform(0.75, 1.15), rng.uniform(0.2, 0.36)
    lid = blob((0, tall, 0), (wide * 1.05, 0.07, wide * 1.05), 5.0)
    return [
        (blob((0, tall / 2, 0), (wide, tall / 2, wide), 9.0), color),
        (lid, _tone(DARK, rng, 0.03)),
    ]


def _umbrella(rng: np.random.Generator) -> list[Colored]:
    color = _tone(CLOTH[rng.integers(20)], rng, 0.03)
    wide, rim = rng.uniform(0.5, 0.68), rng.uniform(1.45, 1.75)
    dome = lathe(
        [(0.01, rim + 0.3), (0.5 * wide, rim + 0.25), (0.85 * wide, rim + 0.12), (wide, rim)]
    )
    return [(dome, color), (lathe([(0.012, rim + 0.35), (0.012, 0.9)], 6), DARK)]


def _sign(rng: np.random.Generator) -> list[Colored]:
    wide, low, high = rng.uniform(0.3, 0.5), rng.uniform(0.7, 1.1), rng.uniform(1.6, 2.1)
    middle, half = (low + high) / 2, (high - low) / 2
    board = blob((0, middle, 0), (wide, half, 0.02), 12.0)
    inner = blob((0, middle, 0), (wide * 0.86, half * 0.9, 0.03), 12.0)
    return [(lathe([(0.03, high), (0.03, 0)], 8), STEEL), (board, (0.9, 0.9, 0.88)),
            (inner, _tone(CLOTH[5 + rng.integers(15)], rng, 0.03))]  # fmt: skip


def _barrier(rng: np.random.Generator) -> list[Colored]:
    red = _tone(((0.70, 0.16, 0.12), (0.85, 0.60, 0.10))[rng.integers(2)], rng, 0.03)
    tall, found = rng.uniform(0.85, 1.15), []
    for y in (tall - 0.12, tall - 0.52):
        for k in range(-4, 5):
            color = red if k % 2 else (0.88, 0.88, 0.86)
            found.append((blob((0.28 * k, y, 0), (0.14, 0.11, 0.02), 14.0, 7, 12), color))
    for x in (-1.0, 1.0):
        found.append((blob((x, tall / 2, 0), (0.03, tall / 2, 0.2), 8.0, 7, 12), STEEL))
    return found


def _tree(rng: np.random.Generator) -> list[Colored]:
    bark, tall = _tone((0.28, 0.22, 0.17), rng, 0.03), rng.uniform(2.2, 3.2)
    trunk = lathe([(0.10, tall + 0.8), (0.13, tall), (0.17, 0.4), (0.24, 0.0)], 10)
    crown = [
        (Solid(s.points * 1.9 + np.array([0, tall - 0.2, 0]), s.triangles), c)
        for s, c in _bush(rng)
    ]
    return [(trunk, bark), *crown]


MAKERS = {
    "pole": _pole,
    "car": _car,
    "bush": _bush,
    "bin": _bin,
    "umbrella": _umbrella,
    "sign": _sign,
    "barrier": _barrier,
    "tree": _tree,
}
"""`tree` stands in backgrounds only."""
