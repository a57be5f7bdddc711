"""Methods x seeds: every method trained and tested with every seed, what is done only once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.config import Config, ConfigError, flatten, from_dict, identity, to_dict
from sticc_lib.experiments import grid
from sticc_lib.experiments.conditions import Tested, all_conditions
from sticc_lib.experiments.costs import COLUMNS, costs
from sticc_lib.experiments.methods import METHODS, TUNED, Method, method, method_config, rows
from sticc_lib.experiments.reduced import reduce
from sticc_lib.experiments.session import load_data, new_model, split_of, train_method
from sticc_lib.experiments.tables import Comparison, leads, markdown
from sticc_lib.experiments.trainings import inputs, trained
from sticc_lib.experiments.tune import choose_rates
from sticc_lib.locks import alone
from sticc_lib.models import zoo
from sticc_lib.presets import preset as preset_named
from sticc_lib.retrieval.scores import summarise
from sticc_lib.retrieval.stats import spread
from sticc_lib.run import Run, atomic, read_json, write_json, write_text
from sticc_lib.training import Trained

__all__ = ["METHODS", "Comparison", "Method", "compare", "leads", "markdown", "method_model"]

QUERY_PARTS = ("ap", "inp", "first_hit")
"""What is kept of every query, so that leads can be taken over persons."""


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
    table: str = "floors",
    workers: int = 1,
) -> Comparison:
    """Trains and tests every method with every seed; what is done already is not done again.

    Choices (steps, rates, sizes) belong to the preset and were made on validation persons. In a
    table of `TUNED` each method first tries the same rates with seed 0 and keeps its best.

    Args:
        preset: where all settings come from.
        seeds: 0..seeds-1; a floor without training has one.
        methods: labels of METHODS or names of the zoo; those of the table if empty.
        name: folder under `reports`: cells and trainings, shared by all tables, and a folder a
            table with `values.csv`, `differences.csv`, `table.md`.
        overrides: dotted config names to values, for every method.
        force: do every cell anew.
        progress: show bars.
        table: a name of TABLES.
        workers: cells side by side; 0 for what suits the machine.

    Raises:
        ConfigError: an unknown method, table or setting, before anything runs.
        RunError: the folder holds a comparison with other settings.
        BusyError: another process is making this table there.
    """
    base = from_dict(Config, overrides or {}, preset_named(preset))
    labels = rows(table, list(methods))
    configs = {label: method_config(label, 0, base) for label in labels}
    if seeds < 1:
        raise ConfigError(f"seeds: {seeds}; expected at least 1")
    if workers < 0:
        raise ConfigError(f"workers: {workers}; expected 1 or more, or 0")
    data = load_data(base).fingerprint()
    run = Run.open(name, "compare", identity={"kind": "compare", **identity(base)})
    with alone(run.path(table), f"the table {table}"):
        workers = grid.workers_here(workers, len(labels))
        plan = _Plan(run.folder, data, progress and workers == 1)
        trials = pd.DataFrame()
        if table in TUNED:
            learn = {n: c for n, c in configs.items() if c.model.name not in zoo.UNTRAINED}
            rates, trials = choose_rates(learn, run.folder, data, workers, force)
            configs = {n: replace(c, train=replace(c.train, lr=rates.get(n, c.train.lr)))
                       for n, c in configs.items()}  # fmt: skip
        for label, config in configs.items():
            folder = cell_folder(label, config, base)
            for seed in range(1 if config.model.name in zoo.UNTRAINED else seeds):
                plan.add(f"{folder}/seed{seed}", label, replace(config, seed=seed))
        outcomes = grid.run(plan.cells, plan, run.path("cells"), force, workers)
        found = collect(outcomes, run.path("cells"), plan.labels)
        result = replace(found, costs=_costs(configs, run.folder, table), trials=trials)
        names = {label: cell.split("/")[0] for cell, label in plan.labels.items()}
        _write(run, table, result, names)
    return result


@dataclass
class _Plan:
    """The cells of a table; called with one of them, here or in another process, it does it."""

    folder: Path
    data: str
    progress: bool
    cells: list[grid.Cell] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    configs: dict[str, Config] = field(default_factory=dict)

    def add(self, name: str, label: str, config: Config) -> None:
        reduce = method(label).reduce
        more = {"reduce": reduce} if reduce else {}
        self.cells.append(grid.Cell(name, {**inputs(config, self.data), **more}))
        self.labels[name], self.configs[name] = label, config

    def __call__(self, cell: grid.Cell, place: Path) -> dict[str, float]:
        config, reduce = self.configs[cell.name], method(self.labels[cell.name]).reduce
        return run_cell(config, place, self.folder / "trainings", self.data, reduce, self.progress)


def run_cell(
    config: Config,
    folder: Path,
    trainings: Path,
    data: str,
    width: int = 0,
    progress: bool = True,
) -> dict[str, float]:
    """Trains (or goes on, or loads), tests under every condition, and keeps per-query results.

    Args:
        config: of one method and seed.
        folder: of the cell.
        trainings: where trained models are kept.
        data: the set's fingerprint.
        width: to which a PCA brings the embedding; 0 leaves it.
        progress: show bars.

    Returns:
        Flat numbers such as `walkers.heavy.rank1`; `width` of the embedding; of the training
        `cpu_seconds` and `val_mAP`.
    """
    made = trained(config, trainings, data)
    model = made.model
    if width:
        model = reduce(model, split_of(load_data(config), "train"), width, config)
    results = all_conditions(model, config, progress)
    with atomic(folder / "queries.npz") as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **_arrays(results))
    numbers = {f"{c}.{n}": float(v) for c, t in results.items() for n, v in t.numbers.items()}
    numbers["width"] = next(iter(results.values())).embeddings.values.shape[1]
    learnt = {"val_mAP": made.best["mAP"]} if made.best else {}
    return {**numbers, **learnt, "cpu_seconds": made.cpu_seconds}


def _costs(configs: Mapping[str, Config], folder: Path, table: str) -> pd.DataFrame:
    """Costs of a table's methods; measured once, and anew when a method's sizes changed."""
    sizes = {label: flatten(to_dict(config.model)) for label, config in configs.items()}

    def measure(cell: grid.Cell, place: Path) -> dict[str, float]:
        held = costs(configs).stack()
        return {f"{label}|{name}": float(value) for (label, name), value in held.items()}

    outcome = grid.run([grid.Cell(table, sizes)], measure, folder / "costs")[0]
    rows = [(*name.split("|"), value) for name, value in outcome.numbers.items()]
    table_ = pd.DataFrame(rows, columns=["method", "name", "value"])
    wide = table_.pivot(index="method", columns="name", values="value")
    return wide.reindex(index=list(configs), columns=list(COLUMNS)) if rows else pd.DataFrame()


def cell_folder(label: str, config: Config, base: Config) -> str:
    """Where a method's cells lie: those with another rate than the preset's have its name."""
    return label if config.train.lr == base.train.lr else f"{label}@{config.train.lr:g}"


def _arrays(results: Mapping[str, Tested]) -> dict[str, np.ndarray]:
    arrays = {}
    for condition, tested in results.items():
        for part in QUERY_PARTS:
            arrays[f"{condition}|{part}"] = getattr(tested.scores, part)
        arrays[f"{condition}|person"] = tested.query_person
    return arrays


def collect(
    outcomes: Iterable[grid.Outcome], folder: Path, labels: Mapping[str, str]
) -> Comparison:
    """What the cells came to.

    Args:
        outcomes: of the grid.
        folder: of the cells.
        labels: cell -> row of the table.
    """
    rows, scores, persons = [], {}, {}
    for outcome in outcomes:
        label, seed = labels[outcome.cell.name], outcome.cell.name.split("/seed")[1]
        if outcome.error:
            continue
        numbers = dict(outcome.numbers)
        if numbers.get("cpu_seconds"):
            numbers["steps"] = float(outcome.cell.inputs["steps"])
        rows += [
            {"method": label, "seed": int(seed), "metric": metric, "value": value}
            for metric, value in sorted(numbers.items())  # as they come back from disk
        ]
        with np.load(folder / outcome.cell.name / "queries.npz", allow_pickle=False) as held:
            for name in [n.removesuffix("|person") for n in held.files if n.endswith("|person")]:
                ap, inp, first_hit = (held[f"{name}|{part}"] for part in QUERY_PARTS)
                runs = scores.setdefault(name, {}).setdefault(label, [])
                runs.append(summarise(ap, inp, first_hit))
                persons[name] = held[f"{name}|person"]
    values = pd.DataFrame(rows, columns=["method", "seed", "metric", "value"])
    failed = {outcome.cell.name: outcome.error for outcome in outcomes if outcome.error}
    return Comparison(values, leads(scores, persons), failed)


def _write(
    run: Run,
    table: str,
    result: Comparison,
    names: Mapping[str, str],
) -> None:
    for part in ("values", "differences", "trials"):
        text = getattr(result, part).to_csv(index=False)
        write_text(run.path(table, f"{part}.csv"), text)
    write_text(run.path(table, "costs.csv"), result.costs.to_csv(index_label="method"))
    write_text(run.path(table, "table.md"), markdown(result))
    flat = {
        f"compare.{names[str(method)]}.{metric}.{part}": value
        for (method, metric), rows in result.values.groupby(["method", "metric"])
        for part, value in spread(rows["value"].to_numpy())._asdict().items()
    }
    every = run.path("metrics.json")  # of all tables: a cell has the same numbers in each
    write_json(every, {**(read_json(every) if every.exists() else {}), **flat})
    failed = run.path(table, "failed.json")
    if result.failed:
        write_json(failed, result.failed)
    else:
        failed.unlink(missing_ok=True)
