"""What is known of a count at one frame: who is here, who was here, how many so far."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sticc_lib.counting.counted import Counted

HERE = 0.5
"""Seconds for which somebody still is, or already is, here around a box. CHOICE: detectors miss
single frames, and nobody should blink for it."""
LEAD = 1.0
"""Seconds shown before the first thing that happens in the busiest span."""


@dataclass(frozen=True)
class Moment:
    """A frame.

    Attributes:
        interval: from 0; of how many `intervals`.
        present: different people in this interval (the table's number).
        now: people with a box in this very frame; the unsure are not counted.
        unique: people until now, this frame included. In an interval's last frame it is the
            table's number.
        boxes: float64 [n, 4], x y w h, without those that were said to be nobody.
        persons: int [n], whose; 0 for the unsure.
        here: people who are here, give or take HERE seconds.
        new: people who were first seen less than an interval ago.
    """

    interval: int
    intervals: int
    present: int
    now: int
    unique: int
    boxes: np.ndarray
    persons: np.ndarray
    here: frozenset[int]
    new: frozenset[int]


class Moments:
    """A count, frame by frame.

    Args:
        counted: the count, corrections in it.

    Attributes:
        first: int [people], the frames in which those who are counted were first seen, rising,
            and `number`, int [people], who they are.
        low, high, step: the frames that were looked at: low, low + step, ..., high.
    """

    def __init__(self, counted: Counted):
        self.counted = counted
        observed = counted.observed
        fragments, intervals = observed.fragments, observed.intervals
        owner = observed.boxes["fragment"].to_numpy()
        real = ~np.isin(counted.of[owner], list(counted.dropped))
        self._frame = observed.boxes["frame"].to_numpy()[real]
        self._boxes = observed.boxes[["x", "y", "w", "h"]].to_numpy(float)[real]
        self._person = counted.person[owner[real]]
        began = np.full(len(counted.counted) + 1, np.iinfo(np.int64).max)
        np.minimum.at(began, counted.person, fragments["first_frame"].to_numpy())
        sure = np.flatnonzero(counted.counted) + 1
        self.number = sure[np.argsort(began[sure], kind="stable")]
        self.first = began[self.number]
        self.low = int(intervals["first_frame"].iloc[0])
        self.high = int(intervals["last_frame"].max())
        frames = int(intervals["frames"].sum())
        self.step = round((self.high - self.low) / (frames - 1)) if frames > 1 else 1
        self._starts = intervals["first_frame"].to_numpy()
        self._present = counted.intervals["present"].to_numpy()
        self._every = round(float((intervals["stop"] - intervals["start"]).max()) * observed.fps)
        self._spans = fragments[["first_frame", "last_frame"]].to_numpy()

    def at(self, frame: int) -> Moment:
        """What is known at a frame."""
        interval = int(np.searchsorted(self._starts, frame, "right")) - 1
        mine = self._rows(frame, frame)
        unique = int(np.searchsorted(self.first, frame, "right"))
        before = int(np.searchsorted(self.first, frame - self._every, "right"))
        known = set(self.number[:unique].tolist())
        return Moment(
            interval, len(self._starts), int(self._present[interval]),
            len(set(self._person[mine].tolist()) - {0}), unique, self._boxes[mine],
            self._person[mine], frozenset(self._here(frame) & known),
            frozenset(self.number[before:unique].tolist()),
        )  # fmt: skip

    def latest(self, frame: int, most: int) -> list[int]:
        """Those who are here, and then those seen last; at most `most`, in order of numbers."""
        last = np.zeros(len(self.counted.counted) + 1, np.int64)
        begun = self._spans[:, 0] <= frame
        seen = np.minimum(self._spans[begun, 1], frame)
        np.maximum.at(last, self.counted.person[begun], seen)
        known = self.number[: int(np.searchsorted(self.first, frame, "right"))]
        away = ~np.isin(known, list(self._here(frame)))
        return sorted(known[np.lexsort((-last[known], away))[:most]].tolist())

    def seconds(self, frame: int) -> float:
        """When a frame is shown, about where the rate varies."""
        about = self.counted.observed.intervals
        frames = np.append(about["first_frame"].to_numpy(), self.high + 1)
        ends = np.append(about["start"].to_numpy(), about["stop"].iloc[-1])
        if about["short"].iloc[-1]:
            ends[-1] = ends[-2] + (frames[-1] - frames[-2]) / self.counted.observed.fps
        return float(np.interp(frame, frames, ends))

    def busiest(
        self, seconds: float = 10.0, start: float = 0.0, stop: float = math.inf
    ) -> tuple[float, float]:
        """The span (from, to, in seconds) in which most people come for the first time or again.

        Who is there from the start did not come. The first of several such spans.

        Args:
            seconds: how long it is, at most.
            start, stop: it lies between these.
        """
        came = [low for n in self.number.tolist() for low, _ in self.counted.visits(n)]
        times = np.sort([self.seconds(frame) for frame in came])
        begin = max(start, self.seconds(self.low))
        end = min(stop, self.seconds(self.high + 1))
        times = times[(times > begin + LEAD) & (times < end)]
        if not len(times):
            return begin, min(begin + seconds, end)
        inside = np.searchsorted(times, times - LEAD + seconds) - np.arange(len(times))
        start = max(min(float(times[int(inside.argmax())]) - LEAD, end - seconds), begin)
        return start, min(start + seconds, end)

    def _here(self, frame: int) -> set[int]:
        around = round(HERE * self.counted.observed.fps)
        return set(self._person[self._rows(frame - around, frame + around)].tolist())

    def _rows(self, low: int, high: int) -> slice:
        left, right = np.searchsorted(self._frame, [low, high + 1])
        return slice(int(left), int(right))
