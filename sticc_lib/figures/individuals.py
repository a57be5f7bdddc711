"""Everybody who was found, with one picture of every fragment that was put together for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sticc_lib.counting.counted import Counted
from sticc_lib.figures.captions import caption
from sticc_lib.figures.clock import UNITS, clock, unit
from sticc_lib.figures.parts import evenly, grey, several, sheet
from sticc_lib.figures.theme import FAINT, INK, MUTED, WIDTH, themed
from sticc_lib.figures.tiles import mosaic, pick, pictures
from sticc_lib.figures.timeline import VISIT

EDGE = 0.11
CELL = (0.4, 0.8)
"""Inches of a picture."""
PITCH = CELL[0] + 0.03
MOST = int((WIDTH - 2 * EDGE) // PITCH)
"""Pictures of one individual: as many as fit side by side."""
LINE, TOP, BETWEEN = CELL[1] + 0.62, 0.4, 0.17
LINES = 6
"""Lines of a page. CHOICE: a screen and a half; who wants the others turns the page."""


@dataclass(frozen=True)
class _Placed:
    """Who stands where on a page."""

    number: int
    line: int
    x: float
    wide: float


@themed
def individuals(counted: Counted, first: int = 0, lines: int = LINES) -> Figure:
    """A page of the gallery: pictures of each individual, in order of time.

    Args:
        counted: the count.
        first: where the page begins, in the order counted ones, then unsure ones; from 0. The
            pages' beginnings are `pages(counted)`.
        lines: lines of a page at most.

    Raises:
        ValueError: there is no such individual; the message names the range.
    """
    order = _order(counted)
    if not order:
        return _nobody(counted)
    placed = _flow(counted, order[pick("first", first, len(order)) :], lines)
    sure = {p.number: bool(counted.counted[p.number - 1]) for p in placed}
    # a heading parts the unsure from the others
    breaks = [p.line for p in placed if not sure[p.number]][:1]
    figure, page = sheet(TOP + LINE * (1 + placed[-1].line) + 0.3 * len(breaks))
    for one in placed:
        y = TOP + LINE * one.line + 0.3 * (bool(breaks) and one.line >= breaks[0])
        _one(page, counted, one, y, sure[one.number])
    for line in breaks:
        least = counted.found.settings.least_seconds
        text = f"unsure, not counted: seen for less than {least:g} s in all"
        page.text(EDGE, TOP + LINE * line + 0.12, text, color=MUTED, va="bottom", fontsize=8.5)
    starts = pages(counted, lines)
    turned = len(starts) > 1 and first in starts
    where = f", page {starts.index(first) + 1} of {len(starts)}" if turned else ""
    unsure = len(order) - counted.unique
    people = several(counted.unique, "person", "people")
    return caption(
        figure,
        f"Who was found: {people} in {counted.observed.name}{where}",
        f"A picture for every fragment (one short track within one interval) put together for an "
        f"individual, in order of time; below it the time in {UNITS[unit(_length(counted))]}. A "
        "line under the pictures joins those of one visit: where it is broken, somebody was away "
        f"and was found again. Of more than {MOST} fragments {MOST} evenly spaced ones are shown, "
        "+n says how many are not. Grey: seen for too short a time to be counted.",
        f"Gallery of {people} and {unsure} unsure; here {len(placed)} of them: "
        + "; ".join(_told(counted, p.number) for p in placed[:12])
        + ("; and more." if len(placed) > 12 else "."),
    )


def pages(counted: Counted, lines: int = LINES) -> list[int]:
    """Where each page of `individuals` begins; [0] where nobody was found."""
    order, starts = _order(counted), [0]
    while len(order) > (after := starts[-1] + len(_flow(counted, order[starts[-1] :], lines))):
        starts.append(after)
    return starts


def _order(counted: Counted) -> list[int]:
    numbers = np.arange(1, len(counted.counted) + 1)
    unsure = [n for n in numbers[~counted.counted].tolist() if n not in counted.dropped]
    return [*numbers[counted.counted].tolist(), *unsure]


def _flow(counted: Counted, order: list[int], lines: int) -> list[_Placed]:
    """Individuals side by side as they fit, until the page is full."""
    placed: list[_Placed] = []
    line, x = 0, EDGE
    for number in order:
        fragments = int((counted.of == number).sum())
        # what stands above the pictures of somebody seen once is wider than these
        wide = max(PITCH * min(fragments, MOST), 0.4 + 0.062 * len(_facts(counted, number)))
        begun = placed and counted.counted[placed[-1].number - 1] != counted.counted[number - 1]
        if placed and (begun or x + wide > WIDTH - EDGE + 0.03 + 1e-6):
            line, x = line + 1, EDGE
        if line == lines:
            break
        placed.append(_Placed(number, line, x, wide))
        x += wide + BETWEEN
    return placed


def _one(page: Axes, counted: Counted, one: _Placed, y: float, sure: bool) -> None:
    """Number and facts, pictures, the line of each visit, times."""
    observed = counted.observed
    mine = np.flatnonzero(counted.of == one.number)
    mine = mine[np.argsort(observed.fragments["first_frame"].to_numpy()[mine], kind="stable")]
    chosen = mine[evenly(len(mine), MOST)]
    name = page.text(one.x, y + 0.26, f"{one.number}", fontsize=11, fontweight="bold",
                     va="bottom", color=INK if sure else MUTED)  # fmt: skip
    page.annotate(f"   {_facts(counted, one.number)}", (1, 0), xycoords=name, va="bottom",
                  color=MUTED, fontsize=8.5)  # fmt: skip
    images = observed.pixels.read(observed.pictures()[chosen])
    step, _ = mosaic(page, pictures(images if sure else grey(images))[None], one.x, y + 0.28, CELL)
    lefts = one.x + step * np.arange(len(chosen))
    first = observed.fragments["first_frame"].to_numpy()[chosen]
    visits = np.array(counted.visits(one.number))
    visit = np.searchsorted(visits[:, 0], first, side="right")
    under = y + 0.28 + CELL[1] + 0.045
    for which in np.unique(visit):
        span = lefts[visit == which]
        page.hlines(under, span[0] + 0.03, span[-1] + CELL[0] - 0.03, lw=2.2,
                    color=VISIT if sure else FAINT)  # fmt: skip
    length = _length(counted)
    for left, time in zip(lefts, observed.seconds(first), strict=True):
        page.text(left + CELL[0] / 2, under + 0.04, clock(float(time), length, bare=True),
                  ha="center", va="top", fontsize=7.5, color=MUTED)  # fmt: skip


def _facts(counted: Counted, number: int) -> str:
    """What stands beside a number: for how long, how many visits, tracks, fragments."""
    about = counted.people.loc[number]
    seconds, fragments = float(about["seconds"]), int(about["fragments"])
    facts = [clock(seconds, seconds) if seconds >= 9.5 else f"{seconds:.1f} s"]
    facts += [several(int(about[k]), k[:-1]) for k in ("visits", "tracks") if about[k] > 1]
    if fragments > MOST:
        facts.append(f"{fragments} fragments (+{fragments - MOST})")
    return " · ".join(facts)


def _length(counted: Counted) -> float:
    return float(counted.intervals["stop"].iloc[-1])


def _told(counted: Counted, number: int) -> str:
    about = counted.people.loc[number]
    unsure = "" if about["sure"] else ", unsure"
    return (f"{number}: {about['seconds']:.1f} s, {several(int(about['visits']), 'visit')}, "
            f"{several(int(about['fragments']), 'fragment')}{unsure}")  # fmt: skip


def _nobody(counted: Counted) -> Figure:
    figure, page = sheet(1.2)
    page.text(EDGE, 0.8, "There is nobody to show.", color=MUTED)
    return caption(
        figure,
        f"Who was found: nobody in {counted.observed.name}",
        "Each individual would stand here with a picture of every fragment.",
        f"An empty gallery: nobody was found in {counted.observed.name}.",
    )
