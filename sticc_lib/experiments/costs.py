"""What methods cost at test time: parameters, multiply-accumulates, clips a second, memory."""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd
import psutil
import torch

from sticc_lib.config import Config, flatten, to_dict
from sticc_lib.experiments.grid import Cell, only_thread, run
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel
from sticc_lib.models.complexity import cost_table

CLIPS = 8
"""Embedded at a time."""
PERSONS = 300
"""Classes; classifiers are not counted among the parameters."""
COLUMNS = ("width", "parameters", "MACs", "clips_per_second", "peak_MiB")


def costs(configs: Mapping[str, Config], repeats: int = 5) -> pd.DataFrame:
    """Costs of methods, measured side by side on one thread; methods alternate, medians are kept.

    Args:
        configs: label -> config of a method.
        repeats: of the timing, after one that warms up.

    Returns:
        A row a method: `width` of the embedding; `parameters` without classifiers; `MACs` of one
        clip (torch's counter; an LSTM by its sizes); `clips_per_second`, from normalised frames
        to embeddings, `CLIPS` at a time; `peak_MiB`, what a process grows by while it does this
        (the model itself not counted).
    """
    models = {label: _model(config) for label, config in configs.items()}
    taken: dict[str, list[float]] = {label: [] for label in models}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for turn in range(repeats + 1):
            for label, model in models.items():
                begun = time.perf_counter()
                _embed(model)
                if turn:
                    taken[label].append(time.perf_counter() - begun)
    finally:
        torch.set_num_threads(threads)
    rows = {}
    for label, model in models.items():
        numbers = [
            int(_embed(model).shape[1]), _parameters(model),
            int(cost_table(model).loc["total", "MACs"]),  # type: ignore[arg-type]
            CLIPS / statistics.median(taken[label]), peak(configs[label]),
        ]  # fmt: skip
        rows[label] = dict(zip(COLUMNS, numbers, strict=True))
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))


def measured(configs: Mapping[str, Config], folder: Path, table: str) -> tuple[pd.DataFrame, str]:
    """The costs of a table's methods: measured once, and anew when a method's sizes changed.

    Args:
        configs: label -> config.
        folder: where they are kept.
        table: under which name.

    Returns:
        As `costs` gives them (empty if it failed), and the error.
    """
    sizes = {label: flatten(to_dict(config.model)) for label, config in configs.items()}

    def work(cell: Cell, place: Path) -> dict[str, float]:
        held = costs(configs)
        return {
            f"{label}|{name}": float(held[name][label]) for label in held.index for name in held
        }

    outcome = run([Cell(table, sizes)], work, folder)[0]
    rows: dict[str, dict[str, float]] = {}
    for key, value in outcome.numbers.items():
        label, name = key.split("|")
        rows.setdefault(label, {})[name] = value
    found = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))
    return found.reindex([label for label in configs if label in rows]), outcome.error


def peak(config: Config) -> float:
    """MiB by which a fresh process of one thread grows while it embeds `CLIPS` clips."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, only_thread) as pool:
        return pool.submit(_grown, config).result()


def _grown(config: Config) -> float:
    model = _model(config)
    before = psutil.Process().memory_info().rss
    _embed(model)
    unit = 1 if sys.platform == "darwin" else 1024
    return max(0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before) / 2**20


def _model(config: Config) -> VideoModel:
    return zoo.build(config.model.name, PERSONS, config=config.model).eval()


def _embed(model: VideoModel) -> torch.Tensor:
    spec = model.spec
    clips = torch.zeros(CLIPS, spec.clip_length, 3, *spec.image_size)
    with torch.inference_mode():
        return model(clips).embedding


def _parameters(model: VideoModel) -> int:
    """What is needed at test time: without classifiers, whose size is that of the training set."""
    return sum(p.numel() for n, p in model.named_parameters() if "classifier" not in n)
