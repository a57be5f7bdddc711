"""Who looks where: the token weights of several models side by side on one tracklet."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sticc_lib.explain import maps
from sticc_lib.explain.look import Look
from sticc_lib.figures import tiles
from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import sheet
from sticc_lib.figures.theme import MUTED, themed

LEFT, TOP = 0.11, 1.12


@themed
def token_weights(looks: Sequence[Look], clip: int = 0) -> Figure:
    """Who looks where: the token weights of several models on one clip, a row a map.

    Args:
        looks: one tracklet through several models; each gives `maps.token_weights` (of M4's two
            halves the temporal one, where it is there).
        clip: which clip of it.

    Raises:
        CaptureError: a model without a map over frames and tokens.
        ValueError: no look, looks of different tracklets or clips, or no such clip.
    """
    first = _first(looks)
    tiles.pick("clip", clip, len(first))
    found = [(seen, name, value[clip]) for seen in looks for name, value in _each(seen).items()]
    times = [value / maps.uniform(seen)[clip].max() for seen, _, value in found]
    colours = tiles.heat(max(value.max() for value in times))
    ratio, time = first.frames.shape[3] / first.frames.shape[4], len(first.mask[clip])
    cell = min(0.56, 3.2 / time - 0.03)
    step = cell * ratio + 0.34
    figure, page = sheet(TOP + (len(found) + 1) * step)
    tiles.heading(page, first, clip, colours, "weight, times an even spread over all frames")
    label, near, far = LEFT, LEFT + 1.75, LEFT + 1.95 + time * (cell + 0.03)
    page.text(label, TOP, "the clip", fontweight="bold", va="top")
    size = (cell, cell * ratio)
    tiles.mosaic(page, tiles.emptied(tiles.pictures(first.frames[clip]), first.mask[clip])[None],
                 near, TOP, size)  # fmt: skip
    shared = []
    for n, ((seen, name, value), shown) in enumerate(zip(found, times, strict=True), 1):
        y = TOP + step * n
        lines = _named(page, name, seen.whose, label, y)
        frames, cells = tiles.pictures(seen.frames[clip]), maps.picture(seen, shown)
        both = tiles.both(frames, cells, seen.mask[clip], colours)
        pitch = tiles.mosaic(page, both[:1], near, y, size)[0]
        tiles.mosaic(page, both[1:], far, y, size)
        tiles.frame_shares(page, value.sum(1), near, y + size[1] + 0.03, cell, pitch)
        same = value.shape == found[0][2].shape
        shared.append(float(maps.overlap(value[None], found[0][2][None])[0]) if same else np.nan)
        said = f"{shared[-1]:.2f}" if same else "other tokens"
        if n > 1:
            page.text(label, y + 0.25 + 0.16 * lines, f"shared with the first: {said}",
                      color=MUTED, va="top", fontsize=8.5)  # fmt: skip
    most = ", ".join(
        f"{seen.whose} {name} {shown.max():.1f}"
        for (seen, name, _), shown in zip(found, times, strict=True)
    )
    return caption(
        figure,
        "Who looks where: weights of the same frames in several models",
        "A row is a map that says how much of the embedding comes from which token, over the "
        "frames and bare; one colour scale for all, 1 is what a model that looks everywhere alike "
        "would give. Every map adds up to 1 over the clip; bar and number under a frame: its "
        "part. Shared: 1 minus the total variation, 1 where two maps are equal. w_RG and w_MG are "
        "products of attention weights, other maps their model's own; mean over heads."
        + tiles.reading(first).replace(first.whose, "named in each row"),
        f"{len(found)} maps of one clip, the largest weights times even: {most}.",
    )


def _first(looks: Sequence[Look]) -> Look:
    """The first look; refuses none at all, and others than of its tracklet."""
    if not looks:
        raise ValueError("no look to draw: expected one a model, of the same tracklet")
    first = looks[0]
    for other in looks[1:]:
        if (other.data, other.tracklet) != (first.data, first.tracklet) or not np.array_equal(
            other.times, first.times
        ):
            raise ValueError(
                f"{other.whose}: tracklet {other.tracklet} of {other.data} ({other.policy}); "
                f"expected {first.tracklet} of {first.data} ({first.policy}), as the first"
            )
    return first


def _named(page: Axes, name: str, whose: str, x: float, y: float) -> int:
    """Names a row by its map and its model; returns the lines that the model's name takes."""
    wrapped = textwrap.wrap(whose, 26)
    page.text(x, y, name, fontweight="bold", va="top")
    page.text(x, y + 0.19, "\n".join(wrapped), color=MUTED, va="top", fontsize=8.5)
    return len(wrapped)


def _each(seen: Look) -> dict[str, np.ndarray]:
    found = maps.token_weights(seen)
    if "w_MG" in found:
        found.pop("w_MG spatial", None)
    return found
