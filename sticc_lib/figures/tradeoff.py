"""How well methods rank against what they cost."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from sticc_lib.figures.captions import Captioned, caption
from sticc_lib.figures.parts import number, percent, spread
from sticc_lib.figures.theme import WIDTH, method_styles, metric, readable, themed

AXES: Mapping[str, str] = {
    "MACs": "multiply-accumulates a clip →",
    "parameters": "parameters →",
    "clips_per_second": "← clips a second, one thread",
}
"""Columns of a table of costs, and what to write below them; cheap is on the left."""
GAP = 0.17
"""Inches between two names."""


@themed
def tradeoff(
    values: pd.DataFrame,
    costs: pd.DataFrame,
    measure: str = "walkers.mAP",
    note: str = "",
) -> Figure:
    """A panel a cost: each method's mean score over it, with its spread over seeds.

    Args:
        values: a row a number: `method`, `seed`, `metric`, `value` (0..1).
        costs: index: method; columns: those of `AXES`.
        measure: the metric to draw.
        note: what to know of the numbers; first sentence of the caption.
    """
    runs = values[values["metric"] == measure].groupby("method")["value"]
    means, spreads = runs.mean(), runs.std().fillna(0.0)
    methods = [m for m in costs.index if m in means.index]
    styles = method_styles(methods)
    figure = Captioned(figsize=(WIDTH, 3.9), layout="constrained")
    panels = figure.subplots(1, len(AXES), sharey=True)
    low, high = (means - spreads)[methods].min(), (means + spreads)[methods].max()
    room = 0.12 * max(high - low, 0.02)
    for panel, (column, text) in zip(panels, AXES.items(), strict=True):
        panel.set(xscale="log", xlabel=text, ylim=(low - room, high + room))
        if column == "clips_per_second":
            panel.invert_xaxis()
        for name in methods:
            colour, marker, _ = styles[name]
            at = (float(costs.loc[name, column]), float(means[name]))
            panel.errorbar(*at, yerr=spreads[name], color=colour, marker=marker, markersize=8,
                           markeredgecolor="white", markeredgewidth=0.7, linewidth=1.4,
                           linestyle="")  # fmt: skip
        _plain_log(panel, costs.loc[methods, column].to_numpy(float))
        panel.grid(True)
    panels[0].set_ylabel(f"{metric(measure)}, mean ± sd over seeds")
    percent(panels[0].yaxis)
    _names(panels[-1], [(float(means[m]), styles[m][2], styles[m][0]) for m in methods])
    best = means[methods].idxmax()
    return caption(
        figure,
        "What ranking well costs",
        f"{note} Up is better, left is cheaper; all three scales are logarithmic. A method costs "
        "the same whatever it was trained on.".strip(),
        f"{metric(measure)} of {len(methods)} methods against "
        + ", ".join(AXES[c].strip("←→ ") for c in AXES)
        + f". Best: {styles[str(best)][2]}.",
    )


def _plain_log(panel: Axes, amounts: np.ndarray) -> None:
    """Ticks at 1, 2 and 5 of each decade, written plainly."""
    panel.set_xlim(
        *((amounts.max() * 1.6, amounts.min() / 1.6) if panel.xaxis_inverted()
          else (amounts.min() / 1.6, amounts.max() * 1.6))
    )  # fmt: skip
    decades = np.log10(amounts.max() / amounts.min()) + 0.4
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 1.3 else (1,)))
    panel.xaxis.set_major_formatter(lambda value, _: number(value))
    panel.xaxis.set_minor_formatter(NullFormatter())


def _names(panel: Axes, labels: list[tuple[float, str, str]]) -> None:
    """Names right of the last panel, at the heights of their markers."""
    low, high = panel.get_ylim()
    heights = spread([height for height, _, _ in labels], GAP * (high - low) / 3.0)
    for (_, text, colour), height in zip(labels, heights, strict=True):
        panel.annotate(text, (1.04, height), xycoords=("axes fraction", "data"), va="center",
                       color=readable(colour), annotation_clip=False)  # fmt: skip
