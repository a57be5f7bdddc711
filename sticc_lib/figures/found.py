"""The ranked sheet of one query in a gallery on disk: what was looked for, and what came up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import chain, frame, place, sheet
from sticc_lib.figures.theme import (
    FALSE,
    HAIR,
    INK,
    MARKS,
    MUTED,
    QUERY,
    TRUE,
    WIDTH,
    condition,
    themed,
)

LEFT, GAP = 0.13, 0.16
CELL = (0.64, 1.28)
"""Inches of a frame."""
TOP, STEP = 0.62, 1.92
ACROSS = 5
"""Entries in a line, beside the query."""


@themed
def found_sheet(
    table: pd.DataFrame,
    pictures: Sequence[np.ndarray | None],
    query: np.ndarray,
    name: str,
    told: Mapping[str, str],
    away: Mapping[str, str] | None = None,
) -> Figure:
    """The query on the left, what it found beside it, nearest first, line by line.

    Args:
        table: a row an entry: `rank`, `set`, `tracklet`, `camera`, `person`, `distance`, `mark`
            (true, false; empty where nobody knows).
        pictures: uint8 [n, 3, H, W] of each entry, at most two; None where they are not at hand.
        query: uint8 [n, 3, H, W], at most two.
        name: of the query.
        told: for the caption: `embedder`, `gallery` (kind, size, probes), and `left_out` (may be
            empty).
        away: sets whose pixels are not at hand, and why.

    Raises:
        ValueError: nothing was found, or pictures do not go with the table.
    """
    if len(table) == 0 or len(table) != len(pictures):
        raise ValueError(f"{len(pictures)} pictures of {len(table)} entries; expected some, alike")
    lines = -(-len(table) // ACROSS)
    figure, page = sheet(TOP + lines * STEP + 0.1)
    marked = bool((table["mark"] != "").any())
    if marked:
        chain(page, LEFT, 0.5, [(TRUE, "✓ same person"), (FALSE, "✗ another person")])
    page.text(LEFT, TOP + 0.19, "query", va="bottom", fontweight="bold", color=QUERY)
    _strip(page, query[:2], LEFT, TOP + 0.22, QUERY, 2.4)
    span = 2 * CELL[0] + GAP
    begin = LEFT + span + 0.1
    wide = (WIDTH - begin - LEFT + GAP) / ACROSS
    several = table["set"].nunique() > 1
    for number, (row, shown) in enumerate(zip(table.itertuples(), pictures, strict=True)):
        x, y = begin + wide * (number % ACROSS), TOP + STEP * (number // ACROSS)
        _entry(page, row, shown, (x, y, wide - GAP), several)
    missing = f" Pixels not at hand: {', '.join(away)}." if away else ""
    rights = int((table["mark"] == "true").sum())
    marks = (
        f" ✓ is the same person, ✗ another ({rights} of these {len(table)} are the same)."
        if marked
        else " Whether it is the same person is not known here: nothing is marked."
    )
    left_out = f" Left out: {told['left_out']}." if told.get("left_out") else ""
    return caption(
        figure,
        f"The {len(table)} nearest to {_cut(name, 60)}",
        "Framed in blue: the query. Beside it what the gallery holds nearest to it, by line, with "
        f"rank and distance (smaller is nearer).{marks}{left_out} A gallery always has a nearest: "
        f"a high rank does not say it is the person. Embedder: {told['embedder']}. Gallery: "
        f"{told['gallery']}.{missing}",
        f"Query {name} and its {len(table)} nearest tracklets, distances "
        f"{table['distance'].min():.3f} to {table['distance'].max():.3f}."
        + (f" {rights} are of the same person." if marked else "")
        + missing,
    )


def _entry(
    page: Axes, row, shown: np.ndarray | None, at: tuple[float, float, float], several: bool
) -> None:
    """One entry: rank and distance above, frames, and who it is below."""
    x, y, wide = at
    colour, sign = MARKS.get(str(row.mark), (INK, ""))[:2]
    page.text(x, y + 0.19, f"{sign} {row.rank}".strip(), va="bottom", fontweight="bold",
              color=colour)  # fmt: skip
    page.text(x + wide, y + 0.19, f"{row.distance:.3f}", va="bottom", ha="right", color=MUTED,
              fontsize=8.5)  # fmt: skip
    room = max(1, int((wide + 1e-6) / CELL[0]))
    if shown is None:
        page.add_patch(Rectangle((x, y + 0.22), wide, CELL[1], color=HAIR, linewidth=0))
        page.text(x + wide / 2, y + 0.22 + CELL[1] / 2, "pixels not\nat hand", ha="center",
                  va="center", color=MUTED, fontsize=8)  # fmt: skip
        frame(page, x, y + 0.22, wide, CELL[1], colour if row.mark else MUTED, 1.6)
    else:
        _strip(page, shown[:room], x, y + 0.22, colour if row.mark else MUTED, 1.8)
    camera = "" if pd.isna(row.camera) else f", c{row.camera}"
    person = f", p {row.person}" if row.person > 0 else ""
    under = f"t {row.tracklet}{person}{camera}"
    under += f"\n{_cut(condition(str(row.set)), 24)}" if several else ""
    page.text(x, y + 0.22 + CELL[1] + 0.05, under, va="top", color=MUTED, fontsize=8)


def _strip(page: Axes, frames: np.ndarray, x: float, y: float, colour: str, line: float) -> None:
    for number, picture in enumerate(frames):
        place(page, picture, x + CELL[0] * number, y, *CELL)
    page.vlines([x + CELL[0] * n for n in range(1, len(frames))], y, y + CELL[1], "white", lw=1)
    frame(page, x, y, CELL[0] * len(frames), CELL[1], colour, line)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
