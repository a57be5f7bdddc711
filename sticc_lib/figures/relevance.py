"""How much of an embedding comes from which token: V3, the relevance-guided decoder."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from sticc_lib.explain import maps
from sticc_lib.explain.look import Look
from sticc_lib.figures import tiles
from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import sheet
from sticc_lib.figures.theme import MUTED, WIDTH, themed

LEFT, TOP = 0.11, 1.42
LABEL = "weight, times an even spread over all frames"
PRODUCTS = {
    "w_RG": "w_RG is a product, Σ π ρ α over slots: what the relevance-guided decoder (M3) reads",
    "w_MG": "w_MG is a product, γ Σ β α over slots: what the memory-guided decoder (M4) reads",
    "w_MG spatial": "w_MG spatial is a product, Σ β α over slots: what M4 reads, frames alike",
}


@themed
def relevance(look: Look, clip: int = 0, frame: int = 0, row: int = 0, column: int = 0) -> Figure:
    """V3: w_RG of a clip as strips, beside the relevance of frames to slots; one patch of it.

    A model without M3 is shown by each of its own maps instead (`maps.token_weights`).

    Args:
        look: a tracklet through a model with attention.
        clip: which clip of it.
        frame: of the selected patch.
        row: of the selected patch, from the top of the token grid.
        column: of the selected patch.

    Raises:
        CaptureError: no map over frames and tokens.
        ValueError: a number outside of what there is.
    """
    every = maps.token_weights(look)
    every = {"w_RG": every["w_RG"]} if "w_RG" in every else every
    tiles.pick("clip", clip, len(look))
    even = 1 / (look.mask[clip].sum() * look.grid[0] * look.grid[1])
    times = {name: weight[clip] / even for name, weight in every.items()}  # [T N]
    at = (tiles.pick("frame", frame, len(look.mask[clip])), tiles.pick("row", row, look.grid[0]),
          tiles.pick("column", column, look.grid[1]))  # fmt: skip
    colours = tiles.heat(max(value.max() for value in times.values()))
    ratio, time = look.frames.shape[3] / look.frames.shape[4], len(look.mask[clip])
    tall = min(0.85, 6 / time)
    beneath = TOP + time * (tall + 0.03) + 0.75
    figure, page = sheet(beneath + 1.1 * ratio + 0.15)
    tiles.heading(page, look, clip, colours, f"{LABEL}; mean over heads")
    wide = WIDTH - 2 * LEFT - (_slots(page, look, clip, tall) if "w_RG" in times else 0)
    for n, (name, value) in enumerate(times.items()):
        span = wide / len(times)
        _strips(page, look, clip, (name, value), colours, LEFT + span * n, span - 0.2, tall, at)
    name, value = list(times.items())[-1]
    _patch(page, look, clip, at, beneath)
    parts = _contributions(page, look, clip, at, even, beneath) if name == "w_RG" else ""
    _largest(page, look, clip, (name, value), colours, beneath)
    patch, top = at[1] * look.grid[1] + at[2], divmod(int(value.argmax()), value.shape[1])
    said = ". ".join(PRODUCTS.get(name, f"{name} is the model's own map") for name in times)
    return caption(
        figure,
        f"How much comes from which token: {look.whose}",
        f"A row is a frame, over it the weights of its patches; beside it the same as a strip, "
        "patch by patch from upper left to lower right, with lines at the thirds of the frame. "
        f"All of a clip add up to 1; {said}. Mean over heads. Below: the selected patch (outlined "
        f"above)" + ", what each slot adds to it" * ("w_RG" in times)
        + f", and the patches with most of {name}, each with its surroundings and "
        "its weight, times even."
        + " The table is the relevance ρ of frames to slots (a column adds up to 1), π below it "
        "how much of RV_FG each slot gives." * ("w_RG" in times) + tiles.reading(look),
        f"{name} of {time} frames, at most {value.max():.1f} times an even spread, at frame "
        f"{top[0]}, row {top[1] // look.grid[1]}, column {top[1] % look.grid[1]}. Selected: frame "
        f"{at[0]}, row {at[1]}, column {at[2]}, {value[at[0], patch]:.2f} times even{parts}.",
    )  # fmt: skip


def _strips(
    page: Axes,
    look: Look,
    clip: int,
    named: tuple[str, np.ndarray],
    colours: ScalarMappable,
    x: float,
    width: float,
    tall: float,
    at: tuple[int, int, int],
) -> None:
    """Every frame under its weights, and to its right the weights [T N] one by one."""
    (name, times), frames, mask = named, tiles.pictures(look.frames[clip]), look.mask[clip]
    cell = tall * frames.shape[2] / frames.shape[1]
    over = tiles.overlaid(frames, maps.picture(look, times), colours)
    pitch = tiles.mosaic(page, tiles.emptied(over, mask)[:, None], x + 0.15, TOP, (cell, tall))[1]
    left, wide = x + 0.15 + cell + 0.1, width - cell - 0.25
    line = tiles.painted(times[:, None], (1, times.shape[1]), colours)  # [T 1 N 3]
    tiles.mosaic(page, tiles.emptied(line, mask)[:, None], left, TOP, (wide, pitch), 0)
    page.hlines(TOP + pitch * np.arange(1, len(times) + 1) - 0.015, left, left + wide,
                color="white", linewidth=2.2)  # fmt: skip
    thirds = [round(look.grid[0] * part / 3) / look.grid[0] for part in (0, 1, 2)]
    page.vlines([left + wide * third for third in thirds[1:]], TOP - 0.05,
                TOP + pitch * len(times), color="white", linewidth=1.5)  # fmt: skip
    page.text(x + 0.15, TOP - 0.23, name, fontweight="bold")
    for third, word in zip(thirds, ("upper third", "middle", "lower"), strict=True):
        page.text(left + wide * third, TOP - 0.06, word, color=MUTED, fontsize=8)
    for t in range(len(times)):
        page.text(x, TOP + pitch * t + tall / 2, str(t), color=MUTED, va="center")
    y, step = TOP + pitch * at[0], wide / times.shape[1]
    tiles.outline(page, [
        tiles.patch_box(x + 0.15, y, (cell, tall), at[1:], look.grid),
        (left + step * (at[1] * look.grid[1] + at[2]), y, step, tall),
    ])  # fmt: skip


def _slots(page: Axes, look: Look, clip: int, tall: float) -> float:
    """The table of rho with pi under it, at the right margin; returns its width, inches."""
    rho, mask = maps.relevance(look)[clip], look.mask[clip]  # [T S]
    slots = rho.shape[1]
    cell = min(0.42, 3 / slots)
    x, pitch = WIDTH - LEFT - cell * slots, tall + 0.03
    page.text(x, TOP - 0.23, "ρ of frame and slot", fontweight="bold")
    for s in range(slots):
        page.text(x + cell * (s + 0.5), TOP - 0.06, str(s), color=MUTED, ha="center")
    tiles.table(
        page,
        np.where(mask[:, None], rho, np.nan),
        x,
        TOP,
        (cell, pitch),
        tiles.share(max(float(maps.relevance(look).max()), 2 / mask.sum())),
    )
    y = TOP + pitch * len(mask)
    if maps.PI not in look.maps:
        page.text(x, y + 0.1, "no π: slots joined (concat)", color=MUTED, va="center", fontsize=8)
        return cell * slots + 0.3
    pi = look.map(maps.PI)[clip]
    tiles.bars(page, [(x + cell * (s + 0.15), y + 0.42 - 0.32 * v, cell * 0.7, 0.32 * v)
                      for s, v in enumerate(pi / max(pi.max(), 1e-6))], MUTED)  # fmt: skip
    page.text(x - 0.06, y + 0.42, "π", color=MUTED, ha="right")
    for s, value in enumerate(pi):
        page.text(x + cell * (s + 0.5), y + 0.44, f"{value:.2f}", color=MUTED, ha="center",
                  va="top", fontsize=8)  # fmt: skip
    return cell * slots + 0.3


def _patch(page: Axes, look: Look, clip: int, at: tuple[int, int, int], top: float) -> None:
    """The frame of the selected patch, with it outlined."""
    frame = tiles.pictures(look.frames[clip, at[0]])
    size = (1.1, 1.1 * frame.shape[0] / frame.shape[1])
    page.text(LEFT, top - 0.08, f"frame {at[0]}, row {at[1]}, column {at[2]}", fontweight="bold")
    tiles.mosaic(page, frame[None, None], LEFT, top, size)
    tiles.outline(page, [tiles.patch_box(LEFT, top, size, at[1:], look.grid)])


def _contributions(
    page: Axes, look: Look, clip: int, at: tuple[int, int, int], even: float, top: float
) -> str:
    """What each slot adds to the selected patch's weight, as bars; and in words."""
    parts = maps.slot_weights(look)[clip, at[0], :, at[1] * look.grid[1] + at[2]] / even
    left, width = 1.42, 1.3
    page.text(left, top + 0.06, f"{parts.sum():.2f} times even, of which", color=MUTED, va="center")
    step = min(0.19, 1.6 / len(parts))
    tiles.bars(page, [(left + 0.72, top + 0.2 + step * n, width * v / max(parts.max(), 1e-6), 0.1)
                      for n, v in enumerate(parts)], MUTED)  # fmt: skip
    for n, value in enumerate(parts):
        y = top + 0.25 + step * n
        page.text(left, y, f"slot {n}  {value:.2f}", color=MUTED, fontsize=8, va="center")
    return ", by slot " + ", ".join(f"{value:.2f}" for value in parts)


def _largest(
    page: Axes, look: Look, clip: int, named: tuple[str, np.ndarray], colours: ScalarMappable,
    top: float,
) -> None:  # fmt: skip
    """The ten patches with most weight, cut out with one token around."""
    name, times = named
    frames = tiles.pictures(look.frames[clip])
    order = [divmod(int(n), times.shape[1])
             for n in np.argsort(-times.ravel(), kind="stable")[:10]]  # fmt: skip
    crops = [tiles.around(frames[t], patch, look.grid) for t, patch in order]
    places = [f"{times[at]:.1f} · frame {at[0]}" for at in order]
    left, cell = 3.75, 0.85
    page.text(left, top - 0.08, f"the patches with most of {name}", fontweight="bold")
    for start in range(0, len(crops), 5):
        y = top + (start // 5) * (cell + 0.2)
        size = (cell * crops[0].shape[1] / crops[0].shape[0], cell)
        pitch = tiles.mosaic(page, np.stack(crops[start : start + 5])[None], left, y, size, 0.12)[0]
        lefts = [left + pitch * n for n in range(len(crops[start : start + 5]))]
        tiles.outline(page, [tiles.patch_box(x, y, size, (1, 1), (3, 3)) for x in lefts], 0.8)
        for x, text in zip(lefts, places[start : start + 5], strict=True):
            page.text(x, y + cell + 0.03, text, color=MUTED, fontsize=8, va="top")
