"""The same video counted at another threshold: merges are made once and cut where one likes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sticc_lib.counting.calibrate import Cut
from sticc_lib.counting.counted import Counted
from sticc_lib.counting.doubt import spread
from sticc_lib.counting.identify import fitted
from sticc_lib.counting.linking import tracks_merged
from sticc_lib.counting.merging import Merges


@dataclass(frozen=True)
class Regrouping:
    """All merges of a count's tracks. Use `Regrouping.of`.

    Attributes:
        counted: as it was found; corrections are not in it.
        merges: of items, nearest first; None where nobody was seen.
        item: int [fragments].
    """

    counted: Counted
    merges: Merges | None
    item: np.ndarray

    @classmethod
    def of(cls, counted: Counted, trained: Cut | None = None) -> Regrouping:
        """Merges the tracks of a count, under the metric that it was counted with.

        A count that was made online is merged as a whole here, and may differ at its own threshold.

        Args:
            counted: the count.
            trained: as `identify` takes it.

        Raises:
            ConfigError: more tracks than can be merged at once.
        """
        plain = Counted.of_found(counted.observed, counted.evidence, counted.found)
        evidence, settings = counted.evidence, counted.found.settings
        if not len(evidence.fragments):
            return cls(plain, None, np.empty(0, int))
        metric = fitted(evidence, settings, trained)[1]
        return cls(plain, *tracks_merged(evidence, settings, metric))

    @property
    def span(self) -> tuple[float, float]:
        """The thresholds between which anything happens, cosine distance; 0 and up."""
        own = self.counted.found.cut.value
        if self.merges is None or not len(self.merges.height):
            return 0.0, max(own, 1.0)
        heights = self.merges.height
        return max(0.0, float(min(heights[0], own))), float(max(heights[-1], own))

    def at(self, threshold: float) -> Counted:
        """The count at a threshold, with its own interval; at the count's own it is the count."""
        found, evidence = self.counted.found, self.counted.evidence
        if self.merges is None or (threshold == found.cut.value and found.settings.way == "whole"):
            return self.counted
        there = self.counted.with_people(self.merges.groups(threshold)[self.item] + 1, 0)
        cut = found.cut.at(threshold, "chosen by hand")
        low, high = spread(self.merges, cut, self.item, evidence, found.settings.least_seconds)
        found = replace(
            found, of=there.of, counted=there.counted, cut=cut,
            low=min(low, there.unique), high=max(high, there.unique),
        )  # fmt: skip
        return Counted.of_found(self.counted.observed, evidence, found)
