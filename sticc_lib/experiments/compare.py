"""Methods x seeds: every method trained and tested with every seed, what is done only once."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from sticc_lib.config import Config, ConfigError, from_dict, identity
from sticc_lib.experiments import grid
from sticc_lib.experiments.conditions import all_conditions
from sticc_lib.experiments.costs import measured
from sticc_lib.experiments.facts import facts
from sticc_lib.experiments.kept import collect, write, write_queries
from sticc_lib.experiments.methods import METHODS, TUNED, Method, method, method_config, rows
from sticc_lib.experiments.paper import write_paper
from sticc_lib.experiments.reduced import reduce
from sticc_lib.experiments.session import load_data, made_method, split_of
from sticc_lib.experiments.tables import Comparison, leads, markdown
from sticc_lib.experiments.trainings import inputs, trained
from sticc_lib.experiments.tune import choose_rates
from sticc_lib.manifest import noted
from sticc_lib.models import zoo
from sticc_lib.presets import preset as preset_named
from sticc_lib.run import Run, bar
from sticc_lib.status import told
from sticc_lib.training import Trained

__all__ = ["METHODS", "Comparison", "Method", "compare", "leads", "markdown", "method_models"]


def method_models(
    labels: Iterable[str], config: Config, folder: Path, workers: int = 0, progress: bool = True
) -> dict[str, Trained]:
    """The models of methods: as they come, or trained, each in a folder of its name.

    A training that was finished there is loaded, an interrupted one goes on.

    Args:
        labels: of METHODS or of the zoo.
        config: the run's config; each method's own options and steps are put in.
        folder: for checkpoints and logs.
        workers: trainings side by side; 0 for one more than suits the machine.
        progress: show a bar over the methods where several are trained at a time.

    Raises:
        ConfigError: an unknown method, before anything is trained.
    """
    configs = {label: method_config(label, config.seed, config) for label in labels}
    learnt = [name for name, c in configs.items() if c.model.name not in zoo.UNTRAINED]
    suits = grid.workers_here(workers, len(learnt))
    if suits > 1:
        # CHOICE: of three methods on two cores the third would leave one idle; so, one process more
        with grid.processes(workers or min(suits + 1, len(learnt))) as pool:
            waiting = [pool.submit(_learn, configs[name], folder / name) for name in learnt]
            each = as_completed(waiting)
            for done in bar(progress, iterable=each, total=len(waiting), desc="train methods"):
                done.result()
    return {name: made_method(config, folder / name) for name, config in configs.items()}


def _learn(config: Config, folder: Path) -> None:
    """What another process does; the result is read from the folder."""
    made_method(config, folder)


def compare(
    preset: str = "quick",
    seeds: int = 3,
    methods: Iterable[str] = (),
    name: str = "compare",
    overrides: dict[str, object] | None = None,
    progress: bool = True,
    table: str = "floors",
    workers: int = 1,
    scheduler: str = "",
) -> Comparison:
    """Trains and tests every method with every seed; what is done already is not done again.

    Choices (steps, rates, sizes) belong to the preset and were made on validation persons. In a
    table of `TUNED` each method first tries the same rates with seed 0 and keeps its best.

    Args:
        preset: where all settings come from.
        seeds: 0..seeds-1; a floor without training has one.
        methods: labels of METHODS or names of the zoo; those of the table if empty.
        name: folder under `reports`: cells and trainings of all tables, and a folder a table.
        overrides: dotted config names to values, for every method.
        progress: show bars.
        table: a name of TABLES.
        workers: cells side by side; 0: what suits the machine.
        scheduler: of Dask, whose workers do them instead.

    Raises:
        ConfigError: an unknown method, table or setting, before anything runs.
        RunError: the folder holds a comparison with other settings.
        BusyError: another process is making this table there.
    """
    base = from_dict(Config, overrides or {}, preset_named(preset))
    labels = rows(table, list(methods))
    configs = {label: method_config(label, 0, base) for label in labels}
    _countable(seeds, workers)
    known = facts(base, load_data(base))
    data = known["data"][base.data.name]
    run = Run.open(name, "compare", identity={"kind": "compare", **identity(base)})
    asked = {"methods": list(labels), "seeds": seeds, "overrides": overrides or {}}
    known |= {"seeds": list(range(seeds)), "tables": {table: asked}}
    with told(run.folder, f"compare {table}"), noted(run, "compare", **known):
        workers = grid.workers_here(workers, len(labels))
        plan = _Plan(run.folder.resolve(), data, progress and workers == 1 and not scheduler)
        trials = pd.DataFrame()
        if table in TUNED:
            learn = {n: c for n, c in configs.items() if c.model.name not in zoo.UNTRAINED}
            rates, trials = choose_rates(learn, plan.folder, data, workers, scheduler)
            configs = {n: replace(c, train=replace(c.train, lr=rates.get(n, c.train.lr)))
                       for n, c in configs.items()}  # fmt: skip
        for label, config in configs.items():
            plan.add_seeds(cell_folder(label, config, base), label, config, seeds)
        outcomes = grid.run(plan.cells, plan, run.path("cells"), False, workers, scheduler)
        found = collect(outcomes, run.path("cells"), plan.labels)
        spent, error = measured(configs, run.path("costs"), table)
        failed = found.failed | ({f"costs/{table}": error} if error else {})
        result = replace(found, costs=spent, trials=trials, failed=failed)
        write(run, table, result, {n: c.split("/")[0] for c, n in plan.labels.items()})
        write_paper(run, table, result)
    return result


def _countable(seeds: int, workers: int) -> None:
    if seeds < 1:
        raise ConfigError(f"seeds: {seeds}; expected at least 1")
    if workers < 0:
        raise ConfigError(f"workers: {workers}; expected 1 or more, or 0")


@dataclass
class _Plan:
    """The cells of a table; called with one of them, here or in another process, it does it."""

    folder: Path
    data: str
    progress: bool
    cells: list[grid.Cell] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    configs: dict[str, Config] = field(default_factory=dict)

    def add_seeds(self, folder: str, label: str, config: Config, seeds: int) -> None:
        """A cell a seed; one only, where nothing is trained."""
        for seed in range(1 if config.model.name in zoo.UNTRAINED else seeds):
            self.add(f"{folder}/seed{seed}", label, replace(config, seed=seed))

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
    write_queries(folder, results)
    numbers = {f"{c}.{n}": float(v) for c, t in results.items() for n, v in t.numbers.items()}
    numbers["width"] = next(iter(results.values())).embeddings.values.shape[1]
    learnt = {"val_mAP": made.best["mAP"]} if made.best else {}
    return {**numbers, **learnt, "cpu_seconds": made.cpu_seconds}


def cell_folder(label: str, config: Config, base: Config) -> str:
    """Where a method's cells lie: those with another rate than the preset's have its name."""
    return label if config.train.lr == base.train.lr else f"{label}@{config.train.lr:g}"
