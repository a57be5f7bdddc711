"""V13, the threshold view: what another threshold does to the count and to who was there when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from sticc_lib.counting.calibrate import Cut
from sticc_lib.counting.corrections import Corrections
from sticc_lib.counting.counted import Counted
from sticc_lib.counting.regrouping import Regrouping
from sticc_lib.counting.sweep import at, sweep
from sticc_lib.figures.counting import threshold_curve
from sticc_lib.figures.timeline import timeline
from sticc_lib.views.base import View
from sticc_lib.views.controls import Control, Slide

STEP = 0.005
"""Between neighbours on the slider, cosine distance."""


def threshold(
    counted: Counted,
    corrections: Corrections | None = None,
    trained: Cut | None = None,
    truth: pd.DataFrame | None = None,
    **state: Any,
) -> View:
    """A slider over the threshold: the curve of the count, and who was there when at this value.

    Args:
        counted: the count; the slider starts at its own threshold.
        corrections: made by hand; the lower figure has them at every threshold, the curve never.
        trained: as `identify` takes it.
        truth: true boxes; adds errors and identities to the curve (`sweep.sweep`).
        state: where to start: `threshold`, a cosine distance.

    Raises:
        ConfigError: more tracks than can be merged at once.
    """
    whole = replace(counted.found.settings, way="whole", threshold=None)
    merged, hand = Regrouping.of(counted, trained), corrections or Corrections()
    curve = sweep(counted.evidence, whole, trained, truth)
    own = counted.found.cut

    def draw(threshold: float) -> list[Figure]:
        cut = own if threshold == own.value else own.at(threshold, "chosen by hand")
        now = merged.at(threshold)
        return [threshold_curve(_through(curve, now, threshold), cut), timeline(hand.applied(now))]

    low, high = merged.span
    controls: list[Control] = [
        Slide("threshold", "threshold", high + 0.1, max(low - 0.1, 0.0), STEP, live=False,
              help="Two tracks up to this cosine distance are one person"),
    ]  # fmt: skip
    return View(draw, controls, {"threshold": own.value, **state})


def _through(curve: pd.DataFrame, now: Counted, threshold: float) -> pd.DataFrame:
    """The curve with a step at a threshold: its own are a little apart."""
    step = at(curve, threshold).copy()
    if "error" in step:
        step["error"] += now.unique - step["people"]
    step["threshold"], step["groups"], step["people"] = threshold, len(now.counted), now.unique
    rest = curve[curve["threshold"] != threshold]
    both = pd.concat([rest, step.to_frame().T]).sort_values("threshold", kind="stable")
    whole = [c for c in ("groups", "people", "error") if c in both]
    return both.astype(dict.fromkeys(whole, int)).reset_index(drop=True)
