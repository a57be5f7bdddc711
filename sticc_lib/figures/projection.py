"""V6, the map of embeddings: the same points by person and by camera, and who stands together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sticc_lib.explain.projection import Projection
from sticc_lib.figures import tiles
from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import evenly, inset, sheet, spread, who
from sticc_lib.figures.theme import (
    CYCLE,
    CYCLE_MARKERS,
    FAINT,
    HAIR,
    INK,
    MUTED,
    WIDTH,
    condition,
    themed,
)
from sticc_lib.tracklets.table import TrackletSet

Box = tuple[float, float, float, float]
LEFT, WIDE, HIGH, ROW = 0.11, 4.26, 3.3, 0.2
SHOWN = 12
"""Thumbnails at most."""


@themed
def embedding_map(
    projection: Projection,
    tracklets: pd.DataFrame,
    whose: str,
    block: str = "whole",
    column: str = "camera",
    mark: Box | None = None,
    data: TrackletSet | None = None,
    purity: pd.DataFrame | None = None,
    persons: Sequence[int] = (),
) -> Figure:
    """Tracklets in a plane, twice: by person and by camera (or another column).

    Args:
        projection: of the embeddings of these tracklets, in their order.
        tracklets: the rows of the set's table.
        whose: the model in words, checkpoint included.
        block: which part of the embedding was projected.
        column: what the right half is coloured by.
        mark: x0, x1, y0, y1 of a box, in the projection's units; points inside are outlined.
        data: the set, to show frames of what is inside the box.
        purity: rows of `explain.projection.purity_table`, drawn beneath.
        persons: whom to colour on the left; six of those with the most tracklets if empty.

    Raises:
        ValueError: table and projection differ in length, no such column, or an empty range.
    """
    _fits(projection, tracklets, column)
    inside = _inside(projection.xy, mark)
    blocks = [] if purity is None else list(purity["block"].unique())  # rows beneath
    below = 0.42 + ROW * len(blocks) if blocks else 0.0
    strip = 1.56 if mark is not None and data is not None and inside.any() else 0.0
    figure, page = sheet(0.62 + HIGH + 0.5 + below + strip)
    halves = {"person": _some_persons(tracklets, persons), column: _largest(tracklets[column])}
    for number, (name, chosen) in enumerate(halves.items()):
        x = LEFT + number * (WIDE + 0.26)
        panel = inset(figure, x, 0.62, WIDE, HIGH)
        size = float(np.clip(9000 / max(len(tracklets), 1), 9, 34))
        _scatter(panel, projection.xy, tracklets[name], chosen, size)
        _legend(page, chosen, x, 0.62 + HIGH + 0.14)
        _marked(panel, projection.xy, inside, mark)
        page.text(x, 0.56, f"by {name}", va="bottom", fontweight="bold", fontsize=9.5)
        if purity is not None and name in set(purity["label"]):
            _purity(page, purity[purity["label"] == name], x, 0.62 + HIGH + 0.5)
    if strip and data is not None:
        _thumbnails(page, data, tracklets[inside], 0.62 + HIGH + 0.5 + below)
    part = "the whole embedding" if block == "whole" else f"block {block}"
    return caption(
        figure,
        f"{projection.method} of {part}, {len(tracklets):,} tracklets",
        f"A point is a tracklet; the two halves are the same map. {projection.method}: "
        f"{projection.settings}; trustworthiness {projection.trustworthiness:.2f} (1: whoever are "
        "neighbours here are neighbours in the full space). Distances, areas and gaps cannot be "
        f"read off such a map. Grey: all others.{' Rings: inside the box.' * (mark is not None)}"
        f"{_purity_words(purity)} Checkpoint: {whose}.",
        f"Two scatter plots of {len(tracklets)} tracklets, by person and by {column}"
        + ("." if mark is None else f"; {int(inside.sum())} of them inside a marked box."),
    )  # fmt: skip


def _fits(projection: Projection, tracklets: pd.DataFrame, column: str) -> None:
    if len(projection.xy) != len(tracklets) or column not in tracklets:
        raise ValueError(
            f"{len(projection.xy)} points, {len(tracklets)} tracklets, column {column!r}; "
            f"expected as many, and one of {', '.join(map(str, tracklets.columns))}"
        )


def _inside(xy: np.ndarray, mark: Box | None) -> np.ndarray:
    if mark is None:
        return np.zeros(len(xy), bool)
    x0, x1, y0, y1 = mark
    if not (x0 <= x1 and y0 <= y1):
        raise ValueError(f"mark: {mark}; expected x0 <= x1 and y0 <= y1")
    return np.all((xy >= (x0, y0)) & (xy <= (x1, y1)), axis=1)


def _some_persons(tracklets: pd.DataFrame, persons: Sequence[int]) -> list:
    if len(persons):
        return list(persons)[: len(CYCLE)]
    counts = tracklets.loc[tracklets["person"] > 0, "person"].value_counts().sort_index()
    # CHOICE: evenly among those with the most tracklets: nothing of their embeddings decides
    rich = counts.index[counts == counts.max()] if len(counts) else counts.index
    rich = rich if len(rich) >= 6 else counts.nlargest(6).index
    return sorted(rich[i] for i in evenly(len(rich), 6))


def _largest(labels: pd.Series) -> list:
    return sorted(labels.value_counts().index[: len(CYCLE)])


def _legend(page: Axes, chosen: list, x: float, y: float) -> None:
    step = min(
        WIDE / max(len(chosen), 1), 0.24 + 0.085 * max(map(len, map(str, chosen)), default=0)
    )
    for number, (label, colour, sign) in enumerate(zip(chosen, CYCLE, CYCLE_MARKERS, strict=False)):
        page.plot(x + 0.06 + step * number, y, sign, color=colour, markersize=5, markeredgewidth=0)
        page.text(x + 0.14 + step * number, y, f"{label}", va="center", fontsize=8.5)


def _scatter(panel: Axes, xy: np.ndarray, labels: pd.Series, chosen: list, size: float) -> None:
    """One half: the chosen labels in colours, all others grey; a square unit is square."""
    middle, half = (xy.max(0) + xy.min(0)) / 2, np.ptp(xy, axis=0) / 2
    scale = 1.06 * max(half[0] / WIDE, half[1] / HIGH, 1e-9)
    panel.set(xlim=(middle[0] - scale * WIDE, middle[0] + scale * WIDE), xticks=[], yticks=[],
              ylim=(middle[1] - scale * HIGH, middle[1] + scale * HIGH))  # fmt: skip
    for spine in panel.spines.values():
        spine.set(visible=True, color=HAIR)
    rest = ~labels.isin(chosen).to_numpy(bool)
    panel.scatter(*xy[rest].T, s=size * 0.6, color=FAINT, linewidths=0, alpha=0.6)
    for label, colour, sign in zip(chosen, CYCLE, CYCLE_MARKERS, strict=False):
        mine = (labels == label).fillna(False).to_numpy(bool)
        panel.scatter(*xy[mine].T, s=max(size, 16), color=colour, marker=sign, linewidths=0.4,
                      edgecolors="white", zorder=3)  # fmt: skip


def _marked(panel: Axes, xy: np.ndarray, inside: np.ndarray, mark: Box | None) -> None:
    if mark is None:
        return
    x0, x1, y0, y1 = mark
    panel.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=INK, linewidth=1.0,
                              linestyle=(0, (4, 2)), zorder=4))  # fmt: skip
    panel.scatter(*xy[inside].T, s=34, facecolors="none", edgecolors=INK, linewidths=0.7, zorder=5)


def _purity(page: Axes, rows: pd.DataFrame, x: float, y: float) -> None:
    """A line a block from 0 to 1: chance, the greatest there can be, and the purity found."""
    start, width = x + 0.95, WIDE - 1.45
    first = rows.iloc[0]
    page.text(x, y, f"purity, k = {first['k']}", va="top", fontweight="bold", fontsize=8.5)
    notes = ("chance", "most possible")
    wanted = [start + width * first[name] for name in ("chance", "most")]
    for place, text in zip(spread([wanted[0], min(wanted[1], start + width - 0.35)], 0.65), notes,
                           strict=True):  # fmt: skip
        page.text(place, y, text, va="top", ha="center", fontsize=8, color=MUTED)
    at = y + 0.24 + ROW * np.arange(len(rows))
    page.hlines(at, start, start + width, color=HAIR, linewidth=3)
    for name, colour in (("chance", MUTED), ("most", MUTED)):
        page.vlines(start + width * rows[name], at - 0.06, at + 0.06, color=colour, linewidth=1.2)
    found = rows["purity"].to_numpy(float)
    page.scatter(start + width * found, at, s=30, color=INK, zorder=3)
    for row, place, value in zip(rows.itertuples(), at, found, strict=True):
        page.text(x, place, str(row.block), va="center", fontsize=8.5)
        page.text(start + width + 0.1, place, f"{value:.2f}", va="center", fontsize=8.5)


def _purity_words(purity: pd.DataFrame | None) -> str:
    if purity is None or purity.empty:
        return ""
    return (
        f" Purity, in the full space: the share of a tracklet's {purity['k'].iloc[0]} nearest that "
        "bear its label; ticks are chance and the most that this many tracklets of a label allow. "
        "Persons should be pure, cameras near chance."
    )


def _thumbnails(page: Axes, data: TrackletSet, chosen: pd.DataFrame, y: float) -> None:
    """The middle frame of some of the tracklets inside the box, by person."""
    chosen = chosen.sort_values(["person"], kind="stable")
    shown = chosen.iloc[evenly(len(chosen), SHOWN)]
    where = data.frame_positions()
    middle = np.array([where[int(t)][len(where[int(t)]) // 2] for t in shown.index])
    frames = tiles.pictures(data.read(middle, (128, 64)))
    counts = {"tracklet": len(chosen), "person": chosen["person"].nunique(),
              "camera": chosen["camera"].nunique()}  # fmt: skip
    told = ", ".join(f"{n} {name}{'s' * (n != 1)}" for name, n in counts.items())
    some = "" if len(shown) == len(chosen) else f"; {len(shown)} of the tracklets"
    page.text(LEFT, y, f"Inside the box: {told} of {condition(data.name)}{some}", va="top")
    step = (WIDTH - 2 * LEFT) / SHOWN
    cell = step - 0.14
    for number, (_, row) in enumerate(shown.iterrows()):
        x = LEFT + step * number
        name = who(row).replace("person ", "p ")
        camera = "" if pd.isna(row["camera"]) or "visit" in row else f", c {row['camera']}"
        page.text(x, y + 0.22, name + camera, va="top", fontsize=7.5, color=MUTED)
    tiles.mosaic(page, frames[None], LEFT, y + 0.36, (cell, cell * 1.75), gap=0.14)
