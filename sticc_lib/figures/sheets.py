"""Pictures on a page: contact sheets of tracklets, a frame of a video with its boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sticc_lib.figures.captions import Captioned, caption
from sticc_lib.figures.parts import chain, evenly, frame, place, sheet, who
from sticc_lib.figures.theme import BRIGHT, HAIR, MUTED, WIDTH, condition, on, themed
from sticc_lib.tracklets.store import ArrayStore
from sticc_lib.tracklets.table import TrackletSet

MASK_COLOURS = ("#000000", "#00C2A8", "#4B0F6B", "#FF9A1F", "#3F8CFF")
"""By label: 0 (left as it is), visible target, hidden target, occluder, other person. They stay
apart without green or red cones."""
BOX_SIZE = (128, 64)
"""Boxes of a video and image files differ in size; on a sheet they share this one."""


@themed
def contact_sheet(
    data: TrackletSet,
    tracklets: Sequence[int] | None = None,
    frames: int = 8,
    masks: Mapping[str, int] | None = None,
    columns: int | None = None,
) -> Figure:
    """Strips of frames, one a tracklet, in reading order, as many side by side as fit.

    Args:
        data: where pixels, persons, cameras and visibility come from.
        tracklets: which, in the order to be shown; the first twelve if None.
        frames: evenly spaced frames of each.
        masks: names to values of the label maps (`walkers.LABELS`); tints the frames with them.
        columns: strips side by side; as many as leave a frame half an inch wide if None.
    """
    chosen = list(data.tracklets.index[:12] if tracklets is None else tracklets)
    if not chosen:
        raise ValueError(f"{data.name}: no tracklet was asked for, nothing to show")
    where = data.frame_positions()
    picked = [where[t][evenly(len(where[t]), frames)] for t in chosen]
    strips = [_pixels(data, positions, masks) for positions in picked]
    most = max(len(strip) for strip in strips)
    across = columns or max(1, min(len(strips), round(WIDTH / max(0.53 * most + 0.2, 1.75))))
    span = min((WIDTH - 0.1) / across, max(1.1 * most + 0.2, 1.75))
    cell = min(span - 0.2, 1.1 * most) / most  # a frame and the gap behind it
    height = (cell - 0.03) * strips[0].shape[2] / strips[0].shape[3]
    top, step = 0.46 + (0.26 if masks else 0), height + 0.47
    figure, page = sheet(top + -(-len(strips) // across) * step)
    for number, (tracklet, strip) in enumerate(zip(chosen, strips, strict=True)):
        x, y = 0.11 + span * (number % across), top + step * (number // across)
        _heading(page, data.tracklets.loc[tracklet], x, y + 0.18, span < 2.9)
        for column, picture in enumerate(strip):
            place(page, picture, x + cell * column, y + 0.2, cell - 0.03, height)
        if "visibility" in data.frames:
            shares = data.frames["visibility"].to_numpy(float)[picked[number]]
            _bars(page, shares, x, y + height + 0.23, cell)
    if masks:
        signs = [(MASK_COLOURS[v % len(MASK_COLOURS)], name) for name, v in masks.items() if v]
        chain(page, 0.11, 0.6, signs)
    persons = ", ".join(str(p) for p in data.tracklets.loc[chosen, "person"].unique()[:12])
    reading = (
        "Each strip is one tracklet: frames of one person under one camera, left to right in time"
        f" (at most {frames}, evenly spaced). Above it: whose it is, the camera (c) and, where"
        " known, the share of the person that shows and what hides the rest."
    )
    if "visibility" in data.frames:
        reading += " The dark part of the bar under a frame is the share of the person that shows."
    if masks:
        reading += " Colours are the label map that comes with the frame."
    title = f"{len(chosen)} tracklets of {condition(data.name)}"
    return caption(figure, title, reading, f"Contact sheet: {title}, persons {persons}.")


def _pixels(data: TrackletSet, at: np.ndarray, masks: Mapping[str, int] | None) -> np.ndarray:
    """uint8 [n, 3, H, W], tinted by label where names of labels are given."""
    alike = isinstance(data.pixels, ArrayStore)  # files and boxes may come in any size
    pixels = data.read(at, None if alike else BOX_SIZE)
    if not masks:
        return pixels
    labels = data.read(at, (pixels.shape[2], pixels.shape[3]), masks=True)  # [n, H, W]
    tinted = np.moveaxis(pixels, 1, -1).astype(float)
    for value in masks.values():
        if value:
            colour = 255 * np.array(to_rgb(MASK_COLOURS[value % len(MASK_COLOURS)]))
            tinted[labels == value] = 0.45 * tinted[labels == value] + 0.55 * colour
    return np.moveaxis(tinted, -1, 1).astype(np.uint8)


def _heading(page: Axes, row: pd.Series, x: float, y: float, short: bool) -> None:
    rest = [] if pd.isna(row["camera"]) else [f"{'c' if short else 'camera '}{row['camera']}"]
    if pd.notna(row.get("visibility")):
        rest.append(f"{100 * row['visibility']:.0f} %" + " visible" * (not short))
    if isinstance(row.get("occlusion"), str):
        rest.append(str(row["occlusion"]))
    bold = page.text(x, y, who(row), fontweight="bold", va="bottom")
    page.annotate("  " + " · ".join(rest), (1, 0), xycoords=bold, va="bottom", color=MUTED)


def _bars(page: Axes, shares: np.ndarray, x: float, y: float, cell: float) -> None:
    for number, share in enumerate(np.nan_to_num(shares)):
        left, full = x + cell * number, cell - 0.03
        page.add_patch(Rectangle((left, y), full, 0.045, color=HAIR, linewidth=0))
        page.add_patch(Rectangle((left, y), full * share, 0.045, color=MUTED, linewidth=0))


@themed
def video_frame(image: np.ndarray, boxes: pd.DataFrame, title: str = "A frame") -> Figure:
    """One frame of a video with a box and a name for everybody in it.

    Args:
        image: uint8 [3, H, W].
        boxes: columns x, y, w, h (pixels) and `person` (text or number; decides the colour).
        title: what is shown.
    """
    tall, wide = image.shape[1:]
    figure = Captioned(figsize=(WIDTH, 0.45 + (WIDTH - 0.22) * tall / wide + 0.11))
    down = figure.get_figheight()
    axes = figure.add_axes((0.11 / WIDTH, 0.11 / down, 1 - 0.22 / WIDTH, 1 - 0.56 / down))
    axes.set(xlim=(0, wide), ylim=(tall, 0))
    axes.axis("off")
    place(axes, image, 0, 0, wide, tall)
    names = sorted(boxes["person"].astype(str).unique())
    colours = {name: BRIGHT[i % len(BRIGHT)] for i, name in enumerate(names)}
    for row in boxes.itertuples():
        colour = colours[str(row.person)]
        frame(axes, row.x, row.y, row.w, row.h, colour, 2)
        axes.annotate(str(row.person), (row.x, row.y), xytext=(-1, 2), textcoords="offset points",
                      fontsize=9, fontweight="bold", color=on(colour), va="bottom",
                      bbox={"boxstyle": "square,pad=0.2", "fc": colour, "ec": "none"})  # fmt: skip
    return caption(
        figure,
        title,
        "A box is where a person was found, its letter the person it was assigned to; one colour "
        "a person.",
        f"{title}: {len(boxes)} boxes, persons {', '.join(names)}.",
    )
