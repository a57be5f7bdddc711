"""The ranked gallery: a query, what came up nearest, and whether it was right."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sticc_lib.figures import tiles
from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import evenly, frame, grey, place, sheet, who
from sticc_lib.figures.theme import MARKS, MUTED, QUERY, WIDTH, condition, themed
from sticc_lib.tracklets.table import TrackletSet

LEFT, GAP = 0.11, 0.13
PALE = "#DFF7FA"
"""Ground of what is picked."""


@themed
def ranked_gallery(
    data: TrackletSet,
    ranked: pd.DataFrame,
    frames: int = 2,
    query_frames: int = 3,
    picked: int = 0,
) -> Figure:
    """Query strips and their nearest gallery strips, marked true, false or junk.

    Args:
        data: where pixels, persons and cameras come from.
        ranked: a row a gallery entry, nearest first within a query: `query` and `tracklet`
            (numbers in `data`), `rank` (from 1; missing for junk), `distance`, `mark` (true,
            false, junk). Optional: `ap` of the query, and `group`, a heading over queries that
            stand together (worst, median, best). `retrieval.ranking.rank` gives such rows.
        frames: evenly spaced frames of a gallery strip.
        query_frames: of the query strip.
        picked: the rank of the entries that stand in a box; 0 for none.

    Raises:
        ValueError: nothing to show, or a mark of another name.
    """
    odd = set(ranked["mark"]) - set(MARKS)
    if len(ranked) == 0 or odd:
        raise ValueError(f"expected rows marked {', '.join(MARKS)}, got {sorted(odd) or 'none'}")
    groups = [part for _, part in ranked.groupby("query", sort=False)]
    most = max(len(part) for part in groups)
    where = data.frame_positions()
    sample = data.read(where[int(groups[0]["query"].iloc[0])][:1]).shape
    cell = (WIDTH - 2 * LEFT - GAP * (most + 1.5)) / (query_frames + frames * most)
    cell = min(cell, 0.62)
    tall = cell * (2.0 if "x" in data.frames else sample[2] / sample[3])
    headings = _headings(groups)
    step = tall + 0.58
    figure, page = sheet(0.72 + len(groups) * step + 0.17 * sum(map(bool, headings)))
    y = 0.72
    for part, heading in zip(groups, headings, strict=True):
        if heading:
            page.text(LEFT, y - 0.02, heading, fontsize=10, fontweight="bold", color=QUERY,
                      va="top")  # fmt: skip
            y += 0.17
        _row(page, data, where, part, y, (cell, tall), (query_frames, frames), picked)
        y += step
    _legend(page, 0.5)
    counts = ranked.loc[ranked["mark"] != "junk"].groupby("query", sort=False).first()["mark"]
    return caption(
        figure,
        f"What {'a query' if len(groups) == 1 else f'{len(groups)} queries'} found in "
        f"{condition(data.name)}",
        "Left, framed in blue: the query. To its right the gallery, nearest first, with rank and "
        "distance. ✓ is the same person, ✗ another; – (grey) is what the evaluation rule leaves "
        "out, shown where it would have stood." + " In a box: the one picked." * (picked > 0),
        f"Ranked gallery of {len(groups)} queries, at most {most} entries each; the nearest is "
        f"right for {int((counts == 'true').sum())}.",
    )


def _headings(groups: list[pd.DataFrame]) -> list[str]:
    names = [str(part["group"].iloc[0]) if "group" in part else "" for part in groups]
    return [name if i == 0 or name != names[i - 1] else "" for i, name in enumerate(names)]


def _row(
    page: Axes,
    data: TrackletSet,
    where: dict[int, np.ndarray],
    part: pd.DataFrame,
    y: float,
    size: tuple[float, float],
    frames: tuple[int, int],
    picked: int,
) -> None:
    cell, tall = size
    query = int(part["query"].iloc[0])
    score = part["ap"].iloc[0] if "ap" in part else np.nan
    page.text(LEFT, y + 0.2, _who(data, query), fontweight="bold", va="bottom")
    if np.isfinite(score):
        page.text(LEFT, y + tall + 0.26, f"query, AP {score:.2f}", color=QUERY, va="top",
                  fontsize=8)  # fmt: skip
    _strip(page, data, where[query], LEFT, y + 0.22, (cell, tall), frames[0], QUERY, False)
    x = LEFT + cell * frames[0] + 2.5 * GAP
    for row in part.itertuples():
        colour, sign = MARKS[str(row.mark)]
        _strip(page, data, where[int(row.tracklet)], x, y + 0.22, (cell, tall), frames[1], colour,
               row.mark == "junk")  # fmt: skip
        if pd.notna(row.rank) and int(row.rank) == picked:
            box = Rectangle((x - 0.05, y), cell * frames[1] + 0.1, tall + 0.42, zorder=-1)
            page.add_patch(box).set(facecolor=PALE, edgecolor=tiles.PICKED)
        place_in_row = "" if pd.isna(row.rank) else f" {int(row.rank)}"
        page.text(x, y + 0.2, f"{sign}{place_in_row}", color=colour, fontweight="bold", va="bottom",
                  fontsize=10)  # fmt: skip
        page.text(x + cell * frames[1], y + 0.2, f"{row.distance:.2f}", color=MUTED, va="bottom",
                  ha="right", fontsize=8.5)  # fmt: skip
        under = _who(data, int(row.tracklet), short=cell * frames[1] < 0.95)
        page.text(x, y + tall + 0.26, under, color=MUTED, va="top", fontsize=7.5)
        x += cell * frames[1] + GAP


def _strip(
    page: Axes,
    data: TrackletSet,
    positions: np.ndarray,
    x: float,
    y: float,
    size: tuple[float, float],
    frames: int,
    colour: str,
    faded: bool,
) -> None:
    cell, tall = size
    at = positions[evenly(len(positions), frames)]
    pixels = data.read(at, (128, 64) if "x" in data.frames else None)
    for number, picture in enumerate(grey(pixels) if faded else pixels):
        place(page, picture, x + cell * number, y, cell, tall)
    page.vlines([x + cell * n for n in range(1, len(at))], y, y + tall, "white", lw=1)
    frame(page, x, y, cell * len(at), tall, colour, 2.2)


def _who(data: TrackletSet, tracklet: int, short: bool = False) -> str:
    row = data.tracklets.loc[tracklet]
    name = who(row).replace("person ", "p ") if short else who(row)
    if pd.isna(row["camera"]) or "visit" in row:
        return name
    return f"{name}, {'c' if short else 'camera'} {row['camera']}"


def _legend(page: Axes, y: float) -> None:
    last = page.text(LEFT, y, "", va="center")
    words = {"true": "same person", "false": "another person", "junk": "left out by the rule"}
    for mark, text in words.items():
        colour, sign = MARKS[mark]
        last = page.annotate(f"{sign} ", (1, 0), xycoords=last, color=colour, va="bottom",
                             fontweight="bold")  # fmt: skip
        last = page.annotate(f"{text}      ", (1, 0), xycoords=last, color=MUTED, va="bottom")
