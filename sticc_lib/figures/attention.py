"""Where a model looks inside a tracklet: V1 self-attention of a frame, V2 the slots' maps."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from sticc_lib.explain import maps
from sticc_lib.explain.look import Look
from sticc_lib.figures import tiles
from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import sheet, signed
from sticc_lib.figures.theme import MUTED, WIDTH, themed

COMMON = "common.attention"
LEFT, TOP, GAP = 0.11, 1.24, 0.03
"""Inches: the margin, where pictures begin below title and scale, and between pictures."""
EVEN = "weight, times an even spread"


@themed
def self_attention(
    look: Look, clip: int = 0, frame: int = 0, row: int = 0, column: int = 0, head: int = -1
) -> Figure:
    """V1: what three patches attend to in every frame, and the selected one in its frame, by M1.

    Args:
        look: a tracklet through a model with M1.
        clip: which clip of it.
        frame: which frame of the clip.
        row: of the patch that looks, from the top of the token grid.
        column: of that patch.
        head: which head; -1 is the mean over heads.

    Raises:
        CaptureError: the model has no M1.
        ValueError: a number outside of what there is.
    """
    every = look.map(COMMON)[tiles.pick("clip", clip, len(look))]  # [T heads N N]
    mask, (down, across), of_head = look.mask[clip], look.grid, tiles.head(head, every.shape[1])
    frame = tiles.pick("frame", frame, len(every))
    patch = (tiles.pick("row", row, down), tiles.pick("column", column, across))
    weights = every.mean(1) if head < 0 else every[:, head]  # [T N N]
    times = maps.picture(look, weights.reshape(-1, down, across, down * across)) * down * across
    colours = tiles.heat(times[mask].max())
    frames = tiles.pictures(look.frames[clip])
    cell = min(0.62, (WIDTH - LEFT) / 3 / len(frames) - 0.06)
    beneath = TOP + 2 * cell * frames.shape[1] / frames.shape[2] + 0.6
    size = (1.1, 1.1 * frames.shape[1] / frames.shape[2])
    figure, page = sheet(beneath + size[1] + 0.15)
    tiles.heading(page, look, clip, colours, f"{EVEN}; {of_head}")
    for third, name in enumerate(("upper", "middle", "lower")):
        at = ((2 * third + 1) * down // 6, across // 2)
        x = LEFT + (WIDTH - LEFT) / 3 * third
        page.text(x, TOP - 0.06, f"{name} third: {_name(at)}", fontweight="bold")
        _strip(page, look, clip, times[:, at[0], at[1]], colours, x, cell, (frame, at))
    page.text(LEFT, beneath - 0.08, f"frame {frame}: {_name(patch)}", fontweight="bold")
    found = times[frame, patch[0], patch[1]]  # [h w]
    shown = tiles.both(frames[[frame]], found[None], mask[[frame]], colours)[:, 0]
    tiles.mosaic(page, np.stack([frames[frame], *shown])[None], LEFT, beneath, size, 0.06)
    boxes = [tiles.patch_box(LEFT + 1.16 * n, beneath, size, patch, look.grid) for n in range(3)]
    tiles.outline(page, boxes)
    spread = _sorted(page, found, colours, beneath, patch)
    idle = (
        " The model's inference skips M1's attention: this map does not feed the embedding, it "
        "only shapes the keys and values that M2 reads, in training."
    )
    return caption(
        figure,
        f"Self-attention within a frame (M1): {look.whose}",
        "Above: what one fixed patch of the upper, middle and lower third attends to, over the "
        "frame and as a bare map, frame by frame; outlined: the patch. Below: the selected patch "
        f"of frame {frame}, all its weights in order; a row of the map sums to 1 and an even "
        f"spread gives every patch 1/N, drawn dashed. One colour scale; {of_head}, not "
        "multiplied with anything." + idle * (COMMON in look.idle) + tiles.reading(look),
        f"Self-attention of {len(frames)} frames, up to {times[mask].max():.1f} times an even "
        f"spread. Frame {frame}, {_name(patch)}: {spread}",
    )


def _name(at: tuple[int, int]) -> str:
    return f"patch at row {at[0]}, column {at[1]}"


def _strip(
    page: Axes,
    look: Look,
    clip: int,
    cells: np.ndarray,
    colours: ScalarMappable,
    x: float,
    cell: float,
    mark: tuple[int, tuple[int, int]],
) -> None:
    """Maps [T h w] over the frames and bare, the patch outlined, the selected frame underlined."""
    frames = tiles.pictures(look.frames[clip])
    size = (cell, cell * frames.shape[1] / frames.shape[2])
    both = tiles.both(frames, cells, look.mask[clip], colours)
    lefts = x + tiles.mosaic(page, both, x, TOP, size, GAP)[0] * np.arange(len(frames))
    real = lefts[look.mask[clip]]
    boxes = [tiles.patch_box(left, TOP, size, mark[1], look.grid) for left in real]
    tiles.outline(page, boxes, 1.0)
    tiles.bars(page, [(lefts[mark[0]], TOP + 2 * size[1] + 0.06, cell, 0.04)], tiles.PICKED)


def _sorted(
    page: Axes, found: np.ndarray, colours: ScalarMappable, top: float, patch: tuple[int, int]
) -> str:
    """The weights of one patch [h w], times an even spread, from large to small; and in words."""
    left, width, tall = 3.95, WIDTH - 3.95 - 0.5, 1.35
    flat = np.sort(found.ravel())[::-1]
    step, unit = width / len(flat), tall / max(float(flat[0]), 1.0)
    floor = top + 0.62 + tall
    bars = [(left + step * n, floor - v * unit, step * 0.8, v * unit) for n, v in enumerate(flat)]
    tiles.bars(page, bars, colours.to_rgba(flat))
    page.hlines([floor], left, left + width, color=MUTED, linewidth=0.8)
    page.hlines([floor - unit], left, left + width, color=MUTED, linewidth=0.9, linestyle="--")
    page.text(left + width + 0.05, floor - unit, "1 / N", va="center", color=MUTED)
    page.text(left, floor + 0.06, f"its {len(flat)} weights, from large to small", va="top",
              color=MUTED)  # fmt: skip
    entropy, at = float(maps.entropy(found.ravel() / found.size)), divmod(int(found.argmax()),
                                                                        found.shape[1])  # fmt: skip
    words = (
        f"entropy {entropy:.2f} nats of at most ln {len(flat)} = {np.log(len(flat)):.2f}; "
        f"largest {flat[0]:.1f} at row {at[0]}, column {at[1]}; on itself {found[patch]:.1f}."
    )
    for number, line in enumerate(words[:-1].split("; ")):
        page.text(left, top + 0.12 + 0.17 * number, line, va="center", color=MUTED)
    return words


@themed
def slot_maps(look: Look, clip: int = 0, slot: int = 0, head: int = -1) -> Figure:
    """V2: where each slot of Q_ST looks in every frame, and the selected slot over the frames.

    Args:
        look: a tracklet through a model with M2.
        clip: which clip of it.
        slot: which slot is drawn large.
        head: which head; -1 is the mean over heads.

    Raises:
        CaptureError: the model has no slots.
        ValueError: a number outside of what there is.
    """
    alpha = look.map(maps.ALPHA)[tiles.pick("clip", clip, len(look))]  # [T heads S N]
    rho, of_head = look.map(maps.RHO)[clip], tiles.head(head, alpha.shape[1])
    alpha, rho = (v.mean(1) if head < 0 else v[:, head] for v in (alpha, rho))  # [T S N], [T S]
    (time, slots), mask = rho.shape, look.mask[clip]
    slot = tiles.pick("slot", slot, slots)
    times = maps.picture(look, alpha * alpha.shape[-1]).swapaxes(0, 1)  # [S T h w]
    colours = tiles.heat(times[:, mask].max())
    frames = tiles.pictures(look.frames[clip])
    ratio = frames.shape[1] / frames.shape[2]
    fit = max(1, min(slots + 1, int((WIDTH - LEFT) / (0.37 * time + 0.25))))  # strips side by side
    span = (WIDTH - LEFT) / fit
    cell, large = min(0.62, (span - 0.2) / time - GAP), min(1.15, 6.2 / time - 0.06)
    step = cell * ratio + 0.62
    beneath = TOP + -(-(slots + 1) // fit) * step + 0.05
    figure, page = sheet(beneath + large * ratio + 0.5)
    tiles.heading(page, look, clip, colours, f"{EVEN} over a frame; {of_head}")
    paint = tiles.emptied(tiles.painted(times, frames.shape[1:3], colours), mask)
    for n, strip in enumerate([frames, *paint]):
        x, y = LEFT + span * (n % fit), TOP + step * (n // fit)
        page.text(x, y - 0.06, f"slot {n - 1}" if n else "the clip", fontweight="bold")
        pitch = tiles.mosaic(page, strip[None], x, y, (cell, cell * ratio), GAP)[0]
        if n:
            tiles.frame_shares(page, rho[:, n - 1], x, y + cell * ratio + 0.03, cell, pitch)
        if n == slot + 1:
            wide = (time - 1) * pitch + cell
            tiles.outline(page, [(x - 0.04, y - 0.03, wide + 0.08, cell * ratio + 0.06)])
    page.text(LEFT, beneath - 0.08, f"slot {slot} over the frames", fontweight="bold")
    over = tiles.both(frames, times[slot], mask, colours)[:1]
    pitch = tiles.mosaic(page, over, LEFT, beneath, (large, large * ratio), 0.06)[0]
    tiles.frame_shares(page, rho[:, slot], LEFT, beneath + large * ratio + 0.05, large, pitch)
    alike = _likeness(page, look, clip, slot, beneath)
    return caption(
        figure,
        f"Where the slots of Q_ST look (M2, α): {look.whose}",
        "A strip is a slot: its map of every frame, each adding up to 1, one colour scale for all; "
        "outlined and below it, over the frames: the selected one. Bar and number under a frame: "
        "its relevance ρ to the slot; those of a slot add up to 1, an even share is "
        f"{1 / mask.sum():.2f}. {of_head[0].upper()}{of_head[1:]}, not multiplied with anything. "
        "Right: how alike (cosine) what the selected slot found, z, is to what the others found."
        + tiles.reading(look),
        f"Attention maps of {slots} slots over {time} frames, up to "
        f"{times[:, mask].max():.1f} times an even spread; relevance {rho[mask].min():.2f} to "
        f"{rho[mask].max():.2f}. Slot {slot}: relevance "
        f"{', '.join(f'{v:.2f}' for v in rho[mask, slot])}{alike}.",
    )


def _likeness(page: Axes, look: Look, clip: int, slot: int, top: float) -> str:
    """Cosines of a slot's vector with the others', as bars from 0; and in words."""
    left, zero, width = 6.55, 7.72, 0.65
    page.text(left, top - 0.08, f"found alike to slot {slot}", fontweight="bold")
    if look.slots is None:
        page.text(left, top + 0.12, "no slot vectors z: no M3 here", color=MUTED, va="center")
        return ""
    unit = look.slots[clip] / np.linalg.norm(look.slots[clip], axis=1, keepdims=True)
    cosines = unit @ unit[slot]
    step = min(0.2, 1.7 / len(unit))
    middles = top + step * (np.arange(len(unit)) + 0.5)
    ink = [tiles.PICKED if n == slot else MUTED for n in range(len(unit))]
    boxes = [(zero + min(c, 0) * width, y - 0.05, abs(c) * width, 0.1)
             for c, y in zip(cosines, middles, strict=True)]  # fmt: skip
    tiles.bars(page, boxes, ink)
    page.vlines([zero], top, top + step * len(unit), color=MUTED, linewidth=0.8)
    for n, (value, y) in enumerate(zip(cosines, middles, strict=True)):
        page.text(left, y, f"slot {n}", va="center", color=MUTED, fontsize=8)
        page.text(WIDTH - LEFT, y, signed(value, 2), va="center", ha="right", color=MUTED,
                  fontsize=8)  # fmt: skip
    others = np.delete(cosines, slot)
    return f"; cosine to the others {others.min():.2f} to {others.max():.2f}" if len(others) else ""
