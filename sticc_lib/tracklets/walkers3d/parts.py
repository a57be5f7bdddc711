"""Parts a person is put together from: body, garments, hair, shoes, each tied to the base mesh.

Suits are taken apart into tops, bottoms and wholes; meshes are thinned to what a crop can show.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sticc_lib.tracklets.walkers3d.formats import Fit, Mesh

CELL, CLOTH = 0.165, 0.19
"""Vertices nearer to each other than about this are made one, decimetres. CHOICE: a sample of a
crop at 128x64, drawn at twice that, is 8 mm wide; half the triangles cost half the time."""


UNIT = np.array([[0.0, 1.0, 1.0]] * 3)


@dataclass(frozen=True)
class Part:
    """A piece of surface that follows the base mesh.

    Attributes:
        ties: int32 [V, 3], base vertices; weights: float32 [V, 3]; offsets: float32 [V, 3] in
            scales of `spans` (float64 [3, 3], see formats.Fit).
        triangles: int32 [F, 3]; uv: float32 [F, 3, 2].
        hidden: int32 [n], base vertices that it covers.
        bones, shares: int32 and float32 [V, 4], skin weights.
        rest: float32 [V, 4], place on the unshaped body and way along the arm (see raster.Body).
    """

    ties: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    spans: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    hidden: np.ndarray
    bones: np.ndarray = field(default_factory=lambda: np.empty(0))
    shares: np.ndarray = field(default_factory=lambda: np.empty(0))
    rest: np.ndarray = field(default_factory=lambda: np.empty(0))

    def fitted(self, base: np.ndarray) -> np.ndarray:
        """Its vertices on a shaped base mesh: float32 [V, 3] from [19158, 3], decimetres."""
        a, b = (self.spans[:, k].astype(np.intp) for k in (0, 1))
        axes = np.arange(3)
        scale = np.abs(base[a, axes] - base[b, axes]) / self.spans[:, 2]
        on_body = (base[self.ties] * self.weights[:, :, None]).sum(1)
        return (on_body + self.offsets * scale).astype(np.float32)


def body_part(mesh: Mesh, group: str, cell: float | np.ndarray = CELL) -> Part:
    """A group of the base mesh as a part; each vertex is tied to itself."""
    keep = mesh.groups == group
    return _part(np.repeat(np.arange(len(mesh.positions))[:, None], 3, 1).astype(np.int32),
                 np.tile(np.eye(1, 3, dtype=np.float32), (len(mesh.positions), 1)),
                 np.zeros_like(mesh.positions), UNIT, mesh, keep, mesh.positions,
                 np.empty(0, np.int32), cell)  # fmt: skip


def fit_part(mesh: Mesh, fit: Fit, base: np.ndarray, keep: np.ndarray | None = None,
             hidden: np.ndarray | None = None, cell: float = CLOTH) -> Part:  # fmt: skip
    """A garment as a part; `keep` (bool [F]) picks triangles."""
    keep = np.ones(len(mesh.triangles), bool) if keep is None else keep
    whole = Part(fit.ties, fit.weights, fit.offsets, fit.spans, mesh.triangles, mesh.uv, fit.hidden)
    hidden = fit.hidden if hidden is None else hidden
    return _part(fit.ties, fit.weights, fit.offsets, fit.spans, mesh, keep, whole.fitted(base),
                 hidden, cell)  # fmt: skip


def _part(
    ties: np.ndarray,
    weights: np.ndarray,
    offsets: np.ndarray,
    spans: np.ndarray,
    mesh: Mesh,
    keep: np.ndarray,
    places: np.ndarray,
    hidden: np.ndarray,
    cell: float | np.ndarray,
) -> Part:
    """Thins the kept triangles by merging vertices of one cell, and numbers what is left."""
    triangles = mesh.triangles[keep]
    used = np.unique(triangles)
    size = np.broadcast_to(np.asarray(cell, float), len(places))[used, None]
    cells = np.c_[np.floor(places[used] / size), 1000 * size].astype(np.int64)
    _, group = np.unique(cells, axis=0, return_inverse=True)
    group = group.ravel()
    # a cell is stood for by the vertex nearest to its members' mean: a real one, with its own tie
    count = np.bincount(group)
    mean = np.stack([np.bincount(group, places[used][:, k]) / count for k in range(3)], 1)
    away = ((places[used] - mean[group]) ** 2).sum(1)
    order = np.lexsort((away, group))
    first = order[np.r_[True, np.diff(group[order]) > 0]]
    chosen = used[first]
    to = np.zeros(len(places), np.int32)
    to[used] = group
    merged, uv = to[triangles], mesh.uv[mesh.corners[keep]]
    flat = (merged[:, 0] == merged[:, 1]) | (merged[:, 1] == merged[:, 2]) \
        | (merged[:, 0] == merged[:, 2])  # fmt: skip
    _, single = np.unique(np.sort(merged, 1), axis=0, return_index=True)
    rows = np.sort(single[~flat[single]])
    return Part(ties[chosen], weights[chosen].astype(np.float32),
                offsets[chosen].astype(np.float32), spans, merged[rows].astype(np.int32),
                np.ascontiguousarray(uv[rows], np.float32), hidden)  # fmt: skip


def pieces(mesh: Mesh, fit: Fit, base: np.ndarray) -> dict[str, Part]:
    """Takes a suit apart by connected components.

    Args:
        mesh: the suit.
        fit: its fitting.
        base: float32 [19158, 3], the unshaped base mesh.

    Returns:
        `top` and `bottom`, or `whole` where one component covers both. Small components go with
        the large one they are nearest to.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    whole = Part(fit.ties, fit.weights, fit.offsets, fit.spans, mesh.triangles, mesh.uv, fit.hidden)
    places, count = whole.fitted(base), len(fit.ties)
    ends = np.r_[mesh.triangles[:, :2], mesh.triangles[:, 1:]]
    links = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (count, count))
    label = connected_components(links, directed=False)[1]
    kind = np.full(count, -1)
    for number in range(label.max() + 1):
        mine = label == number
        low, high = places[mine, 1].min(), places[mine, 1].max()
        if mine.sum() >= 300:
            kind[mine] = 2 if low < -4 and high > 4 else int(high < 2.5)
    if (kind == 2).any():
        return {"whole": fit_part(mesh, fit, base)}
    large = np.flatnonzero(kind >= 0)
    near = cKDTree(places[large])
    for number in np.unique(label[kind < 0]):
        mine = label == number
        votes = kind[large][near.query(places[mine])[1]]
        kind[mine] = int(votes.mean() > 0.5)
    covered = kind[cKDTree(places).query(base[fit.hidden])[1]]
    return {
        name: fit_part(mesh, fit, base, kind[mesh.triangles[:, 0]] == k, fit.hidden[covered == k])
        for k, name in enumerate(("top", "bottom"))
        if (kind == k).any()
    }
