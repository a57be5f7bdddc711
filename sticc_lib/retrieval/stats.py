"""How sure a score is: bootstrap over persons, spread over seeds, scores by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from sticc_lib.retrieval.scores import Scores


class Interval(NamedTuple):
    """An estimate and the ends of its 95 % percentile interval."""

    value: float
    low: float
    high: float


class Difference(NamedTuple):
    """A score's lead over another and the ends of its 95 % percentile interval."""

    difference: float
    low: float
    high: float


class Spread(NamedTuple):
    """Mean and sample standard deviation over runs (NaN for a single one)."""

    mean: float
    std: float
    runs: int


def per_query(scores: Scores | Sequence[Scores], metric: str = "mAP") -> np.ndarray:
    """What each query contributes to a metric: float [Q], NaN without a match.

    Args:
        scores: of one run, or of several over the same queries (seeds), which are averaged.
        metric: `mAP`, `mINP`, or `rank` and a number.

    Raises:
        ValueError: an unknown metric, or runs over different queries.
    """
    if not isinstance(scores, Scores):
        runs = [per_query(one, metric) for one in scores]
        if not runs or any(not _same_queries(runs[0], run) for run in runs):
            raise ValueError(f"{len(runs)} runs over different queries cannot be averaged")
        return np.mean(runs, axis=0)
    if metric == "mAP":
        return scores.ap
    if metric == "mINP":
        return scores.inp
    if metric.startswith("rank") and metric[4:].isdigit() and int(metric[4:]) > 0:
        within = (scores.first_hit <= int(metric[4:])).astype(float)
        return np.where(np.isnan(scores.first_hit), np.nan, within)
    raise ValueError(f"metric {metric!r} is none of mAP, mINP, rank1, rank5, ...")


def paired_difference(
    scores_a: Scores | Sequence[Scores],
    scores_b: Scores | Sequence[Scores],
    query_person: Sequence[int] | np.ndarray,
    metric: str = "mAP",
    draws: int = 2000,
    seed: int = 0,
) -> Difference:
    """Lead of a over b, with a paired bootstrap over persons.

    Queries of one person are not independent, so persons are drawn, with replacement, each with
    all of its queries under both methods.

    Args:
        scores_a, scores_b: over the same queries; several runs (seeds) are averaged per query.
        query_person: int [Q], in query order.
        metric: as in `per_query`.
        draws: bootstrap samples.
        seed: of the draws.

    Raises:
        ValueError: the scores are over different queries, or none has a match.
    """
    a, b = per_query(scores_a, metric), per_query(scores_b, metric)
    if not _same_queries(a, b):
        raise ValueError("scores over different queries: expected one set under one rule for both")
    return Difference(*_bootstrap(a - b, query_person, draws, seed))


def interval(
    scores: Scores | Sequence[Scores],
    query_person: Sequence[int] | np.ndarray,
    metric: str = "mAP",
    draws: int = 2000,
    seed: int = 0,
) -> Interval:
    """A metric with its interval, by the bootstrap of `paired_difference`."""
    return Interval(*_bootstrap(per_query(scores, metric), query_person, draws, seed))


def spread(values: Sequence[float] | np.ndarray) -> Spread:
    """Mean and spread of one number over runs."""
    array = np.asarray(values, float)
    if array.ndim != 1 or len(array) == 0:
        raise ValueError(f"expected the numbers of at least one run, got shape {array.shape}")
    std = float(array.std(ddof=1)) if len(array) > 1 else float("nan")
    return Spread(float(array.mean()), std, len(array))


def by_group(scores: Scores | Sequence[Scores], groups: Sequence | pd.Series) -> pd.DataFrame:
    """Scores of groups of queries, such as occlusion levels.

    Args:
        scores: as in `per_query`.
        groups: [Q], in query order. Rows where it is missing belong to no group.

    Returns:
        A row a group (in the order of a categorical, else sorted): `rank1`, `rank5`, `mAP`,
        `mINP`, `queries`, `valid`.
    """
    metrics = ("rank1", "rank5", "mAP", "mINP")
    table = pd.DataFrame({metric: per_query(scores, metric) for metric in metrics})
    if len(groups) != len(table):
        raise ValueError(f"{len(groups)} groups for {len(table)} queries; expected one each")
    labels = pd.Series(groups).reset_index(drop=True)
    grouped = table.groupby(labels, observed=True, sort=True)
    summary = pd.DataFrame(grouped.mean())
    summary["queries"], summary["valid"] = grouped.size(), grouped["mAP"].count()
    return summary.rename_axis("group")


def person_weights(count: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of `count` persons is drawn in each bootstrap sample: int [draws, count]."""
    return rng.multinomial(count, np.full(count, 1 / count), size=draws)


def _bootstrap(
    values: np.ndarray, query_person: Sequence[int] | np.ndarray, draws: int, seed: int
) -> tuple[float, float, float]:
    persons = np.asarray(query_person)
    if persons.shape != values.shape:
        raise ValueError(f"query_person: {persons.shape} entries for {len(values)} queries")
    valid = ~np.isnan(values)
    if not valid.any() or draws < 1:
        raise ValueError(f"{int(valid.sum())} queries with a match, {draws} draws: need both")
    names, owner = np.unique(persons[valid], return_inverse=True)
    sums, counts = np.bincount(owner, weights=values[valid]), np.bincount(owner)
    weights = person_weights(len(names), draws, np.random.default_rng(seed))
    means = (weights @ sums) / (weights @ counts)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(values[valid].mean()), float(low), float(high)


def _same_queries(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and np.array_equal(np.isnan(a), np.isnan(b))
