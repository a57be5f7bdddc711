"""V8, the pair inspector: what sets two tracklets apart, by block, by slot and by frame."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgba_array
from matplotlib.figure import Figure

from sticc_lib.explain.look import Look
from sticc_lib.explain.pairs import Pair
from sticc_lib.figures import tiles
from sticc_lib.figures.captions import caption
from sticc_lib.figures.curves import COLOURS
from sticc_lib.figures.parts import sheet, signed, who
from sticc_lib.figures.theme import FAINT, HAIR, INK, MUTED, SHARE, condition, themed

BLOCKS = {"RV_FG": COLOURS["detail"], "r_sp": COLOURS["spatial"], "r_tm": COLOURS["temporal"]}
TOP, LEFT, STRIP, BETWEEN, PARTS, SLOTS = 0.66, 0.11, 2.62, 0.16, 5.75, 7.6
SWING = 0.17
"""Inches of the largest bar of a swap."""


@themed
def inspect(
    pairs: Mapping[str, Pair],
    swaps: Mapping[str, pd.DataFrame] | None = None,
    clip: int = 0,
    other: int = 0,
) -> Figure:
    """Pairs of tracklets, a row each: frames, distance by block, slots, and swapped frames.

    Args:
        pairs: name -> pair, such as `true` and `false`, all with the same first tracklet or not.
        swaps: name -> rows of `explain.pairs.swap_effect` of these clips.
        clip: which clip of the first is shown.
        other: which clip of the second.

    Raises:
        ValueError: no pair, or no such clip.
    """
    if not pairs:
        raise ValueError("no pair to show")
    swaps, given = swaps or {}, list(pairs.values())
    tall = max(_cell(look)[1] for pair in given for look in (pair.first, pair.second))
    under = 0.74 if swaps else 0.1
    step = max(tall + under, 1.4) + 0.38
    figure, page = sheet(TOP + step * len(pairs) + 0.4)
    most = max(max(pair.blocks.values()) for pair in given)
    swing = max((float(s["change"].abs().max()) for s in swaps.values() if len(s)), default=0)
    colours = ScalarMappable(Normalize(-1, 1), mpl.colormaps[SHARE])
    _headings(page, given, bool(swaps))
    for number, (name, pair) in enumerate(pairs.items()):
        y = TOP + step * number
        _title(page, name, pair, y)
        for side, look, which in ((0, pair.first, clip), (1, pair.second, other)):
            x = LEFT + side * (STRIP + BETWEEN)
            _strip(page, look, tiles.pick(("clip", "other")[side], which, len(look)), x, y + 0.38)
            if name in swaps:
                _swaps(page, swaps[name], ("frame", "by")[side], _cell(look), swing, x, y + 0.38)
        _blocks(page, pair, most, y + 0.46)
        if pair.slots is not None:
            size = 1.26 / len(pair.slots)
            tiles.table(page, pair.slots, SLOTS, y + 0.38, (size, size), colours)
    if any(pair.slots is not None for pair in given):
        _ramp(page, colours, TOP + step * len(pairs) + 0.02)
    first = given[0].first
    told = "; ".join(f"{name} {pair.distance:.3f}" for name, pair in pairs.items())
    return caption(
        figure,
        "What sets two tracklets apart",
        f"A row a pair of {condition(first.data)}; left the first tracklet (clip {clip}), then the "
        f"second (clip {other}). Distance is 1 − cosine of the whole tracklets' embeddings, and "
        f"the blocks' parts add up to it; all bars have one scale.{_slot_words(given)}"
        f"{_swap_words(swaps)} Checkpoint: {first.whose}; frames: {first.policy}.",
        f"Pairs of tracklets with their distances: {told}.",
    )


def _cell(look: Look) -> tuple[float, float]:
    """Width and height of a frame in a strip."""
    wide = min(STRIP / look.frames.shape[1], 0.66)
    return wide, (wide - 0.03) * look.frames.shape[3] / look.frames.shape[4]


def _headings(page: Axes, pairs: list[Pair], swapped: bool) -> None:
    words = [(LEFT, "first" + ", and the change if a frame is replaced" * swapped),
             (LEFT + STRIP + BETWEEN, "second" + ", and if a frame is put in" * swapped),
             (PARTS, "distance by block")]  # fmt: skip
    if any(pair.slots is not None for pair in pairs):
        words.append((SLOTS, "cosine of slots"))
    for x, text in words:
        page.text(x, 0.56, text, va="center", fontsize=8.5, color=MUTED)


def _title(page: Axes, name: str, pair: Pair, y: float) -> None:
    sides = [f"tracklet {look.tracklet}, {who(look.row)}" for look in (pair.first, pair.second)]
    cameras = [
        "" if pd.isna(look.row["camera"]) or "visit" in look.row else f", camera "
        f"{look.row['camera']}" for look in (pair.first, pair.second)
    ]  # fmt: skip
    page.text(LEFT, y + 0.32, f"{name}: distance {pair.distance:.3f}", va="bottom",
              fontweight="bold", fontsize=9.5)  # fmt: skip
    both = "   and   ".join(side + camera for side, camera in zip(sides, cameras, strict=True))
    page.text(LEFT + 2.2, y + 0.32, both, va="bottom", fontsize=8.5, color=MUTED)


def _ramp(page: Axes, colours: ScalarMappable, y: float) -> None:
    """What the colours of slots mean."""
    ramp = colours.to_rgba(np.linspace(-1, 1, 64)[None], bytes=True)[..., :3]  # type: ignore[index]
    tiles.mosaic(page, ramp[None, None], SLOTS, y, (1.26, 0.09), gap=0)
    for x, side, text in ((0, "left", "−1"), (0.63, "center", "0"), (1.26, "right", "1")):
        page.text(SLOTS + x, y + 0.13, text, va="top", ha=side, fontsize=8, color=MUTED)


def _strip(page: Axes, look: Look, clip: int, x: float, y: float) -> None:
    wide, high = _cell(look)
    frames = tiles.emptied(tiles.pictures(look.frames[clip]), look.mask[clip])
    tiles.mosaic(page, frames[None], x, y, (wide - 0.03, high))


def _swaps(
    page: Axes, swaps: pd.DataFrame, by: str, cell: tuple[float, float], top: float, x: float,
    y: float,
) -> None:  # fmt: skip
    """Under each frame the mean change as a bar from a zero line, and its range as a line."""
    groups = swaps.groupby(by)["change"]
    mean, middle = groups.mean(), y + cell[1] + 0.12 + SWING
    at = x + cell[0] * mean.index.to_numpy(float)
    long = SWING / max(top, 1e-9)
    page.hlines(middle, x, x + STRIP, color=HAIR, linewidth=0.8)
    boxes = [(left + cell[0] * 0.3, middle, cell[0] * 0.4 - 0.03, -long * value)
             for left, value in zip(at, mean, strict=True)]  # fmt: skip
    tiles.bars(page, boxes, FAINT)
    centre = at + cell[0] * 0.5 - 0.015
    page.vlines(centre, middle - long * groups.min(), middle - long * groups.max(), color=INK,
                linewidth=1.1)  # fmt: skip
    if cell[0] >= 0.3:
        for place, value in zip(centre, mean, strict=True):
            page.text(place, middle + SWING + 0.04, signed(value, 3 if top < 0.1 else 2), va="top",
                      ha="center", fontsize=8, color=MUTED)  # fmt: skip


def _blocks(page: Axes, pair: Pair, most: float, y: float) -> None:
    parts = list(pair.blocks.values())
    start, width, step = PARTS + 0.55, 0.62, 0.3
    boxes = [(start, y + step * n, width * part / max(most, 1e-9), 0.18)
             for n, part in enumerate(parts)]  # fmt: skip
    tiles.bars(page, boxes, to_rgba_array([BLOCKS.get(name, MUTED) for name in pair.blocks]))
    for number, (name, part) in enumerate(pair.blocks.items()):
        middle = y + step * number + 0.09
        page.text(PARTS, middle, "all" if name == "embedding" else name, va="center", fontsize=8.5)
        page.text(start + boxes[number][2] + 0.06, middle, f"{part:.3f}", va="center", fontsize=8.5)


def _slot_words(pairs: list[Pair]) -> str:
    if not any(pair.slots is not None for pair in pairs):
        return ""
    shared = (
        "The part all tracklets share was taken off: 0 is what two strangers have."
        if all(pair.centred for pair in pairs if pair.slots is not None)
        else "All persons' slots share a part, so high values alone do not mean the same person: "
        "compare the rows."
    )
    return f" Slots: cosine of the first's slots (rows) and the second's (columns). {shared}"


def _swap_words(swaps: Mapping[str, pd.DataFrame]) -> str:
    if not swaps:
        return ""
    means = {name: float(np.mean(table["change"])) for name, table in swaps.items() if len(table)}
    told = ", ".join(f"{name} {signed(mean, 3)}" for name, mean in means.items())
    return (
        " Bars under frames: how the distance of this clip to the second tracklet changes when one "
        "frame is swapped for one of the second's, mean over the other side's frames (line: lowest "
        f"to highest); below the zero line is nearer. Mean over all swaps: {told}."
    )
