"""What happened while a model learnt: losses by term and branch, rate, validation, memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sticc_lib.figures.captions import Captioned, caption, start
from sticc_lib.figures.parts import end_labels, inset, percent
from sticc_lib.figures.theme import CYCLE, FAINT, MUTED, WIDTH, metric, themed

Log = Sequence[Mapping[str, Any]] | pd.DataFrame
SINGLE = "#33638D"
COLOURS = {"common": "#6F7780", "detail": "#D55E00", "abstraction": "#0072B2",
           "spatial": "#009E73", "temporal": "#AA4499", "rank1": "#009E73",
           "mAP": "#AA4499"}  # fmt: skip
PANELS = {"loss": "weighted sum of all terms", "id": "identity loss", "triplet": "triplet loss",
          "diversity": "diversity of slots", "spread": "memory spread", "lr": "learning rate",
          "val": "validation persons"}  # fmt: skip
"""First part of a name in the log -> what its panel is called, in the order of the panels."""


@themed
def training(
    log: Log,
    smooth: float = 0.7,
    limits: Mapping[str, tuple[float, float]] | None = None,
    run: str = "",
) -> Figure:
    """Curves over steps: a panel a loss term, a line a branch, then rate and validation.

    Args:
        log: rows with `step` and numbers named `term` or `term/branch`, as training logs them,
            and `seed` where several runs stand together. A row need not have every name.
        smooth: weight of the past in the exponential mean drawn over logged losses; 0: none.
        limits: panel -> (lowest, highest), from `common_limits`, so that runs can be compared.
        run: which run it is, for the title.

    Raises:
        ValueError: the log has no step, or no name that is drawn; or smooth is outside of 0..1.
    """
    if not 0 <= smooth < 1:
        raise ValueError(f"smooth: {smooth}; expected 0 (none) to below 1")
    table = _table(log)
    groups = _groups(table)
    if not groups:
        raise ValueError(f"nothing to draw in a log of {', '.join(map(str, table.columns))}")
    across, span, step = min(3, len(groups)), WIDTH / min(3, len(groups)), 2.1
    figure = Captioned(figsize=(WIDTH, 0.65 + step * -(-len(groups) // across)))
    for number, (term, names) in enumerate(groups.items()):
        row, column = divmod(number, across)
        # 0.95 inches to the right for the names of the lines
        panel = inset(figure, 0.6 + span * column, 0.72 + step * row, span - 1.55, step - 0.62)
        if term == "val":  # before the labels of its lines find their places
            panel.set_ylim(0, 1)
            percent(panel.yaxis)
        elif limits and term in limits:
            panel.set_ylim(*limits[term])
        _curves(panel, table, names, 0.0 if term in ("lr", "val") else smooth, 1.3)
        panel.set_title(PANELS[term], y=1.0)  # given, so that its place is not searched for
        panel.locator_params(nbins=4)
        if number + across >= len(groups):
            panel.set_xlabel("step")
    seeds, steps = table["seed"].nunique(), int(table["step"].max())
    band = f" Lines are means of {seeds} seeds, bands run from the lowest to the highest."
    pale = " Pale: as logged." if seeds == 1 else ""
    calm = f" Losses are smoothed, an exponential mean with weight {smooth:g} on the past.{pale}"
    return caption(
        figure,
        f"Training over {steps:,} steps" + (f": {run}" if run else ""),
        "A panel a loss term, unweighted, a line a branch; each panel has its own range"
        + (", the same for every run." if limits else ".")
        + band * (seeds > 1) + calm * (smooth > 0),
        f"Training curves over {steps} steps: {', '.join(PANELS[term] for term in groups)}.",
    )  # fmt: skip


def common_limits(runs: Mapping[str, Log]) -> dict[str, tuple[float, float]]:
    """The range of each panel of `training` that holds every one of several runs."""
    ends: dict[str, list[float]] = {}
    for log in runs.values():
        table = _table(log)
        for term, names in _groups(table).items():
            values = table[names].to_numpy(float)
            ends.setdefault(term, []).extend((np.nanmin(values), np.nanmax(values)))
    found = {}
    for term, values in ends.items():
        low, high = min(values), max(values)
        margin = 0.05 * ((high - low) or abs(high) or 1)
        found[term] = (low - margin, high + margin)
    return found


@themed
def memory_information(
    log: Log, items: Mapping[str, int] | None = None, axes: Axes | None = None
) -> Figure:
    """I(item; input) of the decoder memories over steps, in nats.

    Args:
        log: rows with `step` and `information/NAME`, and `seed` where runs stand together.
        items: NAME -> number of items M; draws ln M, the most there could be.
        axes: where to draw.

    Raises:
        ValueError: the log says nothing of a memory.
    """
    table = _table(log)
    names = [c for c in table if str(c).startswith("information/") and table[c].notna().any()]
    if not names:
        raise ValueError("the log has no information/...: the model has no memory")
    figure, panel = start(axes, 2.9)
    last = _curves(panel, table, names, 0.0, 2.0, label_always=True)
    top = float(table[names].max(axis=None))
    for count in sorted(set((items or {}).values())):
        bound = float(np.log(count))
        panel.axhline(bound, color=FAINT, linewidth=1.2, linestyle=(0, (4, 3)))
        panel.annotate(f"ln {count} = {bound:.2f}, the most that {count} items can tell",
                       (0, bound), xycoords=("axes fraction", "data"), xytext=(3, 3),
                       fontsize=8.5, textcoords="offset points", color=MUTED)  # fmt: skip
        top = max(top, bound)
    panel.set_ylim(0, max(top, 1e-3) * 1.16)
    panel.set(xlabel="step", ylabel="I(item; input), nats")
    told = ", ".join(f"{name.split('/')[-1]} {value:.2f}" for name, value in last.items())
    return caption(
        figure,
        "Does the memory answer to its input?",
        "Mutual information between item and input over the logged batches, H(mean a) − "
        "mean H(a). At 0 a memory gives every input the same answer: it is dead, a constant.",
        f"Information of the memories over training; at the end {told} nats.",
        axes,
    )


def _groups(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Panel -> the columns drawn in it, as far as they hold a number."""
    groups = {k: [c for c in table if str(c).split("/")[0] == k] for k in PANELS}
    return {k: names for k, names in groups.items() if table[names].notna().any(axis=None)}


def _table(log: Log) -> pd.DataFrame:
    table = pd.DataFrame(list(log)) if isinstance(log, Sequence) else log.copy()
    if "step" not in table:
        raise ValueError(f"the log has no step; it has {', '.join(map(str, table.columns))}")
    return table if "seed" in table else table.assign(seed=0)


def _curves(
    panel: Axes,
    table: pd.DataFrame,
    names: Sequence[str],
    smooth: float,
    inches: float,
    label_always: bool = False,
) -> dict[str, float]:
    """Draws names over steps and labels their ends; returns the last value of each."""
    ends, last, others = [], {}, iter(CYCLE)
    end = float(table["step"].max())
    for name in names:
        part = str(name).split("/")[-1]
        colour = COLOURS.get(part) or (SINGLE if len(names) == 1 else next(others, MUTED))
        wide = table.dropna(subset=name).groupby(["step", "seed"])[name].mean().unstack()
        if wide.empty:
            continue
        steps = wide.index.to_numpy(float)
        calm = wide.ewm(alpha=1 - smooth).mean() if smooth else wide
        mean = calm.mean(axis=1)
        if wide.shape[1] > 1:
            panel.fill_between(steps, calm.min(axis=1), calm.max(axis=1), color=colour, alpha=0.2,
                               linewidth=0)  # fmt: skip
        elif smooth:
            panel.plot(steps, wide.iloc[:, 0], color=colour, alpha=0.3, linewidth=0.9)
        few = {"marker": "o", "markersize": 3.5} if len(wide) < 30 else {}
        panel.plot(steps, mean, color=colour, clip_on=len(wide) >= 30, **few)
        last[str(name)] = float(mean.iloc[-1])
        ends.append((last[str(name)], metric(part), colour))
    panel.set_xlim(right=end)
    panel.grid(axis="y")
    if len(ends) > 1 or label_always:
        end_labels(panel, end, ends, inches)
    return last
