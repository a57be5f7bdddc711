"""Who was there when: a row an individual over the time of the video, and the counts above."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sticc_lib.counting.counted import APART_SECONDS, Counted
from sticc_lib.figures.captions import caption
from sticc_lib.figures.clock import clock, time_axis
from sticc_lib.figures.parts import end_labels, grey, inset, several, sheet
from sticc_lib.figures.theme import FAINT, HAIR, INK, MUTED, WIDTH, themed
from sticc_lib.figures.tiles import mosaic, pictures

LEFT, RIGHT = 1.05, 1.35
"""Inches beside the time axis: pictures and numbers; what a line or a row says in words."""
SPAN = WIDTH - LEFT - RIGHT
PRESENT, SO_FAR, ARRIVE, LEAVE = "#9DBCDC", "#1F4E79", "#0072B2", "#D55E00"
VISIT = "#3A6EA5"
MOST, MOST_UNSURE = 40, 8
"""Rows. CHOICE: what still prints on a page; who was seen longest has one."""
CLOSE = 0.045
"""Inches between interval borders below which they are not drawn: they would be a grey area."""


@themed
def timeline(counted: Counted, most: int = MOST) -> Figure:
    """A row an individual with bars for the visits; above, on the same axis, the counts.

    Args:
        counted: the count.
        most: rows of counted people; who was seen longest has one, in order of numbers. Of the
            unsure at most MOST_UNSURE.

    Raises:
        ValueError: `most` is below 1.
    """
    if most < 1:
        raise ValueError(f"most: {most}; expected 1 row or more")
    people = counted.people[~counted.people.index.isin(counted.dropped)]
    sure = people["sure"].to_numpy(bool)
    shown, unsure = _longest(people[sure], most), _longest(people[~sure], MOST_UNSURE)
    pitch = float(np.clip(7.5 / max(len(shown) + len(unsure), 1), 0.3, 0.52))
    tall = 0.3 if len(shown) == 0 else len(shown) * pitch
    small = max(0.7 * pitch, 0.3)  # the unsure
    below = len(unsure) * small + 0.34 if len(unsure) else 0.0
    figure, page = sheet(2.78 + tall + below + 0.46)
    start, stop = _span(counted)
    upper = _present(figure, counted, 0.72, 1.2)
    lower = _flow(figure, counted, 2.1, 0.52)
    blocks = [_rows(figure, page, counted, shown, 2.78, pitch, tall)]
    if len(unsure):
        y = 2.78 + tall + 0.34
        page.text(0.11, y - 0.07, _unsure_words(counted), color=MUTED, fontsize=8.5, va="bottom")
        blocks.append(_rows(figure, page, counted, unsure, y, small, below - 0.34))
    borders = counted.intervals["start"].to_numpy(float)[1:]
    drawn = len(borders) * CLOSE < SPAN
    panels = [upper, lower, *blocks]
    for panel in panels:
        time_axis(panel, start, stop, named=panel is panels[-1])
        if drawn:
            panel.vlines(borders, 0, 1, transform=panel.get_xaxis_transform(), color=HAIR,
                         linewidth=0.6, zorder=0.5)  # fmt: skip
    if len(shown) < counted.unique:
        page.text(0.11, figure.get_figheight() - 0.1, f"the {len(shown)} seen longest of "
                  f"{counted.unique}", color=MUTED, fontsize=8.5)  # fmt: skip
    text = _reading(counted, len(shown), len(unsure), drawn)
    title = f"Who was there when: {several(counted.unique, 'person', 'people')} in "
    title += f"{clock(stop - start, stop)} of {counted.observed.name}"
    return caption(figure, title, text, _alt(counted))


def _longest(people: pd.DataFrame, most: int) -> pd.DataFrame:
    """Those seen longest, in order of numbers."""
    return people.sort_values("seconds", ascending=False, kind="stable")[:most].sort_index()


def _span(counted: Counted) -> tuple[float, float]:
    """First and last second of what was watched."""
    observed = counted.observed
    ends = observed.intervals["last_frame"].iloc[-1] + 1
    return float(observed.intervals["start"].iloc[0]), float(observed.seconds(np.array([ends]))[0])


def _edges(counted: Counted) -> np.ndarray:
    """Borders of the intervals, seconds; the last one ends with the video."""
    start, stop = _span(counted)
    return np.array([start, *counted.intervals["stop"].iloc[:-1], stop], float)


def _present(figure: Figure, counted: Counted, y: float, high: float) -> Axes:
    panel, table = inset(figure, LEFT, y, SPAN, high), counted.intervals
    edges = _edges(counted)
    panel.stairs(table["present"], edges, fill=True, color=PRESENT, linewidth=0)
    panel.stairs(table["unique"], edges, color=SO_FAR, linewidth=1.8, baseline=None)
    end, top = edges[-1], max(counted.high, counted.unique, 1)
    panel.set_ylim(0, top * 1.08)
    panel.set_xlim(edges[0], end)
    panel.plot([end, end], [counted.low, counted.high], color=SO_FAR, linewidth=5, alpha=0.4,
               solid_capstyle="butt", clip_on=False, gid="interval")  # fmt: skip
    panel.plot([end], [counted.unique], "o", color=SO_FAR, markersize=5, clip_on=False)
    labels = [
        (counted.unique, f"{several(counted.unique, 'person', 'people')} so far", SO_FAR),
        (counted.high, f"{counted.low} to {counted.high} (90 %)", MUTED),
        (int(table["present"].iloc[-1]), f"{int(table['present'].iloc[-1])} present", PRESENT),
    ]
    end_labels(panel, end, labels, high)
    panel.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    panel.set_title("people", color=MUTED, fontweight="normal", fontsize=9, y=1.0)
    panel.grid(axis="y")
    return panel


def _flow(figure: Figure, counted: Counted, y: float, high: float) -> Axes:
    panel, table = inset(figure, LEFT, y, SPAN, high), counted.intervals
    edges = _edges(counted)
    for name, sign, colour in (("arrivals", 1, ARRIVE), ("departures", -1, LEAVE)):
        panel.stairs(sign * table[name], edges, fill=True, color=colour, linewidth=0)
    most = max(1, int(table[["arrivals", "departures"]].to_numpy().max(initial=0)))
    panel.set_ylim(-1.1 * most, 1.1 * most)
    panel.axhline(0, color=FAINT, linewidth=0.8)
    panel.set_yticks([-most, 0, most])
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):g}"))
    panel.spines["bottom"].set_visible(False)
    for name, at, colour in (("arrivals", 0.55, ARRIVE), ("departures", -0.55, LEAVE)):
        text = several(int(table[name].sum()), name[:-1])
        panel.annotate(text, (1, at * most), xycoords=("axes fraction", "data"),
                       xytext=(16, 0), textcoords="offset points", va="center", fontsize=8.5,
                       color=colour, annotation_clip=False)  # fmt: skip
    return panel


def _rows(
    figure: Figure, page: Axes, counted: Counted, people: pd.DataFrame, y: float, pitch: float,
    high: float,
) -> Axes:  # fmt: skip
    """Pictures and numbers, bars over time, seconds and visits."""
    panel = inset(figure, LEFT, y, SPAN, high)
    panel.set_ylim(max(len(people), 1), 0)
    panel.yaxis.set_visible(False)
    panel.spines["left"].set_visible(False)
    if not len(people):
        panel.text(0.5, 0.5, "nobody was counted", transform=panel.transAxes, ha="center",
                   va="center", color=MUTED)  # fmt: skip
        return panel
    sure = bool(people["sure"].iloc[0])
    images = counted.observed.pixels.read(people["picture"].to_numpy(int))
    images = pictures(images if sure else grey(images))
    rim = np.array([(0, 0), (4, 4), (2, 2), (0, 0)])
    padded = np.pad(images, rim, constant_values=255)[:, None]
    wide = pitch * padded.shape[3] / padded.shape[2]
    mosaic(page, padded, LEFT - 0.12 - wide, y, (wide, pitch), gap=0)
    bars = []
    for row, (number, about) in enumerate(people.iterrows()):
        visits = np.array(counted.visits(int(str(number))))
        begin = counted.observed.seconds(visits[:, 0])
        end = counted.observed.seconds(visits[:, 1] + 1)
        bars += [_bar(a, b, row) for a, b in zip(begin, end, strict=True)]
        middle = y + (row + 0.5) * pitch
        page.text(LEFT - 0.2 - wide, middle, str(number), ha="right", va="center", fontsize=10,
                  fontweight="bold", color=INK if sure else MUTED)  # fmt: skip
        long = about["seconds"]
        text = clock(long, long) if long >= 9.5 else f"{long:.1f} s"
        text += f", {several(about['visits'], 'visit')}"
        page.text(WIDTH - RIGHT + 0.14, middle, text, va="center", fontsize=8.5, color=MUTED)
    # an edge of the bar's own colour: a second of two hours would be thinner than a dot
    colour = VISIT if sure else FAINT
    panel.add_collection(PolyCollection(bars, facecolors=colour, edgecolors=colour, linewidths=0.8,
                                        gid="visits" if sure else "unsure"))  # fmt: skip
    panel.hlines(np.arange(1, len(people)), 0, 1, transform=panel.get_yaxis_transform(),
                 color=HAIR, linewidth=0.6, zorder=0.5)  # fmt: skip
    return panel


def _bar(begin: float, end: float, row: int) -> np.ndarray:
    return np.array(
        [(begin, row + 0.26), (end, row + 0.26), (end, row + 0.74), (begin, row + 0.74)]
    )


def _unsure_words(counted: Counted) -> str:
    least = counted.found.settings.least_seconds
    return f"unsure, not counted: seen for less than {least:g} s in all"


def _reading(counted: Counted, rows: int, unsure: int, drawn: bool) -> str:
    """The caption."""
    every = float((counted.intervals["stop"] - counted.intervals["start"]).median())
    borders = f"Fine lines part intervals of {every:g} s. " if drawn else (
        f"Intervals are {every:g} s long; so many borders are not drawn. "
    )  # fmt: skip
    left_out = ""
    if rows < counted.unique:
        left_out += f"Of {counted.unique} people the {rows} seen longest have a row. "
    hidden = int((~counted.counted).sum()) - len(counted.dropped) - unsure
    if hidden > 0:
        left_out += f"{hidden} more unsure ones are not shown. "
    hand = f"{counted.corrected} corrections by hand are in it. " if counted.corrected else ""
    return (
        "Each row is one individual; a bar runs from when somebody came until they left, absences "
        f"of under {APART_SECONDS:g} s not counted. On the right: for how long they were seen, and "
        f"in how many visits. {borders}Above: people present in each interval, and how many "
        f"different ones so far; the pale bar at its end is the count's 90 % interval, "
        f"{counted.low} to {counted.high}, by the match probabilities. {left_out}{hand}"
        "Who is seen for too short a time to be counted stands apart in grey."
    )


def _alt(counted: Counted) -> str:
    people, table = counted.people, counted.intervals
    if not len(people):
        return "Timeline of a video in which nobody was found."
    unsure, stop = len(people) - counted.unique - len(counted.dropped), _span(counted)[1]
    peak = table.iloc[int(table["present"].to_numpy().argmax())]
    longest = people["seconds"].astype(float).idxmax()
    again = int((people.loc[people["sure"].astype(bool), "visits"] > 1).sum())
    told = several(counted.unique, "person", "people")
    return (
        f"Timeline of {told} (90 %: {counted.low} to {counted.high}) and {unsure} unsure. "
        f"Most at once: {peak['present']} in the interval from "
        f"{clock(peak['start'], stop)}. {again} came back. Seen longest: person {longest}, "
        f"{people.loc[longest, 'seconds']:.0f} s."
    )
