"""Somebody, or two who may be one: every fragment of them, for whoever corrects a count by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sticc_lib.counting.corrections import Correction, Corrections
from sticc_lib.counting.counted import Counted
from sticc_lib.figures.captions import caption
from sticc_lib.figures.clock import UNITS, clock, unit
from sticc_lib.figures.parts import evenly, grey, several, sheet
from sticc_lib.figures.theme import INK, MUTED, WIDTH, themed
from sticc_lib.figures.tiles import mosaic, outline, pictures

EDGE, CELL = 0.11, (0.4, 0.8)
"""Inches: of the page's rim, and of a picture."""
ACROSS = int((WIDTH - 2 * EDGE) // (CELL[0] + 0.03))
MOST = 3 * ACROSS
"""Pictures of one person. CHOICE: three lines; chosen fragments are always among them."""
LINE, HEAD = CELL[1] + 0.24, 0.3
LISTED = 5
"""Corrections that are written out, the latest."""
DONE = {"merge": "one person", "split": "somebody else", "drop": "not a person", "keep": "counted"}


@themed
def picked(
    counted: Counted,
    corrections: Corrections,
    people: Sequence[int] = (),
    fragments: Sequence[int] = (),
) -> Figure:
    """The count in a line, the latest corrections, and every fragment of those who are picked.

    Args:
        counted: the count with the corrections in it.
        corrections: what was corrected.
        people: numbers of those picked.
        fragments: those chosen among theirs; outlined.

    Raises:
        ValueError: no such person; the message names the range.
    """
    for number in people:
        if not 1 <= number <= len(counted.counted):
            raise ValueError(f"people: {number}; expected 1 to {len(counted.counted)}")
    lines = [*enumerate(corrections.entries, start=1)][-LISTED:]
    shown = {number: _shown(counted, number, fragments) for number in people}
    rows = sum(-(-len(rows) // ACROSS) for rows in shown.values())
    figure, page = sheet(0.5 + 0.18 * len(lines) + HEAD * max(len(people), 1) + LINE * rows)
    y = 0.5
    for place, entry in lines:
        page.text(EDGE, y + 0.06, f"{place}. {_told(entry)}", color=MUTED, fontsize=8.5)
        y += 0.18
    if not people:
        page.text(EDGE, y + 0.14, "Nobody is picked.", color=MUTED)
    for number, rows in shown.items():
        y = _person(page, counted, number, rows, fragments, y)
    alt = "; ".join(_about(counted, number) for number in people) or "nobody"
    return caption(
        figure,
        counted_words(counted),
        "The latest corrections, and a picture of every fragment (one short track within one "
        "interval) of who is picked, in order of time; below it the time in "
        f"{UNITS[unit(_length(counted))]}. Outlined: fragments that are chosen. Of more than "
        f"{MOST} fragments {MOST} evenly spaced ones are shown. Grey: not counted.",
        f"{counted_words(counted)}. Picked: {alt}. "
        f"{several(len(fragments), 'fragment')} chosen.",
    )  # fmt: skip


def counted_words(counted: Counted) -> str:
    """The count in a line: "12 people (11 to 14 with 90 %), 2 unsure, 3 corrections by hand"."""
    parts = [f"{several(counted.unique, 'person', 'people')} "
             f"({counted.low} to {counted.high} with 90 %)"]  # fmt: skip
    unsure = int((~counted.counted).sum()) - len(counted.dropped)
    if unsure:
        parts.append(f"{unsure} unsure")
    if counted.dropped:
        parts.append(f"{len(counted.dropped)} not a person")
    if counted.corrected:
        parts.append(f"{several(counted.corrected, 'correction')} by hand")
    return ", ".join(parts)


def person_words(counted: Counted, number: int) -> str:
    """Somebody in a line, without the number: "12.4 s, 2 visits, unsure"."""
    about = counted.people.loc[number]
    long = float(about["seconds"])
    told = clock(long, long) if long >= 9.5 else f"{long:.1f} s"
    if about["visits"] > 1:
        told += f", {about['visits']} visits"
    if number in counted.dropped:
        return f"{told}, not a person"
    return told if about["sure"] else f"{told}, unsure"


def _about(counted: Counted, number: int) -> str:
    count = int((counted.of == number).sum())
    return f"person {number}, {person_words(counted, number)}, {several(count, 'fragment')}"


def _told(entry: Correction) -> str:
    """A correction in a line; people have other numbers by now, so tracks name them."""

    def side(pieces: tuple[tuple[int, int, int], ...]) -> str:
        tracks = sorted({track for _, track, _ in pieces})
        names = ", ".join(map(str, tracks[:6])) + (" …" if len(tracks) > 6 else "")
        return f"{several(len(pieces), 'fragment')} of track{'s' * (len(tracks) > 1)} {names}"

    joint = {"merge": " and ", "split": " than "}.get(entry.kind, "")
    second = joint + side(entry.others) if joint else ""
    return f"{DONE[entry.kind]}: {side(entry.pieces)}{second}"


def _shown(counted: Counted, number: int, chosen: Sequence[int]) -> np.ndarray:
    """Fragments that have a picture, in order of time."""
    mine = np.flatnonzero(counted.of == number)
    begin = counted.observed.fragments["first_frame"].to_numpy()
    mine = mine[np.argsort(begin[mine], kind="stable")]
    some = mine[evenly(len(mine), MOST)]
    return mine[np.isin(mine, some) | np.isin(mine, np.asarray(chosen, int))]


def _person(
    page: Axes, counted: Counted, number: int, rows: np.ndarray, chosen: Sequence[int], y: float
) -> float:
    """One person's heading and pictures; returns where the next one begins."""
    sure, observed = bool(counted.counted[number - 1]), counted.observed
    name = page.text(EDGE, y + 0.25, f"{number}", fontsize=11, fontweight="bold", va="bottom",
                     color=INK if sure else MUTED)  # fmt: skip
    page.annotate("   " + person_words(counted, number), (1, 0), xycoords=name, va="bottom",
                  color=MUTED, fontsize=8.5)  # fmt: skip
    y += HEAD
    first = observed.fragments["first_frame"].to_numpy()
    for line in (rows[k : k + ACROSS] for k in range(0, len(rows), ACROSS)):
        images = observed.pixels.read(observed.pictures()[line])
        step, _ = mosaic(page, pictures(images if sure else grey(images))[None], EDGE, y, CELL)
        lefts = EDGE + step * np.arange(len(line))
        marked = [(x, y, *CELL) for x, row in zip(lefts, line, strict=True) if row in chosen]
        if marked:
            outline(page, marked)
        for x, time in zip(lefts, observed.seconds(first[line]), strict=True):
            page.text(x + CELL[0] / 2, y + CELL[1] + 0.03,
                      clock(float(time), _length(counted), bare=True),
                      ha="center", va="top", fontsize=7.5, color=MUTED)  # fmt: skip
        y += LINE
    return y


def _length(counted: Counted) -> float:
    return float(counted.intervals["stop"].iloc[-1])
