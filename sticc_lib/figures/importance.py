"""V10, what each frame is worth: dropped, erased, swapped, doubled, and all in another order."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sticc_lib.explain.importance import ACTIONS
from sticc_lib.explain.look import Look
from sticc_lib.figures import tiles
from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import sheet
from sticc_lib.figures.theme import FAINT, HAIR, INK, MUTED, condition, themed

LEFT, NAMES, TABLE, ROW, BASE = 0.11, 2.05, 6.15, 0.56, "sibling"


@themed
def frame_importance(look: Look, table: pd.DataFrame, clip: int = 0, frame: int = -1) -> Figure:
    """V10: a bar a frame and action, the baseline as a line, blocks and order in a table.

    Args:
        look: the tracklet.
        table: `explain.importance.frames_matter` of this clip.
        clip: which clip of the tracklet.
        frame: whose numbers the table shows; -1 is the mean over frames.

    Raises:
        ValueError: a number outside of what there is, or a table of another clip.
    """
    mask = look.mask[tiles.pick("clip", clip, len(look))]
    frame = tiles.pick("frame", frame, int(mask.sum()), -1)
    if set(table["frame"].dropna()) != set(np.flatnonzero(mask)):
        raise ValueError(f"a table of another clip: it has frames {set(table['frame'].dropna())}")
    actions = [name for name in ACTIONS if (table["action"] == name).any()]
    cell = min((TABLE - 0.25 - NAMES) / len(mask) - 0.03, 0.75)
    tall = cell * look.frames.shape[3] / look.frames.shape[4]
    top = 0.78 + tall
    figure, page = sheet(top + ROW * len(actions) + 0.15)
    page.text(LEFT, 0.47, tiles.about(look, clip), color=MUTED, va="center")
    frames = tiles.emptied(tiles.pictures(look.frames[clip]), mask)
    pitch = tiles.mosaic(page, frames[None], NAMES, 0.68, (cell, tall))[0]
    if frame >= 0:
        tiles.outline(page, [(NAMES + pitch * frame, 0.68, cell, tall)])
    highest = float(table["drift"].max())
    base = table.loc[table["action"] == BASE, "drift"].mean()
    for number, name in enumerate(actions):
        y = top + ROW * number
        _name(page, name, y)
        part = table[table["action"] == name]
        if part["frame"].notna().all():
            _bars(page, part, y, (pitch, cell, NAMES + pitch * len(mask)), (highest, base))
    _table(page, table, actions, list(look.blocks), frame, top)
    return caption(
        figure,
        f"What each frame is worth: {look.whose}",
        "A row is something done to one frame at a time; a bar is how far the clip's embedding "
        "moves (1 − cosine), all on one scale, the tallest of a row with its number. Line: the "
        "same for a frame replaced by a random other one of the tracklet, "
        f"{base:.3f} on average. The table divides the drift by block, "
        f"{'mean over frames' if frame < 0 else f'frame {frame}'}; shuffle is the mean over orders."
        f"{_order(table, list(look.blocks))}{_ranks(table)} Checkpoint: {look.whose}; frames: "
        f"{look.policy}, clip {clip} of {condition(look.data)}.",
        f"Drift of the embedding for {len(actions)} kinds of change to {int(mask.sum())} frames; "
        f"at most {highest:.3f}, by {table.loc[table['drift'].idxmax(), 'action']}.",
    )


def _name(page: Axes, action: str, y: float) -> None:
    first, *rest = _wrapped(ACTIONS[action], 30)
    page.text(LEFT, y + 0.06, action, va="top", fontweight="bold", fontsize=9)
    page.text(LEFT, y + 0.21, "\n".join([first, *rest]), va="top", fontsize=7.5, color=MUTED)


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width)


def _bars(
    page: Axes,
    part: pd.DataFrame,
    y: float,
    across: tuple[float, float, float],
    scale: tuple[float, float],
) -> None:
    (pitch, cell, end), (highest, base), floor = across, scale, y + ROW - 0.06
    long = (ROW - 0.24) / max(highest, 1e-9)
    lefts = NAMES + pitch * part["frame"].to_numpy(float)
    drift = part["drift"].to_numpy(float)
    page.hlines(floor, NAMES, end, color=HAIR, linewidth=0.8)
    tiles.bars(page, [(x + 0.25 * cell, floor, 0.5 * cell, -long * value)
                      for x, value in zip(lefts, drift, strict=True)], FAINT)  # fmt: skip
    if np.isfinite(base):
        page.hlines(floor - long * base, NAMES, end, color=INK, linewidth=0.9)
    most = int(drift.argmax())
    page.text(lefts[most] + 0.5 * cell, floor - long * np.nanmax([drift[most], base]) - 0.03,
              f"{drift[most]:.3f}", ha="center", fontsize=7.5, color=MUTED)  # fmt: skip


def _table(
    page: Axes, table: pd.DataFrame, actions: list[str], blocks: list[str], frame: int, top: float
) -> None:
    """Drift of the whole and of each block, a row an action."""
    columns = ["drift", *(name for name in blocks if name in table)]
    chosen = table[(table["frame"] == frame).fillna(True)] if frame >= 0 else table
    values = chosen.groupby("action")[columns].mean().loc[actions].to_numpy(float)
    cell = 0.68
    whose = "mean over frames" if frame < 0 else f"frame {frame}"
    page.text(TABLE, top - 0.24, f"drift by block, {whose}", fontweight="bold")
    tiles.table(page, values, TABLE, top, (cell, ROW), tiles.share(values.max()), ".3f")
    for number, name in enumerate(columns):
        page.text(TABLE + cell * (number + 0.5), top - 0.06, {"drift": "whole"}.get(name, name),
                  ha="center", color=MUTED)  # fmt: skip


def _order(table: pd.DataFrame, blocks: list[str]) -> str:
    """What another order of all frames changes, at most."""
    rows = table[table["action"] == "shuffle"]
    names = [name for name in blocks if name in table] or ["drift"]
    if rows.empty:
        return ""
    told = ", ".join(f"{name.replace('drift', 'the whole')} {rows[name].max():.4f}"
                     for name in names)  # fmt: skip
    return f" The largest of {len(rows)} other orders moves {told}."


def _ranks(table: pd.DataFrame) -> str:
    if "rank" not in table or table["rank"].isna().all():
        return ""
    before, after = table["rank before"].iloc[0], table["rank"]
    return (
        f" The tracklet's first true match stands at rank {before:.0f}; after a change at "
        f"{after.min():.0f} to {after.max():.0f}."
    )
