"""Many small pictures as one: frames, token maps and overlays in rows and columns of a sheet.

A picture for every frame, slot and map would be hundreds of matplotlib images; a mosaic is one.
All figures of maps share what stands here: colours, scale bar, marks, checks of the state.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize, PowerNorm

from sticc_lib.explain.look import Look
from sticc_lib.figures.parts import who
from sticc_lib.figures.theme import HAIR, HEAT, INK, MUTED, SHARE, condition, on

PICKED = "#2FD5E8"
"""Outline of what is selected; drawn over ink, so that it is seen on any ground."""
EMPTY = np.array([228, 231, 235], np.uint8)
"""Where a frame only fills a short clip: HAIR."""


def pick(name: str, value: int, count: int, lowest: int = 0) -> int:
    """The value, where it is from `lowest` to `count - 1`.

    Raises:
        ValueError: it is not; the message names the range.
    """
    if not lowest <= value < count:
        mean = ", -1 being the mean" if lowest < 0 else ""
        raise ValueError(f"{name}: {value}; expected {lowest} to {count - 1}{mean}")
    return int(value)


def about(look: Look, clip: int) -> str:
    """Which tracklet and which clip of it, under a title."""
    camera = "" if pd.isna(look.row["camera"]) else f", camera {look.row['camera']}"
    return (
        f"{condition(look.data)} · tracklet {look.tracklet}, {who(look.row)}{camera} · "
        f"clip {clip} of {len(look)} ({look.policy})"
    )


def head(head: int, heads: int) -> str:
    """What a figure calls the head it shows; -1 is the mean.

    Raises:
        ValueError: there is no such head.
    """
    every = f"mean over {heads} heads" if heads > 1 else "the only head"
    return every if pick("head", head, heads, -1) < 0 else f"head {head} of {heads}"


def heading(page: Axes, look: Look, clip: int, colours: ScalarMappable, label: str) -> None:
    """Under the title: whose frames these are, and what the colours mean."""
    page.text(0.11, 0.47, about(look, clip), color=MUTED, va="center")
    scale_bar(page, 0.13, 0.66, colours, label)


def reading(look: Look) -> str:
    """The sentences every caption of maps ends with."""
    filled = "" if look.mask.all() else " Grey: no frame of its own, it only fills a short clip up."
    return (
        f"{filled} Colours of weights step by the square root. Everything is counted from 0. "
        f"Checkpoint: {look.whose}; frames: {look.policy}. A map shows where the model looks, "
        "not why."
    )


def heat(top: float) -> ScalarMappable:
    """The colours of weights, from 0 to `top` times an even spread, steps by the square root.

    CHOICE: attention is skewed; on an even scale all but a few tokens are black, and 1, what an
    even spread would give, cannot be told from 0. The scale reaches 4 at least, so that a model
    that looks everywhere alike does not glow.
    """
    return ScalarMappable(PowerNorm(0.5, 0, max(float(top), 4.0)), mpl.colormaps[HEAT])


def share(top: float, low: float = 0.0) -> ScalarMappable:
    """The colours of shares and cosines, even steps from `low` to `top`."""
    return ScalarMappable(Normalize(low, max(float(top), 1e-6)), mpl.colormaps[SHARE])


def pictures(frames: np.ndarray) -> np.ndarray:
    """uint8 [..., 3, H, W] -> [..., H, W, 3]."""
    return np.moveaxis(frames, -3, -1)


def enlarged(cells: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Maps [..., h, w, any] to [..., H, W, any]; a token stays a block, which is what it is."""
    rows = np.arange(size[0]) * cells.shape[-3] // size[0]
    columns = np.arange(size[1]) * cells.shape[-2] // size[1]
    return cells[..., rows, :, :][..., columns, :]


def painted(cells: np.ndarray, size: tuple[int, int], colours: ScalarMappable) -> np.ndarray:
    """Maps [..., h, w] as pictures uint8 [..., H, W, 3]."""
    return enlarged(_rgb(cells, colours), size)


def overlaid(frames: np.ndarray, cells: np.ndarray, colours: ScalarMappable) -> np.ndarray:
    """Maps [..., h, w] over the frames [..., H, W, 3] in grey; the more weight, the less frame."""
    share = 0.12 + 0.68 * np.asarray(colours.norm(cells))[..., None]
    paint = enlarged(np.concatenate([_rgb(cells, colours) * share, 1 - share], -1),
                     (frames.shape[-3], frames.shape[-2]))  # fmt: skip
    light = frames.mean(-1, keepdims=True)
    return (paint[..., :3] + paint[..., 3:] * light).astype(np.uint8)


def _rgb(values: np.ndarray, colours: ScalarMappable) -> np.ndarray:
    """uint8 [..., 3] of any values."""
    flat = colours.to_rgba(np.ravel(values), bytes=True)[:, :3]
    return flat.reshape(*np.shape(values), 3)


def emptied(tiles: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Tiles [..., T, H, W, 3] with those of filled frames (mask [T] False) left blank."""
    return np.where(mask[:, None, None, None], tiles, EMPTY)


def both(
    frames: np.ndarray, cells: np.ndarray, mask: np.ndarray, colours: ScalarMappable
) -> np.ndarray:
    """Maps [T h w] over their frames [T H W 3], and beneath them bare: tiles [2 T H W 3]."""
    bare = painted(cells, (frames.shape[1], frames.shape[2]), colours)
    return emptied(np.stack([overlaid(frames, cells, colours), bare]), mask)


def patch_box(
    x: float, y: float, size: tuple[float, float], at: tuple[int, int], grid: tuple[int, int]
) -> tuple[float, float, float, float]:
    """The box of a token (row, column) within a picture of `size` inches at x, y."""
    wide, tall = size[0] / grid[1], size[1] / grid[0]
    return x + at[1] * wide, y + at[0] * tall, wide, tall


def around(frame: np.ndarray, token: int, grid: tuple[int, int]) -> np.ndarray:
    """A token of a frame [H, W, 3] with one token around it on every side."""
    high, broad = (int(side) for side in frame.shape[:2])
    tall, wide = -(-high // grid[0]), -(-broad // grid[1])
    rim = np.array([(tall, 2 * tall), (wide, 2 * wide), (0, 0)])
    padded = np.pad(frame, rim, mode="edge")
    row, column = divmod(token, grid[1])
    y, x = row * high // grid[0], column * broad // grid[1]
    return padded[y : y + 3 * tall, x : x + 3 * wide]


def mosaic(
    page: Axes, tiles: np.ndarray, x: float, y: float, cell: tuple[float, float], gap: float = 0.03
) -> tuple[float, float]:
    """Draws uint8 [R, C, H, W, 3] as R rows of C pictures, in one image.

    Args:
        page: a sheet; x and y are its inches, of the upper left corner.
        tiles: the pictures.
        x: inches from the left.
        y: inches from the top.
        cell: width and height of a picture, inches.
        gap: between pictures, inches, to the nearest pixel of a picture; white.

    Returns:
        How far the next picture begins to the right and below, inches.
    """
    down, across, tall, wide, _ = tiles.shape
    between = (max(1, round(gap * tall / cell[1])) if gap else 0,
               max(1, round(gap * wide / cell[0])) if gap else 0)  # fmt: skip
    whole = np.full((down, tall + between[0], across, wide + between[1], 3), 255, np.uint8)
    whole[:, :tall, :, :wide] = tiles.transpose(0, 2, 1, 3, 4)
    whole = whole.reshape(down * (tall + between[0]), across * (wide + between[1]), 3)
    step = (cell[0] * (1 + between[1] / wide), cell[1] * (1 + between[0] / tall))
    page.imshow(whole, extent=(x, x + across * step[0], y + down * step[1], y),
                aspect="auto", interpolation="antialiased")  # fmt: skip
    return step


def outline(
    page: Axes, boxes: Sequence[tuple[float, float, float, float]], line: float = 1.4
) -> None:
    """Marks boxes (x, y, width, height in inches) as selected."""
    for colour, extra in ((INK, 1.4), (PICKED, 0.0)):
        page.add_collection(PolyCollection(_corners(boxes), facecolors="none", edgecolors=colour,
                                           linewidths=line + extra))  # fmt: skip


def bars(
    page: Axes,
    boxes: Sequence[tuple[float, float, float, float]],
    colours: str | list[str] | np.ndarray,
) -> None:
    """Filled boxes (x, y, width, height in inches), all in one artist."""
    page.add_collection(PolyCollection(_corners(boxes), facecolors=colours, linewidths=0))


def _corners(boxes: Sequence[tuple[float, float, float, float]]) -> list[np.ndarray]:
    return [np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)]) for x, y, w, h in boxes]


def frame_shares(
    page: Axes, values: np.ndarray, x: float, y: float, cell: float, pitch: float
) -> None:
    """Under each frame of a strip a bar of its share [T], dark on pale, and the number."""
    lefts = x + pitch * np.arange(len(values))
    bars(page, [(left, y, cell, 0.06) for left in lefts], HAIR)
    bars(page, [(a, y, cell * float(v), 0.06) for a, v in zip(lefts, values, strict=True)], MUTED)
    for left, value in zip(lefts, values, strict=True) if cell > 0.22 else ():
        page.text(left, y + 0.08, f"{value:.2f}", va="top", fontsize=8, color=MUTED)


def table(
    page: Axes,
    values: np.ndarray,
    x: float,
    y: float,
    cell: tuple[float, float],
    colours: ScalarMappable,
    numbers: str = ".2f",
) -> None:
    """A heat table [R, C]; each cell with its number where it is wide enough; NaN: empty."""
    known = np.isfinite(values)
    paint = np.where(known[..., None], _rgb(np.nan_to_num(values), colours), EMPTY)
    mosaic(page, paint[:, :, None, None], x, y, cell, gap=0)
    if cell[0] < 0.27 or cell[1] < 0.13:
        return
    for r, c in np.argwhere(known):
        page.text(x + cell[0] * (c + 0.5), y + cell[1] * (r + 0.5), f"{values[r, c]:{numbers}}",
                  ha="center", va="center", fontsize=8, color=on(paint[r, c] / 255))  # fmt: skip


def scale_bar(page: Axes, x: float, y: float, colours: ScalarMappable, label: str) -> None:
    """What a colour means: a bar with a few values under it, then the label to its right."""
    width, top = 2.2, colours.get_clim()[1]
    ramp = colours.cmap(np.linspace(0, 1, 128), bytes=True)[:, :3]
    mosaic(page, ramp[None, None, None], x, y, (width, 0.1), gap=0)
    marks = [m for m in (0, 1, 3, 10, 30, 100) if m < 0.75 * top] + [top]
    at = x + width * np.asarray(colours.norm(np.array(marks, float)))
    page.vlines(at, y + 0.1, y + 0.14, color=MUTED, linewidth=0.8)
    for mark, where in zip(marks, at, strict=True):
        page.text(where, y + 0.16, f"{mark:.3g}", ha="center", va="top", color=MUTED, fontsize=8)
    page.text(x + width + 0.2, y + 0.05, label, va="center", color=MUTED, fontsize=8.5)
