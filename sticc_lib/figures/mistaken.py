"""Where a count errs: who was taken for whom, and each error with pictures and its reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from sticc_lib.counting.counted import Counted
from sticc_lib.counting.errors import NOBODY, UNSURE, Mistakes
from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import chain, place, several, sheet
from sticc_lib.figures.theme import HAIR, INK, MUTED, WIDTH, themed
from sticc_lib.figures.tiles import EMPTY, bars

KINDS = {
    "right": ("✓", "#A9DCC9", "the person"),
    "split": ("÷", "#F8DC9C", "false split: another number, the same person"),
    "merge": ("+", "#F2AC9D", "false merge: another person under this number"),
    "ghost": ("∅", "#CFCBE3", "ghost: nobody"),
}
"""Sign, ground and meaning of a cell."""
MISSED = ("?", "#D5DADF", "missed: no number")
EDGE, LEFT = 0.11, 0.85
FACE = (0.24, 0.48)
LARGE = (0.42, 0.84)
BRIEF = 2.0
"""Seconds; cells of less are paler."""
MOST, MOST_CARDS = 16, 12
"""Rows and columns of the table; errors shown with pictures. CHOICE: two screens."""


@themed
def mistaken(counted: Counted, found: Mistakes) -> Figure:
    """The table of individuals against persons, and the errors with pictures.

    Args:
        counted: the count.
        found: what is wrong with it (`counting.errors.mistakes`).
    """
    table = _shown(found)
    cards = found.listed.sort_values("seconds", ascending=False, kind="stable")
    first = cards["kind"].map({"split": 0, "ghost": 1, "missed": 2, "merge": 3})
    cards = cards.iloc[np.argsort(first.to_numpy(), kind="stable")][:MOST_CARDS]
    pitch = FACE[1] + 0.05
    below = 1.75 + pitch * len(table)
    lines = -(-len(cards) // 3)
    figure, page = sheet(below + 0.35 + lines * (LARGE[1] + 0.2) + 0.1)
    page.text(EDGE, 0.55, _sum(counted, found), fontsize=10, va="bottom")
    chain(page, EDGE, 0.82, [(ground, f"{sign} {text}") for sign, ground, text in KINDS.values()])
    _matrix(page, counted, found, table, 0.95, pitch)
    held = len(found.listed)
    text = (
        "No errors."
        if not held
        else f"{several(held, 'error')}" + (f", {len(cards)} shown" if len(cards) < held else "")
    )
    page.text(EDGE, below + 0.2, text, fontweight="bold", va="bottom")
    for at, (_, row) in enumerate(cards.iterrows()):
        x, y = EDGE + (at % 3) * (WIDTH - EDGE) / 3, below + 0.32 + (at // 3) * (LARGE[1] + 0.2)
        _card(page, counted, found, row, x, y)
    return caption(figure, "Where the count errs", _reading(counted, found, table), _alt(found))


def _shown(found: Mistakes) -> pd.DataFrame:
    """The table, persons in the order of those who stand for them; of a large one the part that
    holds errors."""
    rows = found.seconds.drop(index=UNSURE)
    if len(rows) > MOST:
        wrong = found.listed.groupby("number")["seconds"].sum()
        wrong = wrong.add(found.listed.groupby("other")["seconds"].sum(), fill_value=0)
        wrong = wrong.reindex(rows.index).fillna(0).sort_values(ascending=False, kind="stable")
        rows = rows.loc[sorted(wrong[wrong > 0].index[:MOST])]
    named = dict.fromkeys(found.stands[n] for n in rows.index)
    others = rows.sum().sort_values(ascending=False, kind="stable")
    missed = found.listed.loc[found.listed["kind"] == "missed", "person"].tolist()
    order = [*named, *missed, *others[others > 0].index]
    order = [p for p in dict.fromkeys(order) if p != NOBODY][:MOST]
    return rows[[*order, NOBODY]]


def _matrix(
    page: Axes, counted: Counted, found: Mistakes, table: pd.DataFrame, y: float, pitch: float
) -> None:  # fmt: skip
    """Persons on top, individuals down the side, seconds in the cells."""
    wide = min(0.62, (WIDTH - LEFT - EDGE) / max(table.shape[1], 1))
    top = y + FACE[1] + 0.2
    for column, person in enumerate(table.columns):
        x = LEFT + (column + 0.5) * wide
        if person != NOBODY:
            mine = np.flatnonzero(found.label == found.seconds.columns.get_loc(person))
            _face(page, counted, mine, x - FACE[0] / 2, y, FACE)
        page.text(x, top - 0.04, person, ha="center", va="bottom", color=INK,
                  fontweight="normal" if person == NOBODY else "bold", fontsize=8.5)  # fmt: skip
    kinds = _kinds(found, table)
    for kind, (_, ground, _) in KINDS.items():
        where = np.argwhere(kinds == kind)
        # what is soon over is pale: a table of many short ones is not to look like ruin
        faint = np.clip(table.to_numpy()[kinds == kind] / BRIEF, 0.3, 1) if len(where) else 1
        colours = [(*to_rgb(ground), alpha) for alpha in np.atleast_1d(faint)]
        bars(page, [(LEFT + c * wide + 0.01, top + r * pitch + 0.01, wide - 0.02, pitch - 0.02)
                    for r, c in where], np.array(colours))  # fmt: skip
    for row, number in enumerate(table.index):
        middle = top + (row + 0.5) * pitch
        _face(page, counted, np.flatnonzero(counted.of == number), LEFT - 0.06 - FACE[0],
              middle - FACE[1] / 2, FACE)  # fmt: skip
        page.text(LEFT - 0.14 - FACE[0], middle, str(number), ha="right", va="center",
                  fontweight="bold")  # fmt: skip
        for column, value in enumerate(table.iloc[row]):
            if value <= 0:
                continue
            sign = KINDS[kinds[row, column]][0] + " " if kinds[row, column] else ""
            page.text(LEFT + (column + 0.5) * wide, middle, f"{sign}{value:.{value < 9.95:d}f}",
                      ha="center", va="center", fontsize=8 if wide > 0.4 else 7,
                      color=INK if sign else MUTED)  # fmt: skip
    page.hlines(top + pitch * np.arange(len(table) + 1), LEFT, LEFT + wide * table.shape[1],
                color=HAIR, linewidth=0.7, zorder=0.5)  # fmt: skip


def _kinds(found: Mistakes, table: pd.DataFrame) -> np.ndarray:
    """What each cell is, text [rows, columns]; empty where it is nothing to speak of."""
    kinds = np.full(table.shape, "", dtype=object)
    best: dict[str, int] = {}
    for number, who in found.stands.items():
        seconds = found.seconds.loc[number, who]
        if who not in best or seconds > found.seconds.loc[best[who], who]:
            best[who] = number
    for row, number in enumerate(table.index):
        who = found.stands[number]
        for column, person in enumerate(table.columns):
            if table.iloc[row, column] <= 0:
                continue
            if person == who:
                kind = "ghost" if who == NOBODY else "right" if best[who] == number else "split"
                kinds[row, column] = kind
            elif NOBODY not in (person, who):
                kinds[row, column] = "merge"
    return kinds


def _face(
    page: Axes, counted: Counted, mine: np.ndarray, x: float, y: float, size: tuple[float, float]
) -> None:
    """The picture of the longest of some fragments; a grey field where there is none."""
    if len(mine):
        boxes = counted.observed.fragments["n"].to_numpy()[mine]
        row = counted.observed.pictures()[mine[int(boxes.argmax())]]
        image = counted.observed.pixels.read(np.array([row]))[0]
    else:
        image = np.repeat(EMPTY, 2).reshape(3, 2, 1)
    place(page, image, x, y, *size)


def _card(
    page: Axes, counted: Counted, found: Mistakes, row: pd.Series, x: float, y: float
) -> None:
    """Up to two pictures and what happened."""
    for at, name in enumerate(("left", "right")):
        if at == 0 or row[name] >= 0:
            mine = np.array([row[name]]) if row[name] >= 0 else np.empty(0, int)
            _face(page, counted, mine, x + at * (LARGE[0] + 0.03), y, LARGE)
    sign, ground = (MISSED if row["kind"] == "missed" else KINDS[row["kind"]])[:2]
    bars(page, [(x, y + LARGE[1] + 0.02, 2 * LARGE[0] + 0.03, 0.05)], ground)
    side = x + 2 * LARGE[0] + 0.12
    first, *rest = _words(row, found.threshold)
    page.text(side, y, f"{sign} {first}", va="top", fontweight="bold", fontsize=8.5)
    page.text(side, y + 0.2, "\n".join(rest), va="top", color=MUTED, fontsize=8, linespacing=1.35)


def _words(row: pd.Series, threshold: float) -> list[str]:
    """What happened, a line each."""
    seconds = f"{row['seconds']:.1f} s"
    if row["kind"] == "ghost":
        return [f"{row['number']} is nobody", seconds, "most of its boxes are no person"]
    if row["kind"] == "missed":
        under = "only briefly seen, not counted" if row["seconds"] > 0 else "no box was found"
        if row["number"] != UNSURE:
            under = f"most of it under {row['number']}"
        return [f"{row['person']} has no number", seconds, under]
    away = f", {row['gap']:.1f} s apart" if row["gap"] > 0 else ", at the same time"
    if row["kind"] == "split":
        lines = [f"{row['number']} and {row['other']} are {row['person']}",
                 f"{row['other']} for {seconds}{away}"]  # fmt: skip
    else:
        lines = [f"{row['number']} ({row['person']}) also holds {row['second']}",
                 f"for {seconds}{away}"]  # fmt: skip
    if row["one_track"]:
        return [*lines, "one short track holds both", "(an error of the tracker)"]
    if row["forbidden"]:
        return [*lines, "kept apart: seen at once,", "or too far away for the time"]
    if not np.isfinite(row["distance"]):
        return lines
    return [*lines, f"distance {row['distance']:.2f}, threshold {threshold:.2f}"]


def _sum(counted: Counted, found: Mistakes) -> str:
    true = found.seconds.shape[1] - 1
    splits, ghosts, missed = (found.total(k) for k in ("split", "ghost", "missed"))
    return (
        f"{counted.unique} found = {several(true, 'person', 'people')} + "
        f"{several(splits, 'false split')} + {several(ghosts, 'ghost')} − {missed} missed; "
        f"{several(found.total('merge'), 'false merge')}, {_merged(found):.1f} s in all"
    )


def _merged(found: Mistakes) -> float:
    return float(found.listed.loc[found.listed["kind"] == "merge", "seconds"].sum())


def _reading(counted: Counted, found: Mistakes, table: pd.DataFrame) -> str:
    part = ""
    if len(table) < counted.unique:
        part = (
            f"Of {counted.unique} individuals the {len(table)} with the most that is wrong are in "
            "the table. "
        )
    return (
        "Rows: individuals as found; columns: true persons. A number is for how many seconds the "
        "fragments of an individual show a person (the one that most of a fragment's boxes are). "
        "A person's largest individual is right (✓), every further one a false split (÷); another "
        f"person in an individual is a false merge (+), which leaves the count as it is; less than "
        f"{BRIEF:g} s are paler. {part}"
        "Below: the errors, those that change the count first; pictures show the two sides where "
        "they are nearest in time. Distances are as they are compared with the threshold."
    )


def _alt(found: Mistakes) -> str:
    if not len(found.listed):
        return f"Table of {len(found.stands)} individuals against persons: no errors."
    told = []
    for _, row in found.listed[found.listed["kind"] != "merge"].iterrows():
        told.append(_words(row, found.threshold)[0])
    listed = f": {'; '.join(told[:8])}" if told else ""
    return (
        f"Table of {len(found.stands)} individuals against {found.seconds.shape[1] - 1} persons. "
        f"{several(found.total('split'), 'false split')}, {several(found.total('ghost'), 'ghost')},"
        f" {found.total('missed')} missed{listed}. "
        f"{several(found.total('merge'), 'false merge')}, {_merged(found):.1f} s in all."
    )
