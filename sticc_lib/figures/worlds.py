"""Drawn and rendered people side by side, and what a camera makes of a view of one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import sheet
from sticc_lib.figures.theme import INK, MUTED, WIDTH, themed
from sticc_lib.figures.tiles import mosaic

EDGE, GAP = 0.11, 0.3


@themed
def two_worlds(drawn: np.ndarray, rendered: np.ndarray) -> Figure:
    """The same question in two worlds: a row a person, pictures under each camera side by side.

    Args:
        drawn: uint8 [P, n, H, W, 3], P persons.
        rendered: uint8 [P, n, H', W', 3].
    """
    width = (WIDTH - 2 * EDGE - GAP) / 2
    cell = width / drawn.shape[1]
    height = 2 * (cell - 0.03)
    figure, page = sheet(0.75 + drawn.shape[0] * (height + 0.06) + EDGE)
    for number, (name, tiles) in enumerate((("drawn", drawn), ("rendered", rendered))):
        x = EDGE + number * (width + GAP)
        size = f"{tiles.shape[2]} x {tiles.shape[3]} pixels"
        name = page.text(x, 0.62, name, va="bottom", fontweight="bold", color=INK)
        page.annotate(f"  {size}", (1, 0), xycoords=name, va="bottom", color=MUTED)
        mosaic(page, tiles, x, 0.7, (cell - 0.03, height))
    people = drawn.shape[0]
    return caption(
        figure,
        "Two worlds of synthetic people",
        f"A row holds one person, {drawn.shape[1]} pictures under several cameras; persons on the "
        "left and on the right have nothing to do with each other. Left: drawn as flat shapes, in "
        "seconds, the set of these notebooks. Right: rendered from bodies and clothes with depth, "
        "light and shadow, from the sample that comes with the project (saved as JPEG).",
        f"{people} drawn people on the left, {people} rendered people on the right, each in "
        f"{drawn.shape[1]} pictures.",
    )


@themed
def lens(before: np.ndarray, behind: np.ndarray, told: Sequence[str]) -> Figure:
    """One person before some cameras: what reaches the lens, and what is recorded.

    Args:
        before: uint8 [n, H, W, 3].
        behind: uint8 [n, H, W, 3], what the camera of each recorded.
        told: what is to be said of each camera; a few short lines.
    """
    count = len(before)
    pitch = (WIDTH - 2 * EDGE - 0.75) / count
    cell = pitch - 0.06
    figure, page = sheet(0.5 + 2 * (2 * cell + 0.06) + 0.75)
    tiles = np.stack([before, behind])
    for row, name in enumerate(("reaches\nthe lens", "is\nrecorded")):
        y = 0.5 + row * (2 * cell + 0.06)
        mosaic(page, tiles[row : row + 1], EDGE + 0.75, y, (cell, 2 * cell), gap=0.06)
        page.text(EDGE + 0.65, y + cell, name, va="center", ha="right", color=INK)
    for column, words in enumerate(told):
        page.text(EDGE + 0.75 + pitch * column, 0.5 + 2 * (2 * cell + 0.06) + 0.05, words,
                  va="top", fontsize=8, color=MUTED, linespacing=1.4)  # fmt: skip
    return caption(
        figure,
        "What a camera makes of a view",
        "The same person (synthetic) before each camera, rendered. Above: what reaches the lens. "
        "Below: what the camera records: few pixels, a colour cast, softness, noise and JPEG. "
        "Under each: how tall the box is in its video, how much each channel is amplified, how "
        "much of the colour is kept, the quality of the JPEG.",
        f"{count} views of one person, above as they reach the lens, below as they are recorded, "
        "blurred and tinted.",
    )
