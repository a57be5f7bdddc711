"""Methods x seeds: every method trained and tested with every seed, what is done only once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.config import Config, ConfigError, from_dict, identity
from sticc_lib.experiments import grid
from sticc_lib.experiments.conditions import Tested, all_conditions
from sticc_lib.experiments.session import load_data, new_model, train_method
from sticc_lib.experiments.tables import Comparison, leads, markdown
from sticc_lib.models import zoo
from sticc_lib.presets import preset as preset_named
from sticc_lib.presets import steps_for
from sticc_lib.retrieval.scores import summarise
from sticc_lib.retrieval.stats import spread
from sticc_lib.run import Run, atomic, write_json, write_text
from sticc_lib.training import Trained

__all__ = ["METHODS", "Comparison", "Method", "compare", "leads", "markdown", "method_model"]

QUERY_PARTS = ("ap", "inp", "first_hit")
"""What is kept of every query, so that leads can be taken over persons."""


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
    # the embedding width of STICC's three parts at `quick`
    "attention_pool_wide": Method("attention_pool", {"model.head.width": 384}),
    "attention_pool_joint_wide": Method("attention_pool_joint", {"model.head.width": 384}),
    "sticc_no_m1": Method("sticc", {"model.head.encoder": "none"}),
    "frozen": Method("frozen"),
    "stripes": Method("stripes"),
    "hsv_histogram": Method("hsv_histogram"),
}
"""What `sticc compare` runs unless told otherwise."""


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
    return _made(method_config(label, config.seed, config), folder)


def _made(config: Config, folder: Path) -> Trained:
    if config.model.name in zoo.UNTRAINED:
        return Trained(new_model(config, load_data(config)).eval(), folder, [])
    return train_method(config, folder)


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
        force: do every cell anew.
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
    data = load_data(base).fingerprint()
    run = Run.open(name, "compare", identity={"kind": "compare", **identity(base)})
    cells = [
        grid.Cell(cell, {**identity(config), "steps": steps_for(config), "data": data})
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
    trained = _made(config, folder)
    results = all_conditions(trained.model, config, progress)
    with atomic(folder / "queries.npz") as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **_arrays(results))
    numbers = {f"{c}.{n}": float(v) for c, t in results.items() for n, v in t.numbers.items()}
    return {**numbers, "cpu_seconds": trained.cpu_seconds}


def _arrays(results: Mapping[str, Tested]) -> dict[str, np.ndarray]:
    arrays = {}
    for condition, tested in results.items():
        for part in QUERY_PARTS:
            arrays[f"{condition}|{part}"] = getattr(tested.scores, part)
        arrays[f"{condition}|person"] = tested.query_person
    return arrays


def _collect(outcomes: list[grid.Outcome], folder: Path) -> Comparison:
    rows, scores, persons = [], {}, {}
    for outcome in outcomes:
        label, seed = outcome.cell.name.split("/seed")
        if outcome.error:
            continue
        rows += [
            {"method": label, "seed": int(seed), "metric": metric, "value": value}
            for metric, value in sorted(outcome.numbers.items())  # as they come back from disk
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
    else:
        run.path("failed.json").unlink(missing_ok=True)
