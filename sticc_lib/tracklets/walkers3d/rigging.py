"""The skeleton: read from the rig, and handed on to every part that follows the base mesh."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from sticc_lib.tracklets.table import DataError
from sticc_lib.tracklets.walkers3d.formats import Mesh
from sticc_lib.tracklets.walkers3d.parts import Part

HANDS = ("hand", "thumb", "index", "middle", "ring", "pinky")


@dataclass(frozen=True)
class Rig:
    """Bones and skin weights of the base mesh.

    Attributes:
        names: of the bones, parents before children.
        parents: int [B], -1 for the root.
        heads: vertices whose mean is each joint.
        index, weight: int32 and float32 [V, 4], the strongest bones of each vertex.
    """

    names: list[str]
    parents: np.ndarray
    heads: list[np.ndarray]
    index: np.ndarray
    weight: np.ndarray


def read_rig(path: Path, mesh: Mesh) -> Rig:
    """The rig of an asset folder.

    Raises:
        DataError: no JSON, bones without a parent, or joints and weights beyond the mesh.
    """
    where = path / "body" / "rig.game_engine.json"
    rig, weights = _json(where), _json(path / "body" / "weights.game_engine.json")
    names: list[str] = []
    while len(names) < len(rig):  # parents before children
        more = [n for n in rig if n not in names and rig[n]["parent"] in ("", *names)]
        if not more:
            raise DataError(f"{where}: bones without a parent; fetch it again")
        names += sorted(more)
    heads = []
    for name in names:
        head = rig[name]["head"]
        if head["strategy"] == "CUBE":
            vertices = np.unique(mesh.triangles[mesh.groups == head["cube_name"]])
        else:
            vertices = np.array(head["vertex_indices"])
        if not len(vertices) or vertices.max() >= len(mesh.positions):
            raise DataError(f"{where}: {name}: no vertices of the mesh for its joint")
        heads.append(vertices)
    full = np.zeros((len(mesh.positions), len(names)), np.float32)
    for name, pairs in weights["weights"].items():
        for vertex, weight in pairs:
            if vertex >= len(full):
                raise DataError(
                    f"{path / 'body'}: weights of {name}: vertex {vertex} of {len(full)}"
                )
            full[vertex, names.index(name)] = weight
    parents = [names.index(rig[n]["parent"]) if rig[n]["parent"] else -1 for n in names]
    return Rig(names, np.array(parents), heads, *_strongest(full))


def rigged(part: Part, base: np.ndarray, rig: Rig) -> Part:
    """A part with skin weights and rest places, from the vertices it is tied to."""
    full = np.zeros((len(part.ties), len(rig.names)), np.float32)
    rows = np.arange(len(part.ties))[:, None]
    for k in range(3):
        of_tie = np.zeros_like(full)
        of_tie[rows, rig.index[part.ties[:, k]]] = rig.weight[part.ties[:, k]]
        full += np.maximum(part.weights[:, k : k + 1], 0) * of_tie
    index, weight = _strongest(full)
    places = part.fitted(base)
    arm = _along_arm(places, index, weight, base, rig)
    return replace(part, bones=index, shares=weight, rest=np.c_[places, arm].astype(np.float32))


def _strongest(full: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    index = np.argsort(-full, 1, kind="stable")[:, :4].astype(np.int32)
    weight = np.take_along_axis(full, index, 1)
    return index, (weight / np.maximum(weight.sum(1, keepdims=True), 1e-6)).astype(np.float32)


def _along_arm(places: np.ndarray, bones: np.ndarray, weights: np.ndarray, base: np.ndarray,
               rig: Rig) -> np.ndarray:  # fmt: skip
    """How far along the arm each point is: 0.02 shoulder, 1 elbow, 2 wrist; 0 off the arms."""
    at = {name: k for k, name in enumerate(rig.names)}
    along = np.zeros(len(places))
    for side in "lr":
        chain = [at[f"{n}_{side}"] for n in ("upperarm", "lowerarm", "hand")]
        joints = [base[rig.heads[k]].mean(0) for k in chain]
        hand = [k for n, k in at.items() if n.endswith(f"_{side}") and n.split("_")[0] in HANDS]
        arm = (weights * np.isin(bones, [*chain, *hand])).sum(1) > 0.5
        way = np.zeros(len(along))
        for a, b in pairwise(joints):
            way += np.clip((places - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        along[arm] = np.maximum(way[arm], 0.02)
    return along


def _json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not readable as JSON ({error}); fetch it again") from None
