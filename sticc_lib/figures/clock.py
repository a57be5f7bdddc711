"""Seconds of a video as people write them, in words and on an axis."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter

MINUTES, HOURS = 180.0, 3600.0
"""Videos of this length and more are told in minutes, in hours."""
STEPS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800)
UNITS = {"s": "seconds", "min": "minutes:seconds", "h": "hours:minutes"}


def unit(length: float) -> str:
    """What the times of a video of `length` seconds are told in: s, min or h."""
    return "s" if length < MINUTES else "min" if length < HOURS else "h"


def clock(seconds: float, length: float, bare: bool = False) -> str:
    """A time within a video of `length` seconds: 12 s, 3:05 min, 1:02:05 h; bare: without unit."""
    told, whole = unit(length), round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, least = divmod(minutes, 60)
    text = {"s": f"{whole}", "min": f"{minutes}:{rest:02d}", "h": f"{hours}:{least:02d}:{rest:02d}"}
    return text[told] if bare else f"{text[told]} {told}"


def time_axis(axes: Axes, start: float, stop: float, ticks: int = 9, named: bool = True) -> None:
    """Gives axes the time from `start` to `stop` (seconds), at most `ticks` round times on it."""
    length = stop - start
    step = next((s for s in STEPS if length / s <= ticks), STEPS[-1])
    told = unit(stop)

    def written(value: float, _: object) -> str:
        if told == "h":
            return f"{int(value // 3600)}:{int(value % 3600 // 60):02d}"
        return f"{value:g}" if told == "s" else clock(value, stop, bare=True)

    axes.set_xlim(start, stop)
    first = np.ceil(start / step - 1e-9) * step + 0.0  # no minus before a zero
    axes.xaxis.set_major_locator(FixedLocator(np.arange(first, stop + 1e-6, step).tolist()))
    axes.xaxis.set_major_formatter(FuncFormatter(written))
    if named:
        axes.set_xlabel(UNITS[told])
    else:
        axes.tick_params(axis="x", labelbottom=False, length=0)
