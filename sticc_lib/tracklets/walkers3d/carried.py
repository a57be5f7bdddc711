"""What people carry: backpacks, satchels, bags in the hand, papers, phones; and a cap's peak.

Things are made standing beside the person in a resting pose and then tied to a bone (or, straps, to
the clothes they lie on), so that they move with the body.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sticc_lib.tracklets.walkers3d import gait
from sticc_lib.tracklets.walkers3d.look import Look
from sticc_lib.tracklets.walkers3d.piece import Piece, normals_of
from sticc_lib.tracklets.walkers3d.shading import Material
from sticc_lib.tracklets.walkers3d.solids import Solid, blob, fan, ribbon

IN_HAND = {
    "handbag": (0.055, 0.11, 0.15),
    "shopper": (0.07, 0.18, 0.14),
    "case": (0.05, 0.15, 0.20),
    "papers": (0.105, 0.145, 0.006),
    "phone": (0.036, 0.072, 0.008),
}
"""Half sizes in metres: across, up, along the way of walking."""


def things(look: Look, pieces: Sequence[Piece], bones: list[str], joints: np.ndarray,
           parents: np.ndarray) -> list[Piece]:  # fmt: skip
    """Pieces for all that a person carries.

    Args:
        look: who it is.
        pieces: body and clothes in the rest pose, metres.
        bones, joints, parents: the rig, joints in metres.
    """
    worn = _Worn(pieces, bones, joints)
    found: list[Piece] = []
    if look.bag == "backpack":
        found += _backpack(worn, look)
    elif look.bag == "satchel":
        found += _satchel(worn, look)
    stand = gait.matrices(bones, parents, joints, look.style, np.array([np.pi / 2]), 0.0)[0]
    held = {"papers": "hold"}.get(look.in_hand, "phone")
    for what, does in ((look.bag, "hang"), (look.in_hand, held)):
        if what in IN_HAND:
            side = "l" if look.style.left == does else "r"
            found.append(_in_hand(worn, look, what, side, stand))
    if look.hat == "cap":
        found.append(_peak(worn, look))
    return found


class _Worn:
    """Where the dressed body is, to lay things on it."""

    def __init__(self, pieces: Sequence[Piece], bones: list[str], joints: np.ndarray) -> None:
        self.at = {name: joints[k] for k, name in enumerate(bones)}
        self.bone = {name: k for k, name in enumerate(bones)}
        trunk = [p.rest[:, 3] <= 0 for p in pieces]
        self.points = np.concatenate([p.positions[k] for p, k in zip(pieces, trunk, strict=True)])
        self.bones = np.concatenate([p.bones[k] for p, k in zip(pieces, trunk, strict=True)])
        self.weights = np.concatenate([p.weights[k] for p, k in zip(pieces, trunk, strict=True)])

    def depth(self, x: float, y: float, front: bool) -> float:
        """z of the clothes at a place, in front or behind."""
        near = (np.abs(self.points[:, 0] - x) < 0.05) & (np.abs(self.points[:, 1] - y) < 0.04)
        z = self.points[near, 2]
        return float((z.max() if front else z.min()) if len(z) else (0.1 if front else -0.1))

    def width(self, y: float, sign: float) -> float:
        """x of the outermost clothes at a height, to one side, arms left out."""
        near = np.abs(self.points[:, 1] - y) < 0.04
        return float((sign * self.points[near, 0]).max()) if near.any() else 0.2

    def tied(self, solid: Solid, material: Material, bone: str = "") -> Piece:
        """A solid tied to a bone, or where none is named to the clothes under it."""
        count = len(solid.points)
        index, weight = np.zeros((count, 4), np.int32), np.zeros((count, 4), np.float32)
        if bone:
            index[:, 0], weight[:, 0] = self.bone[bone], 1
        else:
            from scipy.spatial import cKDTree

            near = cKDTree(self.points).query(solid.points)[1]
            index, weight = self.bones[near], self.weights[near]
        rest = np.zeros((count, 4), np.float32)
        uv = np.zeros((len(solid.triangles), 3, 2), np.float32)
        return Piece(solid.points.astype(np.float32), normals_of(solid.points, solid.triangles),
                     index, weight, rest, solid.triangles, uv, material)  # fmt: skip


def _dark(color: tuple[float, ...], by: float = 0.7) -> Any:
    return tuple(c * by for c in color)


def _backpack(worn: _Worn, look: Look) -> list[Piece]:
    chest, neck = worn.at["spine_03"], worn.at["neck_01"]
    middle = float(0.45 * neck[1] + 0.55 * chest[1])
    back = min(worn.depth(0.0, y, front=False) for y in (middle - 0.1, middle, middle + 0.1))
    bag = blob((0.0, middle - 0.04, back - 0.06), (0.15, 0.23, 0.095), 4.0)
    pocket = blob((0.0, middle - 0.13, back - 0.15), (0.11, 0.10, 0.035), 4.0)
    found = [
        worn.tied(bag, Material(lift=0.07, color=look.bag_color), "spine_03"),
        worn.tied(pocket, Material(lift=0.08, color=_dark(look.bag_color, 0.8)), "spine_03"),
    ]
    for sign in (-1.0, 1.0):
        x, top = sign * 0.10, float(neck[1]) - 0.015
        path = [(x, top - 0.03, back), (x, top + 0.012, 0.5 * back)]
        for y in np.linspace(top - 0.02, middle - 0.14, 7):
            path.append((x, float(y), worn.depth(x, float(y), front=True) + 0.012))
        strap = ribbon(np.array(path), np.array([1.0, 0.0, 0.0]), 0.024)
        found.append(worn.tied(strap, Material(lift=0.16, color=_dark(look.bag_color))))
    return found


def _satchel(worn: _Worn, look: Look) -> list[Piece]:
    sign = 1.0 if look.style.toes > 0.1 else -1.0
    hip, neck = float(worn.at["pelvis"][1]), float(worn.at["neck_01"][1])
    wide = worn.width(hip, sign)
    bag = blob((sign * (wide + 0.03), hip - 0.05, 0.0), (0.05, 0.13, 0.17), 5.0)
    found = [worn.tied(bag, Material(lift=0.07, color=look.bag_color), "pelvis")]
    for front in (True, False):
        path = []
        for t in np.linspace(0, 1, 12):
            x, y = sign * (-0.10 + t * (wide + 0.08)), neck - 0.01 - t * (neck - hip - 0.04)
            z = worn.depth(x, y, front) + (0.012 if front else -0.012)
            path.append((x, y, z if 0.02 < t < 0.98 else 0.3 * z))
        strap = ribbon(np.array(path), np.array([0.75 * sign, 0.65, 0.0]), 0.019)
        found.append(worn.tied(strap, Material(lift=0.15, color=_dark(look.bag_color))))
    return found


def _in_hand(worn: _Worn, look: Look, what: str, side: str, stand: np.ndarray) -> Piece:
    """A thing at the hand: placed in the resting pose, then taken back to the rest pose."""
    bone = worn.bone[f"hand_{side}"]
    turn, shift = stand[bone, :, :3].astype(float), stand[bone, :, 3].astype(float)
    grip = turn @ (0.5 * worn.at[f"middle_01_{side}"] + 0.5 * worn.at[f"middle_02_{side}"]) + shift
    half = np.array(IN_HAND[what])
    sign = 1.0 if side == "l" else -1.0
    if what in ("papers", "phone"):
        middle = grip + np.array([0.0, 0.06, 0.05]) if what == "papers" else grip
        solid = blob((0.0, 0.0, 0.0), half, 9.0)
        tilt = 0.9 if what == "papers" else 0.0  # as one reads
        turned = np.array(
            [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
        )
        solid = Solid(solid.points @ turned.T + middle, solid.triangles)
        color = look.bag_color if look.style.swing > 0.36 and what == "papers" else (0.9, 0.9, 0.88)
        color = (0.07, 0.07, 0.08) if what == "phone" else color
    else:
        middle = grip + np.array([0.03 * sign, -half[1] - 0.10, 0.0])
        solid = blob(middle, half, 6.0)
        loop = [(middle[0], middle[1] + half[1], z) for z in (-0.07, 0.07)]
        path = np.array([loop[0], (grip[0], grip[1], -0.02 + grip[2]), grip, loop[1]])
        solid = solid.joined(ribbon(path, np.array([1.0, 0.0, 0.0]), 0.012))
        color = look.bag_color
    solid = Solid((solid.points - shift) @ turn, solid.triangles)
    return worn.tied(solid, Material(lift=0.01, color=color), f"hand_{side}")


def _peak(worn: _Worn, look: Look) -> Piece:
    head = float(worn.at["head"][1])
    high = worn.points[worn.points[:, 1] > head]
    brim = head + 0.62 * float(high[:, 1].max() - head)
    front = float(high[np.abs(high[:, 1] - brim) < 0.02, 2].max())
    solid = fan((0.0, brim, front - 0.04), (0.085, -0.028, 0.125))
    return worn.tied(solid, Material(lift=0.2, color=_dark(look.hat_color, 0.85)), "head")
