"""Embeddings laid out in a plane, and what a plane cannot show: whose neighbours are whose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from sticc_lib.retrieval.distances import Kind, comparer
from sticc_lib.retrieval.embeddings import Embeddings

Method = Literal["pca", "tsne"]
NEIGHBOURS = 5


@dataclass(frozen=True)
class Projection:
    """Points in a plane.

    Attributes:
        xy: float32 [N, 2].
        trustworthiness: 0..1; 1 where nobody's nearest 5 in the plane are strangers in the full
            space (Venna and Kaski, ICANN 2001).
        method: how it was made, in words.
        settings: what it depends on, in words.
    """

    xy: np.ndarray
    trustworthiness: float
    method: str
    settings: str


def project(
    values: np.ndarray, method: Method = "pca", seed: int = 0, perplexity: float = 30
) -> Projection:
    """Lays vectors out in a plane (scikit-learn's PCA or t-SNE).

    Args:
        values: real [N, D], finite, at least 4 rows.
        method: `pca` is linear and the same each time; `tsne` keeps neighbours together and
            nothing else: its distances, areas and gaps mean nothing.
        seed: of t-SNE.
        perplexity: of t-SNE, roughly how many neighbours count; lowered to (N - 1) / 3 where
            there are too few points for it.

    Raises:
        ValueError: too few rows, NaN, an unknown method, or a perplexity that is not positive.
    """
    from sklearn.manifold import trustworthiness

    values = np.asarray(values, np.float32)
    if values.ndim != 2 or len(values) < 4 or not np.isfinite(values).all():
        raise ValueError(f"expected at least 4 finite rows [N, D], got {list(values.shape)}")
    if method not in ("pca", "tsne"):
        raise ValueError(f"method {method!r} is none of pca, tsne")
    if perplexity <= 0:
        raise ValueError(f"perplexity {perplexity}; expected a positive number")
    draw = _pca if method == "pca" else _tsne
    xy, name, settings = draw(values, seed, perplexity)
    near = min(NEIGHBOURS, (len(values) - 1) // 2)
    worth = float(trustworthiness(values, xy, n_neighbors=near))
    return Projection(xy.astype(np.float32), worth, name, settings)


def _pca(values: np.ndarray, seed: int, perplexity: float) -> tuple[np.ndarray, str, str]:
    from sklearn.decomposition import PCA

    wide = values if values.shape[1] > 1 else np.repeat(values, 2, axis=1)
    model = PCA(2, svd_solver="full")
    xy = model.fit_transform(wide)
    kept = float(np.nan_to_num(model.explained_variance_ratio_.sum()))
    return xy, "PCA", f"the two axes hold {100 * kept:.0f} % of the variance"


def _tsne(values: np.ndarray, seed: int, perplexity: float) -> tuple[np.ndarray, str, str]:
    from sklearn.manifold import TSNE

    fitting = min(float(perplexity), (len(values) - 1) / 3)
    # CHOICE: a random start rather than PCA's, which would hide how much of a layout is luck: with
    # it every seed gives the same picture. One job: threads change the order of sums.
    model = TSNE(2, perplexity=fitting, init="random", random_state=seed, n_jobs=1)
    return model.fit_transform(values), "t-SNE", f"perplexity {fitting:.3g}, seed {seed}"


def purity(values: np.ndarray, labels: np.ndarray, k: int = 5, distance: Kind = "cosine") -> float:
    """Share of a point's k nearest others that bear its own label, mean over points.

    Args:
        values: real [N, D].
        labels: [N], of any type.
        k: neighbours; the point itself is none of them.
        distance: how vectors are compared.

    Returns:
        0..1. Set it beside `chance`, and `most`: with few points a label 1 cannot be reached.

    Raises:
        ValueError: k outside of 1..N-1, or labels that do not fit.
    """
    values, labels = np.asarray(values), np.asarray(labels)
    if len(labels) != len(values) or not 1 <= k < len(values):
        raise ValueError(f"{len(values)} rows, {len(labels)} labels, k = {k}; expected k in 1..N-1")
    compare, hits = comparer(values, np.arange(len(values)), distance), 0
    for start in range(0, len(values), 512):
        rows = np.arange(start, min(start + 512, len(values)))
        near = compare(values[rows])
        near[np.arange(len(rows)), rows] = np.inf
        nearest = np.argpartition(near, k - 1, axis=1)[:, :k]
        hits += int((labels[nearest] == labels[rows, None]).sum())
    return hits / (len(values) * k)


def chance(labels: np.ndarray) -> float:
    """The purity to expect if neighbours were drawn at random."""
    counts = np.unique(np.asarray(labels), return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (counts.sum() * max(counts.sum() - 1, 1)))


def most(labels: np.ndarray, k: int) -> float:
    """The greatest purity there can be: a label of n points offers a point n - 1 neighbours."""
    counts = np.unique(np.asarray(labels), return_counts=True)[1]
    return float((counts * np.minimum(counts - 1, k)).sum() / (counts.sum() * k))


def purity_table(
    embeddings: Embeddings,
    blocks: Mapping[str, slice],
    k: int = NEIGHBOURS,
    distance: Kind = "cosine",
) -> pd.DataFrame:
    """How pure neighbourhoods are by person and by camera, in the whole vector and in each block.

    Args:
        embeddings: of any rows; distractors and junk are left out, as are rows without a camera.
        blocks: name -> part of the vector, such as `model.blocks`.
        k: neighbours.
        distance: how vectors are compared, blocks too.

    Returns:
        A row a block, `whole` first, and a label that takes two values or more: `block`, `label`
        (person, camera), `purity`, `chance`, `most`, `count` (values there are), `k`. A vector
        that serves re-identification has a high purity of persons and one near chance of cameras.

    Raises:
        ValueError: k is not below the number of rows that are left.
    """
    table = embeddings.tracklets
    known = (table["person"] > 0).to_numpy(bool)
    keep = {"person": known, "camera": known & table["camera"].notna().to_numpy(bool)}
    parts = {"whole": slice(None)} | (dict(blocks) if len(blocks) > 1 else {})
    rows = []
    for name, part in parts.items():
        for label, rows_of in keep.items():
            labels = table.loc[rows_of, label].to_numpy(np.int64)
            if len(np.unique(labels)) < 2:  # a single label is always pure
                continue
            rows.append(
                {
                    "block": name,
                    "label": label,
                    "purity": purity(embeddings.values[rows_of, part], labels, k, distance),
                    "chance": chance(labels),
                    "most": most(labels, k),
                    "count": len(np.unique(labels)),
                    "k": k,
                }
            )
    return pd.DataFrame(rows)
