"""How near is the same person: a threshold from training pairs, or from the video's own tracks.

Never from the truth of the video that is counted. What comes out is printed with every count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sticc_lib.counting.adapt import Method, held_out
from sticc_lib.counting.evidence import Evidence
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.verification import sample_pairs, threshold

FALLBACK = 0.15
"""Cosine distance where a video is too short to tell: fewer than LEAST pairs of either kind.
CHOICE: near the thresholds of unfitted features on drawn scenes (.13 to .23), on the strict side: a
wrong merge spoils templates for good. The number of people is then a guess, and said so."""
LEAST = 5


@dataclass(frozen=True)
class Cut:
    """Two fragments are the same person up to this cosine distance.

    Attributes:
        value: the threshold.
        width: of the logistic curve around it, by which a distance becomes a probability.
        origin: where it comes from, in words.
        same, different: float [n], [m], the distances it was taken from; sorted.
        error: mean of missed and false matches among them.
    """

    value: float
    width: float
    origin: str
    same: np.ndarray
    different: np.ndarray
    error: float

    def probability(self, distance: np.ndarray | float) -> np.ndarray:
        """Of being the same person, 0..1: 1/2 at the threshold."""
        slope = np.clip((np.asarray(distance, float) - self.value) / self.width, -50, 50)
        return 1 / (1 + np.exp(slope))

    def drawn(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Thresholds as other draws of the same pairs would have them, float [count].

        A threshold that was given has no pairs it was taken from, and stays.
        """
        if not (len(self.same) and len(self.different)) or self.error != self.error:
            return np.full(count, self.value)
        values = [
            threshold(rng.choice(self.same, len(self.same)),
                      rng.choice(self.different, len(self.different))).value
            for _ in range(min(count, 200))
        ]  # fmt: skip
        away = np.array(values) - np.mean(values)
        return self.value + rng.choice(away, count)

    def at(self, value: float, origin: str) -> Cut:
        """The same distances, cut elsewhere."""
        return replace(self, value=float(value), origin=origin, error=float("nan"))

    def __str__(self) -> str:
        return (
            f"cosine distance {self.value:.3f} ({self.origin}; {len(self.same)} same and "
            f"{len(self.different)} different pairs, {self.error:.1%} of them wrong)"
        )


def from_training(embeddings: Embeddings, seed: int = 0) -> Cut:
    """The threshold of equal cost on pairs of training persons, such as the walkers'.

    Args:
        embeddings: of training persons, under the model that counts.
        seed: of the pairs drawn.

    Raises:
        ValueError: no pair of one kind.
    """
    pairs = sample_pairs(embeddings, "cosine", seed=seed)
    return cut(pairs.same, pairs.different, "pairs of training persons at equal cost")


def from_video(evidence: Evidence, method: Method = "lda", parts: int = 3, **options: float) -> Cut:
    """The threshold of equal cost from the video itself, without labels.

    Same: the first and the last third of a track. Different: such thirds of two tracks seen at
    once. Both on tracks held out of the metric's fit: on its own tracks it would be too strict.

    Args:
        evidence: what was seen so far.
        method, options: of the metric (adapt.fit).
        parts: the metric is fitted so many times, each without one part of the tracks.
    """
    same, different = [np.empty(0)], [np.empty(0)]
    for part in held_out(evidence, method, parts, **options):
        same.append(np.diag(part.distance)[part.held])
        # one of the two held out is enough: its place is new to the metric
        different.append(part.distance[part.at_once & part.held[:, None]])
    near, away = np.concatenate(same), np.concatenate(different)
    if min(len(near), len(away)) < LEAST:
        origin = "a guess: too few tracks to tell"
        return Cut(FALLBACK, 0.05, origin, np.sort(near), np.sort(away), float("nan"))
    return cut(near, away, "the video's own tracks at equal cost")


def cut(same: np.ndarray, different: np.ndarray, origin: str) -> Cut:
    """Equal cost of a false merge and a false split, and the width of the doubt.

    CHOICE: the width is that of a logistic curve with the two kinds' pooled deviation, as if both
    were normal with it: (s1² + s2²) / 2 over the distance of the means.
    """
    same, different = np.sort(np.asarray(same, float)), np.sort(np.asarray(different, float))
    found = threshold(same, different)
    apart = max(float(different.mean() - same.mean()), 1e-3)
    width = float((same.var() + different.var()) / 2) / apart
    return Cut(found.value, max(width, 1e-3), origin, same, different, found.error)
