"""Fitting features to one video without labels, in closed form: whitening, discriminants.

Directions in which a person's own crops vary are made small; in the discriminant, directions in
which people seen at once differ are kept. Fit again whenever tracks have come (under a second).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sticc_lib.counting.evidence import Evidence, seen_at_once
from sticc_lib.counting.features import fragment_means, unit
from sticc_lib.values import ConfigError

Method = Literal["none", "wccn", "lda"]
PRINCIPAL = 256
"""Directions kept before anything is inverted."""
LEAST_TRACKS = 6
"""Tracks of four crops and more below which nothing is fitted: features stay as they come."""


@dataclass(frozen=True)
class Metric:
    """A linear map, after which vectors are compared by their cosine.

    Attributes:
        mean: float32 [D], taken off first.
        basis: float32 [D, d], or None for vectors as they come.
        name: what was fitted.
    """

    mean: np.ndarray
    basis: np.ndarray | None
    name: str

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """float32 [n, D] -> [n, d], rows of length one."""
        if self.basis is None:
            return unit(values)
        return unit((values - self.mean) @ self.basis)


def fit(
    values: np.ndarray,
    track: np.ndarray,
    at_once: np.ndarray | None = None,
    method: Method = "lda",
    dimensions: int = 12,
    ridge: float = 0.1,
) -> Metric:
    """Fits a metric to the crops of short tracks.

    Args:
        values: float32 [crops, D].
        track: int [crops], 0..t-1: crops of one number are one person.
        at_once: bool [t, t], tracks of two persons; discriminants part these alone where there
            are twice as many pairs as dimensions, else all tracks.
        method: `wccn`: within-class covariance normalisation (Hatch et al., Interspeech 2006);
            `lda`: Fisher's discriminants; `none`.
        dimensions: of `lda`.
        ridge: added to the scatter within tracks, as a share of its mean variance.

    Raises:
        ConfigError: an unknown method, or a ridge or dimensions of 0 or less.
    """
    from scipy.linalg import eigh

    if method not in ("none", "wccn", "lda") or ridge <= 0 or dimensions < 1:
        raise ConfigError(
            f"adapt: {method!r}, {dimensions} dimensions, ridge {ridge}; expected none, wccn or "
            "lda, 1 or more, above 0"
        )
    mean = values.mean(0) if len(values) else np.zeros(values.shape[1], np.float32)
    lengths = np.bincount(track)
    if method == "none" or (lengths >= 4).sum() < LEAST_TRACKS:
        return Metric(mean, None, "none")
    axes = principal(values)
    flat = (values - mean) @ axes  # [crops, p]
    means = fragment_means(flat, track, len(lengths)).astype(np.float64)
    own = flat - means[track]
    within = own.T @ own / max(len(flat) - (lengths > 0).sum(), 1)
    within += ridge * np.trace(within) / len(within) * np.eye(len(within))
    if method == "wccn":
        values_, vectors = np.linalg.eigh(within)
        basis = vectors / np.sqrt(values_)
    else:
        between = _between(means, lengths, at_once, dimensions)
        vectors = eigh(between, within)[1]  # in rising order, scaled so that within becomes 1
        basis = vectors[:, ::-1][:, :dimensions]
    return Metric(mean, (axes @ basis).astype(np.float32), method)


def principal(values: np.ndarray) -> np.ndarray:
    """The PRINCIPAL directions of most variance, float64 [D, p], from up to 4000 of the vectors."""
    some = values[:: max(1, len(values) // 4000)].astype(np.float32)
    some = some - some.mean(0)
    axes = np.linalg.eigh((some.T @ some).astype(np.float64))[1]
    return axes[:, ::-1][:, : min(PRINCIPAL, len(values) - 1)]


def shortened(evidence: Evidence) -> tuple[Evidence, np.ndarray | None]:
    """Evidence with its vectors cut to PRINCIPAL directions, and these; several fits then cost as
    little as one. None where vectors are short already."""
    if evidence.values.shape[1] <= PRINCIPAL or len(evidence.values) < 2:
        return evidence, None
    axes = principal(evidence.values)
    values = (evidence.values - evidence.values.mean(0)) @ axes
    return evidence.with_values(values.astype(np.float32)), axes


def _between(
    means: np.ndarray, lengths: np.ndarray, at_once: np.ndarray | None, dimensions: int
) -> np.ndarray:
    """Scatter of what parts people, [p, p]."""
    known = lengths >= 2
    if at_once is not None:
        i, j = np.nonzero(np.triu(at_once, 1) & known[:, None] & known[None])
        if len(i) >= 2 * dimensions:
            away = means[i] - means[j]
            return away.T @ away / len(away)
    centred = (means - means[known].mean(0))[known]
    return centred.T @ centred / len(centred)


def fit_evidence(evidence: Evidence, method: Method = "lda", **options: float) -> Metric:
    """`fit` on all tracks of what was seen; options as there."""
    number, at_once = track_numbers(evidence)
    return fit(evidence.values, number, at_once, method, **options)  # pyright: ignore[reportArgumentType]


def track_numbers(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """Track of each crop as 0..t-1, int [crops], and which tracks were seen at once, [t, t]."""
    names = np.unique(evidence.fragments["track"])
    number = np.searchsorted(names, evidence.boxes["track"].to_numpy())
    at_once = seen_at_once(evidence.boxes, number, len(names))
    return np.searchsorted(names, evidence.track), at_once


def thirds(values: np.ndarray, track: np.ndarray, least: int = 6) -> tuple[np.ndarray, ...]:
    """The two ends of each track: track [k], mean of its first third [k, D], of its last third.

    Args:
        values: [crops, D], crops of a track in time order.
        track: int [crops].
        least: tracks of fewer crops are left out.
    """
    order = np.argsort(track, kind="stable")
    names, start, count = np.unique(track[order], return_index=True, return_counts=True)
    kept, first, last = [], [], []
    for name, low, length in zip(names, start, count, strict=True):
        if length < least:
            continue
        rows = order[low : low + length]
        third = max(length // 3, 1)
        kept.append(name)
        first.append(values[rows[:third]].mean(0))
        last.append(values[rows[-third:]].mean(0))
    shape = (0, values.shape[1])
    return (np.array(kept, np.int64), np.array(first).reshape(-1, shape[1]),
            np.array(last).reshape(-1, shape[1]))  # fmt: skip


def folds(track: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Which of `count` parts each track is in, int [tracks]; parts are alike in crops."""
    lengths = np.bincount(track)
    order = np.argsort(-lengths + np.random.default_rng(seed).uniform(0, 0.5, len(lengths)))
    fold = np.empty(len(lengths), np.int64)
    fold[order] = np.arange(len(lengths)) % count
    return fold


@dataclass(frozen=True)
class HeldOut:
    """Both ends of tracks under a metric that was fitted without one part of them.

    Attributes:
        distance: [k, k], cosine distance of first thirds (rows) to last thirds.
        held: bool [k], tracks that the metric did not see.
        at_once: bool [k, k], tracks of two persons.
    """

    distance: np.ndarray
    held: np.ndarray
    at_once: np.ndarray


def held_out(
    evidence: Evidence, method: Method = "lda", parts: int = 3, **options: float
) -> Iterator[HeldOut]:
    """Fits a metric `parts` times, each without one part of the tracks."""
    if method != "none":
        evidence = shortened(evidence)[0]  # unlabelled: the held out may take part
    number, at_once = track_numbers(evidence)
    fold = folds(number, parts)
    for part in range(parts):
        learn = fold[number] != part
        if not learn.any():
            continue
        names, mine = np.unique(number[learn], return_inverse=True)
        metric = fit(evidence.values[learn], mine, at_once[np.ix_(names, names)], method, **options)  # pyright: ignore[reportArgumentType]
        kept, first, last = thirds(metric(evidence.values), number)
        distance = 1 - unit(first) @ unit(last).T
        yield HeldOut(distance, fold[kept] == part, at_once[np.ix_(kept, kept)])


def own_score(
    evidence: Evidence, method: Method = "lda", parts: int = 3, **options: float
) -> float:
    """How well features tell people apart, without labels: higher is better, 0..1.

    The last third of a track should find its own first third before those of tracks seen at once,
    under a metric fitted without it. Mean of 1/rank over tracks that were seen with others; NaN
    where there are none. It ranks settings as the truth does (Spearman .93 on PETS2009).
    """
    found = []
    for part in held_out(evidence, method, parts, **options):
        own = np.diag(part.distance)
        nearer = ((part.distance <= own[None]) & part.at_once).sum(0)
        judged = part.held & part.at_once.any(0)
        found.extend((1 / (1 + nearer[judged])).tolist())
    return float(np.mean(found)) if found else float("nan")


def choose(
    candidates: Mapping[str, np.ndarray], evidence: Evidence, method: Method = "lda"
) -> tuple[str, dict[str, float]]:
    """The features with the best label-free score, and all scores.

    Args:
        candidates: name -> float32 [crops, D], in the order of the evidence's crops.
        evidence: its own features do not count.
        method: the metric that will be fitted.
    """
    scores = {n: own_score(evidence.with_values(v), method) for n, v in candidates.items()}
    known = {name: s for name, s in scores.items() if s == s}
    return (max(known, key=lambda n: known[n]) if known else next(iter(scores))), scores
