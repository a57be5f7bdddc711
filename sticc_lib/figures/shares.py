"""On what the weight lies over a whole set, and whether relevance follows what shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sticc_lib.figures.captions import Captioned, caption
from sticc_lib.figures.parts import rows, signed
from sticc_lib.figures.sheets import MASK_COLOURS
from sticc_lib.figures.theme import CYCLE, FAINT, HAIR, INK, MUTED, WIDTH, themed
from sticc_lib.tracklets.walkers import LABELS, LEVELS

MAPS = {"w_RG": ("#D55E00", "o"), "w_MG": ("#0072B2", "s"), "w_MG spatial": ("#009E73", "D")}
"""Colour and marker of a map, the same in every figure."""


@themed
def shares(table: pd.DataFrame, whose: str = "STICC") -> Figure:
    """Weight on the person over the uniform share, by occlusion, trained beside controls.

    Args:
        table: a row a map, level, kind of weights and seed: `map`, `level` (as in
            `walkers.LEVELS`), `weights` (trained, randomised, ...), `seed`, `ratio` (1: looks
            everywhere alike); `explain.shares.by_level` of every model, with weights and seed.
            Where it has `place` and `even` (both shares), what always looking at the same places
            would give is drawn for the trained weights.
        whose: the models in words.

    Raises:
        ValueError: a column is missing, or there is no row.
    """
    _columns(table, "map", "level", "weights", "seed", "ratio")
    names, kinds = list(dict.fromkeys(table["map"])), list(dict.fromkeys(table["weights"]))
    levels = [level for level in LEVELS if level in set(table["level"])]
    figure = Captioned(figsize=(WIDTH, 3.7), layout="constrained")
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    said, seeds = [], table["seed"].nunique()
    for panel, name in zip(panels, names, strict=True):
        mine = table[table["map"] == name]
        panel.axhline(1, color=MUTED, linewidth=0.9, linestyle="--")
        for n, weights in enumerate(kinds):
            line = mine[mine["weights"] == weights]
            said += _ratios(panel, line, levels, n - (len(kinds) - 1) / 2, f"{name} {weights}",
                            _ink(name, weights))  # fmt: skip
            if "place" in line and weights == "trained":
                _places(panel, line, levels, n - (len(kinds) - 1) / 2)
        panel.set_title(name)
        panel.set_xticks(range(len(levels)), labels=levels)
        panel.set(xlim=(-0.5, len(levels) - 0.5), xlabel="occlusion of the tracklet")
        panel.grid(axis="y")
    panels[0].set_ylabel("weight on the person\nover an even share (1: alike)")
    panels[0].set_ylim(bottom=min(0.0, float(table["ratio"].min())))
    signs = [Line2D([], [], color=MUTED if n else INK, marker=_ink("", k)[1], linestyle="",
                    label=f"{k} weights") for n, k in enumerate(kinds)]  # fmt: skip
    if "place" in table:
        signs.append(Line2D([], [], color=INK, label="trained, if always at the same places"))
    figure.legend(handles=signs, loc="outside lower center", ncols=len(signs))
    many = f"small points are {seeds} seeds, beside them mean ± sd" if seeds > 1 else "one seed"
    place = (
        " Dash: what the trained map would give if it always lay where it lies on average, "
        "whatever there is to see."
    )
    return caption(
        figure,
        f"How much of the weight lies on the person, walkers (synthetic): {whose}",
        "Weight of a map on the visible person, divided by the share of the frame that the person "
        f"covers, by level of occlusion ({', '.join(levels)}); 1 is what looking everywhere alike "
        f"would give; {many}.{place * ('place' in table)} The people are drawn (synthetic). w_RG "
        "and w_MG are products of attention weights, mean over heads. It shows where the model "
        "looks, not why.",
        f"Weight on the person over an even share: {'; '.join(said)}.",
    )


def _ink(name: str, weights: str) -> tuple[str, str]:
    if weights == "trained":
        return MAPS.get(name, (CYCLE[0], "o"))
    if weights == "randomised":
        return FAINT, "v"
    return MUTED, "^"


def _ratios(
    panel: Axes, table: pd.DataFrame, levels: list[str], shift: float, name: str,
    ink: tuple[str, str],
) -> list[str]:  # fmt: skip
    """Points of the seeds, beside them mean and sd; and in words."""
    said = []
    for x, level in enumerate(levels):
        values = table.loc[table["level"] == level, "ratio"].dropna().to_numpy(float)
        if len(values) == 0:
            continue
        at, mean = x + 0.26 * shift, float(values.mean())
        sd = float(values.std(ddof=1)) if len(values) > 1 else 0.0
        panel.plot(np.full(len(values), at - 0.05), values, ink[1], color=ink[0], alpha=0.45,
                   markersize=4.5, markeredgewidth=0)  # fmt: skip
        panel.errorbar([at + 0.03], [mean], [sd], fmt=ink[1], color=ink[0], markersize=6,
                       capsize=3, linewidth=1.4)  # fmt: skip
        side = -1 if mean < 0.95 else 1  # away from the line at 1
        panel.annotate(f"{mean:.2f}", (at + 0.03, mean + side * sd), xytext=(0, 5 * side),
                       ha="center", va="bottom" if side > 0 else "top",
                       textcoords="offset points", fontsize=8, color=INK)  # fmt: skip
        said.append(f"{name}, {level}: {mean:.2f} ± {sd:.2f}" if sd else f"{name}, {level}: "
                    f"{mean:.2f}")  # fmt: skip
    return said


def _places(panel: Axes, table: pd.DataFrame, levels: list[str], shift: float) -> None:
    for x, level in enumerate(levels):
        row = table[table["level"] == level]
        at, value = x + 0.26 * shift, float((row["place"] / row["even"]).mean())
        panel.hlines([value], at - 0.11, at + 0.11, color=INK, linewidth=1.6)


@themed
def by_kind(table: pd.DataFrame, whose: str = "STICC") -> Figure:
    """What the weight lies on, by kind of occluder, beside what an even spread would give.

    Args:
        table: a row a map, kind of occluder and label, as `explain.shares.by_kind` gives them:
            `map`, `kind`, `label` (of `walkers.LABELS`), `share`, `even`, `n` (tracklets,
            optional).
        whose: the model in words.

    Raises:
        ValueError: a column is missing, or there is no row.
    """
    _columns(table, "map", "kind", "label", "share", "even")
    names, kinds = list(dict.fromkeys(table["map"])), list(dict.fromkeys(table["kind"]))
    labels = ["target visible", "target hidden", "occluder", "other person", "background"]
    figure = Captioned(figsize=(WIDTH, 1.35 + 0.45 * len(kinds)), layout="constrained")
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    said, counts = [], table.groupby("kind")["n"].max() if "n" in table else {}
    for panel, name in zip(panels, names, strict=True):
        wide = table[table["map"] == name].set_index(["kind", "label"])
        for column, shift, tall in (("share", -0.12, 0.42), ("even", 0.25, 0.16)):
            left = np.zeros(len(kinds))
            for label in labels:
                ink = MASK_COLOURS[LABELS[label]] if LABELS[label] else HAIR
                value = np.array([wide[column].get((kind, label), 0.0) for kind in kinds], float)
                panel.barh(np.arange(len(kinds)) + shift, value, tall, left, color=ink,
                           alpha=1.0 if column == "share" else 0.6,
                           label=label if column == "share" else None)  # fmt: skip
                left += value
        for y, kind in enumerate(kinds):
            share = wide["share"].get((kind, "target visible"), np.nan)
            even = wide["even"].get((kind, "target visible"), np.nan)
            panel.text(0.012, y - 0.12, f"{share:.2f}", va="center", fontsize=8)
            said.append(f"{name}, {kind}: {share:.2f} against {even:.2f}")
        panel.set_title(name)
        panel.set(xlim=(0, 1), xlabel="share of the weight")
        rows(panel, [f"{kind} ({counts[kind]:.0f})" for kind in kinds] if "n" in table else kinds)
        panel.grid(visible=False)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return caption(
        figure,
        f"On what the weight lies, by kind of occluder: {whose}",
        "The tall bar of a row divides the weight of the map by what it lies on (label maps of "
        "the drawn people; synthetic), the low bar below it is what looking everywhere alike "
        "would give. The number is the part on the visible person. Means over tracklets; w_RG and "
        "w_MG are products of attention weights, mean over heads. It shows where the model "
        "looks, not why.",
        f"Weight on the visible person against an even spread: {'; '.join(said)}.",
    )


@themed
def relevance_by_visibility(
    table: pd.DataFrame, correlations: pd.DataFrame | None = None, whose: str = "STICC"
) -> Figure:
    """Does a frame that shows more of the person get more relevance? Whatever the answer.

    Args:
        table: a row a frame of a clip: `tracklet`, `visibility` (0 to 1), `relevance` (rho times
            T, 1: an even share).
        correlations: `explain.shares.relevance_and_visibility`: `weight`, `correlation`, `sd`,
            `n`; drawn beside, rank correlations within clips.
        whose: the model in words.

    Raises:
        ValueError: a column is missing, or there is no row.
    """
    _columns(table, "tracklet", "visibility", "relevance")
    figure = Captioned(figsize=(WIDTH, 3.2), layout="constrained")
    two = correlations is not None and len(correlations) > 0
    panels = figure.subplots(1, 1 + two, squeeze=False, width_ratios=[3, 2][: 1 + two])[0]
    edges = np.linspace(0, 1, 11)
    place = np.clip(np.digitize(table["visibility"], edges) - 1, 0, 9)
    found = table["relevance"].groupby(place).agg(["mean", "std", "count"])
    found = found[found["count"] >= 5]  # a mean of fewer says little
    at = edges[found.index.to_numpy(int)] + 0.05
    spread = found["std"].fillna(0).to_numpy(float)
    mean = found["mean"].to_numpy(float)
    panels[0].fill_between(at, mean - spread, mean + spread, color=MAPS["w_RG"][0], alpha=0.2,
                           linewidth=0)  # fmt: skip
    panels[0].plot(at, mean, "o-", color=MAPS["w_RG"][0])
    panels[0].axhline(1, color=MUTED, linewidth=0.9, linestyle="--")
    panels[0].set(xlim=(0, 1), xlabel="share of the person that shows in the frame",
                  ylabel="relevance ρ, times an even share")  # fmt: skip
    panels[0].grid(axis="y")
    told = ""
    if two and correlations is not None:
        told = _correlations(panels[1], correlations.dropna(subset="correlation"))
    ends = f"{mean[0]:.2f} near {at[0]:.2f} visible to {mean[-1]:.2f} near {at[-1]:.2f}" if len(
        mean
    ) else "too few frames for a mean"  # fmt: skip
    return caption(
        figure,
        f"Relevance and what shows of the person: {whose}",
        f"Left: relevance of {len(table):,} frames of {table['tracklet'].nunique():,} tracklets, "
        "by how much of the person shows; line: mean of frames a tenth apart, band: ± sd; 1 is "
        "what an even share of a clip would be." + two * (
            " Right: rank correlation with visibility within clips, mean over tracklets and sd; "
            "0 is no relation. Dash: what favouring the same places in every clip would give."
        ) + told,
        f"Relevance goes from {ends}.{told}",
    )  # fmt: skip


def _correlations(panel: Axes, table: pd.DataFrame) -> str:
    y = np.arange(len(table))
    panel.axvline(0, color=MUTED, linewidth=0.9)
    panel.errorbar(table["correlation"], y, xerr=table["sd"].fillna(0), fmt="o", color=INK,
                   ecolor=FAINT, linewidth=1.4, markersize=5)  # fmt: skip
    for at, value in zip(y, table["correlation"], strict=True):
        panel.annotate(signed(value, 2), (1, at), xytext=(5, 0), va="center", fontsize=8.5,
                       textcoords="offset points", color=MUTED, annotation_clip=False)  # fmt: skip
    if "place" in table:
        panel.vlines(table["place"], y - 0.25, y + 0.25, color=CYCLE[0], linewidth=1.6)
    rows(panel, table["weight"].astype(str).tolist())
    panel.set(xlim=(-1, 1), xlabel="rank correlation with visibility")
    first = table.iloc[0]
    return (
        f" {first['weight']}: correlation {signed(first['correlation'], 2)} "
        f"(sd {first['sd']:.2f}, {first['n']:.0f} tracklets)"
        + (f", by place alone {signed(first['place'], 2)}." if "place" in table else ".")
    )


def _columns(table: pd.DataFrame, *wanted: str) -> None:
    missing = [name for name in wanted if name not in table]
    if missing or len(table) == 0:
        raise ValueError(
            f"expected rows with {', '.join(wanted)}; "
            + (f"missing: {', '.join(missing)}" if missing else "there is no row")
        )
