"""Puts a person together: shapes the body, hangs the clothes on it, gathers one body to draw.

Under every garment the body itself is painted in its colour (the lining), so that no gap between
garments of different suits shows a hole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sticc_lib.tracklets.walkers3d import carried, gait
from sticc_lib.tracklets.walkers3d.assets import TEXTURE, Library
from sticc_lib.tracklets.walkers3d.look import Look
from sticc_lib.tracklets.walkers3d.piece import Piece, place
from sticc_lib.tracklets.walkers3d.raster import Body
from sticc_lib.tracklets.walkers3d.shading import Material
from sticc_lib.tracklets.walkers3d.wardrobe import Cloth

WAIST = 1.3
"""Height where tops meet bottoms on the unshaped body, decimetres."""
EYE = (0.20, 0.17, 0.15)
"""CHOICE: iris and white as one colour: an eye is less than a pixel."""


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


def build(look: Look, library: Library) -> Person:
    """Shapes and dresses a person; takes some 0.1 s."""
    base = _shaped(look, library)
    clothes = _clothes(look, library, base)
    pieces = [_skin(look, library, base), *clothes, *_head(look, library, base)]
    joints = np.array([base[head].mean(0) for head in library.heads]) * 0.1
    down = np.array([0.0, -min(float(p.positions[:, 1].min()) for p in pieces), 0.0])
    joints, pieces = joints + down, [piece.moved(down) for piece in pieces]
    height = float(pieces[0].positions[:, 1].max())
    pieces += carried.things(look, pieces, library.bones, joints, library.parents)
    return Person(look, _gather(pieces, library), library.bones, library.parents, joints, height)


def _shaped(look: Look, library: Library) -> np.ndarray:
    """The base mesh with the macro targets of a person: float32 [19158, 3], decimetres."""
    base, sex = library.base.copy(), "female" if look.female else "male"
    strong, heavy = _levels(look.muscle), _levels(look.weight)
    for years, share in (("young", 1 - look.age), ("old", look.age)):
        changes = {f"{race}-{sex}-{years}": part for race, part in
                   zip(("african", "asian", "caucasian"), look.race, strict=True)}  # fmt: skip
        for muscle, m in strong.items():
            for weight, w in heavy.items():
                changes[f"universal-{sex}-{years}-{muscle}muscle-{weight}weight"] = m * w
        tall = "max" if look.height > 0 else "min"
        changes[f"{sex}-{years}-averagemuscle-averageweight-{tall}height"] = abs(look.height) * 0.5
        for name, part in changes.items():
            if share * part > 0 and name in library.targets:
                base += np.float32(share * part) * library.targets[name]
    return base


def _levels(value: float) -> dict[str, float]:
    """-1..1 to shares of `min`, `average` and `max`."""
    return {"min": max(-value, 0.0), "average": 1 - abs(value), "max": max(value, 0.0)}


def _material(cloth: Cloth, lift: float) -> Material:
    closed = float(cloth.part.startswith(("bottom", "shoes")) and cloth.low < -50)
    return Material(lift=lift, closed=closed, cuts=1.0, color=cloth.color, second=cloth.second,
                    pattern=cloth.pattern, period=cloth.period, low=cloth.low,
                    sleeve=cloth.sleeve, opening=cloth.opening)  # fmt: skip


def _clothes(look: Look, library: Library, base: np.ndarray) -> list[Piece]:
    """Shoes, bottom, top and coat, from the inside out; each is drawn nearer than the last."""
    worn: list[Piece] = []
    layers = ((look.shoes, 0.004), (look.bottom, 0.012), (look.top, 0.040), (look.coat, 0.065))
    for cloth, lift in layers:
        if cloth is None:
            continue
        if cloth.made:
            made = _made(cloth, library, base, lift)
            worn += (
                [_under(p, look.coat) for p in made] if look.coat and cloth is look.top else made
            )
            continue
        piece = place(library.parts[cloth.part], base, _material(cloth, lift), cloth.part)
        end = float(np.quantile(piece.rest[piece.rest[:, 3] > 0, 3], 0.98)) if (
            piece.rest[:, 3] > 0).any() else 0.0  # fmt: skip
        if cloth.sleeve > end - 0.25:  # a sleeve as short as that has a hem of its own
            piece = replace(piece, material=replace(piece.material, sleeve=99.0))
        worn.append(
            _under(piece, look.coat) if look.coat and cloth is look.top else piece.trimmed()
        )
    return worn


def _under(piece: Piece, coat: Cloth) -> Piece:
    """A top under a coat, without its sleeves where the coat's are longer."""
    arm = piece.rest[:, 3]
    covered = (arm > 0.15) & (arm < coat.sleeve - 0.2)
    return piece.trimmed().kept(~np.asarray(covered)[piece.trimmed().triangles].all(1))


def _made(cloth: Cloth, library: Library, base: np.ndarray, lift: float) -> list[Piece]:
    """A garment cut from the helper surfaces around trunk, limbs and legs."""
    plain = _material(cloth, lift)
    upper, lower = library.parts["tights"], library.parts["skirt"]
    if cloth.part == "skirt":
        return [place(lower, base, plain, loose=cloth.loose).trimmed()]
    if cloth.part == "tights":
        legs = replace(plain, high=1.25, sleeve=0.001)
        return [place(upper, base, legs, loose=cloth.loose).trimmed()]
    split = 0.9 if cloth.low < -0.6 else cloth.low
    trunk = replace(plain, low=split, high=5.95)
    pieces = [place(upper, base, trunk, loose=cloth.loose).trimmed()]
    if cloth.low < split:
        tail = replace(plain, high=1.7, lift=lift + 0.002)
        pieces.append(place(lower, base, tail, loose=cloth.loose).trimmed())
    return pieces


def _skin(look: Look, library: Library, base: np.ndarray) -> Piece:
    """The body without what clothes surely cover, painted in their colours where they may not."""
    top, bottom, part = look.top, look.bottom, library.parts["body"]
    below = bottom or top
    material = Material(
        texture=0,
        tint=0.0,
        closed=1.0,
        color=below.color,
        second=top.color,
        waist=WAIST,
        collar=4.9,
        cuff=min(top.sleeve, top.reach) - 0.2,
        leg=max(below.low, -7.0) + 0.15,
    )
    piece = place(part, base, material, look.skin)
    arm, y = piece.rest[:, 3], piece.rest[:, 1]
    gone = np.zeros(len(arm), bool)
    for cloth in (top, bottom, look.shoes):
        if cloth is None:
            continue
        ends = (arm < cloth.sleeve - 0.15) & ((y > cloth.low + 0.3) | (arm > 0))
        # CHOICE: near the waist the body stays, as the lining between top and bottom
        sure = ends & ((np.abs(y - WAIST) > 0.8) | (arm > 0) | cloth.long)
        if cloth.made:
            low, high = cloth.span
            over = high + 0.4 * (np.abs(piece.rest[:, 0]) > 0.9)  # shoulders, but no neck
            gone |= sure & np.where(arm > 0, cloth.part not in ("tights", "skirt"),
                                    (y > low) & (y < over))  # fmt: skip
        else:
            covered = np.zeros(len(base), bool)
            covered[library.parts[cloth.part].hidden] = True
            gone |= sure & covered[part.ties[:, 0]]
    return piece.kept(~gone[piece.triangles].all(1))


def _head(look: Look, library: Library, base: np.ndarray) -> list[Piece]:
    """Eyes, hair, and what is on the head."""
    found = [
        place(library.parts[eye], base, Material(color=EYE, closed=1.0))
        for eye in ("eye l", "eye r")
    ]
    rim = {"cap": 7.75, "beanie": 7.5, "": 99.0}.get(look.hat, 7.8)
    if look.hair:
        material = Material(lift=0.07, cuts=1.0, color=look.hair_color, high=rim + 0.12)
        hair = place(library.parts[look.hair], base, material, look.hair)
        found.append(hair.trimmed())
    if look.hat.startswith("hat"):
        material = Material(lift=0.2, color=look.hat_color)
        hat = place(library.parts[look.hat], base, material)
        middle = hat.positions.mean(0)
        larger = middle + (hat.positions - middle) * np.array((1.14, 1.05, 1.12), np.float32)
        found.append(replace(hat, positions=larger.astype(np.float32)))
    elif look.hat:
        material = Material(lift=0.2, cuts=1.0, color=look.hat_color, second=look.top.second,
                            low=rim, sleeve=0.001)  # fmt: skip
        scalp = place(library.parts["body"], base, material)
        scalp = replace(scalp, positions=scalp.positions + 0.018 * scalp.normals)
        found.append(scalp.trimmed())
    return found


def _gather(pieces: list[Piece], library: Library) -> Body:
    names = sorted({p.texture for p in pieces if p.texture})
    starts = np.cumsum([0, *(len(p.positions) for p in pieces)])
    table = [replace(p.material, texture=float(names.index(p.texture)) if p.texture else -1.0)
             for p in pieces]  # fmt: skip

    def all_of(name: str) -> np.ndarray:
        return np.concatenate([getattr(p, name) for p in pieces])

    cuts = [p.cuts(library.textures[p.texture][:, :, 3] if p.texture else None) for p in pieces]
    triangles = [p.triangles + s for p, s in zip(pieces, starts, strict=False)]
    textures = [library.textures[name] for name in names]
    return Body(
        all_of("positions"), all_of("normals"), all_of("bones"), all_of("weights"),
        all_of("rest"), np.concatenate(triangles).astype(np.int32), all_of("uv"),
        np.repeat(np.arange(len(pieces)), [len(p.triangles) for p in pieces]).astype(np.int16),
        np.concatenate(cuts), np.stack([material.row() for material in table]),
        np.stack(textures) if textures else np.zeros((1, TEXTURE, TEXTURE, 4), np.uint8),
    )  # fmt: skip
