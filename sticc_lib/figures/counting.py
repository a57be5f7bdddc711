"""What a count depends on and how far it is off: the threshold's curve, present against truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sticc_lib.counting.calibrate import Cut
from sticc_lib.counting.sweep import at, plateau
from sticc_lib.figures.captions import Captioned, caption
from sticc_lib.figures.clock import clock, time_axis
from sticc_lib.figures.parts import percent, several
from sticc_lib.figures.theme import FAINT, INK, TRUE, WIDTH, themed

PEOPLE, BAND, SAME, DIFFERENT, RIGHT = "#1F4E79", "#DCE8F3", "#009E73", "#D55E00", "#5B3A8C"
BINS = 40


@themed
def threshold_curve(curve: pd.DataFrame, chosen: Cut) -> Figure:
    """The number of people over the threshold, and the distances that the threshold is taken from.

    Args:
        curve: of `counting.sweep.sweep`; with truth its errors and F1 are drawn, too.
        chosen: the threshold of the count (`counted.found.cut`), or another one to be looked at
            (`cut.at(value, "given")`).
    """
    pairs, scored = len(chosen.same) > 0 and len(chosen.different) > 0, "F1" in curve
    heights = [2.4, *[1.0] * scored, *[1.5] * pairs]
    figure = Captioned(figsize=(WIDTH, 0.75 + sum(heights) * 1.15), layout="constrained")
    panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)
    low, high = _range(curve, chosen)
    panels[0, 0].set_xlim(low, high)
    people = _people(panels[0, 0], curve, chosen, (low, high))
    if scored:
        _identities(panels[1, 0], curve, high)
    if pairs:
        _pairs(panels[-1, 0], chosen, (low, high))
    for panel in panels[:, 0]:
        panel.axvline(chosen.value, color=INK, linewidth=1.2, gid="chosen")
    panels[-1, 0].set_xlabel("threshold: cosine distance up to which two tracks are one person")
    spread = plateau(curve, chosen.value)
    flat = f"{_edge(spread[0])} to {_edge(spread[1])}"
    origin = f" ({chosen.origin})"
    more = (
        " Below it: precision (merged fragments that are one person), recall (fragments of one "
        "person that were merged) and their F1."
    )
    taken = (
        f" At the bottom the {len(chosen.same)} distances within a track and the "
        f"{len(chosen.different)} between tracks seen at once, each kind a hundred percent in all"
        + (f"; at the threshold {100 * chosen.error:.1f} % of them are on the wrong side."
           if np.isfinite(chosen.error) else ".")
    )  # fmt: skip
    return caption(
        figure,
        f"What the threshold does: {several(people, 'person', 'people')} at {chosen.value:.2f}",
        "People who are counted, as they would be at each threshold: to the left everything stays "
        "apart, to the right all is merged that was not seen at once. The upright line is the "
        f"threshold{origin}; on the band around it, {flat}, the count does not change."
        + " Distances below 0: a track that goes on where another stopped counts as nearer than it "
        "looks." * (low < -0.05) + more * scored + taken * pairs,
        f"People counted over the threshold: {several(people, 'person', 'people')} at the chosen "
        f"{chosen.value:.3f}, the same from {flat}; from {int(curve['people'].max())} at the most "
        f"to {int(curve['people'].iloc[-1])} at the end."
        + (f" In truth there are {_true(curve)}; F1 {at(curve, chosen.value)['F1']:.2f}."
           if scored else ""),
    )  # fmt: skip


def _edge(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "the end" if value > 0 else "the beginning"


def _true(curve: pd.DataFrame) -> int:
    return int(curve["people"].iloc[0] - curve["error"].iloc[0])


def _range(curve: pd.DataFrame, chosen: Cut) -> tuple[float, float]:
    """Distances that are drawn: from the first merge on, as far as anything happens."""
    low = min(0.0, float(curve["threshold"].iloc[0]))
    ends = [float(curve["threshold"].iloc[-1]), chosen.value, *chosen.different[-1:].tolist()]
    return low, 1.03 * max(*ends, low + 0.1)


def _people(panel: Axes, curve: pd.DataFrame, chosen: Cut, span: tuple[float, float]) -> int:
    """The steps, the band that does not change, the number in it."""
    steps = curve["threshold"].to_numpy(float)
    edges = np.append(steps, max(span[1], steps[-1]))
    ends = np.clip(plateau(curve, chosen.value), *span)
    panel.axvspan(*ends, color=BAND, linewidth=0, gid="plateau")
    panel.stairs(curve["people"], edges, color=PEOPLE, linewidth=1.8, baseline=None)
    people = int(at(curve, chosen.value)["people"])
    panel.plot([chosen.value], [people], "o", color=PEOPLE, markersize=6)
    text = f"{several(people, 'person', 'people')} at {chosen.value:.3f}"
    panel.annotate(text, (chosen.value, people), xytext=(7, 7), textcoords="offset points",
                   fontweight="bold", color=PEOPLE)  # fmt: skip
    if "error" in curve:
        true = _true(curve)
        panel.axhline(true, color=TRUE, linewidth=1.2, linestyle=(0, (4, 3)))
        panel.annotate(f"in truth {true}", (1, true), xycoords=("axes fraction", "data"),
                       xytext=(0, 3), textcoords="offset points", ha="right", color=TRUE,
                       fontsize=8.5)  # fmt: skip
    panel.set_ylim(0, 1.08 * max(float(curve["people"].max()), 1))
    panel.set_ylabel("people counted")
    panel.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    panel.grid(axis="y")
    return people


def _identities(panel: Axes, curve: pd.DataFrame, end: float) -> None:
    """Precision, recall and F1 of the same steps."""
    edges = np.append(curve["threshold"].to_numpy(float), max(end, curve["threshold"].iloc[-1]))
    colours = (("precision", DIFFERENT), ("recall", SAME), ("F1", RIGHT))
    for name, colour in colours:
        panel.stairs(curve[name], edges, color=colour, baseline=None, label=name,
                     linewidth=2.2 if name == "F1" else 1.2)  # fmt: skip
    panel.set_ylim(0, 1.05)
    percent(panel.yaxis)
    panel.legend(loc="center right", ncols=3)
    panel.set_ylabel("identities")
    panel.grid(axis="y")


def _pairs(panel: Axes, chosen: Cut, span: tuple[float, float]) -> None:
    """Histograms of both kinds, each as shares."""
    edges = np.linspace(*span, BINS + 1)
    for values, colour, name in (
        (chosen.same, SAME, "within one track: one person"),
        (chosen.different, DIFFERENT, "between tracks seen at once: two persons"),
    ):
        shares = np.histogram(np.clip(values, *span), edges)[0] / len(values)
        panel.stairs(shares, edges, fill=True, color=colour, alpha=0.55, label=name)
    panel.set_ylabel("share of pairs")
    percent(panel.yaxis)
    panel.yaxis.set_major_locator(MaxNLocator(4))
    panel.legend(loc="upper right")


@themed
def present_against_truth(table: pd.DataFrame, name: str = "the labels") -> Figure:
    """People present in each interval as found and in truth, and the difference.

    Args:
        table: of `counting.errors.present_against`.
        name: what the truth is called.
    """
    edges = np.append(table["start"].to_numpy(float), float(table["stop"].iloc[-1]))
    figure = Captioned(figsize=(WIDTH, 3.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1))
    upper.stairs(table["truth"], edges, fill=True, color=FAINT, alpha=0.6, label=name)
    upper.stairs(table["found"], edges, color=PEOPLE, linewidth=1.8, baseline=None, label="found")
    upper.set_ylim(0, 1.25 * max(1, int(table[["found", "truth"]].to_numpy().max())))
    upper.set_ylabel("people present")
    upper.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    upper.legend(loc="upper right", ncols=2)
    error = table["error"].to_numpy()
    for part, colour in ((np.maximum(error, 0), DIFFERENT), (np.minimum(error, 0), "#0072B2")):
        lower.stairs(part, edges, fill=True, color=colour)
    lower.axhline(0, color=FAINT, linewidth=0.8)
    most = max(1, int(np.abs(error).max()))
    lower.set_ylim(-1.25 * most, 1.25 * most)
    lower.set_ylabel("found − truth")
    lower.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    for panel in (upper, lower):
        panel.grid(axis="y")
        time_axis(panel, float(edges[0]), float(edges[-1]), named=panel is lower)
    mean, wrong = float(np.abs(error).mean()), int((error != 0).sum())
    worst = table.iloc[int(np.abs(error).argmax())]
    where = (
        f"; the worst is {abs(worst['error']):.0f} off, from {clock(worst['start'], edges[-1])}"
        if wrong
        else ""
    )
    return caption(
        figure,
        f"People present in each interval: off by {mean:.2f} on average",
        f"Grey: people present by {name}; line: as found. Below: the difference, upwards (orange) "
        "too many, downwards (blue) too few. The mean is that of the differences' sizes over all "
        f"{len(table)} intervals; in {wrong} of them there is one.",
        f"People present as found against {name}, over {len(table)} intervals: mean absolute error "
        f"{mean:.2f}, {wrong} intervals with an error{where}.",
    )
