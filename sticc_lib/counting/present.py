"""One interval as a gallery meets it: its fragments, the settings they are matched by, the cost.

What `individuals.Gallery` is made of; nothing here remembers anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from sticc_lib.counting.evidence import Evidence
from sticc_lib.counting.features import fragment_means, unit
from sticc_lib.values import ConfigError

NEVER = 1e4
"""Cost of what must not be."""
Project = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Matching:
    """How fragments find their individual.

    Attributes:
        mode: `memory` keeps everybody, or for `ttl` intervals unseen, and counts people (target U);
            `pairwise` knows the interval before only, so who comes back later counts again (P).
        ttl: intervals; None for ever.
        motion: cost of standing as far away as one may have walked, in cosine distance.
        track_prior: a track that goes on from the interval before is the same person.
        least_boxes, least_height: fragments of fewer boxes or pixels are unsure: they may match,
            but are no template, and alone they are nobody.
    """

    mode: Literal["memory", "pairwise"] = "memory"
    ttl: int | None = None
    motion: float = 0.05
    track_prior: bool = True
    least_boxes: int = 3
    least_height: float = 20.0

    def __post_init__(self) -> None:
        """Refuses what makes no sense.

        Raises:
            ConfigError: names the setting.
        """
        if self.mode not in ("memory", "pairwise"):
            raise ConfigError(f"mode {self.mode!r}: expected memory or pairwise")
        if self.ttl is not None and self.ttl < 1:
            raise ConfigError(f"ttl {self.ttl}: expected 1 interval or more, or None")


@dataclass
class Individual:
    """One person, as far as is known.

    Attributes:
        number: from 1, in order of appearance.
        templates: float32 [k, D], features as they come, the last ones last.
        place: the last fragment's ends, as a row of `Evidence.ends`.
        track: of the last fragment.
        interval: when last seen, from 0.
        sure: whether any of the fragments was more than unsure.
    """

    number: int
    templates: np.ndarray
    place: dict[str, float]
    track: int
    interval: int
    sure: bool


class Now:
    """The fragments of one interval, ready to be matched."""

    def __init__(self, evidence: Evidence, project: Project):
        count = len(evidence.fragments)
        self.project, self.fps = project, evidence.fps
        self.raw = fragment_means(unit(evidence.values), evidence.owner, count)
        self.vectors = project(self.raw)
        self.ends, self.apart = evidence.ends, evidence.apart
        self.track = evidence.fragments["track"].to_numpy()
        self.boxes = evidence.fragments["n"].to_numpy()

    def order(self) -> np.ndarray:
        """Positions, long fragments first; does not depend on how fragments are numbered."""
        ends = self.ends
        return np.lexsort((ends["y0"], ends["x0"], ends["first"], -self.boxes))

    def person(self, row: int, number: int, interval: int, settings: Matching) -> Individual:
        place = {str(k): float(v) for k, v in self.ends.iloc[row].items()}
        sure = bool(self.boxes[row] >= settings.least_boxes)
        sure &= place["h1"] >= settings.least_height
        return Individual(number, self.raw[[row]], place, int(self.track[row]), interval, sure)


def hungarian(cost: np.ndarray, unmatched: float) -> list[tuple[int, int]]:
    """The cheapest assignment in which a row may stay alone at a cost.

    Args:
        cost: [n, m].
        unmatched: cost of a row alone; the matrix is augmented by one such column a row, which is
            what a dustbin does.

    Returns:
        Pairs (row, column), each at most once.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = cost.shape
    alone = np.full((rows, rows), 2 * NEVER)
    np.fill_diagonal(alone, unmatched)
    found = linear_sum_assignment(np.concatenate([cost, alone], axis=1))
    return [(int(i), int(j)) for i, j in zip(*found, strict=True) if j < columns]


def strides(here: pd.DataFrame, there: pd.DataFrame, fps: float) -> np.ndarray:
    """How far somebody would have come: 0 for nowhere, 1 for as far as one walks, [n, m]."""
    wait = (here["first"].to_numpy()[:, None] - there["last"].to_numpy()[None]) / fps
    way = np.hypot(
        here["x0"].to_numpy()[:, None] - there["x1"].to_numpy()[None],
        here["y0"].to_numpy()[:, None] - there["y1"].to_numpy()[None],
    )
    return np.minimum(way / np.maximum(there["h1"].to_numpy(), 1) / (1 + np.maximum(wait, 0)), 1)
