"""The rasteriser: skinning, projection, z-buffer and deferred shading, compiled by numba.

Buffers hold the nearest surface of every sample; colours are computed afterwards, once a sample.
A garment is cut per sample in rest-pose coordinates, so that a hem is as sharp as the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from sticc_lib.tracklets.walkers3d.shading import NEAR, cut, shade_samples

ONE, HALF = np.float32(1), np.float32(0.5)
CHEST, LESS = np.float32(2.4), np.float32(0.4)


@dataclass
class Buffers:
    """What the samples of one picture see.

    Attributes:
        depth: float32 [H, W], 1 / distance of the nearest surface, 0 where there is none.
        owner: int16 [H, W], number of the body that is seen, 0 for none.
        face: int32 [H, W], its triangle.
        place: float32 [H, W, 2], where in the triangle: weights of its second and third corner.
        color: float32 [H, W, 3], RGB in 0..1, filled by `shade`.
    """

    depth: np.ndarray
    owner: np.ndarray
    face: np.ndarray
    place: np.ndarray
    color: np.ndarray

    @classmethod
    def empty(cls, height: int, width: int) -> Buffers:
        """Buffers without anything in them; sizes in samples."""
        shape = (height, width)
        return cls(np.zeros(shape, np.float32), np.zeros(shape, np.int16),
                   np.zeros(shape, np.int32), np.zeros((*shape, 2), np.float32),
                   np.zeros((*shape, 3), np.float32))  # fmt: skip

    def clear(self) -> None:
        """Empties them for the next picture."""
        self.depth[...] = 0
        self.owner[...] = 0


@dataclass(frozen=True)
class Body:
    """A thing to be drawn, in its rest pose: a person with all they wear, or a prop.

    Attributes:
        positions: float32 [V, 3], metres, y up, standing at the origin.
        normals: float32 [V, 3], unit length.
        bones, weights: int32 and float32 [V, 4].
        rest: float32 [V, 4]: place on the unshaped body in decimetres, which patterns and hems
            go by, and the way along the arm (0 shoulder, 1 elbow, 2 wrist; 0 elsewhere).
        triangles: int32 [F, 3].
        uv: float32 [F, 3, 2].
        material: int16 [F].
        cuts: bool [F], whether a cut or a hole in its texture may pass through.
        table: float32 [K, COLUMNS], a row a material (see shading).
        textures: uint8 [N, S, S, 4].
    """

    positions: np.ndarray
    normals: np.ndarray
    bones: np.ndarray
    weights: np.ndarray
    rest: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    material: np.ndarray
    cuts: np.ndarray
    table: np.ndarray
    textures: np.ndarray


@dataclass(frozen=True)
class Posed:
    """A body in one pose, in world coordinates: float32 [V, 3] each."""

    positions: np.ndarray
    normals: np.ndarray


def pose(body: Body, bones: np.ndarray) -> Posed:
    """Linear blend skinning.

    Args:
        body: V vertices.
        bones: float32 [B, 3, 4], rest pose to world.
    """
    return Posed(*_skin(body.positions, body.normals, body.bones, body.weights, bones))


@njit(cache=True, nogil=True, error_model="numpy")
def _skin(positions, normals, bones, weights, mats):  # pragma: no cover
    count = len(positions)
    out, turned = np.empty((count, 3), np.float32), np.empty((count, 3), np.float32)
    m = np.empty((3, 4), np.float32)
    for v in range(count):
        m[:] = 0
        for k in range(4):
            w = weights[v, k]
            if w > 0:
                b = bones[v, k]
                for i in range(3):
                    for j in range(4):
                        m[i, j] += w * mats[b, i, j]
        for i in range(3):
            out[v, i] = (m[i, 0] * positions[v, 0] + m[i, 1] * positions[v, 1]
                         + m[i, 2] * positions[v, 2] + m[i, 3])  # fmt: skip
            turned[v, i] = (m[i, 0] * normals[v, 0] + m[i, 1] * normals[v, 1]
                            + m[i, 2] * normals[v, 2])  # fmt: skip
    return out, turned


def project(
    points: np.ndarray, view: np.ndarray, window: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """World points to samples.

    Args:
        points: float32 [V, 3].
        view: float32 [3, 4], world to eye: x right, y down, z forward.
        window: float32 [4]: left and top in the eye's plane at distance 1, samples per unit across
            and down.

    Returns:
        float32 [V, 3]: column, row, distance; and float32 [2, 3], the least and largest of each.
    """
    return _project(points, view, window)


@njit(cache=True, nogil=True, error_model="numpy")
def _project(points, view, window):  # pragma: no cover
    out = np.empty((len(points), 3), np.float32)
    ends = np.empty((2, 3), np.float32)
    ends[0], ends[1] = np.inf, -np.inf
    for v in range(len(points)):
        x, y, z = points[v, 0], points[v, 1], points[v, 2]
        ex = view[0, 0] * x + view[0, 1] * y + view[0, 2] * z + view[0, 3]
        ey = view[1, 0] * x + view[1, 1] * y + view[1, 2] * z + view[1, 3]
        ez = view[2, 0] * x + view[2, 1] * y + view[2, 2] * z + view[2, 3]
        near = max(ez, NEAR)
        out[v, 0] = (ex / near - window[0]) * window[2]
        out[v, 1] = (ey / near - window[1]) * window[3]
        out[v, 2] = ez
        for k in range(3):
            ends[0, k] = min(ends[0, k], out[v, k])
            ends[1, k] = max(ends[1, k], out[v, k])
    return out, ends


def draw(buffers: Buffers, body: Body, seen: np.ndarray, owner: int) -> None:
    """Puts a projected body into the buffers where it is the nearest.

    Args:
        buffers: changed in place.
        body: faces and materials.
        seen: float32 [V, 3] of `project`.
        owner: its number in `buffers.owner`, from 1.
    """
    _draw(buffers.depth, buffers.owner, buffers.face, buffers.place, seen, body.triangles,
          body.material, body.cuts, body.table, body.rest, body.uv, body.textures,
          owner)  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _draw(depth, owners, faces, places, seen, triangles, material, cuts, table, rest, uv,
          textures, owner):  # fmt: skip  # pragma: no cover
    height, width = depth.shape
    for f in range(len(triangles)):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        if seen[a, 2] < NEAR or seen[b, 2] < NEAR or seen[c, 2] < NEAR:
            continue
        ax, ay, bx, by = seen[a, 0], seen[a, 1], seen[b, 0], seen[b, 1]
        cx, cy = seen[c, 0], seen[c, 1]
        left, right = min(ax, bx, cx), max(ax, bx, cx)
        top, bottom = min(ay, by, cy), max(ay, by, cy)
        if right < 0 or bottom < 0 or left >= width or top >= height:
            continue
        m = material[f]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0 or (table[m, 1] > 0 and area > 0):  # seen from behind
            continue
        x0, x1 = max(0, int(np.ceil(left - HALF))), min(width - 1, int(np.floor(right - HALF)))
        y0, y1 = max(0, int(np.ceil(top - HALF))), min(height - 1, int(np.floor(bottom - HALF)))
        if x1 < x0 or y1 < y0:  # between the samples
            continue
        lift, open_here = table[m, 0], cuts[f]
        # full about hips and waist, where layers meet; less on arms and chest
        if lift > 0 and (rest[a, 3] > 0 or rest[a, 1] > CHEST):
            lift *= LESS
        za, zb, zc = (ONE / (seen[a, 2] - lift), ONE / (seen[b, 2] - lift),
                      ONE / (seen[c, 2] - lift))  # fmt: skip
        zb, zc, over = zb - za, zc - za, ONE / area
        ux, uy, vx, vy = (cy - ay) * over, (ax - cx) * over, (ay - by) * over, (bx - ax) * over
        px = np.float32(x0) + HALF - ax
        for y in range(y0, y1 + 1):
            py = np.float32(y) + HALF - ay
            u, v = px * ux + py * uy, px * vx + py * vy
            for x in range(x0, x1 + 1):
                if u >= 0 and v >= 0 and u + v <= 1:
                    z = za + u * zb + v * zc
                    if z > depth[y, x] and not (
                        open_here and cut(table, m, f, u, v, triangles, rest, uv, textures)
                    ):
                        depth[y, x] = z
                        owners[y, x] = owner
                        faces[y, x] = f
                        places[y, x, 0] = u
                        places[y, x, 1] = v
                u += ux
                v += vx


def shade(buffers: Buffers, body: Body, posed: Posed, owner: int, eye: np.ndarray,
          light: np.ndarray) -> None:  # fmt: skip
    """Colours the samples that show a body.

    Args:
        buffers: changed in place.
        body: the body ...
        posed: ... in its pose ...
        owner: ... and its number.
        eye: float32 [3], where the camera is.
        light: float32 [9]: direction to the sun, its strength by channel, ambient by channel.
    """
    shade_samples(buffers.owner, buffers.face, buffers.place, buffers.color, posed.positions,
                  posed.normals, body.triangles, body.material, body.table, body.rest, body.uv,
                  body.textures, owner, eye, light)  # fmt: skip
