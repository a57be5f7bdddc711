"""The tables of a comparison: mean and spread a method, leads with intervals, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sticc_lib.retrieval.scores import Scores
from sticc_lib.retrieval.stats import paired_difference, spread
from sticc_lib.tracklets.sources import EMBEDDED, SOURCES


@dataclass(frozen=True)
class Comparison:
    """The result.

    Attributes:
        values: one row a (method, seed, metric): `value`.
        differences: one row a (method, condition, metric): STICC's lead, `low`, `high`.
        failed: cells that ended in an error, with it.
        costs: a row a method, as `experiments.costs.costs` has them; empty where not measured.
        trials: a row a trial, as `experiments.tune.choose_rates` has them; empty without.
    """

    values: pd.DataFrame
    differences: pd.DataFrame
    failed: dict[str, str]
    costs: pd.DataFrame = field(default_factory=pd.DataFrame)
    trials: pd.DataFrame = field(default_factory=pd.DataFrame)

    def table(self, metrics: Sequence[str]) -> pd.DataFrame:
        """A row a method, a column a metric: `mean ± sd` over seeds (sd where there are two)."""
        rows: dict[str, dict[str, str]] = {}
        for (method, metric), part in self.values.groupby(["method", "metric"], sort=False):
            if metric in metrics:
                rows.setdefault(str(method), {})[str(metric)] = _shown(part["value"])
        return pd.DataFrame.from_dict(rows, orient="index").reindex(columns=list(metrics))


def leads(
    scores: Mapping[str, Mapping[str, Scores | Sequence[Scores]]],
    persons: Mapping[str, np.ndarray],
    ours: str = "sticc",
    metrics: Sequence[str] = ("rank1", "mAP"),
) -> pd.DataFrame:
    """A method's lead over every other: paired bootstrap over persons, seeds averaged.

    Args:
        scores: condition -> method -> scores over the same queries, of one run or of several.
        persons: condition -> whose each query is, int [Q].
        ours: the method that leads or does not.
        metrics: as in `retrieval.stats.per_query`.

    Returns:
        A row a (method, condition, metric): `difference`, `low`, `high`; none without `ours`.
    """
    rows = [
        {"method": method, "condition": condition, "metric": metric,
         **paired_difference(runs[ours], theirs, persons[condition], metric)._asdict()}
        for condition, runs in scores.items() if ours in runs
        for method, theirs in runs.items() if method != ours
        for metric in metrics
    ]  # fmt: skip
    columns = ["method", "condition", "metric", "difference", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


TABLES = {
    "walkers (synthetic)": [
        "walkers.rank1", "walkers.mAP", "walkers.none.rank1", "walkers.medium.rank1",
        "walkers.heavy.rank1",
    ],
    "walkers, unseen conditions (synthetic)": [
        "walkers_unseen_cameras.rank1", "walkers_unseen_cameras.mAP",
        "walkers_unseen_occluders.rank1", "walkers_unseen_occluders.mAP",
    ],
    "PETS2009 re-entry (real)": [
        "pets.frame_mAP", "pets.visit_rank1", "pets_mot.frame_mAP", "pets_mot.visit_rank1",
    ],
    "training": ["cpu_seconds", "steps", "val_mAP"],
}  # fmt: skip


def markdown(result: Comparison) -> str:
    """All tables as Markdown, differences last."""
    parts = []
    own = [m.partition(".")[0] for m in result.values["metric"].unique() if m.count(".") == 1]
    on_disk = [c for c in dict.fromkeys(own) if c in SOURCES and c not in EMBEDDED]
    columns = ("rank1", "rank5", "mAP", "num_unmatched")
    tables = {f"{c} (on disk)": [f"{c}.{n}" for n in columns] for c in on_disk} | TABLES
    for title, metrics in tables.items():
        table = result.table(metrics).dropna(how="all").fillna("")
        if table.empty:
            continue
        parts += [f"**{title}**", "", as_markdown(table, "method"), ""]
    if len(result.differences):
        found = result.differences
        told = [f"{row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"
                for row in found.itertuples()]  # fmt: skip
        found = found.assign(lead=told, column=found["condition"] + " " + found["metric"])
        wide = found.pivot(index="method", columns="column", values="lead")
        wide = wide.reindex(found["method"].unique())[found["column"].unique()]
        parts += ["**STICC's lead, 95 % interval (paired bootstrap over persons)**", "",
                  as_markdown(wide, "against"), ""]  # fmt: skip
    if len(result.costs):
        parts += ["**costs at test time, one thread**", "",
                  as_markdown(described(result.costs), "method"), ""]  # fmt: skip
    if len(result.trials):
        parts += ["**trials: validation mAP at seed 0, the chosen rate in bold**", "",
                  as_markdown(trials(result.trials), "method"), ""]  # fmt: skip
    return "\n".join(parts)


def described(costs: pd.DataFrame) -> pd.DataFrame:
    """Costs as text, in units that can be read: a row a method."""
    return pd.DataFrame(
        {
            "embedding width": costs["width"].map("{:.0f}".format),
            "parameters, M": (costs["parameters"] / 1e6).map("{:.2f}".format),
            "MACs a clip, G": (costs["MACs"] / 1e9).map("{:.3f}".format),
            "clips/s": costs["clips_per_second"].map("{:.1f}".format),
            "peak memory, MiB": costs["peak_MiB"].map("{:.0f}".format),
        }
    )


def trials(table: pd.DataFrame) -> pd.DataFrame:
    """Trials as text: a row a method, a column a rate, the chosen one bold."""
    shown = [f"**{v:.3f}**" if chosen else f"{v:.3f}"
             for v, chosen in zip(table["val_mAP"], table["chosen"], strict=True)]  # fmt: skip
    wide = table.assign(shown=shown, lr=[f"lr {rate:g}" for rate in table["lr"]])
    order = {name: table[name].unique() for name in ("method", "lr")}
    wide = wide.pivot(index="method", columns="lr", values="shown").reindex(order["method"])
    return wide[[f"lr {rate:g}" for rate in sorted(order["lr"])]].fillna("failed")


def as_markdown(table: pd.DataFrame, corner: str) -> str:
    """A table of texts as Markdown; `corner` stands over the index."""
    lines = ["| " + " | ".join([corner, *map(str, table.columns)]) + " |"]
    lines.append("|" + "---|" * (len(table.columns) + 1))
    for label, row in table.iterrows():
        lines.append("| " + " | ".join([str(label), *map(str, row)]) + " |")
    return "\n".join(lines)


def _shown(values: pd.Series) -> str:
    mean, std, runs = spread(values.to_numpy())
    digits = 0 if mean >= 10 else 3
    return f"{mean:.{digits}f}" + (f" ± {std:.{digits}f}" if runs > 1 else "")
