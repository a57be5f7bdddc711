"""The runs of a grid file as commands of `sticc`, and which of them have to be made.

Whatever a batch does can be done by hand: each run is one `sticc train` or `sticc report`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sticc_lib.config import Config, ConfigError, to_dict
from sticc_lib.experiments.attempts import state
from sticc_lib.experiments.grid import Cell
from sticc_lib.experiments.gridfile import GridFile
from sticc_lib.experiments.marks import data_mark, library_mark, weights_mark
from sticc_lib.experiments.points import Point
from sticc_lib.machine import without_places
from sticc_lib.presets import options
from sticc_lib.reporting.parameters import RUN_LEVEL, deal
from sticc_lib.reporting.sources import choose, find
from sticc_lib.run import fingerprint
from sticc_lib.values import Refusal

STATES = {
    "new": "to do",
    "begun": "goes on",
    "changed": "to do anew, its inputs have changed",
    "finished": "skipped, finished and unchanged",
}
"""What is done about a run, by what is there of it."""


@dataclass(frozen=True)
class Planned:
    """A run that is asked for.

    Attributes:
        point: what the grid says of it.
        cell: its folder's name, and all that its result depends on.
        words: of the command that makes it, after `sticc`.
        state: a name of STATES.
    """

    point: Point
    cell: Cell
    words: tuple[str, ...]
    state: str


def plan(grid: GridFile, root: Path) -> list[Planned]:
    """The runs of a grid, and what is there of each. Nothing heavy is imported.

    Args:
        grid: the file.
        root: the project.

    Raises:
        ConfigError, DataError: notebooks or data that are not there, a folder of somebody else's.
    """
    reports = root / "reports"
    sources = find(root / "notebooks", grid.notebooks) if grid.notebooks else []
    held = {source.stem: _hash(source) for source in sources}
    common = {"notebooks": held, "library": library_mark(), "weights": weights_mark()}
    data: dict[str, str] = {}
    planned, problems = [], []
    if (reports / grid.batch / "manifest.json").exists():
        problems.append(f"batch: reports/{grid.batch} holds a run; choose another name")
    for point in grid.points:
        config = point.config()
        key = fingerprint(to_dict(config)["data"])
        try:
            data[key] = data[key] if key in data else data_mark(config.data)
        except Refusal as error:
            raise type(error)(f"{grid.path.name}: {point.name}: {error}") from None
        words = _words(point, config, list(held))
        inputs = {"command": words, "data": data[key], **common}
        cell = Cell(point.name, without_places(inputs, root))
        place = reports / point.name
        now = state(cell, place)
        if now == "new" and any((place / n).exists() for n in ("manifest.json", "batch.json")):
            problems.append(f"name: reports/{point.name} holds something that no batch has made; "
                            "give runs other names")  # fmt: skip
        planned.append(Planned(point, cell, words, now))
    if problems:
        raise ConfigError("; ".join(f"{grid.path.name}: {problem}" for problem in problems))
    return planned


def check(grid: GridFile, root: Path) -> None:
    """What can be told before anything starts, and takes seconds: notebooks' parameters, models.

    Raises:
        ConfigError: everything that is wrong, in one message.
    """
    from sticc_lib.models import zoo

    sources = choose(root / "notebooks", grid.notebooks) if grid.notebooks else []
    problems: list[str] = []
    for point in grid.points:
        model = point.config().model.name
        if model not in zoo.names():
            problems.append(f"model.name: {model!r} is none of {', '.join(zoo.names())}")
        level = dict(zip(RUN_LEVEL, (point.preset, point.seed, dict(point.settings), ""),
                         strict=True))  # fmt: skip
        try:
            if sources:
                deal(sources, level, point.parameters)
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        found = "; ".join(dict.fromkeys(problems))
        raise ConfigError(f"{grid.path.name}: {found}")


def _words(point: Point, config: Config, stems: Sequence[str]) -> tuple[str, ...]:
    """The command of a run."""
    name = ["--name", point.name]
    if not stems:
        return ("train", *options(config), *name)
    given = _pairs(point.parameters)
    return ("report", *options(config), *name, "--notebooks", *stems,
            *(["--pass", *given] if given else []))  # fmt: skip


def _pairs(values: Mapping[str, Any]) -> list[str]:
    return [f"{name}={value!r}" for name, value in values.items()]


def _hash(source: Path) -> str:
    return hashlib.sha256(source.read_bytes()).hexdigest()[:12]
