"""Puts a person together: shapes the body, hangs the clothes on it, gathers one body to draw.

Under every garment the body itself is painted in its colour (the lining), so that no gap between
garments of different suits shows a hole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sticc_lib.tracklets.walkers3d import carried, gait
from sticc_lib.tracklets.walkers3d.assets import TEXTURE, Library
from sticc_lib.tracklets.walkers3d.look import Cloth, Look
from sticc_lib.tracklets.walkers3d.parts import Part
from sticc_lib.tracklets.walkers3d.raster import Body
from sticc_lib.tracklets.walkers3d.shading import Material


@dataclass(frozen=True)
class Person:
    """A person who can be posed.

    Attributes:
        look: who they are.
        body: what is drawn, standing at the origin.
        bones, parents, joints: names, int [B], float [B, 3] in metres, for gait.matrices.
        height: metres.
    """

    look: Look
    body: Body
    bones: list[str]
    parents: np.ndarray
    joints: np.ndarray
    height: float

    def matrices(self, phase: np.ndarray, pace: float) -> np.ndarray:
        """Bone matrices for phases of the gait; see gait.matrices."""
        return gait.matrices(self.bones, self.parents, self.joints, self.look.style, phase, pace)


@dataclass(frozen=True)
class Piece:
    """A part in place: what `Body` has, for some of its vertices and triangles."""

    positions: np.ndarray
    normals: np.ndarray
    bones: np.ndarray
    weights: np.ndarray
    rest: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    material: Material
    texture: str = ""


def build(look: Look, library: Library) -> Person:
    """Shapes and dresses a person; takes some 0.05 s."""
    base = _shaped(look, library)
    rest = np.c_[library.base, _along_arm(library)].astype(np.float32)
    clothes = _clothes(look, library, base, rest)
    pieces = [_skin(look, library, base, rest, clothes), *clothes]
    if look.hair:
        pieces.append(_hair(look, library, base, rest))
    pieces += _head(look, library, base, rest)
    joints = np.array([base[head].mean(0) for head in library.heads]) * 0.1
    sole = min(float(p.positions[:, 1].min()) for p in pieces)
    joints[:, 1] -= sole
    pieces = [replace(p, positions=p.positions - np.float32([0, sole, 0])) for p in pieces]
    pieces += carried.things(look, pieces, library.bones, joints)
    body = _gather(pieces, library)
    height = float(body.positions[: len(pieces[0].positions), 1].max())
    return Person(look, body, library.bones, library.parents, joints, height)


def _shaped(look: Look, library: Library) -> np.ndarray:
    """The base mesh with the macro targets of a person: float32 [19158, 3], decimetres."""
    base, sex = library.base.copy(), "female" if look.female else "male"
    steps = {
        "min": max(-look.muscle, 0),
        "max": max(look.muscle, 0),
        "average": 1 - abs(look.muscle),
    }
    heavy = {
        "min": max(-look.weight, 0),
        "max": max(look.weight, 0),
        "average": 1 - abs(look.weight),
    }
    for years, share in (("young", 1 - look.age), ("old", look.age)):
        for race, part in zip(("african", "asian", "caucasian"), look.race, strict=True):
            base += np.float32(share * part) * library.targets[f"{race}-{sex}-{years}"]
        for muscle, m in steps.items():
            for weight, w in heavy.items():
                name = f"universal-{sex}-{years}-{muscle}muscle-{weight}weight"
                if share * m * w > 0 and name in library.targets:
                    base += np.float32(share * m * w) * library.targets[name]
        tall = "max" if look.height > 0 else "min"
        name = f"{sex}-{years}-averagemuscle-averageweight-{tall}height"
        base += np.float32(share * abs(look.height) * 0.5) * library.targets[name]
    return base


def _along_arm(library: Library) -> np.ndarray:
    """How far along the arm each base vertex is: 0 shoulder, 1 elbow, 2 wrist; 0 elsewhere."""
    at = {name: k for k, name in enumerate(library.bones)}
    along = np.zeros(len(library.base))
    hands = ("hand", "thumb", "index", "middle", "ring", "pinky")
    for side in "lr":
        chain = [at[f"{n}_{side}"] for n in ("upperarm", "lowerarm", "hand")]
        points = [library.base[library.heads[k]].mean(0) for k in chain]
        group = [k for n, k in at.items() if n.endswith(f"_{side}") and n.split("_")[0] in hands]
        own = np.isin(library.bone_index, [*chain, *group])
        arm = (library.bone_weight * own).sum(1) > 0.5
        way = np.zeros(len(along))
        for a, b in zip(points[:-1], points[1:], strict=True):
            way += np.clip((library.base - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        along[arm] = np.maximum(way[arm], 0.02)
    return along


def _piece(part: Part, library: Library, base: np.ndarray, rest: np.ndarray, material: Material,
           texture: str = "", loose: float = 0.0) -> Piece:  # fmt: skip
    """A part on a shaped body; `loose` decimetres off it."""
    places = part.fitted(base)
    normals = _normals(places, part.triangles)
    if loose:
        places = places + np.float32(loose) * normals
    tied = part.weights / np.maximum(np.abs(part.weights).sum(1, keepdims=True), 1e-6)
    bones, weights = _blend(library, part.ties, tied)
    at_rest = (rest[part.ties] * part.weights[:, :, None]).sum(1)
    at_rest[:, 3] = rest[part.ties[:, 0], 3]
    at_rest[:, :3] += part.offsets
    return Piece((places * 0.1).astype(np.float32), normals, bones, weights,
                 at_rest.astype(np.float32), part.triangles, part.uv, material, texture)  # fmt: skip


def _blend(library: Library, ties: np.ndarray, tied: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The four strongest bones over the three tied vertices."""
    full = np.zeros((len(ties), len(library.bones)), np.float32)
    rows = np.arange(len(ties))[:, None]
    for k in range(3):
        index, weight = library.bone_index[ties[:, k]], library.bone_weight[ties[:, k]]
        np.add.at(full, (rows, index), np.maximum(tied[:, k : k + 1], 0) * weight)
    index = np.argpartition(-full, 4, 1)[:, :4].astype(np.int32)
    weight = np.take_along_axis(full, index, 1)
    return index, (weight / np.maximum(weight.sum(1, keepdims=True), 1e-6)).astype(np.float32)


def _normals(places: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (places[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.zeros((len(places), 3))
    for axis in range(3):
        for k in range(3):
            total[:, axis] += np.bincount(triangles[:, k], face[:, axis], len(places))
    return (total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)).astype(
        np.float32
    )


def _clothes(look: Look, library: Library, base: np.ndarray, rest: np.ndarray) -> list[Piece]:
    worn = [_piece(library.parts[look.shoes.part], library, base, rest,
                   _material(look.shoes, 0.004), look.shoes.part)]  # fmt: skip
    for cloth, lift in ((look.bottom, 0.012), (look.top, 0.024), (look.coat, 0.040)):
        if cloth is None:
            continue
        if cloth.part in library.parts and cloth.part not in ("tights", "skirt"):
            worn.append(_piece(library.parts[cloth.part], library, base, rest,
                               _material(cloth, lift), cloth.part))  # fmt: skip
        else:
            worn += _made(cloth, library, base, rest, lift)
    return worn


def _material(cloth: Cloth, lift: float) -> Material:
    cuts = cloth.low > -99 or cloth.sleeve < 99 or cloth.opening > 0
    return Material(lift=lift, cuts=1.0, closed=0.0 if cuts else 0.0, color=cloth.color,
                    second=cloth.second, pattern=cloth.pattern, period=cloth.period, low=cloth.low,
                    sleeve=cloth.sleeve, opening=cloth.opening)  # fmt: skip


def _made(cloth: Cloth, library: Library, base: np.ndarray, rest: np.ndarray, lift: float
          ) -> list[Piece]:  # fmt: skip
    """A garment cut from the helper surfaces around trunk, limbs and legs."""
    plain = _material(cloth, lift)
    upper, lower = library.parts["tights"], library.parts["skirt"]
    if cloth.part == "skirt":
        return [_piece(lower, library, base, rest, plain, loose=cloth.loose)]
    if cloth.part == "tights":
        material = replace(plain, high=1.2)
        return [_piece(upper, library, base, rest, replace(material, sleeve=-1.0),
                       loose=cloth.loose)]  # fmt: skip
    trunk = replace(plain, low=max(cloth.low, -0.9 if cloth.part != "dress" else 0.9), high=5.95)
    pieces = [_piece(upper, library, base, rest, trunk, loose=cloth.loose)]
    if cloth.low < trunk.low + 0.01:
        tail = replace(plain, high=1.6)
        pieces.append(_piece(lower, library, base, rest, tail, loose=cloth.loose))
    return pieces


def _skin(look: Look, library: Library, base: np.ndarray, rest: np.ndarray, clothes: list[Piece]
          ) -> Piece:  # fmt: skip
    """The body without what clothes surely cover, painted in their colours where they may not."""
    top, bottom = look.top, look.bottom
    part = library.parts["body"]
    material = Material(texture=0, tint=0.0, color=(bottom or top).color, second=top.color,
                        waist=1.4, collar=4.9, cuff=min(top.sleeve, 1.8) - 0.15,
                        leg=max((bottom or top).low, -7.0) + 0.1)  # fmt: skip
    piece = _piece(part, library, base, rest, material, look.skin)
    hidden = np.zeros(len(base), bool)
    for cloth in (top, bottom, look.shoes):
        if cloth is not None and cloth.part in library.parts:
            covered = library.parts[cloth.part].hidden
            arm, y = rest[covered, 3], rest[covered, 1]
            sure = (arm < cloth.sleeve - 0.12) & ((y > cloth.low + 0.25) | (arm > 0))
            hidden[covered[sure & ((np.abs(y - 1.2) > 0.9) | (arm > 0))]] = True
    gone = hidden[part.ties[:, 0]]
    keep = ~gone[piece.triangles].all(1)
    return replace(piece, triangles=piece.triangles[keep], uv=piece.uv[keep])


def _hair(look: Look, library: Library, base: np.ndarray, rest: np.ndarray) -> Piece:
    material = Material(lift=0.03, cuts=1.0, color=look.hair_color)
    return _piece(library.parts[look.hair], library, base, rest, material, look.hair)


def _head(look: Look, library: Library, base: np.ndarray, rest: np.ndarray) -> list[Piece]:
    """What is on the head."""
    if not look.hat:
        return []
    if look.hat.startswith("hat"):
        material = Material(lift=0.05, color=look.hat_color)
        return [_piece(library.parts[look.hat], library, base, rest, material)]
    material = Material(lift=0.06, cuts=1.0, color=look.hat_color, second=look.top.second,
                        low=7.75 if look.hat == "cap" else 7.55)  # fmt: skip
    scalp = _piece(library.parts["body"], library, base, rest, material, loose=0.16)
    keep = (scalp.rest[scalp.triangles, 1] > 7.3).all(1)
    return [replace(scalp, triangles=scalp.triangles[keep], uv=scalp.uv[keep])]


def _gather(pieces: list[Piece], library: Library) -> Body:
    names = sorted({p.texture for p in pieces if p.texture})
    starts = np.cumsum([0, *(len(p.positions) for p in pieces)])
    table = [replace(p.material, texture=float(names.index(p.texture)) if p.texture else -1.0).row()
             for p in pieces]  # fmt: skip
    return Body(
        np.concatenate([p.positions for p in pieces]), np.concatenate([p.normals for p in pieces]),
        np.concatenate([p.bones for p in pieces]), np.concatenate([p.weights for p in pieces]),
        np.concatenate([p.rest for p in pieces]),
        np.concatenate([p.triangles + s for p, s in zip(pieces, starts, strict=False)]).astype("i4"),
        np.concatenate([p.uv for p in pieces]),
        np.repeat(np.arange(len(pieces)), [len(p.triangles) for p in pieces]).astype(np.int16),
        np.stack(table),
        np.stack([library.textures[n] for n in names])
        if names else np.zeros((1, TEXTURE, TEXTURE, 4), np.uint8),
    )  # fmt: skip
