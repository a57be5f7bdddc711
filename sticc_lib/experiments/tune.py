"""Equal trials for every method: each tries the same rates and keeps its own best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from sticc_lib.config import Config
from sticc_lib.experiments import grid
from sticc_lib.experiments.trainings import inputs, trained

FACTORS = (1.0, 3.0, 9.0)
"""Times the preset's rate. CHOICE: the rate moves a method most, and three trials each of all
methods are what an hour on two cores holds; everything else is the same for all. Upwards, for
the preset's rate was chosen for STICC, and the first trials of a compared method (PSTA) were
better with every higher rate."""


def choose_rates(
    configs: Mapping[str, Config], folder: Path, data: str, workers: int = 1, scheduler: str = ""
) -> tuple[dict[str, float], pd.DataFrame]:
    """Tries every rate with every method at seed 0; validation persons choose.

    Args:
        configs: label -> config of its seed 0.
        folder: of the comparison; trainings go to `trainings/`, results to `trials/`.
        data: the set's fingerprint.
        workers: trials side by side.
        scheduler: of a Dask cluster that does them.

    Returns:
        Label -> best rate by validation mAP (the lower of equals); and a row a trial: `method`,
        `lr`, `val_mAP`, `chosen`. A method of which no trial ended well has the preset's rate.
    """
    trials = {
        f"{label}/lr{config.train.lr * factor:g}": replace(
            config, train=replace(config.train, lr=config.train.lr * factor)
        )
        for label, config in configs.items()
        for factor in FACTORS
    }
    cells = [grid.Cell(name, inputs(config, data)) for name, config in trials.items()]
    work = partial(_trial, trials, folder / "trainings", data)
    outcomes = grid.run(cells, work, folder / "trials", workers=workers, scheduler=scheduler)
    rows = [
        {"method": o.cell.name.split("/")[0], "lr": trials[o.cell.name].train.lr, **o.numbers}
        for o in outcomes if not o.error
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["method", "lr", "val_mAP"])
    best = table.sort_values(["val_mAP", "lr"], ascending=[False, True])
    found = best.drop_duplicates("method").set_index("method")["lr"].to_dict()
    rates = {label: float(found.get(label, c.train.lr)) for label, c in configs.items()}
    return rates, table.assign(chosen=table["lr"] == table["method"].map(rates))


def _trial(
    configs: Mapping[str, Config], folder: Path, data: str, cell: grid.Cell, place: Path
) -> dict[str, float]:
    return {"val_mAP": trained(configs[cell.name], folder, data).best["mAP"]}
