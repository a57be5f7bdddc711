"""A video cut into intervals of some seconds, which people are counted by.

Interval k holds the frames [k step, (k+1) step) after the first, step = round(every x fps). Where
the frame rate varies, numbers are no times, and interval k is [k every, (k+1) every) seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from sticc_lib.values import ConfigError

COLUMNS = ("first_frame", "last_frame", "frames", "start", "stop", "short")


@dataclass(frozen=True)
class Clock:
    """Which interval a frame is in; see the module's text.

    Attributes:
        fps: frames a second.
        every: seconds of an interval.
        first: number of the first frame, and `began` its time.
        variable: whether times rule.
    """

    fps: float
    every: float = 3.0
    first: int = 1
    began: float = 0.0
    variable: bool = False

    def __post_init__(self) -> None:
        """Refuses what cannot be cut.

        Raises:
            ConfigError: `every` is not above 0, or shorter than a frame.
        """
        if not (math.isfinite(self.every) and self.every > 0):
            raise ConfigError(f"every {self.every}: expected seconds above 0")
        if self.step < 1:
            raise ConfigError(
                f"every {self.every} s is less than one frame at {self.fps:g} a second"
            )

    @property
    def step(self) -> int:
        """Frames of an interval, at a constant rate."""
        return round(self.every * self.fps)

    def of(self, number: int, seconds: float) -> int:
        """The interval of a frame, from 0."""
        if self.variable:
            return int((seconds - self.began + 1e-6) // self.every)
        return (number - self.first) // self.step

    def bounds(self, interval: int) -> tuple[float, float]:
        """Seconds [start, stop) of an interval, since the video's first frame."""
        length = self.every if self.variable else self.step / self.fps
        return self.began + interval * length, self.began + (interval + 1) * length


def intervals(fps: float, frames: int, every: float = 3.0, first: int = 1) -> pd.DataFrame:
    """All intervals of a constant frame rate.

    Args:
        fps: frames a second.
        frames: how many there are.
        every: seconds of an interval.
        first: number of the first frame.

    Returns:
        Index `interval`; `first_frame` (the sample instant), `last_frame`, `frames`, `start`,
        `stop` (seconds), `short` (bool: the last one, where frames ran out before its end).

    Raises:
        ConfigError: see `Clock`; no frames.
    """
    if frames < 1:
        raise ConfigError("no frames to cut into intervals")
    clock = Clock(fps, every, first, (first - 1) / fps)
    rows = []
    for k in range(math.ceil(frames / clock.step)):
        low = first + k * clock.step
        high = min(low + clock.step, first + frames) - 1
        rows.append((low, high, high - low + 1, *clock.bounds(k), high - low + 1 < clock.step))
    return pd.DataFrame(rows, columns=list(COLUMNS)).rename_axis("interval")
