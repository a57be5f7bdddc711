"""What a comparison leaves on disk: results of every query a cell, and the files of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.experiments import grid
from sticc_lib.experiments.conditions import Tested
from sticc_lib.experiments.tables import Comparison, leads, markdown
from sticc_lib.retrieval.scores import summarise
from sticc_lib.retrieval.stats import spread
from sticc_lib.run import Run, atomic, read_json, write_json, write_text

QUERY_PARTS = ("ap", "inp", "first_hit")
"""What is kept of every query, so that leads can be taken over persons."""


def write_queries(folder: Path, results: Mapping[str, Tested]) -> None:
    """Writes `queries.npz` of a cell: condition by condition, every query's scores and person."""
    arrays = {}
    for condition, tested in results.items():
        for part in QUERY_PARTS:
            arrays[f"{condition}|{part}"] = getattr(tested.scores, part)
        arrays[f"{condition}|person"] = tested.query_person
    with atomic(folder / "queries.npz") as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)


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


def write(run: Run, table: str, result: Comparison, names: Mapping[str, str]) -> None:
    """Writes the files of a table into its folder, and its numbers among those of the run.

    Args:
        run: of the comparison.
        table: its name, and its folder's.
        result: what to write.
        names: row of the table -> folder of its cells, under which its numbers are kept.
    """
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
