"""What a set holds by camera, split and size: numbers of `tracklets.survey`, drawn."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import EngFormatter, MaxNLocator

from sticc_lib.figures.captions import Captioned, caption, start
from sticc_lib.figures.data import SPLITS
from sticc_lib.figures.parts import rows, titled
from sticc_lib.figures.theme import HAIR, INK, MUTED, SHARE, WIDTH, on, themed
from sticc_lib.tracklets.table import SPLITS as ORDER

BAR = "#33638D"
WRITTEN = 16
"""Cameras up to which a matrix has room for its numbers."""


@themed
def cameras(table: pd.DataFrame, axes: Axes | None = None, of: str = "") -> Figure:
    """Frames of each camera, stacked by split.

    Args:
        table: as `survey.by_camera` gives it.
        axes: where to draw.
        of: the set, named in the title.
    """
    names = list(dict.fromkeys(table["camera"].astype(str)))
    figure, panel = start(axes, 1.25 + 0.3 * len(names))
    ends = np.zeros(len(names))
    for split in [name for name in ORDER if (table["split"] == name).any()]:
        part = table[table["split"] == split]
        frames = part.set_index(part["camera"].astype(str))["frames"].reindex(names, fill_value=0)
        panel.barh(range(len(names)), frames, left=ends, height=0.66, color=SPLITS[split],
                   label=f"{split} ({frames.sum():,})")  # fmt: skip
        ends += frames.to_numpy()
    tracklets = table.groupby(table["camera"].astype(str))["tracklets"].sum()
    for place, name in enumerate(names):
        panel.annotate(f"{ends[place]:,.0f} in {tracklets[name]:,} tracklets", (ends[place], place),
                       xytext=(5, 0), textcoords="offset points", va="center", fontsize=8.5,
                       color=MUTED, annotation_clip=False)  # fmt: skip
    rows(panel, ["no camera" if name == "none" else f"camera {name}" for name in names])
    panel.grid(False)
    panel.set_xlim(0, 1.28 * ends.max())
    panel.set_ylim(len(names) - 0.5, -1.25)
    panel.set_xlabel("frames")
    panel.xaxis.set_major_formatter(EngFormatter(sep=" "))
    panel.legend(loc="upper right", ncols=4, handlelength=1, columnspacing=1.2, borderaxespad=0)
    return caption(
        figure,
        titled("Frames of each camera", of),
        "A bar is a camera, its colours are the splits, with the frames of each split in all. A "
        "camera with far more than the others weighs more in whatever is averaged over frames.",
        f"Bars of {len(names)} cameras, {ends.min():,.0f} to {ends.max():,.0f} frames each.",
        axes,
    )


@themed
def pairs(shared: pd.DataFrame, seen_by: pd.Series, of: str = "") -> Figure:
    """Persons that two cameras share, and by how many cameras persons were seen.

    Args:
        shared: as `survey.camera_pairs` gives it.
        seen_by: as `survey.cameras_a_person`.
        of: the set, named in the title.
    """
    count = len(shared)
    side = min(max(0.5 * count, 1.6), 4.6)
    figure = Captioned(figsize=(WIDTH, side + 1.35), layout="constrained")
    grid, bars = figure.subplots(1, 2, width_ratios=(side + 1.1, WIDTH - side - 1.1))
    values = shared.to_numpy()
    top = max(int(values.max()), 1)
    image = grid.imshow(values, cmap=SHARE, vmin=0, vmax=top, aspect="auto")
    for (row, column), value in np.ndenumerate(values) if count <= WRITTEN else ():
        shade = mpl.colormaps[SHARE](value / top)[:3]
        grid.text(column, row, f"{value:,}", ha="center", va="center", color=on(shade),
                  fontsize=8.5 if count < 9 else 7,
                  fontweight="bold" if row == column else "normal")  # fmt: skip
    grid.set_xticks(range(count), labels=[str(c) for c in shared.columns])
    grid.set_yticks(range(count), labels=[str(c) for c in shared.index])
    grid.set(xlabel="camera", ylabel="camera", title="Persons seen by both")
    grid.tick_params(length=0)
    grid.spines[:].set_visible(False)
    if count > WRITTEN:
        figure.colorbar(image, ax=grid, label="persons").outline.set_visible(False)  # type: ignore[operator]
    bars.barh(range(len(seen_by)), seen_by, height=0.62, color=BAR)
    for place, value in enumerate(seen_by):
        bars.annotate(f"{value:,}", (value, place), xytext=(4, 0), textcoords="offset points",
                      va="center", fontsize=8.5, color=MUTED)  # fmt: skip
    rows(bars, [f"{n} camera{'s' * (n > 1)}" for n in seen_by.index])
    bars.grid(False)
    bars.set_xlim(0, 1.15 * max(seen_by.max(), 1))
    bars.set_title("Persons seen by ...")
    bars.xaxis.set_visible(False)
    bars.spines["bottom"].set_visible(False)
    off = values[~np.eye(count, dtype=bool)]
    return caption(
        figure,
        titled("Who can be found again under another camera", of),
        "Left: persons that two cameras have both seen; on the diagonal (bold), all that one has "
        "seen. A pair without persons in common is never learned from and never tested. Right: "
        "persons seen by one camera only cannot be found again under another.",
        f"Matrix of {count} cameras; pairs share {off.min():,} to {off.max():,} persons. "
        f"{int(seen_by.iloc[0]):,} persons are seen by one camera only.",
    )


@themed
def crop_sizes(
    sizes: pd.DataFrame, fed: tuple[int, int], total: int, axes: Axes | None = None, of: str = ""
) -> Figure:
    """How tall and wide frames came, beside the size that models are given.

    Args:
        sizes: columns `height` and `width`, a row a frame.
        fed: (height, width) that frames are resized to.
        total: frames of the set, of which `sizes` is a sample.
        axes: where to draw.
        of: the set, named in the title.
    """
    figure, panel = start(axes, 4.0)
    high, wide = sizes["height"].to_numpy(), sizes["width"].to_numpy()
    limits = [[0, 1.12 * max(v.max(), f)] for v, f in ((wide, fed[1]), (high, fed[0]))]
    steps = [max(1, int(np.ceil(limit / cells))) for (_, limit), cells in zip(limits, (60, 40),
             strict=True)]  # fmt: skip
    edges = [np.arange(0, limit + step, step) - 0.5 for (_, limit), step in zip(limits, steps,
             strict=True)]  # fmt: skip
    counts = panel.hist2d(wide, high, bins=edges, cmap=f"{SHARE}_r", cmin=1, norm=LogNorm(vmin=1))
    counts[3].set_clim(1, max(2, np.nanmax(counts[0])))
    bar = figure.colorbar(counts[3], ax=panel, pad=0.015, aspect=18, label="frames",
                          format=EngFormatter(sep=" "))  # fmt: skip
    bar.ax.minorticks_off()
    bar.outline.set_visible(False)  # type: ignore[operator]
    edge = min(limits[0][1], limits[1][1] * fed[1] / fed[0])
    panel.plot(
        [0, edge], [0, edge * fed[0] / fed[1]], color=MUTED, linewidth=1, linestyle=(0, (4, 3))
    )
    at = (fed[1], fed[0])
    panel.plot(*at, "o", color="#D55E00", markersize=8, markeredgecolor="white")
    panel.annotate(f"fed to the model: {fed[0]} x {fed[1]}", at, xytext=(9, -3),
                   textcoords="offset points", color=INK, fontsize=8.5,
                   bbox={"fc": "#FFFFFFD0", "ec": "none", "pad": 1})  # fmt: skip
    panel.set(xlim=limits[0], ylim=limits[1], xlabel="width, pixels", ylabel="height, pixels")
    panel.grid(color=HAIR)
    smaller = float((high < fed[0]).mean())
    looked = f"{len(sizes):,} of {total:,} frames" if len(sizes) < total else f"{total:,} frames"
    return caption(
        figure,
        titled("How large the crops are", of),
        f"{looked}: the darker, the more have this height and width (logarithmic). The dot is the "
        "size that every frame is resized to; frames off the dashed line are stretched or squeezed "
        f"on the way, and {100 * smaller:.0f} % are lower than the model's input and are blown up.",
        f"Density of heights ({high.min()} to {high.max()}, median {np.median(high):.0f} pixels) "
        f"and widths ({wide.min()} to {wide.max()}, median {np.median(wide):.0f}).",
        axes,
    )


@themed
def camera_colours(table: pd.DataFrame, of: str = "") -> Figure:
    """How cameras differ in light and cast: a dot a tracklet, in its own mean colour.

    Args:
        table: columns `camera` (in the order to be shown), `red`, `green`, `blue` (0..255), a row
            a tracklet; as `survey.light` gives it.
        of: the set, named in the title.
    """
    held = table["camera"].astype(str).to_numpy()
    names = list(dict.fromkeys(table["camera"].sort_values(kind="stable").astype(str)))
    means = table[["red", "green", "blue"]].to_numpy(float) / 255
    height = 1.1 + 0.62 * min(len(names), 6) + 0.3 * max(len(names) - 6, 0)
    figure = Captioned(figsize=(WIDTH, height), layout="constrained")
    swatch, light, cast = figure.subplots(1, 3, width_ratios=(0.5, 2, 2), sharey=True)
    measures = (means @ [0.299, 0.587, 0.114], means[:, 0] - means[:, 2])
    jitter = np.random.default_rng(0).uniform(-0.32, 0.32, len(means))
    for number, camera in enumerate(names):
        part = held == camera
        colour = means[part].mean(axis=0)
        swatch.add_patch(Rectangle((0, number - 0.4), 1, 0.8, color=colour, linewidth=0))
        swatch.text(0.5, number, " ".join(f"{255 * v:.0f}" for v in colour), ha="center",
                    va="center", fontsize=8.5, color=on(colour))  # fmt: skip
        for panel, values in zip((light, cast), measures, strict=True):
            panel.scatter(values[part], number + jitter[part], s=13, c=means[part],
                          edgecolors="#00000030", linewidths=0.4)  # fmt: skip
            centre = values[part].mean()
            panel.plot([centre, centre], [number - 0.43, number + 0.43], color=INK, linewidth=2)
    rows(swatch, ["no camera" if name == "none" else f"camera {name}" for name in names])
    for panel in (swatch, light, cast):
        panel.grid(False)
        panel.spines["left"].set_visible(False)
        panel.tick_params(axis="y", length=0)
    swatch.set(xlim=(0, 1), title="Mean colour")
    swatch.xaxis.set_visible(False)
    swatch.spines["bottom"].set_visible(False)
    light.set(title="Brightness", xlabel="mean luma, dark to bright")
    cast.set(title="Cast", xlabel="mean red minus blue, cool to warm")
    for panel in (light, cast):
        panel.grid(axis="x")
        panel.xaxis.set_major_locator(MaxNLocator(6))
    spread = max(np.ptp([m[held == c].mean() for c in names]) for m in measures)
    return caption(
        figure,
        titled("Light and colour of each camera", of),
        "A dot is a tracklet, painted in the mean colour of one of its frames; the tick is the "
        "camera's mean. The swatch gives the camera's mean red, green and blue. What differs "
        "between the rows is not the person, and a model must learn to see past it.",
        f"Mean colour of {len(means)} tracklets under {len(names)} cameras; camera means differ by "
        f"up to {100 * spread:.0f} percent of the range.",
    )
