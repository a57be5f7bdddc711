"""A piece in place: a part on a shaped body, with what it takes to pose and colour it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sticc_lib.tracklets.walkers3d.parts import Part
from sticc_lib.tracklets.walkers3d.shading import Material


@dataclass(frozen=True)
class Piece:
    """What `raster.Body` has, for some of its vertices and triangles; one material."""

    positions: np.ndarray
    normals: np.ndarray
    bones: np.ndarray
    weights: np.ndarray
    rest: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    material: Material
    texture: str = ""

    def kept(self, keep: Any) -> Piece:
        """The triangles for which `keep`, bool [F], holds."""
        return replace(self, triangles=self.triangles[keep], uv=self.uv[keep])

    def moved(self, shift: np.ndarray) -> Piece:
        """Shifted by float [3] metres."""
        return replace(self, positions=(self.positions + shift).astype(np.float32))

    def cuts(self, alpha: np.ndarray | None) -> np.ndarray:
        """Triangles that a hem, a sleeve's end, an opening or a hole of the texture may cross.

        Args:
            alpha: uint8 [S, S] of its texture, or None.
        """
        material, (x, y, z, arm) = self.material, self.rest.T
        trunk = arm <= 0
        near = trunk & ((y < material.low) | (y > material.high)) | (arm > material.sleeve)
        if material.opening:
            near |= trunk & (z > 0) & (np.abs(x) < material.opening + 0.3)
        found = near[self.triangles].any(1) & bool(material.cuts)
        if alpha is not None and material.cuts:
            size = len(alpha)
            at = np.clip((self.uv * size).astype(int), 0, size - 1)
            clear = alpha[size - 1 - at[:, :, 1], at[:, :, 0]] < 250
            found |= bool(clear.mean() > 0.02)  # hair: holes lie between its vertices
        return found

    def trimmed(self) -> Piece:
        """Without the triangles that the material cuts away whole."""
        material, y, arm = self.material, self.rest[:, 1], self.rest[:, 3]
        trunk = arm <= 0
        beyond = [trunk & (y < material.low), trunk & (y > material.high), arm > material.sleeve]
        gone = np.zeros(len(self.triangles), bool)
        for vertices in beyond:
            gone |= vertices[self.triangles].all(1)
        return self.kept(~gone)


def place(part: Part, base: np.ndarray, material: Material, texture: str = "",
          loose: float = 0.0) -> Piece:  # fmt: skip
    """A part on a shaped body.

    Args:
        part: the part.
        base: float32 [19158, 3], the shaped base mesh, decimetres.
        material: its look.
        texture: name of its texture.
        loose: decimetres it stands off the body at the hips; less at the shoulders.
    """
    places = part.fitted(base)
    if loose > 0.05:
        places = _smoothed(places, part.triangles)
    normals = normals_of(places, part.triangles)
    rest = part.rest
    if loose:
        # CHOICE: clothes hang from the shoulders: there they lie close
        ease = np.clip((5.6 - rest[:, 1]) / 3.2, 0.5, 1.0)
        ease = np.where(rest[:, 3] > 0, np.clip(rest[:, 3], 0.5, 0.8), ease)
        places = places + (loose * ease[:, None]).astype(np.float32) * normals
    return Piece(
        (places * 0.1).astype(np.float32),
        normals,
        part.bones,
        part.shares,
        rest,
        part.triangles,
        part.uv,
        material,
        texture,
    )


def _smoothed(places: np.ndarray, triangles: np.ndarray, rounds: int = 2) -> np.ndarray:
    """Cloth that lies loose shows no detail of the body: each vertex moves to its neighbours."""
    ends = (
        np.concatenate([triangles, triangles[:, [1, 2, 0]]]),
        np.concatenate([triangles[:, [1, 2, 0]], triangles]),
    )
    start, end = ends[0].ravel(), ends[1].ravel()
    count = np.maximum(np.bincount(start, minlength=len(places)), 1)
    for _ in range(rounds):
        mean = [np.bincount(start, places[end, k], len(places)) / count for k in range(3)]
        places = (0.3 * places + 0.7 * np.stack(mean, 1)).astype(np.float32)
    return places


def normals_of(places: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals of vertices, float32 [V, 3]: sums over their triangles, by area."""
    a, b, c = (places[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.zeros((len(places), 3))
    for axis in range(3):
        for k in range(3):
            total[:, axis] += np.bincount(triangles[:, k], face[:, axis], len(places))
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return (total / np.maximum(length, 1e-9)).astype(np.float32)
