"""Whether the splits of a set keep apart: shared persons, and pictures that are in two of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from sticc_lib.figures.captions import Captioned, caption
from sticc_lib.figures.parts import frame, place, sheet, titled, who
from sticc_lib.figures.theme import FALSE, HAIR, INK, MUTED, WIDTH, on, themed
from sticc_lib.tracklets.copies import BITS, LIMIT, Copies
from sticc_lib.tracklets.table import TrackletSet

PICTURE = (1.1, 0.55)
"""Inches of a picture on the sheet of pairs."""


@themed
def separation(overlap: pd.DataFrame, copies: Copies, of: str = "") -> Figure:
    """Persons that splits share, and how near pictures come to one of another split.

    Args:
        overlap: as `survey.split_overlap` gives it.
        copies: as `tracklets.copies.find_copies` gives it.
        of: the set, named in the title.
    """
    count = len(overlap)
    figure = Captioned(figsize=(WIDTH, 1.5 + 0.5 * max(count, 3)), layout="constrained")
    grid, bars = figure.subplots(1, 2, width_ratios=(1.2 + 0.75 * count, 6.6 - 0.75 * count))
    for (row, column), value in np.ndenumerate(overlap.to_numpy()):
        same = row == column
        colour = HAIR if same else FALSE if value else "#FFFFFF"
        grid.add_patch(_cell(column, row, colour))
        grid.text(column, row, f"{value:,}", ha="center", va="center",
                  fontweight="normal" if same or not value else "bold",
                  color=on(colour) if value else MUTED)  # fmt: skip
    grid.set(xlim=(-0.5, count - 0.5), ylim=(count - 0.5, -0.5), title="Persons in both")
    grid.set_xticks(range(count), labels=list(overlap.columns))
    grid.set_yticks(range(count), labels=list(overlap.index))
    grid.tick_params(length=0)
    grid.grid(False)
    grid.spines[:].set_visible(False)
    step = 2
    bars.hist(np.minimum(copies.nearest, BITS), bins=np.arange(0, BITS // 2 + step, step) - 0.5,  # type: ignore[arg-type]
              color="#33638D", rwidth=0.9)  # fmt: skip
    bars.axvspan(-0.5, LIMIT + 0.5, color=FALSE, alpha=0.12, linewidth=0)
    bars.annotate("copies", (LIMIT / 2, 1), xycoords=("data", "axes fraction"), xytext=(0, -3),
                  textcoords="offset points", ha="center", va="top", fontsize=8.5,
                  color=FALSE)  # fmt: skip
    bars.set(xlim=(-0.5, BITS // 2), ylabel="frames", title="Nearest picture in another split",
             xlabel=f"bits of the picture's hash that differ, of {BITS}")  # fmt: skip
    bars.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    bars.grid(axis="y")
    off = int(np.triu(overlap.to_numpy(), 1).sum())
    return caption(
        figure,
        titled("What splits have in common", of),
        "Left: persons of two splits that bear the same name in the source; on the diagonal, all "
        "persons of a split. Anything but 0 elsewhere (red) makes scores too good. Right: "
        f"{_compared(copies)}, each by the bits that part it from its nearest in another split; in "
        f"the red band ({LIMIT} and fewer) frames are copies if their colours agree as well.",
        f"{off} persons are shared between splits. The nearest frames of different splits differ "
        f"in {copies.nearest.min() if len(copies.nearest) else BITS} of {BITS} bits; "
        f"{copies.found} pairs of tracklets hold copies.",
    )


@themed
def nearest(data: TrackletSet, copies: Copies, most: int = 10) -> Figure:
    """The pairs of pictures of two splits that are nearest to each other; copies are framed.

    Args:
        data: where pixels and names come from.
        copies: of this set.
        most: pairs shown.
    """
    chosen = copies.pairs.head(most)
    across, (high, wide) = 5, PICTURE
    span, step = (WIDTH - 0.15) / across, high + 0.92
    figure, page = sheet(0.5 + max(1, -(-len(chosen) // across)) * step)
    for number, pair in enumerate(chosen.itertuples()):
        x, y = 0.15 + span * (number % across), 0.5 + step * (number // across)
        at = np.array([pair.first, pair.second])
        pictures = data.read(at, (128, 64))
        for column, picture in enumerate(pictures):
            left = x + column * (wide + 0.06)
            place(page, picture, left, y, wide, high)
            row = data.tracklets.loc[data.frames["tracklet"].iloc[at[column]]]
            said = f"{row['split']}\n{_short(who(row))}"
            page.text(left, y + high + 0.05, said, va="top", fontsize=8, color=MUTED, clip_on=True)
        if pair.copy:
            frame(page, x - 0.03, y - 0.03, 2 * wide + 0.12, high + 0.06, FALSE, 2.2)
        words = f"{pair.bits} bits, {pair.colour:.0f} levels"
        ink, weight = (FALSE, "bold") if pair.copy else (INK, "normal")
        page.text(x, y + high + 0.38, words, va="top", fontsize=8.5, color=ink, fontweight=weight)
    shown = int(chosen["copy"].sum())
    return caption(
        figure,
        titled("Nearest pictures of different splits", data.name),
        "Each pair holds two frames of different splits, the nearest first, one pair of two "
        "tracklets; below, how many bits of their hashes differ and by how many levels (of 255) "
        f"their coarse colours. Framed in red: copies ({copies.found} in all, {shown} shown).",
        f"{len(chosen)} pairs of frames from different splits; {shown} of them are copies.",
    )


def _compared(copies: Copies) -> str:
    looked = sum(copies.compared.values())
    of = f"{looked:,} of {copies.frames:,} frames" if looked < copies.frames else "all frames"
    return of + " (" + ", ".join(f"{n} {c:,}" for n, c in copies.compared.items()) + ")"


def _short(name: str) -> str:
    return name if len(name) < 13 else name[:11] + "…"


def _cell(column: int, row: int, colour: str) -> Rectangle:
    return Rectangle((column - 0.47, row - 0.45), 0.94, 0.9, facecolor=colour, edgecolor=HAIR)
