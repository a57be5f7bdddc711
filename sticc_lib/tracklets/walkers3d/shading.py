"""What a surface looks like at one sample: its material, its pattern, its cuts, the light on it.

A material is a row of numbers, `COLUMNS` of them; `Material` names them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numba import njit

SOLID = 110
"""Least alpha of a texture that is drawn."""
NEAR = 0.2
"""Nothing nearer to the camera is drawn, metres."""
PATTERNS = ("plain", "stripes", "checks", "logo", "two-tone", "upright", "leaves")
ONE, BYTE, THIRDS = np.float32(1), np.float32(1 / 255), np.float32(2 / 3)
Color = tuple[float, ...]
BLACK = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Material:
    """How a part is drawn. Heights and widths are of the unshaped body, decimetres.

    Attributes:
        lift: metres it is drawn nearer to the camera, so that an outer layer hides what it covers.
        closed: whether only its outside is drawn.
        cuts: whether anything below, or its texture's alpha, cuts it.
        texture: number of its texture, -1 for none.
        tint: 0: the texture's colours; 1: `color` times the texture's brightness.
        color, second: RGB in 0..1.
        pattern: number in PATTERNS.
        period: of the pattern.
        low, high: heights between which it exists.
        sleeve: where along the arm it ends.
        opening: half width of a gap in front.
        lining: three numbers: heights between which the lining's `second` shows on a body, and
            where along the arm it ends; `color` shows below, down to `low_lining`.
    """

    lift: float = 0.0
    closed: float = 0.0
    cuts: float = 0.0
    texture: float = -1.0
    tint: float = 1.0
    color: Color = BLACK
    second: Color = BLACK
    pattern: float = 0.0
    period: float = 1.0
    low: float = -99.0
    high: float = 99.0
    sleeve: float = 99.0
    opening: float = 0.0
    waist: float = 99.0
    collar: float = -99.0
    cuff: float = -1.0
    leg: float = 99.0
    gloss: float = 0.0

    def row(self) -> np.ndarray:
        """float32 [COLUMNS]."""
        values = [np.ravel(getattr(self, field.name)) for field in fields(self)]
        return np.concatenate(values).astype(np.float32)


COLUMNS = len(Material().row())


@njit(cache=True, nogil=True, error_model="numpy")
def _texel(which, f, u, v, uv, textures):  # pragma: no cover
    size = textures.shape[1]
    s = uv[f, 0, 0] + u * (uv[f, 1, 0] - uv[f, 0, 0]) + v * (uv[f, 2, 0] - uv[f, 0, 0])
    t = uv[f, 0, 1] + u * (uv[f, 1, 1] - uv[f, 0, 1]) + v * (uv[f, 2, 1] - uv[f, 0, 1])
    x = min(max(int(s * size), 0), size - 1)
    y = min(max(int((1 - t) * size), 0), size - 1)
    t = int(which)
    return textures[t, y, x, 0], textures[t, y, x, 1], textures[t, y, x, 2], textures[t, y, x, 3]


@njit(cache=True, nogil=True, error_model="numpy")
def _place(f, u, v, k, triangles, rest):  # pragma: no cover
    a, b, c = rest[triangles[f, 0], k], rest[triangles[f, 1], k], rest[triangles[f, 2], k]
    return a + u * (b - a) + v * (c - a)


@njit(cache=True, nogil=True, error_model="numpy")
def cut(table, m, f, u, v, triangles, rest, uv, textures):  # pragma: no cover
    """Whether a sample is cut away: beyond a hem or sleeve, in an opening, or see-through."""
    arm = _place(f, u, v, 3, triangles, rest)
    if arm > table[m, 15]:
        return True
    if arm <= 0:
        y = _place(f, u, v, 1, triangles, rest)
        if y < table[m, 13] or y > table[m, 14]:
            return True
        if table[m, 16] > 0 and _place(f, u, v, 2, triangles, rest) > 0.2:
            gap = table[m, 16] * min(1.0, max(0.25, (6.5 - y) / 6))
            if abs(_place(f, u, v, 0, triangles, rest)) < gap:
                return True
    return table[m, 3] >= 0 and _texel(table[m, 3], f, u, v, uv, textures)[3] < SOLID


@njit(cache=True, nogil=True, error_model="numpy")
def _second(row, x, y, z, arm):  # pragma: no cover
    """Whether a pattern shows its second colour here."""
    kind, period = int(row[11]), row[12]
    along = y if arm <= 0 else -3.0 * arm
    if kind == 1:
        return (along / period) % 1.0 < 0.45
    if kind == 2:
        return ((along / period) % 1.0 < 0.35) != ((x / period) % 1.0 < 0.35)
    if kind == 3:
        return arm <= 0 and z > 0 and abs(x) < 0.55 * period and abs(y - 4.0) < 0.4 * period
    if kind == 4:
        return y < 2.4 if arm <= 0 else arm > 0.8
    if kind == 5:
        return (x / period) % 1.0 < 0.4
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _color(row, f, u, v, triangles, rest, uv, textures, out):  # pragma: no cover
    x, y = _place(f, u, v, 0, triangles, rest), _place(f, u, v, 1, triangles, rest)
    z, arm = _place(f, u, v, 2, triangles, rest), _place(f, u, v, 3, triangles, rest)
    bright = np.float32(1.0)
    red, green, blue = np.float32(0), np.float32(0), np.float32(0)
    if row[3] >= 0:
        found = _texel(row[3], f, u, v, uv, textures)
        red, green, blue = found[0] * BYTE, found[1] * BYTE, found[2] * BYTE
        bright = (red + green + blue) * THIRDS  # recoloured textures have a mean of one half
    if row[4] == 0:  # a body: skin, and the lining under clothes
        below = arm <= 0 and y < row[17] and y > row[20]
        above = (arm <= 0 or arm < row[19]) and y >= row[17] and y < row[18]
        if below or above:
            for k in range(3):
                out[k] = row[(5 if below else 8) + k]
        else:
            out[0], out[1], out[2] = red, green, blue
        return
    if row[11] == 6:  # leaves: light and dark by a hash of the place
        seed = (
            np.int64(x * 3.1) * 73856093
            ^ np.int64(y * 3.1) * 19349663
            ^ np.int64(z * 3.1) * 83492791
        )
        bright = (
            np.float32(0.55) + np.float32(0.9) * np.float32((seed * 2654435761 >> 7) & 255) * BYTE
        )
    first = 8 if _second(row, x, y, z, arm) else 5
    for k in range(3):
        out[k] = row[first + k] * bright


@njit(cache=True, nogil=True, error_model="numpy")
def shade_samples(owners, faces, places, colors, positions, normals, triangles, material, table,
                  rest, uv, textures, owner, eye, light):  # fmt: skip  # pragma: no cover
    """See raster.shade."""
    height, width = owners.shape
    n, p, out = np.empty(3, np.float32), np.empty(3, np.float32), np.empty(3, np.float32)
    for y in range(height):
        for x in range(width):
            if owners[y, x] != owner:
                continue
            f, u, v = faces[y, x], places[y, x, 0], places[y, x, 1]
            a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
            w = ONE - u - v
            toward = np.float32(0)
            for k in range(3):
                n[k] = w * normals[a, k] + u * normals[b, k] + v * normals[c, k]
                p[k] = eye[k] - (w * positions[a, k] + u * positions[b, k] + v * positions[c, k])
                toward += n[k] * p[k]
            length = np.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]) + np.float32(1e-6)
            if toward < 0:  # the inside of a sheet
                length = -length
            sun = (n[0] * light[0] + n[1] * light[1] + n[2] * light[2]) / length
            sun = max(np.float32(0), (sun + np.float32(0.15)) / np.float32(1.15))
            sky = np.float32(0.7) + np.float32(0.3) * n[1] / length
            _color(table[material[f]], f, u, v, triangles, rest, uv, textures, out)
            for k in range(3):
                colors[y, x, k] = out[k] * (sun * light[3 + k] + sky * light[6 + k])
