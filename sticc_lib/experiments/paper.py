"""A comparison as a paper takes it: numbers as CSV and LaTeX, figures as PDF, and for the page."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from sticc_lib.experiments.tables import Comparison
from sticc_lib.figures import methods
from sticc_lib.figures.captions import save
from sticc_lib.figures.theme import condition, method_styles, metric
from sticc_lib.retrieval.stats import spread
from sticc_lib.run import Run, atomic, write_text

SCORES = ("rank1", "mAP", "frame_mAP")
"""Metrics of a condition that a table in print has."""
METADATA = {"CreationDate": None, "Producer": None, "Creator": None}
"""Of a PDF: nothing that changes from one day or version to the next."""


def write_paper(run: Run, table: str, result: Comparison) -> list[Path]:
    """Writes what a paper needs into `TABLE/paper`, and the figures for the run's page.

    Args:
        run: of the comparison.
        table: its name.
        result: finished; methods that failed are missing.

    Returns:
        `scores.csv` (a row a method and metric: mean, sd, runs), `scores.tex` (booktabs, the best
        mean of a column bold), `scores.pdf`, and of STICC's leads `leads.csv`, `leads.tex`,
        `leads.pdf` where there are any. Type in PDFs is embedded (TrueType), lines are vectors.
    """
    folder = run.path(table, "paper")
    made = [write_text(folder / "scores.csv", long(result.values).to_csv(index=False))]
    if not printed(result.values):
        return made
    made.append(write_text(folder / "scores.tex", latex(wide(result.values))))
    figures = {"scores": methods.scores(result.values, named(result.values))}
    if len(result.differences):
        text = result.differences.to_csv(index=False)
        made.append(write_text(folder / "leads.csv", text))
        made.append(write_text(folder / "leads.tex", latex(leads(result.differences))))
        first = str(result.differences["condition"].iloc[0])
        figures["leads"] = methods.differences(result.differences, first)
    for name, figure in figures.items():
        save(figure, run.path("figures", f"{table}_{name}.png"))
        made.append(pdf(figure, folder / f"{name}.pdf"))
    return made


def printed(values: pd.DataFrame) -> list[tuple[str, str]]:
    """(condition, metric) of what is printed; sets that are ranked whole come first."""
    there = set(values["metric"])
    conditions = dict.fromkeys(m.split(".")[0] for m in values["metric"].unique() if "." in m)
    order = sorted(conditions, key=lambda c: f"{c}.rank1" not in there)
    return [(c, m) for c in order for m in SCORES if f"{c}.{m}" in there]


def named(values: pd.DataFrame) -> dict[str, str]:
    """Metrics of the first condition -> what they are called above a panel."""
    pairs = printed(values)
    return {f"{c}.{m}": f"{condition(c)}, {metric(m)}" for c, m in pairs if c == pairs[0][0]}


def long(values: pd.DataFrame) -> pd.DataFrame:
    """A row a (method, metric): `mean`, `sd` (empty for one run), `runs`."""
    groups = values.groupby(["method", "metric"], sort=False)["value"]
    rows = [(method, name, *spread(part.to_numpy())) for (method, name), part in groups]
    return pd.DataFrame(rows, columns=["method", "metric", "mean", "sd", "runs"])


def wide(values: pd.DataFrame) -> pd.DataFrame:
    """Text for print, in percent: a row a method, `mean ± sd`, the best mean of a column bold."""
    pairs = printed(values)
    table = long(values).pivot(index="method", columns="metric", values=["mean", "sd", "runs"])
    order = values["method"].unique().tolist()
    columns = {}
    for pair in pairs:
        part = table.xs(".".join(pair), axis=1, level="metric").reindex(order)
        best = part["mean"].max()
        columns[condition(pair[0]), metric(pair[1])] = [
            _number(row.mean_, row.sd, row.runs, row.mean_ == best)
            for row in part.rename(columns={"mean": "mean_"}).itertuples()
        ]
    return pd.DataFrame(columns, index=_called(order))


def leads(differences: pd.DataFrame) -> pd.DataFrame:
    """Text for print, in points: a row a method, STICC's lead with its interval."""
    points = (100 * differences[["difference", "low", "high"]]).map("{:+.1f}".format)
    text = points["difference"] + " [" + points["low"] + ", " + points["high"] + "]"
    shown = differences.assign(text=text.str.replace("-", "−"))
    order = shown["method"].unique().tolist()
    table = shown.pivot(index="method", columns=["condition", "metric"], values="text")
    table = table.reindex(order).fillna("")
    table.columns = pd.MultiIndex.from_tuples([(condition(c), metric(m)) for c, m in table.columns])
    return table.set_axis(_called(order))


def latex(table: pd.DataFrame) -> str:
    """A table of texts as LaTeX; needs the package booktabs, and utf8 input (the default)."""
    escaped = table.map(_escape)
    escaped.index = pd.Index([_escape(name) for name in table.index])
    escaped.columns = pd.MultiIndex.from_tuples(
        [tuple(map(_escape, column)) for column in table.columns]
    )
    form = "l" + "r" * len(escaped.columns)
    return escaped.style.to_latex(hrules=True, column_format=form, multicol_align="c")


def pdf(figure: Figure, path: Path) -> Path:
    """Writes a figure as PDF, whole or not at all."""
    with atomic(path) as temporary, mpl.rc_context({"pdf.fonttype": 42}):
        figure.savefig(temporary, format="pdf", metadata=METADATA)
    return path


def _number(mean: float, sd: float, runs: float, best: bool) -> str:
    if mean != mean:
        return ""
    text = f"{100 * mean:.1f}" + (f" ± {100 * sd:.1f}" if runs > 1 else "")
    return f"**{text}**" if best else text


def _escape(text: str) -> str:
    for sign in "_%&#":
        text = text.replace(sign, "\\" + sign)
    text = text.replace("±", r"$\pm$").replace("−", "$-$")
    return rf"\textbf{{{text.strip('*')}}}" if text.startswith("**") else text


def _called(labels: list[str]) -> list[str]:
    styles = method_styles(labels)
    return [styles[label][2] for label in labels]
