"""How well persons are found: CMC, scores by condition, distances of same and different pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sticc_lib.figures.captions import Captioned, caption, start
from sticc_lib.figures.parts import end_labels, percent
from sticc_lib.figures.theme import (
    FALSE,
    HAIR,
    INK,
    MUTED,
    TRUE,
    WIDTH,
    condition,
    method_styles,
    metric,
    themed,
)


@themed
def cmc(
    curves: Mapping[str, np.ndarray], ranks: int = 20, rule: str = "", axes: Axes | None = None
) -> Figure:
    """Share of queries with a match at rank k or before, a line a method.

    Args:
        curves: method -> [R] or [seeds, R], shares at ranks 1..R.
        ranks: how many to draw.
        rule: the evaluation rule in words, for the caption.
        axes: where to draw.
    """
    figure, panel = start(axes, 3.9)
    styles, ends, seeds = method_styles(curves), [], 1
    for name, values in curves.items():
        colour, marker, text = styles[name]
        runs = np.atleast_2d(np.asarray(values, float))[:, :ranks]
        at, mean = np.arange(1, runs.shape[1] + 1), runs.mean(axis=0)
        seeds = max(seeds, len(runs))
        if len(runs) > 1:
            panel.fill_between(at, runs.min(axis=0), runs.max(axis=0), color=colour, alpha=0.18,
                               linewidth=0)  # fmt: skip
        front = name == "sticc"
        panel.plot(at, mean, color=colour, marker=marker, markersize=4.5, clip_on=False,
                   markevery=[0], linewidth=2.4 if front else 1.6, zorder=3 + front)  # fmt: skip
        ends.append((float(mean[-1]), f"{text}, rank-1 {100 * mean[0]:.1f} %", colour))
    panel.set(xlim=(0.6, ranks), ylim=(0, 1), xlabel="rank k", ylabel="queries found by rank k")
    panel.set_xticks([k for k in (1, 5, 10, 15, 20, 30, 40, 50) if k <= ranks])
    percent(panel.yaxis)
    panel.grid(axis="y")
    end_labels(panel, ranks, ends, 3.0)
    band = f" Bands run from the lowest to the highest of {seeds} seeds." if seeds > 1 else ""
    known = [end for end in ends if np.isfinite(end[0])]
    best = max(known, default=(0, "none", ""))[1]
    return caption(
        figure,
        "How soon the right person comes up",
        "Cumulative matching: the share of queries whose first true match stands at rank k or "
        f"before. Higher and further left is better.{band}{f' Rule: {rule}.' if rule else ''}",
        f"CMC curves of {len(curves)} methods up to rank {ranks}; highest at the end: {best}.",
        axes,
    )


@themed
def conditions(
    table: pd.DataFrame,
    metrics: Sequence[str] = ("rank1", "mAP"),
    counts: Mapping[str, int] | None = None,
) -> Figure:
    """Scores by occlusion level or condition: a dot a method, its interval as a line.

    Args:
        table: a row a number: `method`, `condition`, `metric`, `value` (0..1) and, where known,
            `low` and `high`. Conditions and methods stand in the order of the table.
        metrics: one panel each.
        counts: queries under each condition, written below its name.
    """
    names = list(dict.fromkeys(table["condition"]))
    methods = list(dict.fromkeys(table["method"]))
    figure = Captioned(figsize=(WIDTH, 0.9 + 2.45 * len(metrics)), layout="constrained")
    panels = figure.subplots(len(metrics), 1, sharex=True, squeeze=False).ravel()
    for panel, name in zip(panels, metrics, strict=True):
        _dots(panel, table[table["metric"] == name], names, methods)
        panel.set_ylabel(metric(name))
    told = {n: condition(n).replace(" (", "\n(").replace(", ", ",\n") for n in names}
    under = [f"{told[n]}\n{counts[n]:,} queries" if counts and n in counts else told[n]
             for n in names]  # fmt: skip
    panels[-1].set_xticks(range(len(names)), labels=under)
    whisker = " Lines are intervals." if {"low", "high"} <= set(table.columns) else ""
    return caption(
        figure,
        "Where the methods hold, and where they break",
        "A dot is a method's score under one condition; within a column the methods stand in the "
        f"order of the first table row to the last.{whisker} Compare a colour across columns to "
        "see what a condition costs it.",
        f"{' and '.join(map(metric, metrics))} of {len(methods)} methods under {len(names)} "
        f"conditions: {', '.join(map(condition, names))}.",
    )


def _dots(panel: Axes, table: pd.DataFrame, names: Sequence[str], methods: Sequence[str]) -> None:
    """One metric: a column a condition, in it a dot a method."""
    shifts = np.linspace(-0.3, 0.3, len(methods)) if len(methods) > 1 else np.zeros(1)
    ends = []
    for number in range(0, len(names), 2):
        panel.axvspan(number - 0.5, number + 0.5, color=HAIR, alpha=0.45, linewidth=0)
    for shift, (method, style) in zip(shifts, method_styles(methods).items(), strict=True):
        colour, marker, text = style
        part = table[table["method"] == method].set_index("condition").reindex(names)
        at, value = np.arange(len(names)) + shift, part["value"].to_numpy(float)
        if {"low", "high"} <= set(part.columns):
            panel.vlines(at, part["low"], part["high"], color=colour, linewidth=1.6, alpha=0.7)
        panel.plot(at, value, marker, color=colour, markersize=6, markeredgecolor="white",
                   markeredgewidth=0.4, linestyle="", clip_on=False)  # fmt: skip
        ends.append((float(value[-1]), text, colour))
    panel.set(xlim=(-0.5, len(names) - 0.5), ylim=(0, 1))
    percent(panel.yaxis)
    panel.grid(axis="y", color=HAIR)
    panel.tick_params(axis="x", length=0)
    end_labels(panel, len(names) - 0.5, ends, 2.1)


@themed
def distances(
    same: np.ndarray,
    different: np.ndarray,
    threshold: float | None = None,
    interval: tuple[float, float] | None = None,
    note: str = "",
    axes: Axes | None = None,
) -> Figure:
    """Histograms of the distances of same and of different persons, with a threshold.

    Args:
        same: distances of pairs of one person that the rule ranks.
        different: distances of pairs of two persons.
        threshold: below it a pair is called the same.
        interval: where the threshold would fall in resamples, (low, high).
        note: what the threshold gives, such as "finds 91 % at 1 % false".
        axes: where to draw.
    """
    figure, panel = start(axes, 3.3)
    edges, highest = _histograms(panel, same, different)
    panel.set(xlim=(edges[0], edges[-1]), ylim=(0, highest * 1.32))
    told = ""
    if threshold is not None:
        if interval is not None and np.isfinite(interval).all():
            panel.axvspan(*interval, color=INK, alpha=0.1, linewidth=0)
            told = f" [{interval[0]:.3f}, {interval[1]:.3f}]"
        panel.axvline(threshold, color=INK, linewidth=1.2)
        told = f"threshold {threshold:.3f}{told}"
        panel.set_title(told + (f": {note}" if note else ""), loc="right", color=MUTED,
                        fontweight="normal", fontsize=8.5)  # fmt: skip
    panel.set(xlabel="distance", ylabel="share of pairs")
    percent(panel.yaxis)
    panel.grid(axis="y")
    return caption(
        figure,
        "Distances of the same and of different persons",
        "Each histogram sums to 100 %; there are far more pairs of different persons than the "
        "picture suggests. Pairs left of the line would be called the same person"
        + ("; the band is the interval of the threshold." if "[" in told else "."),
        f"Histograms of {len(same)} same-person and {len(different)} different-person "
        f"distances. {told}".rstrip()
        + ".",
        axes,
    )


def _histograms(panel: Axes, same: np.ndarray, different: np.ndarray) -> tuple[np.ndarray, float]:
    """Both histograms, each of sum 1, with their names; returns edges and greatest height."""
    groups = [np.asarray(g, float)[np.isfinite(np.asarray(g, float))] for g in (same, different)]
    edges = np.histogram_bin_edges(np.concatenate(groups), 60)
    shares = [np.histogram(group, edges)[0] / max(len(group), 1) for group in groups]
    peaks = [float(edges[share.argmax()] + edges[share.argmax() + 1]) / 2 for share in shares]
    sides = ("right", "left") if peaks[0] <= peaks[1] else ("left", "right")
    if abs(peaks[0] - peaks[1]) > 0.15 * (edges[-1] - edges[0]):  # room for both names
        sides = ("center", "center")
    looks = zip(("same", "different"), (TRUE, FALSE), sides, strict=True)
    for group, share, peak, (text, colour, side) in zip(groups, shares, peaks, looks, strict=True):
        panel.stairs(share, edges, fill=True, color=colour, alpha=0.28, linewidth=0)
        panel.stairs(share, edges, color=colour, linewidth=1.6)
        panel.annotate(f"{text} person\n{len(group):,} pairs", (peak, share.max()), color=colour,
                       xytext=({"center": 0, "right": -6, "left": 6}[side], 4), va="bottom",
                       textcoords="offset points", ha=side, fontsize=8.5,
                       fontweight="bold")  # fmt: skip
    return edges, max(float(share.max()) for share in shares)
