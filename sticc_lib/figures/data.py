"""What a tracklet set holds, counted: lengths, persons under cameras, occlusion, visits."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sticc_lib.figures.captions import Captioned, caption, start
from sticc_lib.figures.parts import percent, rows, titled
from sticc_lib.figures.theme import FAINT, INK, MUTED, SHARE, WIDTH, on, themed

SPLITS = {"train": "#33638D", "val": "#4FA6A0", "test": "#D9A441", "ignore": FAINT}


@themed
def lengths(tracklets: pd.DataFrame, axes: Axes | None = None, of: str = "") -> Figure:
    """Histogram of the column `num_frames`, stacked by split; `of` names the set in the title."""
    figure, panel = start(axes, 2.9)
    frames = tracklets["num_frames"]
    groups = {s: frames[tracklets["split"] == s] for s in SPLITS}
    groups = {s: group for s, group in groups.items() if len(group)}
    low, high, median = int(frames.min()), int(frames.max()), float(frames.median())
    step = max(1, -(-(high - low + 1) // 40))
    panel.hist(
        [group.to_numpy() for group in groups.values()],
        bins=np.arange(low, high + step + 1, step) - 0.5,  # type: ignore[arg-type]
        stacked=True,
        rwidth=0.92,
        color=[SPLITS[s] for s in groups],
        label=[f"{s} ({len(group):,})" for s, group in groups.items()],
    )
    _mark(panel, median, f"median {median:g}")
    panel.set_xlim(max(min(low, median - 4) - step, 0), max(high, median + 4) + step)
    panel.set_ylim(0, 1.12 * panel.get_ylim()[1])
    panel.set(xlabel="frames in a tracklet", ylabel="tracklets")
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    panel.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=len(groups))
    panel.grid(axis="y")
    return caption(
        figure,
        titled("How long the tracklets are", of),
        f"Tracklets by their number of frames ({step} a bar), stacked by split, with the number of "
        "tracklets of each. A clip longer than its tracklet repeats the last frame.",
        f"Histogram of tracklet lengths, {low} to {high} frames, median {median:g}.",
        axes,
    )


@themed
def person_camera(tracklets: pd.DataFrame, axes: Axes | None = None, of: str = "") -> Figure:
    """Heat map of how many tracklets each person has under each camera; persons run across."""
    figure, panel = start(axes, 2.6)
    known = tracklets[tracklets["person"] > 0]
    camera = known["camera"].astype("object").where(known["camera"].notna(), "none")
    counts = pd.crosstab(camera, known["person"])
    top = int(counts.to_numpy().max())
    image = panel.imshow(
        counts.to_numpy(),
        aspect="auto",
        interpolation="nearest",
        cmap=mpl.colormaps[f"{SHARE}_r"].resampled(top + 1),  # dark is usual: what lacks stands out
        vmin=-0.5,
        vmax=top + 0.5,
    )
    rows(panel, [f"camera {camera}" for camera in counts.index])
    panel.grid(False)
    panel.hlines(np.arange(len(counts) - 1) + 0.5, -0.5, counts.shape[1] - 0.5, "white", lw=2)
    panel.set_xlabel(f"person ({counts.shape[1]:,} in all)")
    few = counts.shape[1] <= 30
    if few:
        panel.vlines(np.arange(counts.shape[1] - 1) + 0.5, -0.5, len(counts) - 0.5, "white", lw=2)
    panel.set_xticks(range(counts.shape[1]) if few else [],
                     labels=[str(p) for p in counts.columns] if few else [])  # fmt: skip
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=panel, pad=0.015, aspect=12, label="tracklets")
    bar.set_ticks(range(0, top + 1, -(-(top + 1) // 6)))
    bar.ax.tick_params(length=0)
    bar.outline.set_visible(False)  # type: ignore[operator]
    alone = int((counts > 0).sum().eq(1).sum())
    return caption(
        figure,
        titled("Tracklets of each person under each camera", of),
        "A column is a person, a row a camera, the colour the number of tracklets. A person seen "
        f"by one camera only ({alone} here) has nobody to be found across cameras.",
        f"Heat map of {counts.shape[0]} cameras by {counts.shape[1]} persons, 0 to {top} tracklets "
        f"a cell; {alone} persons are seen by one camera only.",
        axes,
    )


@themed
def occlusion(tracklets: pd.DataFrame, levels: Sequence[str] | pd.Series | None = None) -> Figure:
    """Kinds of occluder, and how much of the person shows.

    Args:
        tracklets: columns `occlusion` (kind, text) and `visibility` (0..1).
        levels: a level a tracklet (none, light, heavy ...), in the same order, from least to
            most; colours the histogram. None: one colour.
    """
    figure = Captioned(figsize=(WIDTH, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.5))
    kinds = tracklets.groupby("occlusion")["visibility"].agg(["size", "mean"])
    kinds = kinds.sort_values("size", ascending=False)
    left.barh(range(len(kinds)), kinds["size"], color="#33638D", height=0.62)
    for place, (count, mean) in enumerate(kinds.to_numpy()):
        left.annotate(f"{count:,.0f}  ({100 * mean:.0f} % visible)", (count, place), xytext=(4, 0),
                      textcoords="offset points", va="center", fontsize=8.5, color=MUTED,
                      annotation_clip=False)  # fmt: skip
    rows(left, [str(kind) for kind in kinds.index])
    left.set_xlim(0, kinds["size"].max() * 1.55)
    left.set_title("Tracklets by kind of occluder")
    left.grid(False)
    left.xaxis.set_visible(False)
    left.spines["bottom"].set_visible(False)
    shares = tracklets["visibility"].to_numpy(float)
    mean = float(np.nanmean(shares))
    names = list(dict.fromkeys(levels)) if levels is not None else []
    held = np.asarray(levels) if levels is not None else np.full(len(shares), "")
    names.sort(key=lambda name: -float(np.nanmean(shares[held == name])))
    shades = ["#9CC3D5", "#4C86A8", "#1D4E6B", "#0B2636"]
    right.hist([shares[held == name] for name in names] or [shares], bins=np.linspace(0, 1, 41),
               stacked=True, color=shades[: len(names)] or ["#33638D"], rwidth=0.92,
               label=[f"{n} ({(held == n).sum():,})" for n in names] or None)  # fmt: skip
    _mark(right, mean, f"mean {100 * mean:.0f} %")
    right.set(xlim=(0, 1.01), ylabel="tracklets", xlabel="share of the person that shows")
    right.set_title("Visibility")
    percent(right.xaxis)
    right.grid(axis="y")
    if names:
        right.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=len(names),
                     handlelength=1, columnspacing=1.2)  # fmt: skip
    return caption(
        figure,
        "What hides the person, and how much",
        "Left: tracklets by what stands before the person, and the mean share that shows. Right: "
        "all tracklets by that share, averaged over their frames.",
        f"Bars of {len(kinds)} kinds of occluder ({', '.join(map(str, kinds.index))}) and a "
        f"histogram of visibility with mean {100 * mean:.0f} percent.",
    )


@themed
def visits(
    table: pd.DataFrame, axes: Axes | None = None, unit: str = "seconds of video", of: str = ""
) -> Figure:
    """Who was in the picture when: a row a person, a bar a visit.

    Args:
        table: a row a visit: `visit` (text), `start`, `end` (seconds, or another unit), and whose
            it is: `label` (the source's own name) or `person`.
        axes: where to draw.
        unit: of the times, as the axis says it.
        of: the set, named in the title.
    """
    table = table.assign(person=table["label" if "label" in table else "person"])
    persons = table.groupby("person")["start"].min().sort_values().index.tolist()
    figure, panel = start(axes, 1.0 + 0.3 * len(persons))
    again = 0
    for number, person in enumerate(persons):
        stays = table[table["person"] == person].sort_values("start")
        again += len(stays) > 1
        colour = "#33638D" if len(stays) > 1 else FAINT
        panel.barh([number] * len(stays), stays["end"] - stays["start"], left=stays["start"],
                   height=0.62, color=colour)  # fmt: skip
        for stay in stays.itertuples():
            panel.annotate(str(stay.visit), (stay.start, number), xytext=(3, 0), fontsize=7.5,
                           textcoords="offset points", va="center", color=on(colour))  # fmt: skip
    rows(panel, [f"person {person}" for person in persons])
    panel.set_xlim(0, float(table["end"].max()) * 1.01)
    panel.set_xlabel(unit)
    return caption(
        figure,
        titled("Who was in the picture, and when", of),
        "A bar is a visit: one continuous stay. Dark rows are persons who come back, so that one "
        "visit can be looked for among the others; pale rows stay once and are there to be "
        "confused with.",
        f"Timeline of {len(table)} visits by {len(persons)} persons, of whom {again} come back.",
        axes,
    )


def _mark(panel: Axes, x: float, text: str) -> None:
    """A line through a histogram, its name on the side where there is more room."""
    panel.axvline(x, color=INK, linewidth=1)
    left = x > np.mean(panel.get_xlim())
    panel.annotate(text, (x, 1), xycoords=("data", "axes fraction"), xytext=(-4 if left else 4, 0),
                   textcoords="offset points", ha="right" if left else "left", va="top",
                   fontsize=8.5, bbox={"fc": "#FFFFFFD0", "ec": "none", "pad": 1})  # fmt: skip
