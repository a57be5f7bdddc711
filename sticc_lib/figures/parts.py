"""Small parts that several figures share: sheets of pictures, direct labels, quiet axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from sticc_lib.figures.captions import Captioned
from sticc_lib.figures.theme import HAIR, MUTED, WIDTH, condition, readable


def sheet(height: float, width: float = WIDTH) -> tuple[Figure, Axes]:
    """An empty page whose axes are inches, (0, 0) at the upper left. For pictures and boxes."""
    figure = Captioned(figsize=(width, height))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="auto")
    axes.axis("off")
    return figure, axes


def inset(figure: Figure, x: float, y: float, width: float, height: float) -> Axes:
    """Axes at a place of a sheet, inches from the upper left; no layout engine has to find it."""
    wide, high = figure.get_size_inches()
    return figure.add_axes((x / wide, 1 - (y + height) / high, width / wide, height / high))


def place(axes: Axes, pixels: np.ndarray, x: float, y: float, width: float, height: float) -> None:
    """Draws uint8 [3, H, W] into a box of a sheet, inches from the upper left."""
    axes.imshow(
        np.moveaxis(pixels, 0, -1),
        extent=(x, x + width, y + height, y),
        aspect="auto",
        interpolation="antialiased",
    )


def frame(
    axes: Axes, x: float, y: float, width: float, height: float, colour: str, line: float = 1.6
) -> None:
    """A border around a box of a sheet."""
    box = Rectangle((x, y), width, height, fill=False, edgecolor=colour, linewidth=line)
    axes.add_patch(box).set_joinstyle("miter")


def chain(page: Axes, x: float, y: float, signs: Sequence[tuple[str, str]]) -> None:
    """A legend in one line of a sheet: coloured squares, each followed by its name."""
    last = page.text(x, y, "", va="bottom")
    for number, (colour, name) in enumerate(signs):
        for text, ink in (("    " * (number > 0) + "■ ", colour), (name, MUTED)):
            last = page.annotate(text, (1, 0), xycoords=last, color=ink, va="bottom")


def grey(pixels: np.ndarray) -> np.ndarray:
    """uint8 [..., 3, H, W] without colour and pale: what the protocol leaves out."""
    light = pixels.mean(axis=-3, keepdims=True) * 0.45 + 255 * 0.5
    return np.repeat(light, 3, axis=-3).astype(np.uint8)


def who(row: pd.Series) -> str:
    """What a row of the tracklet table is called: its visit where there is one, else its person."""
    if pd.notna(row.get("visit")):
        return f"visit {row['visit']}"
    return {0: "distractor", -1: "junk"}.get(int(row["person"]), f"person {row['person']}")


def evenly(count: int, wanted: int) -> np.ndarray:
    """Positions of `wanted` evenly spaced of `count` things; all of them where there are fewer."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, wanted)).round().astype(int))


def spread(values: Sequence[float], gap: float) -> np.ndarray:
    """The values moved apart until neighbours are `gap` away, as little as needed, same order."""
    order = np.argsort(values, kind="stable")
    blocks: list[list[float]] = []  # [sum of wanted starts, how many]: pooled neighbours
    for rank, index in enumerate(order):
        blocks.append([float(values[index]) - rank * gap, 1])
        while len(blocks) > 1 and _mean(blocks[-2]) > _mean(blocks[-1]):
            total, count = blocks.pop()
            blocks[-1] = [blocks[-1][0] + total, blocks[-1][1] + count]
    starts = np.concatenate([np.full(int(b[1]), _mean(b)) for b in blocks]) if blocks else []
    moved = np.empty(len(order))
    moved[order] = np.asarray(starts) + np.arange(len(order)) * gap
    return moved


def _mean(block: list[float]) -> float:
    return block[0] / block[1]


def end_labels(
    axes: Axes, x: float, labels: Sequence[tuple[float, str, str]], inches: float
) -> None:
    """Names lines at their right ends instead of in a legend.

    Args:
        axes: its limits must be set.
        x: where the lines end, in data units.
        labels: (height in data units, text, colour) of each line.
        inches: height of the axes, roughly; labels keep 0.165 inches from each other.
    """
    shown = [label for label in labels if np.isfinite(label[0])]
    low, high = axes.get_ylim()
    heights = spread([label[0] for label in shown], 0.165 * (high - low) / inches)
    for (value, text, colour), height in zip(shown, heights, strict=True):
        note = axes.annotate(
            text,
            (x, value),
            xytext=(x, height),
            xycoords="data",
            textcoords=_shifted(axes, 16),
            color=readable(colour),
            va="center",
            fontsize=8.5,
            annotation_clip=False,
            fontweight="bold" if text.startswith("STICC,") or text == "STICC" else "normal",
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "lw": 0.7,
                "relpos": (0, 0.5),
                "shrinkA": 2,
                "shrinkB": 2,
            },
        )
        note.set_in_layout(True)


def _shifted(axes: Axes, points: float) -> Any:
    from matplotlib.transforms import offset_copy

    return offset_copy(axes.transData, fig=axes.get_figure(root=True), x=points, units="points")


def percent(axis: Any) -> None:
    """Ticks of an axis that runs from 0 to 1 as 0 % to 100 %."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))


def rows(axes: Axes, names: Sequence[str], colours: Sequence[str] | None = None) -> None:
    """Names down the left side, first on top, with hair lines instead of ticks."""
    axes.set_yticks(range(len(names)), labels=list(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", color=HAIR)
    for number, text in enumerate(axes.get_yticklabels()):
        text.set_color(readable(colours[number]) if colours else MUTED)


def number(value: float) -> str:
    """1234567 as 1.23 M; three digits that matter."""
    if not np.isfinite(value):
        return "n/a"
    for size, sign in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:#.3g}".rstrip(".") + sign
    return f"{value:.3g}"


def signed(value: float, digits: int = 1) -> str:
    """A difference with its sign, a true minus."""
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")


def several(count: int, one: str, many: str = "") -> str:
    """1 visit, 2 visits, 1,200 people."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def titled(title: str, of: str) -> str:
    """A title, followed by what a set is called where one is named."""
    return f"{title}: {condition(of)}" if of else title
