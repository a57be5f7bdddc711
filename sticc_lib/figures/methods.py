"""Methods side by side: scores over seeds, leads with intervals, costs, a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from sticc_lib.figures.captions import Captioned, caption
from sticc_lib.figures.parts import number, percent, rows, sheet, signed
from sticc_lib.figures.theme import (
    FAINT,
    HAIR,
    INK,
    MUTED,
    WIDTH,
    condition,
    method_styles,
    metric,
    readable,
    themed,
)


@themed
def scores(values: pd.DataFrame, metrics: Mapping[str, str] | Sequence[str]) -> Figure:
    """Dots over methods: each seed pale, the mean bold, a line over the spread.

    Args:
        values: a row a number: `method`, `seed`, `metric`, `value` (0..1).
        metrics: which, a panel each; a mapping also says what to call them. Methods are sorted
            by the first.

    The axes are cut to where the numbers are, all of them alike.
    """
    called = dict(metrics) if isinstance(metrics, Mapping) else {m: metric(m) for m in metrics}
    wanted = values[values["metric"].isin(called)]
    wide = wanted.pivot_table(index="method", columns="metric", values="value")
    methods = wide[next(iter(called))].sort_values(ascending=False).index.tolist()
    styles, seeds = method_styles(methods), 1
    low, high = _range(wanted["value"])
    figure = Captioned(figsize=(WIDTH, 1.05 + 0.32 * len(methods)), layout="constrained")
    panels = figure.subplots(1, len(called), sharey=True, squeeze=False).ravel()
    for panel, (name, title) in zip(panels, called.items(), strict=True):
        rows(panel, [styles[m][2] for m in methods], [styles[m][0] for m in methods])
        for place, method in enumerate(methods):
            colour, marker, _ = styles[method]
            runs = wanted[(wanted["method"] == method) & (wanted["metric"] == name)]["value"]
            runs = runs.dropna().to_numpy(float)
            if not len(runs):
                continue
            seeds, mean = max(seeds, len(runs)), float(runs.mean())
            if len(runs) > 1:
                panel.hlines(place, runs.min(), runs.max(), color=colour, linewidth=2, alpha=0.6)
                panel.plot(runs, [place] * len(runs), "|", color=colour, markersize=12,
                           markeredgewidth=1.2)  # fmt: skip
            panel.plot(mean, place, marker, color=colour, markersize=7, markeredgecolor="white",
                       markeredgewidth=0.6, clip_on=False)  # fmt: skip
            left = mean > 0.25 * low + 0.75 * high
            edge = runs.min() if left else runs.max()
            panel.annotate(f"{100 * mean:.1f}", (edge, place), xytext=(-8 if left else 8, 0),
                           textcoords="offset points", ha="right" if left else "left",
                           va="center", fontsize=8.5, color=INK)  # fmt: skip
        panel.set(xlim=(low, high))
        panel.set_title(title)
        percent(panel.xaxis)
    panels[0].get_yticklabels()[0].set_fontweight("bold")
    spread = f" Strokes are the {seeds} seeds, the line joins the lowest and highest."
    return caption(
        figure,
        f"{len(methods)} methods side by side",
        "The marker is a method's mean, written beside it in percent; best on top."
        + f" Axes begin at {100 * low:.0f} %." * (low > 0)
        + spread * (seeds > 1) + (" One seed each: no spread." if seeds == 1 else ""),
        "Scores of methods, best first by " + next(iter(called.values())) + ": "
        + ", ".join(f"{styles[m][2]} {100 * wide.loc[m].iloc[0]:.1f}" for m in methods) + ".",
    )  # fmt: skip


def _range(values: pd.Series) -> tuple[float, float]:
    """Ends of the axes: tenths around the values, with room for a number."""
    low = np.floor(10 * values.min() - 0.5) / 10
    high = np.ceil(10 * values.max() + 0.5) / 10
    return max(0.0, float(low)), min(1.0, float(high))


@themed
def differences(
    table: pd.DataFrame,
    under: str = "walkers",
    metrics: Sequence[str] = ("rank1", "mAP"),
) -> Figure:
    """Forest plot of STICC's lead over every other method, with intervals.

    Args:
        table: a row a lead: `method`, `metric`, `difference`, `low`, `high` (-1..1),
            `condition`.
        under: the condition whose rows to draw.
        metrics: a panel each.
    """
    table, called = table.loc[table["condition"] == under], condition(under)
    first = table[table["metric"] == metrics[0]].set_index("method")["difference"]
    methods = first.sort_values().index.tolist()
    styles = method_styles(methods)
    figure = Captioned(figsize=(WIDTH, 1.3 + 0.34 * len(methods)), layout="constrained")
    panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False).ravel()
    bounds = 100 * table[table["metric"].isin(metrics)][["low", "high", "difference"]].to_numpy()
    low, high = min(float(np.nanmin(bounds)), -1.0), max(float(np.nanmax(bounds)), 1.0)
    room, clear = 0.06 * (high - low), 0
    for panel, name in zip(panels, metrics, strict=True):
        rows(panel, [f"over {styles[m][2]}" for m in methods], [styles[m][0] for m in methods])
        panel.axvline(0, color=INK, linewidth=1)
        part = table[table["metric"] == name].set_index("method").reindex(methods)
        for place, row in enumerate(part.itertuples()):
            if not np.isfinite(row.difference):
                continue
            sure = row.low > 0 or row.high < 0
            clear += sure and name == metrics[0]
            colour = styles[str(row.Index)][0]
            panel.hlines(place, 100 * row.low, 100 * row.high, color=colour, linewidth=2.2)
            panel.plot(100 * row.difference, place, "o", markersize=7, color=colour,
                       markeredgewidth=1.6,
                       markerfacecolor=colour if sure else "white")  # fmt: skip
            lead, low_end, high_end = (signed(100 * v) for v in (row.difference, row.low, row.high))
            text = f"{lead} [{low_end}, {high_end}]"
            panel.annotate(text, (1.02, place), xycoords=("axes fraction", "data"), va="center",
                           fontsize=8.5, color=INK if sure else MUTED,
                           annotation_clip=False)  # fmt: skip
        panel.set(xlim=(low - room, high + room), xlabel="STICC ahead by, points →")
        panel.set_title(metric(name))
    return caption(
        figure,
        f"STICC's lead over the other methods: {called}",
        "A dot is the difference of the two means, the line its 95 % interval (paired bootstrap "
        "over persons). Hollow: the interval holds zero, so the data do not tell who is better.",
        f"Leads of STICC in {metric(metrics[0])} over {len(methods)} methods; for {clear} of them "
        "the interval excludes zero.",
    )


@themed
def costs(table: pd.DataFrame, title: str = "What it costs") -> Figure:
    """Bars of amounts (parameters, MACs, seconds): a row a method or module, a panel a column.

    Args:
        table: index: method or module; columns: what is counted, with its unit in the name.
        title: what is shown.
    """
    names = [str(name) for name in table.index]
    styles = method_styles(names)
    known = [styles[n][0] if styles[n][2] != n else "#33638D" for n in names]
    figure = Captioned(figsize=(WIDTH, 0.85 + 0.3 * len(names)), layout="constrained")
    panels = figure.subplots(1, table.shape[1], sharey=True, squeeze=False).ravel()
    for panel, column in zip(panels, table.columns, strict=True):
        amounts = table[column].to_numpy(float)
        top = max(float(np.nanmax(amounts)), 1e-12)
        panel.barh(range(len(names)), np.nan_to_num(amounts), color=known, height=0.62)
        for place, amount in enumerate(amounts):
            panel.annotate(number(amount), (np.nan_to_num(amount), place), xytext=(4, 0),
                           textcoords="offset points", va="center", fontsize=8.5)  # fmt: skip
        rows(panel, [styles[n][2] for n in names])
        panel.grid(False)
        panel.set(xlim=(0, top * 1.25), title=str(column))
        panel.xaxis.set_visible(False)
        panel.spines["bottom"].set_visible(False)
    return caption(
        figure,
        title,
        "Bars start at zero; each column has its own scale, the numbers stand at the ends.",
        f"{title}: {', '.join(map(str, table.columns))} of "
        f"{', '.join(styles[n][2] for n in names)}.",
    )


@themed
def score_table(
    table: pd.DataFrame, title: str, note: str = "", spread: pd.DataFrame | None = None
) -> Figure:
    """A table of scores as a picture: a number and a bar a cell, the best of a column bold.

    Args:
        table: index: method; columns: metrics (0..1), NaN where there is none.
        title: what was scored.
        note: what to know of the numbers; first sentence of the caption.
        spread: of the same shape, written as ±.
    """
    styles = method_styles(map(str, table.index))
    first, row, head = 2.3, 0.31, 0.86
    across = (WIDTH - first) / max(table.shape[1], 1)
    figure, page = sheet(head + row * len(table) + 0.12)
    best = table.max()
    for place, column in enumerate(table.columns):
        page.text(first + across * place, head - 0.1, metric(str(column)), color=MUTED, va="bottom")
    for line, (name, values) in enumerate(table.iterrows()):
        colour, marker, text = styles[str(name)]
        y = head + row * (line + 0.5)
        page.axhline(y - row / 2, 0.11 / WIDTH, 1 - 0.11 / WIDTH, color=HAIR, linewidth=0.8)
        page.add_line(Line2D([0.2], [y], marker=marker, color=colour, markersize=7, linestyle=""))
        page.text(0.36, y, text, va="center", color=readable(colour))
        for place, (column, value) in enumerate(values.items()):
            x, width = first + across * place, across - 1.0
            if not np.isfinite(value):
                page.text(x, y, "n/a", va="center", color=FAINT)
                continue
            page.add_patch(Rectangle((x + 0.82, y - 0.055), width, 0.11, color=HAIR, linewidth=0))
            page.add_patch(
                Rectangle((x + 0.82, y - 0.055), width * value, 0.11, color=colour, linewidth=0)
            )
            around = spread.loc[name, column] if spread is not None else np.nan  # type: ignore[index]
            told = f"{value:.3f}"
            page.text(x, y, told, va="center",
                      fontweight="bold" if value == best[column] else "normal")  # fmt: skip
            if np.isfinite(around):
                page.text(x + 0.38, y, f"±{around:.3f}", va="center", color=MUTED, fontsize=7.5)
    leaders = [f"{metric(str(c))}: {styles[str(table[c].idxmax())][2]} {best[c]:.3f}"
               for c in table.columns if np.isfinite(best[c])]  # fmt: skip
    return caption(
        figure,
        title,
        f"{note} Bars run from 0 to 1; the best of a column is bold.".strip(),
        f"Table of {len(table)} methods. Best by {'; '.join(leaders)}.",
    )
