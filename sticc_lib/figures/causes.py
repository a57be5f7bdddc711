"""V9, what the embedding loses with a box of a frame, beside what the weights promise."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from sticc_lib.explain import maps
from sticc_lib.explain.deletion import RANDOM, Deletion
from sticc_lib.explain.look import Look
from sticc_lib.explain.sensitivity import Sensitivity
from sticc_lib.figures import tiles
from sticc_lib.figures.captions import caption
from sticc_lib.figures.curves import COLOURS
from sticc_lib.figures.parts import inset, percent, sheet, signed
from sticc_lib.figures.relevance import PRODUCTS
from sticc_lib.figures.theme import CYCLE, HEAT, MUTED, SHARE, WIDTH, themed

LEFT, TOP, BIG, STRIP, GAP = 0.11, 1.3, 1.3, 1.66, 0.3
LINES = {"w_RG": COLOURS["detail"], "w_MG": COLOURS["temporal"], "w_MG spatial": COLOURS["spatial"],
         RANDOM: MUTED}  # fmt: skip
"""Colour of each map's curve."""


@themed
def sensitivity(
    look: Look,
    found: Sensitivity,
    weights: Mapping[str, np.ndarray] | None = None,
    agreement: Mapping[str, float] | None = None,
    deletion: Deletion | None = None,
    clip: int = 0,
    frame: int = 0,
) -> Figure:
    """V9: what is lost with each box of each frame, over weight maps, beside deletion curves.

    Args:
        look: the tracklet.
        found: `explain.sensitivity.sensitivity` of this clip.
        weights: name -> map [T, N] of this clip, to be seen beneath, as of `maps.token_weights`.
        agreement: name -> rank correlation of that map with the effects.
        deletion: `explain.deletion.deletion_insertion` of this clip.
        clip: which clip of the tracklet.
        frame: shown large, with the box that matters most in it.

    Raises:
        ValueError: a number outside of what there is, or effects of another clip length.
    """
    weights, agreement = weights or {}, agreement or {}
    mask = look.mask[tiles.pick("clip", clip, len(look))]
    frame = tiles.pick("frame", frame, len(mask))
    if found.mask.shape != mask.shape or (found.mask != mask).any():
        raise ValueError(f"effects of another clip: real frames {found.mask}, here {mask}")
    colours = _effect_colours(found)
    ratio, most = look.frames.shape[3] / look.frames.shape[4], found.effect[frame].max()
    cell = min(3.7 / len(mask) - 0.03, 0.48)
    tall, rest = cell * ratio, STRIP + max((cell + 0.03) * len(mask), 2.35) + GAP
    beneath = TOP + 2 * tall + (tall + GAP) * len(weights)
    figure, page = sheet(max(beneath, TOP + BIG * ratio + 0.42, TOP + 3.85) + 0.1)
    tiles.heading(page, look, clip, colours, f"fall of the cosine ({found.target})")
    frames = tiles.pictures(look.frames[clip])
    over = tiles.both(frames, maps.picture(look, found.tokens), mask, colours)
    _large(page, over[0, frame], found, frame, BIG * ratio)
    pitch = _row(page, over, "effect of a box", "", TOP, (cell, tall))
    tiles.outline(page, [(STRIP + pitch * frame, TOP, cell, tall)])
    for number, (name, value) in enumerate(weights.items(), start=1):
        note = f"rank correlation {signed(agreement[name], 2)}" if name in agreement else ""
        y = TOP + tall + number * (tall + GAP)
        _row(page, _bare(look, value, mask)[None], name, note, y, (cell, tall))
    if deletion is not None:
        for number, kind in enumerate(("deletion", "insertion")):
            place = (rest + 0.42, TOP + 1.55 * number, min(WIDTH - rest - 0.75, 3.2), 1.1)
            _curve(inset(figure, *place), deletion, kind)
        _areas(page, deletion, rest, TOP + 3.1)
    return caption(
        figure,
        f"What the embedding loses with a box: {look.whose}",
        f"Above, coloured: how far the cosine falls when a box there is taken away ({found.how}), "
        "mean over the boxes on a token. This is a cause; the maps below it are weights, each on "
        "its own scale" + "".join(f"; {PRODUCTS[n]}" for n in weights if n in PRODUCTS) + "."
        f"{_agreement_words(agreement)}{_deletion_words(deletion)}{tiles.reading(look)}",
        f"Occlusion sensitivity of {int(mask.sum())} frames; in frame {frame} at most "
        f"{most:.3f}.{_agreement_words(agreement)}",
    )  # fmt: skip


def _effect_colours(found: Sensitivity) -> ScalarMappable:
    """From 0 where nothing speaks for the other side, else the same both ways."""
    low, high = float(found.tokens.min()), max(float(found.tokens.max()), 1e-6)
    if low >= -0.02 * high:
        return ScalarMappable(Normalize(0, high), mpl.colormaps[HEAT])
    high = max(high, -low)
    return ScalarMappable(Normalize(-high, high), mpl.colormaps[SHARE])


def _large(page: Axes, picture: np.ndarray, found: Sensitivity, frame: int, tall: float) -> None:
    """One frame, with the box whose loss matters most."""
    effect = found.effect[frame].ravel()
    tiles.mosaic(page, picture[None, None], LEFT, TOP, (BIG, tall), gap=0)
    top, left, bottom, right = found.boxes[int(effect.argmax())]
    unit = (tall / picture.shape[0], BIG / picture.shape[1])
    tiles.outline(page, [(LEFT + left * unit[1], TOP + top * unit[0], (right - left) * unit[1],
                          (bottom - top) * unit[0])])  # fmt: skip
    page.text(LEFT, TOP - 0.06, f"frame {frame}", fontweight="bold")
    page.text(LEFT, TOP + tall + 0.06, f"most under the outlined\nbox: {effect.max():.3f}",
              va="top", fontsize=8.5, color=MUTED)  # fmt: skip


def _bare(look: Look, value: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A weight map [T N] as colours alone [T H W 3], on a scale of its own."""
    times = value * mask.sum() * value.shape[1]  # an even spread: what heat() counts in
    colours = tiles.heat(float(times[mask].max()))
    return tiles.emptied(
        tiles.painted(maps.picture(look, times), look.frames.shape[3:5], colours), mask
    )


def _row(
    page: Axes, pictures: np.ndarray, name: str, note: str, y: float, cell: tuple[float, float]
) -> float:
    """Strips [R T H W 3] under their name; returns how far frames are apart."""
    page.text(STRIP, y - 0.06, name, fontweight="bold")
    page.text(STRIP + 1.15, y - 0.06, note, color=MUTED, fontsize=8.5)
    return tiles.mosaic(page, pictures, STRIP, y, cell)[0]


def _curve(panel: Axes, deletion: Deletion, kind: str) -> None:
    """Cosine with the untouched clip, over the share of tokens taken or put in."""
    rows = deletion.curves[deletion.curves["kind"] == kind]
    for name, part in rows.groupby("map", sort=False):
        colour, share = _line(rows, str(name)), part["share"]
        like, spread = part["similarity"], part["sd"]
        if name == RANDOM:
            panel.fill_between(share, like - spread, like + spread, color=colour, alpha=0.25,
                               linewidth=0)  # fmt: skip
        panel.plot(share, like, color=colour, linewidth=1.4)
    panel.set_title(f"{kind}: cosine with the untouched clip", y=1.0)
    panel.set_xlim(0, 1)
    panel.locator_params(axis="y", nbins=4)
    panel.set_xticks([0, 0.5, 1])
    percent(panel.xaxis)
    panel.grid(axis="y")


def _line(rows: pd.DataFrame, name: str) -> str:
    others = [n for n in rows["map"].unique() if n not in LINES]
    return LINES[name] if name in LINES else CYCLE[others.index(name) % len(CYCLE)]


def _areas(page: Axes, deletion: Deletion, left: float, y: float) -> None:
    """The names of the curves and the areas under them."""
    for x, text in ((1.5, "deletion"), (2.15, "insertion"), (2.8, "gain")):
        page.text(left + x, y, text, va="center", ha="right", fontsize=8, color=MUTED)
    for number, (name, row) in enumerate(deletion.areas.iterrows(), start=1):
        at = y + 0.16 * number
        page.text(left, at, "■", va="center", color=_line(deletion.curves, str(name)))
        page.text(left + 0.16, at, str(name), va="center", fontsize=8)
        numbers = (f"{row['deletion']:.2f}", f"{row['insertion']:.2f}", signed(row["gain"], 2))
        for x, text in zip((1.5, 2.15, 2.8), numbers, strict=True):
            page.text(left + x, at, text, va="center", ha="right", fontsize=8)


def _agreement_words(agreement: Mapping[str, float]) -> str:
    told = ", ".join(f"{name} {signed(value, 2)}" for name, value in agreement.items())
    return f" Rank correlation of weight under a box with its effect: {told}." if told else ""


def _deletion_words(deletion: Deletion | None) -> str:
    if deletion is None:
        return ""
    return (
        " Right: tokens taken away heaviest first, and put into an empty clip in the same order "
        f"({deletion.how}; band: standard deviation). A map that finds what carries the embedding "
        "falls sooner and rises sooner than random order; gain is the area between, over random."
    )
