"""The patches a slot looks at most and the tracklets that use an item most (V5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sticc_lib.figures import tiles
from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import evenly, sheet, who
from sticc_lib.figures.theme import MUTED, WIDTH, condition, themed
from sticc_lib.tracklets.table import TrackletSet

LEFT = 0.11


@themed
def nearest_patches(
    data: TrackletSet,
    table: pd.DataFrame,
    grid: tuple[int, int],
    title: str = "What the slots look at most",
    size: tuple[int, int] = (128, 64),
) -> Figure:
    """The patches a slot gives most weight to, a row a slot, each with its surroundings.

    Args:
        data: where the pixels are.
        table: a row a patch, most weight first, as `explain.items.nearest_patches` gives them,
            with `slot` added: `slot`, `tracklet`, `time` (frame of the tracklet, from 0), `token`
            (row by row over `grid`), `alpha`; at most 8 of a slot are shown.
        grid: (h, w) of the tokens, as a `Look` or a `Survey` has it.
        title: what is shown, of whose.
        size: (height, width) of a frame as the model sees it.

    Raises:
        ValueError: there is no row.
    """
    if len(table) == 0:
        raise ValueError("no patch to draw: expected a row a patch")
    shown = table.groupby("slot", sort=True).head(8)
    where = data.frame_positions()
    at = np.array([where[int(r.tracklet)][int(r.time)] for r in shown.itertuples()])
    numbers, places = np.unique(at, return_inverse=True)
    frames = tiles.pictures(data.read(numbers, size))[places]
    slots = [int(slot) for slot in np.unique(shown["slot"])]
    cell = (WIDTH - LEFT - 0.6) / 8 - 0.08
    step = cell + 0.5
    figure, page = sheet(0.62 + len(slots) * step)
    for n, slot in enumerate(slots):
        y, mine = 0.6 + step * n, shown["slot"].to_numpy(int) == slot
        page.text(LEFT, y + cell / 2, f"slot {slot}", fontweight="bold", va="center")
        crops = np.stack([tiles.around(frame, int(token), grid) for frame, token in
                          zip(frames[mine], shown["token"][mine], strict=True)])  # fmt: skip
        pitch = tiles.mosaic(page, crops[None], LEFT + 0.6, y, (cell, cell), 0.08)[0]
        lefts = LEFT + 0.6 + pitch * np.arange(len(crops))
        tiles.outline(page, [tiles.patch_box(x, y, (cell, cell), (1, 1), (3, 3)) for x in lefts],
                      0.8)  # fmt: skip
        for x, row in zip(lefts, shown[mine].itertuples(), strict=True):
            _under(page, data, int(row.tracklet), x, y + cell, f"{row.alpha:.2f}")
    owners = shown["tracklet"].nunique()
    each = "; ".join(
        f"slot {slot}: {_counts(data, shown.loc[shown['slot'] == slot, 'tracklet'])}"
        for slot in slots
    )
    return caption(
        figure,
        title,
        f"A row is a slot, its patches of {condition(data.name)} from most weight on: the "
        "outlined token with one token around it. Under it: its part of the slot's weight in that "
        f"frame (1/{grid[0] * grid[1]} is an even share), whose it is, and the camera (c). Mean "
        "over heads. It shows where the model looks, not why.",
        f"{len(shown)} patches of {owners} tracklets; {each}.",
    )


@themed
def nearest_tracklets(
    data: TrackletSet,
    numbers: Sequence[int],
    addresses: Sequence[float],
    title: str = "The tracklets that use an item most",
    frames: int = 4,
) -> Figure:
    """Strips of the tracklets with the largest addresses of an item.

    Args:
        data: where the pixels are.
        numbers: of tracklets, largest address first; `explain.items.nearest` gives them.
        addresses: of each, mean over its frames or clips.
        title: which item of which memory, of whose.
        frames: evenly spaced frames of each.

    Raises:
        ValueError: no tracklet, or not one address each.
    """
    if len(numbers) == 0 or len(numbers) != len(addresses):
        raise ValueError(f"expected an address a tracklet, got {len(addresses)} of {len(numbers)}")
    where = data.frame_positions()
    across = 4
    span = (WIDTH - LEFT) / across
    cell = (span - 0.15) / frames - 0.03
    tall = 2 * cell
    step = tall + 0.5
    figure, page = sheet(0.62 + -(-len(numbers) // across) * step)
    for n, (tracklet, address) in enumerate(zip(numbers, addresses, strict=True)):
        x, y = LEFT + span * (n % across), 0.6 + step * (n // across)
        at = where[int(tracklet)][evenly(len(where[int(tracklet)]), frames)]
        strip = tiles.pictures(data.read(at, (128, 64)))
        tiles.mosaic(page, strip[None], x, y, (cell, tall))
        _under(page, data, int(tracklet), x, y + tall, f"{address:.2f}", " · ")
    return caption(
        figure,
        title,
        f"Tracklets of {condition(data.name)}, largest address first, evenly spaced frames of "
        "each. Under it: its mean address of the item, whose it is, and the camera (c). Many "
        "persons: the item stores something they share; one person: it has memorised that one.",
        f"{title}: {_counts(data, pd.Series(list(numbers)))}, addresses "
        f"{min(addresses):.2f} to {max(addresses):.2f}.",
    )


def _under(
    page: Axes, data: TrackletSet, tracklet: int, x: float, y: float, value: str, gap: str = "\n"
) -> None:
    row = data.tracklets.loc[tracklet]
    camera = "" if pd.isna(row["camera"]) else f", c {row['camera']}"
    name = who(row).replace("person ", "p ")
    page.text(x, y + 0.04, f"{value}{gap}{name}{camera}", color=MUTED, va="top", fontsize=8)


def _counts(data: TrackletSet, numbers: pd.Series) -> str:
    mine = data.tracklets.loc[numbers]
    persons, cameras = mine["person"].nunique(), mine["camera"].nunique()
    return f"{persons} persons, {cameras} cameras"
