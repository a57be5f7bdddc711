"""What the memories store and who uses it (V5): patterns, and the usage of items and slots."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from sticc_lib.explain.memories import MemoryContents
from sticc_lib.figures import tiles
from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import sheet
from sticc_lib.figures.theme import FAINT, FALSE, INK, MUTED, themed

LEFT = 0.11
USED = "#33638D"


@themed
def usage(table: pd.DataFrame, title: str = "Use of the items", largest: float = 0) -> Figure:
    """How much each item (or slot) is used, and by how many persons and cameras.

    Args:
        table: a row an item, as `explain.items.usage` gives it: index or column `item`, `mean`
            (address, mean over tracklets), `largest` (share of tracklets where it is the
            largest), `persons`, `cameras` (behind those), `dead` (bool). Where it has `top
            persons` (persons among the tracklets that use the item most), they are written too.
        title: which memory, of whose, on what.
        largest: the largest address that kappa and M allow; 0: not known.

    Raises:
        ValueError: a column is missing, or there is no row.
    """
    wanted = ("mean", "largest", "persons", "cameras", "dead")
    missing = [name for name in wanted if name not in table]
    if missing or len(table) == 0:
        raise ValueError(f"expected rows with {', '.join(wanted)}; missing: {missing or 'rows'}")
    names = table.get("item", table.index)
    dead, count = table["dead"].to_numpy(bool), len(table)
    figure, page = sheet(0.95 + 0.3 * count)
    y = 0.95 + 0.3 * np.arange(count)
    for name, gone, at in zip(names, dead, y, strict=True):
        page.text(LEFT, at, f"{name} dead" if gone else str(name), va="center",
                  color=FALSE if gone else INK)  # fmt: skip
    columns = {"mean": "mean address", "largest": "largest of so many tracklets"}
    for x, (column, words) in zip((0.8, 3.8), columns.items(), strict=True):
        _column(page, table[column].to_numpy(float), words, x, y, dead, f"{1 / count:.2f} is even")
        unit = 2.2 / max(float(table[column].max()), 1 / count)
        page.vlines([x + unit / count], 0.8, y[-1] + 0.12, color=INK, linewidth=0.9,
                    linestyle="--")  # fmt: skip
    _column(page, table["persons"].to_numpy(float), "persons (cameras) behind", 6.8, y,
            dead, "", [f" ({n})" for n in table["cameras"]], 1.3)  # fmt: skip
    allowed = f" κ and M allow no address above {largest:.4f}." if largest else ""
    top = ""
    if "top persons" in table:
        each = ", ".join(f"{n}: {v}" for n, v in zip(names, table["top persons"], strict=True))
        top = f" Persons among the tracklets that use an item most (1: it knows one) — {each}."
    return caption(
        figure,
        title,
        "A row is an item. Left: its mean address over all tracklets; middle: in how many of them "
        "its address is the largest; right: how many persons and cameras stand behind those. "
        f"Dashed: an even share, 1/{count}. Dead (pale): never the largest, and hardly addressed; "
        f"{dead.sum()} of {count} are.{allowed}{top}",
        f"{title}: {dead.sum()} of {count} items are dead; mean addresses "
        f"{', '.join(f'{v:.2f}' for v in table['mean'])}.",
    )


def _column(
    page: Axes, values: np.ndarray, title: str, x: float, y: np.ndarray, dead: np.ndarray,
    note: str, after: list[str] | None = None, width: float = 2.2,
) -> None:  # fmt: skip
    """Bars to the right from x, each with its number."""
    unit = width / max(float(values.max()), 1 / len(values))
    page.text(x, 0.6, title, fontweight="bold")
    page.text(x + 2.75, 0.6, note, color=MUTED, ha="right", fontsize=8)
    tiles.bars(page, [(x, at - 0.09, unit * v, 0.18) for at, v in zip(y, values, strict=True)],
               [FAINT if gone else USED for gone in dead])  # fmt: skip
    for n, value in enumerate(values):
        text = f"{value:.0f}{after[n]}" if after else f"{value:.2f}"
        page.text(x + unit * value + 0.06, y[n], text, va="center", fontsize=8,
                  bbox={"fc": "white", "ec": "none", "pad": 0.6})  # fmt: skip


@themed
def patterns(
    stored: MemoryContents, likeness: np.ndarray | None = None, whose: str = "STICC"
) -> Figure:
    """V5: the patterns both memories store, and how alike what the slots find is.

    Args:
        stored: `explain.memories.contents` of a model.
        likeness: cosines [S, S] between what the slots found, as a `Survey` holds them.
        whose: the model in words.
    """
    figure, page = sheet(0.95 + 0.3 * _most_rows(stored, likeness) + 0.55)
    tables = {
        "V_sp: items by slots": stored.spatial,
        "V_tm: items by frames": stored.temporal,
    }
    x, said, scale = LEFT + 0.15, [], tiles.share(2.0)
    for title, memory in tables.items():
        if memory is None or memory.patterns is None:
            what = "no patterns: off, or vectors (subtract)"
            page.text(x, 0.6, title, fontweight="bold")
            page.text(x, 0.95, what, color=MUTED, va="center", fontsize=8)
            x += 2.9
            continue
        times = memory.patterns * memory.patterns.shape[1]
        _matrix(page, times, title, x, scale)
        below = 0.95 + 0.3 * len(times)
        bound = f"κ {memory.kappa:.1f}: an address\nof at most {memory.largest:.4f}"
        page.text(x, below + 0.08, bound, color=MUTED, va="top", fontsize=8)
        said.append(f"{title}: {times.min():.2f} to {times.max():.2f} times even")
        x += 2.9
    if likeness is not None:
        _matrix(page, likeness, "found by slot and slot: cosine", x, tiles.share(1, -1))
        others = likeness[~np.eye(len(likeness), dtype=bool)]
        if len(others):
            said.append(f"cosine of slots {others.min():.2f} to {others.max():.2f}")
    return caption(
        figure,
        f"What the memories store: {whose}",
        "A row of V_sp and V_tm is an item: what reading it alone would weigh the slots of a "
        "frame, or the frames of a clip, times an even share (coloured from 0, dark, to 2, "
        "bright). κ and the number of items allow no larger address than the one below, were the "
        "query equal to a key and opposed to all others. Right, where given: cosine between what "
        "the slots found, mean over clips (from −1, dark, to 1, bright). Everything is "
        f"counted from 0. Checkpoint: {whose}.",
        f"Stored patterns. {'; '.join(said) or 'None'}.",
    )


def _most_rows(stored: MemoryContents, likeness: np.ndarray | None) -> int:
    memories = [m for m in (stored.spatial, stored.temporal) if m is not None]
    return max([2, len(likeness if likeness is not None else [])]
               + [len(m.values) for m in memories if m.patterns is not None])  # fmt: skip


def _matrix(page: Axes, values: np.ndarray, title: str, x: float, colours: ScalarMappable) -> None:
    """A heat table with its title above and both axes numbered."""
    page.text(x, 0.6, title, fontweight="bold")
    cell = min(0.45, 2.5 / values.shape[1])
    for n in range(values.shape[1]):
        page.text(x + cell * (n + 0.5), 0.9, str(n), color=MUTED, ha="center", fontsize=8)
    for n in range(len(values)):
        page.text(x - 0.06, 0.95 + 0.3 * (n + 0.5), str(n), color=MUTED, ha="right", va="center",
                  fontsize=8)  # fmt: skip
    tiles.table(page, values, x, 0.95, (cell, 0.3), colours)
