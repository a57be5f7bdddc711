"""What the memory-guided decoder reads from its memories for one clip: V4."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from sticc_lib.explain import maps
from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.look import Look
from sticc_lib.explain.memories import MemoryContents, Stored
from sticc_lib.figures import tiles
from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import sheet
from sticc_lib.figures.theme import MUTED, WIDTH, themed

LEFT, TOP = 0.11, 1.5


@themed
def read_out(
    look: Look,
    stored: MemoryContents,
    clip: int = 0,
    item: int = 0,
    frame: int = 0,
    temporal_item: int = 0,
) -> Figure:
    """V4: addresses of both memories, what they weigh, and w_MG beside w_RG.

    Args:
        look: a tracklet through a model with M4.
        stored: `explain.memories.contents` of that model.
        clip: which clip of it.
        item: of the spatial memory, whose stored pattern is shown.
        frame: of the clip, outlined.
        temporal_item: of the temporal memory, whose stored pattern is shown.

    Raises:
        CaptureError: the model has no M4.
        ValueError: a number outside of what there is, or memories of another model.
    """
    _fits(look, stored)
    mask = look.mask[tiles.pick("clip", clip, len(look))]
    tiles.pick("frame", frame, len(mask))
    found = _both(look)
    names = list(found)
    times = [found[name][clip] * mask.sum() * found[name].shape[2] for name in names]
    colours = tiles.heat(max(value.max() for value in times))
    ratio, time = look.frames.shape[3] / look.frames.shape[4], len(mask)
    tall = min(0.6, 5 / time)
    cell = min(0.62, (WIDTH - LEFT) / 2 / time - 0.07)
    upper = 0.24 * len(stored.temporal.values) + 0.4 if stored.temporal is not None else 0
    beneath = TOP + max(time * (tall + 0.02), upper) + 1.2
    figure, page = sheet(beneath + 2 * cell * ratio + 0.2)
    tiles.heading(page, look, clip, colours, "lower half: weight, times an even spread")
    pitch = _column(page, look, clip, frame, (tall / ratio, tall))
    right = _over_slots(page, look, stored.spatial, clip, item, pitch, LEFT + 0.3 + tall / ratio)
    _over_frames(page, look, stored.temporal, clip, temporal_item, pitch, right + 0.25)
    overlaps = [float(maps.overlap(found[names[0]], found[name])[clip]) for name in names[1:]]
    shared = ["", *(f"; {overlap:.2f} shared with {names[0]}" for overlap in overlaps)]
    for n, (name, value) in enumerate(zip(names, times, strict=True)):
        x = LEFT + (WIDTH - LEFT) / 2 * n
        page.text(x, beneath - 0.06, name + shared[n], fontweight="bold")
        _strip(page, look, clip, value, colours, (x, beneath), cell, frame)
    largest = ", ".join(f"{n} {v.max():.1f}" for n, v in zip(names, times, strict=True))
    return caption(
        figure,
        f"What the memories read out (M4): {look.whose}",
        "Above: a, how much each frame addresses each item of the spatial memory; β, how the "
        "read-out weighs the slots of that frame; under them what the outlined item stores. Then "
        "γ, how the temporal memory weighs the frames, b, its address, and what the outlined item "
        "of it stores, over the frames of a training clip. Dashed: an even share. Rows of a and "
        "β (coloured from 0, dark, to 1, bright), and all of b and of γ, add up to 1. Below: what "
        "M3 reads, w_RG, and M4, w_MG, on one scale; both are products of attention weights, mean "
        "over heads, and add up to 1 over the clip. Shared is 1 minus their total variation."
        + tiles.reading(look),
        f"Read-out of clip {clip}. Largest weights times even: {largest}{shared[-1]}."
        + _said(look, clip),
    )


def _fits(look: Look, stored: MemoryContents) -> None:
    if "r_sp" not in look.blocks:
        there = ", ".join(look.blocks)
        raise CaptureError(f"{look.whose}: no memory-guided decoder (M4); it has {there}")
    for tap, memory in ((maps.A, stored.spatial), (maps.B, stored.temporal)):
        here = look.maps[tap].shape[-1] if tap in look.maps else 0
        there = 0 if memory is None else len(memory.values)
        if here != there:
            raise ValueError(
                f"{look.whose}: {tap} is over {here} items, the memory has {there}; expected "
                "memories.contents(model) of the same model"
            )


def _said(look: Look, clip: int) -> str:
    words = ""
    for tap, name in ((maps.A, "a"), (maps.BETA, "β"), (maps.B, "b"), (maps.GAMMA, "γ")):
        if tap in look.maps:
            value = look.map(tap)[clip]
            if "frame" in look.axes[tap]:
                value = value[look.mask[clip]]
            words += f" {name} runs from {value.min():.2f} to {value.max():.2f}."
    return words


def _both(look: Look) -> dict[str, np.ndarray]:
    """What M3 and M4 read, as of `maps.token_weights`; of M4 the temporal half, if there."""
    found = maps.token_weights(look)
    second = "w_MG" if "w_MG" in found else "w_MG spatial"
    return {name: found[name] for name in ("w_RG", second) if name in found}


def _column(page: Axes, look: Look, clip: int, frame: int, cell: tuple[float, float]) -> float:
    """A clip's frames below each other, numbered, one outlined; returns how far apart."""
    frames = tiles.emptied(tiles.pictures(look.frames[clip]), look.mask[clip])
    pitch = tiles.mosaic(page, frames[:, None], LEFT + 0.15, TOP, cell, 0.02)[1]
    tiles.outline(page, [(LEFT + 0.15, TOP + pitch * frame, *cell)])
    for t in range(len(frames)):
        page.text(LEFT, TOP + pitch * t + cell[1] / 2, str(t), color=MUTED, va="center")
    return pitch


def _over_slots(
    page: Axes, look: Look, stored: Stored | None, clip: int, item: int, pitch: float, x: float
) -> float:
    """Tables of a and beta, under them the pattern of one item; returns where they end."""
    if stored is None:
        page.text(x, TOP + 0.2, "no spatial memory\n(spatial=off):\nslots count alike",
                  color=MUTED, va="center")  # fmt: skip
        return x + 1.2
    mask, items = look.mask[clip], len(stored.values)
    tiles.pick("item", item, items)
    bottom = TOP + pitch * len(mask)
    cell = min(0.42, 2.1 / items)
    _table(page, np.where(mask[:, None], look.map(maps.A)[clip], np.nan), "a: items", x, cell,
           pitch)  # fmt: skip
    tiles.outline(page, [(x + cell * item, TOP, cell, pitch * len(mask))])
    end = x + cell * items
    page.text(x, bottom + 0.15, f"κ {stored.kappa:.1f}: an address\nof at most "
              f"{stored.largest:.4f}", color=MUTED, va="top", fontsize=8)  # fmt: skip
    if maps.BETA not in look.maps or stored.patterns is None:
        page.text(end + 0.2, TOP + 0.2, "no β (subtract):\nitems store what\nis taken away",
                  color=MUTED, va="center")  # fmt: skip
        return end + 1.4
    beta, left = look.map(maps.BETA)[clip], end + 0.25
    cell = min(0.42, 2.1 / beta.shape[1])
    _table(page, np.where(mask[:, None], beta, np.nan), "β: slots", left, cell, pitch)
    _pattern(page, stored.patterns[item], f"item {item} stores", left, bottom + 0.1, cell)
    return left + cell * beta.shape[1]


def _over_frames(
    page: Axes, look: Look, stored: Stored | None, clip: int, item: int, pitch: float, x: float
) -> None:
    """Bars of gamma by frame and of b by item, and the pattern of one item."""
    if stored is None or stored.patterns is None:
        page.text(x, TOP + 0.2, "no temporal memory\n(temporal=mean or off):\nframes count alike",
                  color=MUTED, va="center")  # fmt: skip
        return
    mask, gamma, b = look.mask[clip], look.map(maps.GAMMA)[clip], look.map(maps.B)[clip]
    tiles.pick("temporal_item", item, len(b))
    page.text(x, TOP - 0.24, "γ: frames", fontweight="bold")
    places = TOP + pitch * (np.arange(len(mask)) + 0.5)
    _rows(page, gamma, places, x, min(0.24, 0.6 * pitch), "{:.2f}", 1 / mask.sum())
    left = x + 1.45
    page.text(left, TOP - 0.24, "b: items of the temporal memory", fontweight="bold")
    step = min(0.24, 1.2 / len(b))
    _rows(page, b, TOP + step * (np.arange(len(b)) + 0.5), left + 0.15, 0.6 * step, "{:.2f}",
          1 / len(b))  # fmt: skip
    for n in range(len(b)) if len(b) <= 6 else ():
        page.text(left, TOP + step * (n + 0.5), str(n), color=MUTED, va="center", fontsize=8)
    tiles.outline(page, [(left - 0.06, TOP + step * item + 0.01, 1.5, step - 0.02)])
    below = TOP + step * len(b)
    page.text(left, below + 0.08, f"κ {stored.kappa:.1f}: an address of at most "
              f"{stored.largest:.4f}", color=MUTED, va="top", fontsize=8)  # fmt: skip
    pattern = stored.patterns[item]
    cell = min(0.42, 1.9 / len(pattern))
    _pattern(
        page, pattern, f"item {item} stores, over {len(pattern)} frames", left, below + 0.3, cell
    )


def _table(page: Axes, values: np.ndarray, title: str, x: float, cell: float, pitch: float) -> None:
    page.text(x, TOP - 0.24, title, fontweight="bold")
    for n in range(values.shape[1]):
        page.text(x + cell * (n + 0.5), TOP - 0.05, str(n), color=MUTED, ha="center", fontsize=8)
    tiles.table(page, values, x, TOP, (cell, pitch), tiles.share(1.0))


def _rows(
    page: Axes, values: np.ndarray, at: np.ndarray, x: float, height: float, form: str, even: float
) -> None:
    """Bars to the right, 0.8 inches for 1, with an even share dashed."""
    tiles.bars(page, [(x, y - height / 2, 0.8 * float(v), height)
                      for y, v in zip(at, values, strict=True)], MUTED)  # fmt: skip
    page.vlines([x + 0.8 * even], at.min() - height, at.max() + height, color=MUTED, linewidth=0.9,
                linestyle="--")  # fmt: skip
    for y, value in zip(at, values, strict=True):
        page.text(x + 0.8 * max(float(value), even) + 0.06, y, form.format(value), color=MUTED,
                  va="center", fontsize=8)  # fmt: skip


def _pattern(page: Axes, pattern: np.ndarray, title: str, x: float, y: float, cell: float) -> None:
    """A stored pattern as columns from 0, an even share dashed."""
    page.text(x, y + 0.06, title, fontweight="bold", va="center", fontsize=8.5)
    unit, floor = 0.5 / max(float(pattern.max()), 1e-6), y + 0.68
    tiles.bars(page, [(x + cell * (n + 0.15), floor - unit * v, cell * 0.7, unit * v)
                      for n, v in enumerate(pattern)], MUTED)  # fmt: skip
    page.hlines([floor - unit / len(pattern)], x, x + cell * len(pattern), color=MUTED,
                linewidth=0.9, linestyle="--")  # fmt: skip
    for n, value in enumerate(pattern) if cell > 0.27 else ():
        page.text(x + cell * (n + 0.5), floor + 0.03, f"{value:.2f}", color=MUTED, ha="center",
                  va="top", fontsize=8)  # fmt: skip


def _strip(
    page: Axes, look: Look, clip: int, times: np.ndarray, colours: ScalarMappable,
    at: tuple[float, float], cell: float, frame: int,
) -> None:  # fmt: skip
    """A map [T N] over the frames and bare, the selected frame outlined."""
    frames = tiles.pictures(look.frames[clip])
    tall = cell * frames.shape[1] / frames.shape[2]
    both = tiles.both(frames, maps.picture(look, times), look.mask[clip], colours)
    pitch = tiles.mosaic(page, both, *at, (cell, tall))
    tiles.outline(page, [(at[0] + pitch[0] * frame, at[1], cell, tall + pitch[1])])
