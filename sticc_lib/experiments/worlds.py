"""Methods x worlds x seeds: trained on rendered walkers, on drawn ones before the same cameras, or
on both, and tested on test persons of either. `data/scripts/video_weights.py` runs it.

Real video is no part of this: it is looked at once, when all choices are made (real_look.py).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sticc_lib.config import Config, DataConfig, from_dict
from sticc_lib.experiments import grid
from sticc_lib.experiments.conditions import made
from sticc_lib.experiments.methods import method, method_config
from sticc_lib.experiments.session import CONDITIONS, evaluate_method, load_data, split_of
from sticc_lib.experiments.trainings import inputs, trained
from sticc_lib.experiments.worlds_table import markdown
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel
from sticc_lib.presets import preset
from sticc_lib.run import Run, fingerprint, project_root, read_json, write_text
from sticc_lib.tracklets.table import TrackletSet

NAME = "worlds"
"""Folder under `reports`, and under `data/results`."""
SIZES: dict[str, Any] = {
    "train_persons": 1000, "val_persons": 100, "test_persons": 100, "cameras": 96,
    "tracklets_per_camera": 1, "frames": 8,
}  # fmt: skip
"""Of each world; every person passes four of the cameras. CHOICE: 96 of them, not 12, judged as
RECIPE was, with the rates of `quick`: frame mAP 0.335 against 0.312 after 420 steps, 0.400 against
0.388 after 1,200."""
WORLDS: dict[str, DataConfig] = {
    "rendered": DataConfig("walkers3d", options={"cameras_each": 4}, **SIZES),
    "drawn": DataConfig("walkers", options={"cameras_each": 4, "cameras": "lens"}, **SIZES),
    "both": DataConfig("worlds", options={"cameras_each": 4}, **SIZES),
}
"""What methods learn from. `both` has the persons of either: twice as many, for as many steps."""
METHODS = ("sticc", "concat", "stripe_pool", "attention_pool", "mean_pool")
UNTRAINED = ("stripes", "frozen", "hsv_histogram")
RECIPE: dict[str, Any] = {
    "model.trunk.trainable_blocks": 7, "train.lr": 1e-3, "train.trunk_lr_scale": 2.0,
    "train.clip_lengths": (1, 1, 1, 1, 1, 4, 8), "train.persons": 16, "train.steps": 600,
    "train.validate_every": 600,
}  # fmt: skip
"""What differs from `quick`. CHOICE: by trials of 420 steps with `concat`, seed 0, never by real
video: frame mAP of validation persons before cameras that nothing was trained on
(`data/scripts/video_weights.py trial --set train.steps=420 train.validate_every=420 ...`): 0.386 as
it stands. Rates of the head and factors of the trunk's: 0.002 and 0.3 (those of `quick`): 0.335,
and 1: 0.354, and 3: 0.307; 0.001 and 3: 0.376; 0.0005 and 5: 0.364; with 0.3 also 0.005: 0.200, and
0.0007: 0.239. With the rates of `quick`: pixels in place of cached maps 0.299, those with shrink
and jpeg at 0.5 0.298; 10 blocks in place of 7 (factor 1) 0.372, for twice the time. Persons a batch
and clip lengths are from two trials before these."""
LONG: dict[str, Any] = {"train.steps": 2400, "train.validate_every": 2400}
"""What differs from RECIPE in the trainings that weights are shipped from. CHOICE: by the same
persons; with the rates of `quick` 0.335 after 420 steps and 0.400 after 1,200, and the loss still
fell."""
TESTS = ("rendered", "drawn")
"""Worlds that a model is tested in."""


@dataclass
class Study:
    """The cells of the study; called with one of them, it trains and tests it.

    Attributes:
        folder: of the run.
        changes: dotted config names to values, over RECIPE.
        tests: names of TESTS.
        cells: to be run, in order.
        configs: cell -> its config.
    """

    folder: Path
    changes: dict[str, Any] = field(default_factory=dict)
    tests: tuple[str, ...] = TESTS
    cells: list[grid.Cell] = field(default_factory=list)
    configs: dict[str, Config] = field(default_factory=dict)

    def add(self, world: str, label: str, seed: int) -> None:
        """Adds a cell; `world` is a name of WORLDS, or - for what needs no training."""
        config = cell_config(world, label, seed, self.changes)
        name = f"{world}/{label}/seed{seed}"
        data = fingerprint_of(config)
        part = {} if self.tests == TESTS else {"tests": self.tests}
        self.cells.append(grid.Cell(name, {**inputs(config, data), **part}))
        self.configs[name] = config

    def __call__(self, cell: grid.Cell, place: Path) -> dict[str, float]:
        config = self.configs[cell.name]
        found = trained(config, self.folder / "trainings", fingerprint_of(config))
        learnt = {"cpu_seconds": found.cpu_seconds} if found.cpu_seconds else {}
        known = validated(found.model, config, self.tests)
        return {**known, **tested(found.model, config, self.tests), **learnt}


def cell_config(world: str, label: str, seed: int, changes: dict[str, Any] | None = None) -> Config:
    """The config of one method in one world.

    Args:
        world: a name of WORLDS; - stands for the rendered one, which nothing is learnt from.
        label: of experiments.methods.METHODS.
        seed: of training.
        changes: dotted config names to values, over RECIPE.
    """
    base = preset("quick", **{**RECIPE, **(changes or {})})
    base = replace(base, data=WORLDS["rendered" if world == "-" else world])
    return from_dict(Config, {"seed": seed}, method_config(label, seed, base))


def fingerprint_of(config: Config) -> str:
    """Of the data of a config."""
    return load_data(config).fingerprint()


def validated(model: VideoModel, config: Config, worlds: Iterable[str] = TESTS) -> dict[str, float]:
    """mAP on validation persons of worlds: of tracklets, and of their middle frames alone.

    Returns:
        `val.rendered.mAP`, `val.rendered.frame_mAP` and the same of the drawn ones.
    """
    numbers = {}
    for world in worlds:
        own = replace(config, data=WORLDS[world])
        data = split_of(load_data(own), "val")
        numbers[f"val.{world}.mAP"] = evaluate_method(model, data, own, False)[1].mAP
        with single_frames(model):
            found = evaluate_method(model, middle_frames(data), own, False)[1]
        numbers[f"val.{world}.frame_mAP"] = found.mAP
    return numbers


@contextlib.contextmanager
def single_frames(model: VideoModel) -> Iterator[None]:
    """Within it clips are of one frame: the numbers of padded ones, in a fourth of the time."""
    spec = model.spec
    try:
        if model.any_length:
            model.spec = replace(spec, clip_length=1)
        yield
    finally:
        model.spec = spec


def middle_frames(data: TrackletSet) -> TrackletSet:
    """A set of which only the middle frame of each tracklet is left."""
    at = [rows[len(rows) // 2] for rows in data.frame_positions().values()]
    frames = data.frames.iloc[np.sort(at)].reset_index(drop=True)
    tracklets = data.tracklets.assign(num_frames=1)
    return replace(data, name=f"{data.name}_middle", tracklets=tracklets, frames=frames)


def tested(model: VideoModel, config: Config, worlds: Iterable[str]) -> dict[str, float]:
    """Test persons of worlds under all conditions, whole and by level of occlusion."""
    numbers = {}
    for world in worlds:
        own = replace(config, data=WORLDS[world])
        for condition in CONDITIONS:
            data = split_of(load_data(own, condition), "test")
            name = condition.replace("walkers", world)
            found = made(model, data, own, progress=False).numbers
            numbers |= {f"{name}.{key}": float(value) for key, value in found.items()}
    return numbers


def study(
    seeds: int = 3,
    methods: Iterable[str] = METHODS,
    worlds: Iterable[str] = tuple(WORLDS),
    changes: dict[str, Any] | None = None,
    name: str = NAME,
    tests: Iterable[str] = TESTS,
) -> pd.DataFrame:
    """Runs what is missing of the study, and writes its table; interrupted, it goes on.

    Args:
        seeds: 0..seeds-1.
        methods: labels of experiments.methods.METHODS.
        worlds: names of WORLDS.
        changes: dotted config names to values, over RECIPE.
        name: folder under `reports`.
        tests: names of TESTS.

    Returns:
        A row a (world, method, seed, metric): `value`, of all that is done in the folder.
    """
    run = Run.open(name, "worlds")
    plan = Study(run.folder, dict(changes or {}), tuple(tests))
    for label in UNTRAINED if name == NAME else ():
        plan.add("-", label, 0)
    for seed in range(seeds):
        for label in methods:
            for world in worlds:
                plan.add(world, label, seed)
    grid.run(plan.cells, plan, run.path("cells"))
    values = finished(run.folder)
    write_text(run.path("values.csv"), values.to_csv(index=False))
    write_text(run.path("table.md"), markdown(values))
    return values


def finished(folder: Path) -> pd.DataFrame:
    """The numbers of all cells of a run that are done, also those of other calls."""
    rows = []
    for cell in sorted((folder / "cells").glob("*/*/seed*/cell.json")):
        world, label, seed = cell.parts[-4:-1]
        rows += [(world, label, int(seed[4:]), metric, value)
                 for metric, value in read_json(cell).get("numbers", {}).items()]  # fmt: skip
    return pd.DataFrame(rows, columns=["world", "method", "seed", "metric", "value"])


def checkpoint(
    world: str, label: str, seed: int, name: str = NAME, changes: dict[str, Any] | None = None
) -> Path:
    """Where the study keeps a trained model; arguments as in `cell_config`, and the run's name."""
    config = cell_config(world, label, seed, changes)
    key = fingerprint(inputs(config, fingerprint_of(config)))
    folder = project_root() / "reports" / name / "trainings" / f"{config.model.name}-{key}"
    return folder / "best"


def is_trained(label: str) -> bool:
    """Whether a method learns."""
    return method(label).model not in zoo.UNTRAINED
