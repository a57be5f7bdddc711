"""Same person or not: distances of pairs, the threshold between them, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sticc_lib.retrieval.distances import Kind, paired
from sticc_lib.retrieval.hits import Labels, Matcher
from sticc_lib.retrieval.ranking import rule_labels
from sticc_lib.retrieval.stats import person_weights

if TYPE_CHECKING:
    from sticc_lib.retrieval.embeddings import Embeddings

FALSE_RATES = (1e-2, 1e-3)


@dataclass(frozen=True)
class PairDistances:
    """Distances of sampled pairs of tracklets.

    Attributes:
        same: float32 [n], of one person.
        different: float32 [m], of two persons.
        same_person: int [n], whose they are.
        different_persons: int [m, 2].
    """

    same: np.ndarray
    different: np.ndarray
    same_person: np.ndarray
    different_persons: np.ndarray


@dataclass(frozen=True)
class Threshold:
    """A pair is called the same person when its distance is at most `value`.

    Attributes:
        value: where misses and false alarms, at equal cost, are fewest (of several such places
            the lowest, with the fewest false alarms).
        low, high: its 95 % interval by a bootstrap over persons; NaN where persons are unknown.
        error: mean of the miss rate and the false alarm rate at `value`.
        tpr: false positive rate -> true positive rate; NaN with too few pairs for that rate.
    """

    value: float
    low: float
    high: float
    error: float
    tpr: dict[float, float]


def sample_pairs(
    embeddings: Embeddings, distance: Kind = "cosine", limit: int = 20000, seed: int = 0
) -> PairDistances:
    """Distances of pairs of tracklets that the set's rule would rank.

    Pairs are across cameras where the rule removes the same camera, for different persons too:
    otherwise the background would tell. Distractors and junk are left out.

    Args:
        embeddings: of one split.
        distance: how they are compared.
        limit: pairs of either kind at most; drawn evenly when there are more.
        seed: of the drawing.

    Raises:
        ValueError: there is no pair of one kind.
    """
    table, rule = embeddings.tracklets, embeddings.rule
    rows = np.flatnonzero(table["person"].to_numpy() > 0)
    labels = rule_labels(embeddings, rows)
    person = labels.person
    rng = np.random.default_rng(seed)
    left, right, match = Matcher(labels, labels).pairs(slice(0, len(rows)))
    once = match & (left < right)
    found = [np.stack([left[once], right[once]], axis=1), _strangers(labels, limit, rng)]
    for number, kind in enumerate(("same", "different")):
        pairs = found[number]
        if len(pairs) == 0:
            raise ValueError(f"no pair of {kind} persons under the rule: {rule}")
        if len(pairs) > limit:
            found[number] = pairs[np.sort(rng.choice(len(pairs), limit, replace=False))]
    near = [
        paired(embeddings.values, rows[pairs[:, 0]], rows[pairs[:, 1]], distance) for pairs in found
    ]
    return PairDistances(near[0], near[1], person[found[0][:, 0]], person[found[1]])


def _strangers(labels: Labels, limit: int, rng: np.random.Generator) -> np.ndarray:
    """Distinct pairs int [m, 2] of different persons that the rule allows."""
    count = len(labels.person)
    if count * count <= 16 * limit:  # few enough to go through all
        pairs = np.stack(np.triu_indices(count, 1), axis=1)
    else:
        drawn = np.sort(rng.integers(0, count, (8 * limit, 2)), axis=1)
        pairs = np.unique(drawn[drawn[:, 0] < drawn[:, 1]], axis=0)
    left, right = pairs.T
    keep = labels.person[left] != labels.person[right]
    for label in (labels.camera, labels.visit):
        if label is not None:
            codes = pd.factorize(pd.Series(label).astype(object))[0]  # -1 where unknown
            keep &= (codes[left] != codes[right]) | (codes[left] < 0)
    return pairs[keep]


def threshold(
    same: np.ndarray,
    different: np.ndarray,
    same_person: np.ndarray | None = None,
    different_persons: np.ndarray | None = None,
    draws: int = 500,
    seed: int = 0,
) -> Threshold:
    """The equal-cost threshold between distances of same and of different persons.

    Args:
        same: float [n].
        different: float [m].
        same_person: int [n]; with `different_persons`, the interval is taken over persons: a
            same pair counts as often as its person is drawn, a different pair as often as both.
        different_persons: int [m, 2].
        draws: bootstrap samples.
        seed: of the draws.

    Raises:
        ValueError: one side is empty, or holds NaN.
    """
    same, different = np.asarray(same, float), np.asarray(different, float)
    if not (same.size and different.size) or np.isnan(same).any() or np.isnan(different).any():
        raise ValueError(
            f"{same.size} same and {different.size} different distances: need some of each, no NaN"
        )
    cut = _Cut(same, different)
    value, error = cut.best(np.ones(same.size), np.ones(different.size))
    low = high = float("nan")
    if same_person is not None and different_persons is not None:
        names, owner = np.unique(
            np.concatenate([same_person, np.ravel(different_persons)]), return_inverse=True
        )
        of_same, of_different = owner[: same.size], owner[same.size :].reshape(-1, 2)
        drawn = person_weights(len(names), draws, np.random.default_rng(seed))
        values = [cut.best(w[of_same], w[of_different].prod(axis=1))[0] for w in drawn]
        low, high = np.nanquantile(values, [0.025, 0.975]).tolist()
    tpr = {rate: _tpr(same, different, rate) for rate in FALSE_RATES}
    return Threshold(value, low, high, error, tpr)


class _Cut:
    """All distances in order, so that a weighted cut costs two running sums."""

    def __init__(self, same: np.ndarray, different: np.ndarray):
        values = np.concatenate([same, different])
        self.order = np.argsort(values, kind="stable")
        self.values = values[self.order]
        self.last = np.append(np.diff(self.values) > 0, True)  # a cut never divides equals

    def best(self, same: np.ndarray, different: np.ndarray) -> tuple[float, float]:
        """(threshold, error) under these weights; NaN where one side weighs nothing."""
        if not same.sum() or not different.sum():
            return float("nan"), float("nan")
        zeros = np.zeros
        hits = np.append(same / same.sum(), zeros(len(different)))[self.order].cumsum()
        alarms = np.append(zeros(len(same)), different / different.sum())[self.order].cumsum()
        error = np.where(self.last, (1 - hits + alarms) / 2, np.inf)
        place = int(np.argmin(error))
        # halfway to the next distance: the cut is not to lie on a pair that was seen
        value = self.values[place : place + 2].mean()
        return float(value), float(error[place])


def _tpr(same: np.ndarray, different: np.ndarray, rate: float) -> float:
    """Share of same pairs nearer than all but `rate` of the different ones."""
    allowed = int(np.floor(rate * different.size + 1e-9))
    if allowed < 1:
        return float("nan")
    bound = np.partition(different, allowed)[allowed] if allowed < different.size else np.inf
    return float(np.mean(same < bound))
