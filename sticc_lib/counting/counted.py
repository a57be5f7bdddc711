"""A count of one video: what was seen, who is who, and the tables that follow from both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from sticc_lib.counting.evidence import Evidence
from sticc_lib.counting.identify import Individuals
from sticc_lib.counting.observed import Observed
from sticc_lib.counting.table import check_intervals, check_samples, interval_table, sample_table

APART_SECONDS = 2.0
"""Absences shorter than this do not end a visit. CHOICE: as long as people hide one another."""


@dataclass(frozen=True)
class Counted:
    """A count.

    Attributes:
        observed: boxes, fragments, intervals and crops.
        evidence: the same fragments with features.
        found: what was found without help: threshold, metric, interval of the count, settings.
        of: int [fragments], the individual of each, from 1 in order of appearance, the unsure after
            all others; corrections are in it.
        counted: bool [individuals], False for the unsure: seen for too short a time.
        corrected: how many corrections were made by hand.
        dropped: individuals that were said to be nobody; not counted, and not unsure either.
    """

    observed: Observed
    evidence: Evidence
    found: Individuals
    of: np.ndarray
    counted: np.ndarray
    corrected: int = 0
    dropped: frozenset[int] = frozenset()

    @classmethod
    def of_found(cls, observed: Observed, evidence: Evidence, found: Individuals) -> Counted:
        """As it was found, nothing corrected."""
        return cls(observed, evidence, found, found.of, found.counted)

    def with_people(
        self, of: np.ndarray, corrected: int, dropped: np.ndarray | None = None,
        kept: np.ndarray | None = None,
    ) -> Counted:  # fmt: skip
        """The same video with other individuals.

        Args:
            of: int [fragments], any numbers; they are numbered anew, and who was seen for less than
                `least_seconds` of the settings is unsure.
            corrected: how many corrections led to it.
            dropped: bool [fragments], of nobody: their individuals are not counted.
            kept: bool [fragments]: their individuals are, however short they were seen.
        """
        first = self.observed.fragments["first_frame"].to_numpy()
        names, place = np.unique(of, return_inverse=True)
        began = np.full(len(names), np.iinfo(np.int64).max)
        np.minimum.at(began, place, first)
        # among those who came at once, the order in which they were numbered before
        before = np.full(len(names), np.iinfo(np.int64).max)
        np.minimum.at(before, place, self.of)
        boxes = self.observed.fragments["n"].to_numpy()
        seconds = np.bincount(place, boxes, len(names)) / self.observed.fps
        sure = seconds >= self.found.settings.least_seconds
        out = np.zeros(len(names), bool)
        if kept is not None:
            sure[place[kept]] = True
        if dropped is not None:
            out[place[dropped]] = True
        sure &= ~out
        order = np.lexsort((before, began, ~sure))
        number = np.empty(len(names), np.int64)
        number[order] = np.arange(1, len(names) + 1)
        said = frozenset(number[out].tolist())
        return replace(
            self, of=number[place], counted=sure[order], corrected=corrected, dropped=said
        )

    @property
    def unique(self) -> int:
        """How many people."""
        return int(self.counted.sum())

    @property
    def low(self) -> int:
        """Lower end of the count's 90 % interval; corrections move it along, not below 0."""
        return max(self.found.low + self.unique - self.found.unique, 0)

    @property
    def high(self) -> int:
        """Upper end of the count's 90 % interval; corrections move it along."""
        return self.found.high + self.unique - self.found.unique

    @property
    def short_tracks(self) -> int:
        """Short tracks, which would be the count without re-identification."""
        return int(self.observed.fragments["track"].nunique())

    @cached_property
    def person(self) -> np.ndarray:
        """int [fragments], as `of`, with 0 for the unsure."""
        return np.where(self.counted[self.of - 1], self.of, 0) if len(self.of) else self.of

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """A row an interval: `start`, `stop` (seconds), `short`, and `table.interval_table`."""
        fragments, about = self.observed.fragments, self.observed.intervals
        table = interval_table(self.person, fragments["interval"].to_numpy(), len(about))
        return about[["start", "stop", "short"]].join(check_intervals(table))

    @cached_property
    def samples(self) -> pd.DataFrame:
        """A row a sample instant, the first frame of an interval: `table.sample_table`."""
        boxes = self.observed.boxes
        frames = self.observed.intervals["first_frame"].to_numpy()
        person = self.person[boxes["fragment"].to_numpy()]
        return check_samples(sample_table(person, boxes["frame"].to_numpy(), frames))

    @cached_property
    def people(self) -> pd.DataFrame:
        """A row an individual, index `person`: `sure`, `first`, `last` (frames), `seconds` (seen),
        `visits`, `fragments`, `tracks` (numbers of them), `picture` (row of the best crop)."""
        observed = self.observed
        rows = []
        for number in range(1, len(self.counted) + 1):
            mine = np.flatnonzero(self.of == number)
            fragments = observed.fragments.loc[mine]
            rows.append({
                "sure": bool(self.counted[number - 1]),
                "first": int(fragments["first_frame"].min()),
                "last": int(fragments["last_frame"].max()),
                "seconds": float(fragments["n"].sum() / observed.fps),
                "visits": len(self.visits(number)),
                "fragments": len(mine),
                "tracks": int(fragments["track"].nunique()),
                "picture": self.pictures(number, 1)[0],
            })  # fmt: skip
        names = ["sure", "first", "last", "seconds", "visits", "fragments", "tracks", "picture"]
        index = pd.RangeIndex(1, len(rows) + 1, name="person")
        return pd.DataFrame(rows, index=index, columns=names)

    def visits(self, number: int) -> list[tuple[int, int]]:
        """When somebody was there: (first, last) frames of stays apart by APART_SECONDS or more."""
        mine = self.observed.fragments[self.of == number].sort_values("first_frame")
        most = APART_SECONDS * self.observed.fps
        found: list[tuple[int, int]] = []
        for low, high in mine[["first_frame", "last_frame"]].to_numpy().tolist():
            if found and low - found[-1][1] <= most:
                found[-1] = (found[-1][0], max(high, found[-1][1]))
            else:
                found.append((low, high))
        return found

    def pictures(self, number: int, most: int) -> list[int]:
        """Rows of `observed.pixels` that show somebody best, in order of time.

        Clean crops before others, of fragments spread evenly over the time that they were seen.
        """
        crops = self.observed.crops
        mine = crops[self.of[crops["fragment"].to_numpy()] == number]
        mine = mine[mine["clean"]] if mine["clean"].any() else mine
        if not len(mine):
            return []
        places = np.unique(np.linspace(0, len(mine) - 1, most + 2)[1:-1].round().astype(int))
        return mine.sort_values("frame")["row"].to_numpy()[places].tolist()
