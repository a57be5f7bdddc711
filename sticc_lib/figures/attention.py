"""Where a model looks: attention of the slots, frame by frame."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import place, sheet
from sticc_lib.figures.theme import HAIR, HEAT, MUTED, WIDTH, themed


@themed
def slot_maps(
    frames: np.ndarray, attention: np.ndarray, relevance: np.ndarray, model: str
) -> Figure:
    """The attention of each slot over the frames of one clip, as multiples of an even spread.

    Args:
        frames: uint8 [T, 3, H, W].
        attention: alpha [T, S, h, w], sums to 1 over a frame's h*w tokens.
        relevance: rho [T, S], sums to 1 over T.
        model: whose it is, such as `untrained STICC`; stands in the title.
    """
    time, slots, down, across = attention.shape
    times = attention * down * across  # 1: as if the slot looked everywhere alike
    fit = max(1, min(slots + 1, int((WIDTH - 0.11) / (0.37 * time + 0.25))))  # strips side by side
    span, top = (WIDTH - 0.11) / fit, 0.5
    cell = min(0.62, (span - 0.25) / time)
    height = cell * frames.shape[2] / frames.shape[3]
    step = height + 0.5
    figure, page = sheet(top + -(-(slots + 1) // fit) * step + 0.6)
    colours = ScalarMappable(Normalize(0, float(times.max())), mpl.colormaps[HEAT])
    for strip in range(slots + 1):
        x, y = 0.11 + span * (strip % fit), top + step * (strip // fit)
        page.text(x, y + 0.16, f"slot {strip}" if strip else "the clip", fontweight="bold")
        for t in range(time):
            left = x + cell * t
            shown = frames[t] if not strip else _coloured(colours, times[t, strip - 1])
            place(page, shown, left, y + 0.22, cell - 0.03, height)
            for share, ink in ((1.0, HAIR), (relevance[t, strip - 1], MUTED)) if strip else ():
                page.add_patch(Rectangle((left, y + height + 0.25), (cell - 0.03) * share, 0.06,
                                         color=ink, linewidth=0))  # fmt: skip
    tall = figure.get_figheight()
    inset = figure.add_axes((0.13 / WIDTH, 0.44 / tall, 0.3, 0.1 / tall))
    bar = figure.colorbar(colours, cax=inset, orientation="horizontal")
    bar.set_label("attention, times an even spread")
    bar.outline.set_visible(False)  # type: ignore[operator]
    return caption(
        figure,
        f"Where the slots of Q_ST look: {model}",
        "A strip is a slot, a square a token, one colour scale for all; 1 is what each token would "
        "get from a slot that looks everywhere alike. The dark part of the bar below a frame is "
        "the frame's relevance to the slot (rho; the bars of a strip add up to one). Mean over "
        "heads. It shows where the model looks, not why.",
        f"Attention maps of {slots} slots over {time} frames, {times.min():.2f} to "
        f"{times.max():.2f} times an even spread; relevance {relevance.min():.2f} to "
        f"{relevance.max():.2f}.",
    )


def _coloured(colours: ScalarMappable, values: np.ndarray) -> np.ndarray:
    """[h, w] to uint8 [3, h, w]."""
    return np.moveaxis(colours.to_rgba(values, bytes=True)[..., :3], -1, 0)
