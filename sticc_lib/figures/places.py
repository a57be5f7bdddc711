"""Where on a frame the weight lies on average over a set, whatever there is to see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from sticc_lib.explain.maps import overlap
from sticc_lib.explain.survey import Survey
from sticc_lib.figures import tiles
from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import sheet
from sticc_lib.figures.theme import MUTED, condition, themed

LEFT, TOP, CELL = 0.11, 1.15, 0.62


@themed
def places(surveys: Sequence[Survey]) -> Figure:
    """Mean maps of whole sets, a row a survey, a column a token-weight map.

    Args:
        surveys: of models with maps over one grid of tokens.

    Raises:
        ValueError: no survey, or grids that differ.
    """
    if len({survey.grid for survey in surveys}) != 1:
        raise ValueError("expected at least one survey, and one grid of tokens for all")
    rows, columns = surveys[0].grid
    times = [{n: place * place.size for n, place in s.places.items()} for s in surveys]
    colours = tiles.heat(max(float(value.max()) for found in times for value in found.values()))
    tall = CELL * rows / columns
    figure, page = sheet(TOP + len(surveys) * (tall + 0.35))
    tiles.scale_bar(page, LEFT, 0.45, colours, "mean weight, times an even spread over the frame")
    shared = []
    for n, (survey, found) in enumerate(zip(surveys, times, strict=True)):
        y, x = TOP + n * (tall + 0.35), LEFT + 2.2
        page.text(LEFT, y, survey.whose, fontweight="bold", va="top")
        every = list(survey.places.values())
        shared.append(float(overlap(every[0][None, None], every[-1][None, None])[0]))
        page.text(LEFT, y + 0.2, f"first and last shared: {shared[-1]:.2f}", color=MUTED, va="top")
        for name, value in found.items():
            page.text(x, y - 0.05, name, color=MUTED, va="bottom")
            cells = value.reshape(1, 1, rows, columns)
            cells = tiles.painted(cells, (8 * rows, 8 * columns), colours)
            tiles.mosaic(page, cells, x, y, (CELL, tall))
            x += 1.35
    values = np.concatenate([value for found in times for value in found.values()])
    return caption(
        figure,
        f"Where the weight lies on average, {condition(surveys[0].data)}",
        "A map averaged over all clips of the set and all frames of a clip; 1 is an even spread. "
        "It shows the places a model favours whatever there is to see. Shared: 1 minus the total "
        "variation of the first and the last mean map of a row. w_RG and w_MG are products of "
        f"attention weights, heads averaged. Frames: {surveys[0].policy}. It shows where the model "
        "looks, not why.",
        f"Mean maps of {len(surveys)} models, {values.min():.2f} to {values.max():.2f} times an "
        f"even spread; first and last share {min(shared):.2f} to {max(shared):.2f}.",
    )
