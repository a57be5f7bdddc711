"""The text formats of MakeHuman's assets, read with errors that name file and line.

`.obj` meshes, `.target.gz` shape changes and `.mhclo` fittings. Lengths are decimetres, y is up and
a body looks along +z. Indices count from 0.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sticc_lib.tracklets.table import DataError


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh with texture coordinates.

    Attributes:
        positions: float32 [V, 3].
        uv: float32 [U, 2], 0..1, v upwards.
        triangles: int32 [F, 3], into positions.
        corners: int32 [F, 3], into uv.
        groups: text [F], the group that each triangle stands in.
    """

    positions: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    corners: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True)
class Fit:
    """How a garment hangs on the body.

    Attributes:
        ties: int32 [V, 3], base vertices that each garment vertex is tied to.
        weights: float32 [V, 3]; a position is their weighted sum ...
        offsets: float32 [V, 3]: ... plus this, times the scale of each axis.
        spans: float64 [3, 3]: per axis two base vertices and the distance that is scale 1.
        hidden: int32 [n], base vertices under the garment.
        mesh: name of the `.obj`.
    """

    ties: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    spans: np.ndarray
    hidden: np.ndarray
    mesh: str


def read_obj(path: Path) -> Mesh:
    """Reads an `.obj`; polygons become fans of triangles.

    Raises:
        DataError: a line that is no vertex or face, or an index beyond the mesh.
    """
    positions, uv, polygons, groups, group = [], [], [], [], ""
    for number, line in enumerate(_lines(path), 1):
        word, _, rest = line.strip().partition(" ")
        try:
            if word == "v":
                positions.append([float(v) for v in rest.split()[:3]])
            elif word == "vt":
                uv.append([float(v) for v in rest.split()[:2]])
            elif word == "g":
                group = rest.strip()
            elif word == "f":
                corners = [[*c.split("/"), "1"][:2] for c in rest.split()]
                polygons.append([(int(v) - 1, int(t or 1) - 1) for v, t in corners])
                groups.append((number, group))
        except ValueError:
            raise DataError(f"{path}, line {number}: {line.strip()!r} is no {word}") from None
    fans = [
        ((p[0], p[k], p[k + 1]), where)
        for p, where in zip(polygons, groups, strict=True)
        for k in range(1, len(p) - 1)
    ]
    index = np.array([fan for fan, _ in fans], np.int32).reshape(-1, 3, 2)
    uv = uv or [[0.0, 0.0]]
    bad = (index < 0) | (index >= (len(positions), len(uv)))
    if bad.any():
        line = fans[int(np.flatnonzero(bad.any((1, 2)))[0])][1][0]
        raise DataError(
            f"{path}, line {line}: a face beyond the {len(positions)} vertices and {len(uv)} "
            "texture coordinates of the file; fetch it again"
        )
    return Mesh(
        np.array(positions, np.float32).reshape(-1, 3), np.array(uv, np.float32),
        np.ascontiguousarray(index[:, :, 0]), np.ascontiguousarray(index[:, :, 1]),
        np.array([g for _, (_, g) in fans], dtype=np.str_),
    )  # fmt: skip


def read_target(path: Path, vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """Reads a `.target.gz`: lines `index dx dy dz`.

    Returns:
        int32 [n], the vertices that move, and float32 [n, 3], by how much at full strength.

    Raises:
        DataError: no gzip file, a line of another form, or an index beyond the mesh.
    """
    lines = _lines(path)
    kept = [k for k, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not kept:
        return np.empty(0, np.int32), np.empty((0, 3), np.float32)
    try:
        values = np.loadtxt([lines[k - 1] for k in kept], np.float64, ndmin=2)
        values = values.reshape(len(kept), 4)
    except ValueError:
        line = next((k for k in kept if not _numbers(lines[k - 1].split(), 4)), 1)
        raise DataError(
            f"{path}, line {line}: expected `index dx dy dz`, got {lines[line - 1].strip()!r}; "
            "the file is damaged, fetch it again"
        ) from None
    bad = np.flatnonzero((values[:, 0] < 0) | (values[:, 0] >= vertices))
    if len(bad):
        line = kept[int(bad[0])]
        raise DataError(f"{path}, line {line}: vertex {int(values[bad[0], 0])} of {vertices}")
    return values[:, 0].astype(np.int32), values[:, 1:].astype(np.float32)


def read_fit(path: Path, vertices: int) -> Fit:
    """Reads an `.mhclo`.

    Args:
        path: the file.
        vertices: of the base mesh.

    Raises:
        DataError: a line of another form, a vertex beyond the base mesh, or no scales.
    """
    ties, weights, offsets, hidden = [], [], [], []
    spans: dict[str, list[float]] = {}
    mesh, part = path.with_suffix(".obj").name, ""
    for number, line in enumerate(_lines(path), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        name = words[0]
        try:
            if name[1:] == "_scale":
                spans[name[0]] = [int(words[1]), int(words[2]), float(words[3])]
            elif name == "obj_file":
                mesh = words[1]
            elif name in ("verts", "delete_verts"):
                part = name
            elif part == "verts" and _numbers(words, 1, 9):
                row = [*words, words[0], words[0], 1, 0, 0, 0, 0, 0][:9]
                tie = [int(v) for v in row[:3]]
                ties.append(tie)
                weights.append(row[3:6])
                offsets.append(row[6:])
                _within(tie, vertices)
            elif part == "delete_verts":
                hidden += _ranges(words)
                _within(hidden, vertices)
            elif part == "verts" and name.lstrip("-")[0].isdigit():
                raise ValueError("expected one index, or three indices and six numbers")
        except (ValueError, IndexError) as error:
            raise DataError(f"{path}, line {number}: {error}; fetch the file again") from None
    if not ties or set(spans) != set("xyz"):
        raise DataError(f"{path}: expected x_scale, y_scale, z_scale and a list of `verts`")
    return Fit(
        np.array(ties, np.int32), np.array(weights, np.float32), np.array(offsets, np.float32),
        np.array([spans[a] for a in "xyz"]), np.array(sorted(set(hidden)), np.int32), mesh,
    )  # fmt: skip


def _within(indices: list[int], vertices: int) -> None:
    for index in indices:
        if not 0 <= index < vertices:
            raise ValueError(f"vertex {index} lies beyond the {vertices} of the base mesh")


def _ranges(words: list[str]) -> list[int]:
    """`3 5 - 7 9` to 3 5 6 7 9."""
    found: list[int] = []
    for k, word in enumerate(words):
        if word == "-":
            found += range(int(words[k - 1]) + 1, int(words[k + 1]))
        else:
            found.append(int(word))
    return found


def _numbers(words: list[str], *counts: int) -> bool:
    try:
        return len([float(word) for word in words]) in counts
    except ValueError:
        return False


def _lines(path: Path) -> list[str]:
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        return content.decode("utf-8", "replace").splitlines()
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{path}: cannot be read ({reason}); fetch the file again") from None
