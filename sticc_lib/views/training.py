"""V11: training curves of several runs over one range, with controls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from sticc_lib.figures import curves
from sticc_lib.views.base import View
from sticc_lib.views.controls import Choice, Slide


def training(runs: Mapping[str, curves.Log], **state: Any) -> View:
    """V11: losses, rate and validation over steps, every run over the same ranges.

    Args:
        runs: name -> log, as `training.logs.find_logs` reads them.
        state: where to start: `run`, `smooth`.

    Raises:
        ValueError: no run.
    """
    if not runs:
        raise ValueError("no run has a log to draw; train one first")
    limits = curves.common_limits(runs)

    def draw(run: str, smooth: float) -> Figure:
        return curves.training(runs[run], smooth, limits, run)

    controls = [
        Choice("run", "run", {name: name for name in runs}),
        Slide("smooth", "smoothing", 0.95, step=0.05, help="Weight of the past in the mean"),
    ]
    return View(draw, controls, {"smooth": 0.7, **state})
