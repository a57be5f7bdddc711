"""Methods x seeds -> one table: means, spread, levels, conditions, and paired differences."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.config import Config, ConfigError, from_dict, to_dict
from sticc_lib.experiments import grid
from sticc_lib.experiments.conditions import Tested, all_conditions
from sticc_lib.experiments.session import load_data, new_model, train_method
from sticc_lib.models import zoo
from sticc_lib.presets import preset as preset_named
from sticc_lib.presets import steps_for
from sticc_lib.retrieval.scores import Scores, summarise
from sticc_lib.retrieval.stats import paired_difference, spread
from sticc_lib.run import Run, atomic, write_json, write_text
from sticc_lib.training import Trained


@dataclass(frozen=True)
class Method:
    """A row of the table: a model of the zoo with options, and what to call it."""

    model: str
    options: dict[str, object] = dataclasses.field(default_factory=dict)


METHODS: dict[str, Method] = {
    "sticc": Method("sticc"),
    "mean_pool": Method("mean_pool"),
    "attention_pool": Method("attention_pool"),
    "attention_pool_joint": Method("attention_pool_joint"),
    # the same embedding width as STICC's three parts
    "attention_pool_wide": Method("attention_pool", {"model.head.width": 384}),
    "attention_pool_joint_wide": Method("attention_pool_joint", {"model.head.width": 384}),
    "sticc_no_m1": Method("sticc", {"model.head.encoder": "none"}),
    "frozen": Method("frozen"),
    "stripes": Method("stripes"),
    "hsv_histogram": Method("hsv_histogram"),
}
"""What `sticc compare` runs unless told otherwise."""


@dataclass(frozen=True)
class Comparison:
    """The result.

    Attributes:
        values: one row a (method, seed, metric): `value`.
        differences: one row a (method, condition, metric): STICC's lead, `low`, `high`.
        failed: cells that ended in an error, with it.
    """

    values: pd.DataFrame
    differences: pd.DataFrame
    failed: dict[str, str]

    def table(self, metrics: Sequence[str]) -> pd.DataFrame:
        """A row a method, a column a metric: `mean ± sd` over seeds (sd where there are two)."""
        rows: dict[str, dict[str, str]] = {}
        for (method, metric), part in self.values.groupby(["method", "metric"], sort=False):
            if metric in metrics:
                rows.setdefault(str(method), {})[str(metric)] = _shown(part["value"])
        return pd.DataFrame.from_dict(rows, orient="index").reindex(columns=list(metrics))


def method_config(label: str, seed: int, base: Config) -> Config:
    """The config of one cell.

    Raises:
        ConfigError: an unknown method.
    """
    known = {**{name: Method(name) for name in zoo.names()}, **METHODS}
    if label not in known:
        raise ConfigError(f"unknown method {label!r}; known: {', '.join(known)}")
    method = known[label]
    return from_dict(Config, {"seed": seed, "model.name": method.model, **method.options}, base)


def method_model(label: str, config: Config, folder: Path) -> Trained:
    """A method's model: as it comes if it needs no training, else trained in `folder`.

    A training that was finished there is loaded, an interrupted one goes on.

    Args:
        label: of METHODS or of the zoo.
        config: the run's config; the method's own options and steps are put in.
        folder: for checkpoints and log.
    """
    own = method_config(label, config.seed, config)
    if own.model.name in zoo.UNTRAINED:
        return Trained(new_model(own, load_data(own)).eval(), folder, [])
    return train_method(own, folder)


def compare(
    preset: str = "quick",
    seeds: int = 3,
    methods: Iterable[str] = (),
    name: str = "compare",
    overrides: dict[str, object] | None = None,
    force: bool = False,
    progress: bool = True,
) -> Comparison:
    """Trains and tests every method with every seed; what is done already is not done again.

    Choices (steps, rates, sizes) belong to the preset and were made on validation persons.

    Args:
        preset: where all settings come from.
        seeds: 0..seeds-1; a floor without training has one.
        methods: labels of METHODS or names of the zoo; all of METHODS if empty.
        name: folder under `reports`: cells, `values.csv`, `differences.csv`, `table.md`.
        overrides: dotted config names to values, for every method.
        force: do finished cells again.
        progress: show bars.

    Raises:
        ConfigError: an unknown method or setting, before anything runs.
        RunError: the folder holds a comparison with other settings.
    """
    base = from_dict(Config, overrides or {}, preset_named(preset))
    labels = list(methods) or list(METHODS)
    configs = {
        f"{label}/seed{seed}": method_config(label, seed, base)
        for label in labels
        for seed in range(1 if METHODS.get(label, Method(label)).model in zoo.UNTRAINED else seeds)
    }
    if seeds < 1:
        raise ConfigError(f"seeds: {seeds}; expected at least 1")
    run = Run.open(name, "compare", identity={"kind": "compare", **to_dict(base)})
    data = load_data(base)
    cells = [
        grid.Cell(cell, {**to_dict(config), "steps": steps_for(config), "data": data.fingerprint()})
        for cell, config in configs.items()
    ]

    def work(cell: grid.Cell, folder: Path) -> dict[str, float]:
        return run_cell(configs[cell.name], folder, progress)

    outcomes = grid.run(cells, work, run.path("cells"), force)
    result = _collect(outcomes, run.path("cells"))
    _write(run, result)
    return result


def run_cell(config: Config, folder: Path, progress: bool = True) -> dict[str, float]:
    """Trains (or goes on), tests under every condition, and keeps per-query results.

    Returns:
        Flat numbers such as `walkers.heavy.rank1`, and `cpu_seconds` of training.
    """
    if config.model.name in zoo.UNTRAINED:
        trained = Trained(new_model(config, load_data(config)).eval(), folder, [])
    else:
        trained = train_method(config, folder)
    results = all_conditions(trained.model, config, progress)
    with atomic(folder / "queries.npz") as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **_arrays(results))
    numbers = {f"{c}.{n}": float(v) for c, t in results.items() for n, v in t.numbers.items()}
    return {**numbers, "cpu_seconds": trained.cpu_seconds}


def _arrays(results: Mapping[str, Tested]) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    arrays = {}
    for condition, tested in results.items():
        scores = tested.scores
        for part in ("ap", "inp", "first_hit"):
            arrays[f"{condition}|{part}"] = getattr(scores, part)
        arrays[f"{condition}|person"] = tested.query_person
    return arrays


def _collect(outcomes: list[grid.Outcome], folder: Path) -> Comparison:
    rows, failed = [], {}
    queries: dict[str, list[dict[str, np.ndarray]]] = {}
    for outcome in outcomes:
        label, seed = outcome.cell.name.split("/seed")
        if outcome.error:
            failed[outcome.cell.name] = outcome.error
            continue
        rows += [
            {"method": label, "seed": int(seed), "metric": metric, "value": value}
            for metric, value in outcome.numbers.items()
        ]
        with np.load(folder / outcome.cell.name / "queries.npz", allow_pickle=False) as stored:
            queries.setdefault(label, []).append({name: stored[name] for name in stored.files})
    return Comparison(pd.DataFrame(rows), _differences(queries), failed)


def _differences(queries: dict[str, list[dict[str, np.ndarray]]]) -> pd.DataFrame:
    """STICC against every other method: paired bootstrap over persons, seeds averaged."""
    rows = []
    ours = queries.get("sticc", [])
    conditions = [k.split("|")[0] for k in ours[0] if k.endswith("|person")] if ours else []
    for label, theirs in queries.items():
        if label == "sticc" or not ours:
            continue
        for condition in conditions:
            person = ours[0][f"{condition}|person"]
            for metric in ("rank1", "mAP"):
                lead = paired_difference(
                    [_scores(q, condition) for q in ours],
                    [_scores(q, condition) for q in theirs],
                    person,
                    metric,
                )
                rows.append({"method": label, "condition": condition, "metric": metric,
                             **lead._asdict()})  # fmt: skip
    return pd.DataFrame(rows)


def _scores(stored: dict[str, np.ndarray], condition: str) -> Scores:
    ap, inp, first_hit = (stored[f"{condition}|{part}"] for part in ("ap", "inp", "first_hit"))
    return summarise(ap, inp, first_hit)


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
    "training": ["cpu_seconds"],
}  # fmt: skip


def markdown(result: Comparison) -> str:
    """All tables as Markdown, differences last."""
    parts = []
    for title, metrics in TABLES.items():
        table = result.table(metrics).fillna("")
        parts += [f"**{title}**", "", _markdown_table(table, "method"), ""]
    if len(result.differences):
        leads = result.differences.assign(
            lead=[f"{d:+.3f} [{lo:+.3f}, {hi:+.3f}]" for d, lo, hi in zip(
                result.differences["difference"], result.differences["low"],
                result.differences["high"], strict=True)]
        )  # fmt: skip
        leads["column"] = leads["condition"] + " " + leads["metric"]
        wide = leads.pivot(index="method", columns="column", values="lead")
        order = [label for label in METHODS if label in wide.index]
        columns = list(dict.fromkeys(leads["column"]))
        wide = wide.reindex(order + [m for m in wide.index if m not in order])[columns]
        parts += ["**STICC's lead, 95 % interval (paired bootstrap over persons)**", "",
                  _markdown_table(wide, "against"), ""]  # fmt: skip
    return "\n".join(parts)


def _markdown_table(table: pd.DataFrame, corner: str) -> str:
    lines = ["| " + " | ".join([corner, *map(str, table.columns)]) + " |"]
    lines.append("|" + "---|" * (len(table.columns) + 1))
    for label, row in table.iterrows():
        lines.append("| " + " | ".join([str(label), *map(str, row)]) + " |")
    return "\n".join(lines)


def _shown(values: pd.Series) -> str:
    mean, std, runs = spread(values.to_numpy())
    digits = 0 if mean >= 10 else 3
    return f"{mean:.{digits}f}" + (f" ± {std:.{digits}f}" if runs > 1 else "")


def _write(run: Run, result: Comparison) -> None:
    for table, file in ((result.values, "values.csv"), (result.differences, "differences.csv")):
        write_text(run.path(file), table.to_csv(index=False))
    write_text(run.path("table.md"), markdown(result))
    flat = {
        f"compare.{method}.{metric}.{part}": value
        for (method, metric), rows in result.values.groupby(["method", "metric"])
        for part, value in spread(rows["value"].to_numpy())._asdict().items()
    }
    write_json(run.path("metrics.json"), flat)
    if result.failed:
        write_json(run.path("failed.json"), result.failed)
    elif run.path("failed.json").exists():
        run.path("failed.json").unlink()


__all__ = ["METHODS", "Comparison", "Method", "compare", "markdown", "method_model", "run_cell"]
