"""A grid in a YAML file: what it may say, and the runs that it stands for.

    batch: slots                        # folder reports/slots; else the file's name
    run: train                          # or notebooks: [03, 06] for a report of each run
    preset: smoke
    parameters:
      model.head.slots: [2, 4, 8]       # a list is an axis of the grid
      seed: [0, 1, 2]
      train.lr: 1e-3                    # a single value holds for all runs
    exclude:
      - {model.head.slots: 2, seed: [1, 2]}
    include:
      - {model.name: mean_pool, seed: [0, 1, 2]}
    name: "{model.name}-{model.head.slots}-s{seed}"
    threads: 1
    retries: 1
    limits: {cell_minutes: 60, notebook_minutes: 120}

Parameters are settings by their dotted name, `seed`, `preset`, and parameters of notebooks (`steps`
for each that has it, `03.steps` for one; in quotes where YAML would see a number). A value that is
itself a list stands in a list of lists. `include` adds runs of its own, which share the single
values and nothing of the axes; `exclude` leaves out of the product what agrees with an entry.
Names are made of values by `{...}`; without `name` of all values that differ.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sticc_lib.config import ConfigError, flatten
from sticc_lib.experiments.grid import expand
from sticc_lib.experiments.plain_yaml import Marked, read_yaml
from sticc_lib.experiments.points import SETTINGS, Point, named

MOST = 10_000
"""Runs of a grid; more are a slip."""
KNOWN: dict[str, tuple[type, ...]] = {
    "batch": (str,), "run": (str,), "notebooks": (list,), "preset": (str,), "parameters": (dict,),
    "exclude": (list,), "include": (list,), "name": (str,), "threads": (int,), "retries": (int,),
    "limits": (dict,),
}  # fmt: skip
LIMITS = {"cell_minutes": 60.0, "notebook_minutes": 120.0}


@dataclass(frozen=True)
class GridFile:
    """What a file says. `notebooks`: empty where models are trained, and nothing else."""

    path: Path
    batch: str
    notebooks: tuple[str, ...]
    points: tuple[Point, ...]
    threads: int = 0
    """Of each run; 0 for its share of the cores."""
    retries: int = 1
    limits: Mapping[str, float] = field(default_factory=lambda: dict(LIMITS))


def read_grid(path: Path) -> GridFile:
    """Reads a grid file; every run's settings are built, and so checked.

    Raises:
        ConfigError: file, line and remedy of everything that is wrong, in one message.
    """
    said = read_yaml(path)
    problems = _shape(said)
    if problems:
        raise said.error(problems)
    top = said.value
    single, axes = _parameters(said, problems)
    if not problems and math.prod(len(v) for v in axes.values()) > MOST:
        problems.append((("parameters",), f"more than {MOST} runs; use shorter lists"))
    if problems:
        raise said.error(problems)
    found = [*_without(expand(axes), said, problems), *_more(said, problems)]
    values = [{"preset": top.get("preset", "quick"), "seed": 0, **single, **own} for own in found]
    batch = top.get("batch", re.sub(r"[^\w.-]+", "_", path.stem))
    if not re.fullmatch(r"\w[\w.-]*", batch):
        problems.append((("batch",), "use letters, digits, `_`, `-` and `.` only"))
    if not values and not problems:
        problems.append((("parameters",), "no run is left; say less under exclude"))
    points, wrong = named(values, batch, top.get("name", ""))
    problems += [(("name",), problem) for problem in wrong]
    notebooks = tuple(said.texts("notebooks"))
    _check(points, notebooks, said, problems)
    if problems:
        raise said.error(problems)
    limits = {**LIMITS, **top.get("limits", {})}
    return GridFile(path, batch, notebooks, tuple(points), top.get("threads", 0),
                    top.get("retries", 1), limits)  # fmt: skip


Problems = list[tuple[tuple[str, ...], str]]
"""Of each the keys that lead to it, and what is wrong."""


def _shape(said: Marked) -> Problems:
    """What is wrong with the keys and the kinds of their values."""
    if not isinstance(said.value, dict):
        return [((), "expected `key: value` lines; see sticc batch --help")]
    problems: Problems = []
    for key, value in said.value.items():
        if key not in KNOWN:
            here = (
                "put it under parameters"
                if key.split(".")[0] in {*SETTINGS, "seed"}
                else (f"known: {', '.join(KNOWN)}")
            )
            problems.append(((key,), f"unknown key {key} ({here})"))
        elif not isinstance(value, KNOWN[key]) or isinstance(value, bool):
            kind = {"list": "a list", "dict": "a group", "int": "a whole number", "str": "text"}
            problems.append(((key,), f"{key}: expected {kind[KNOWN[key][0].__name__]}, got "
                                     f"{value!r}"))  # fmt: skip
    top = {k: v for k, v in said.value.items() if isinstance(v, KNOWN.get(k, ()))}
    if ("run" in top) == ("notebooks" in top) and not problems:
        problems.append((("run",), "say either `run: train` or `notebooks: [03, 06]`"))
    if top.get("run", "train") != "train":
        problems.append((("run",), f"run: {top['run']!r}; expected train, or use notebooks: [...]"))
    for key, least in (("threads", 0), ("retries", 0)):
        if top.get(key, least) < least:
            problems.append(((key,), f"{key}: {top[key]}; expected {least} or more"))
    for name, value in top.get("limits", {}).items():
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
        if name not in LIMITS or not good:
            problems.append((("limits", name), f"limits: expected {' and '.join(LIMITS)}, "
                             f"numbers from 0 (no limit); got {name}: {value!r}"))  # fmt: skip
    return problems


def _parameters(said: Marked, problems: Problems) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Those with one value, and the axes."""
    given = _flat(said.value.get("parameters", {}), ("parameters",), problems)
    axes = {name: value for name, value in given.items() if isinstance(value, list)}
    return {n: v for n, v in given.items() if n not in axes}, axes


def _flat(given: Any, where: tuple[str, ...], problems: Problems) -> dict[str, Any]:
    """Values by dotted name; each one a plain value or a list of what it takes."""
    if not isinstance(given, dict):
        problems.append((where, f"expected `name: value` pairs, got {given!r}"))
        return {}
    flat = flatten(given)
    for name, value in flat.items():
        if isinstance(value, list) and not value:
            problems.append(((*where, name), f"{name}: an empty list stands for no run at all"))
        twice = [n for n in flat if n.startswith(f"{name}.")]
        if twice:
            problems.append(((*where, name), f"{name} is given both as a value and as a group"))
    return flat


def _entries(said: Marked, key: str, problems: Problems) -> list[dict[str, Any]]:
    each = said.value.get(key, [])
    return [_flat(entry, (key, str(n)), problems) for n, entry in enumerate(each)]


def _without(
    found: list[dict[str, Any]], said: Marked, problems: Problems
) -> Iterable[dict[str, Any]]:
    """The product without what agrees with an entry of `exclude`."""
    if not said.value.get("parameters") and said.value.get("include"):
        return []  # nothing but the runs that are listed
    for number, entry in enumerate(_entries(said, "exclude", problems)):
        left = [own for own in found if not _agrees(own, entry)]
        if len(left) == len(found):
            problems.append((("exclude", str(number)), "no run agrees with it; give names and "
                             "values of lists under parameters"))  # fmt: skip
        found = left
    return found


def _agrees(own: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    return all(
        name in own and own[name] in (value if isinstance(value, list) else [value])
        for name, value in entry.items()
    )


def _more(said: Marked, problems: Problems) -> list[dict[str, Any]]:
    """The runs of `include`, whose lists are products too."""
    found: list[dict[str, Any]] = []
    for entry in _entries(said, "include", problems):
        lists = {n: v if isinstance(v, list) else [v] for n, v in entry.items()}
        found += expand(lists) if len(found) + math.prod(map(len, lists.values())) <= MOST else []
    return found


def _check(
    points: list[Point], notebooks: tuple[str, ...], said: Marked, problems: Problems
) -> None:
    """Builds the settings of every run; what is wrong is told once, with where it stands."""
    told: set[str] = set()
    same: dict[str, str] = {}
    for point in points:
        wrong = ""
        try:
            point.config()
            if point.parameters and not notebooks:
                wrong = f"{', '.join(point.parameters)}: no setting, and there are no notebooks"
        except ConfigError as error:
            wrong = str(error).removeprefix("Config: ")
        truths = [n for n, v in point.values.items() if isinstance(v, bool) and f"{n}: " in wrong]
        if truths:
            wrong += " (YAML reads on, off, yes and no as True and False: use quotes)"
        if wrong and wrong not in told:
            told.add(wrong)
            problems.append((said.where(wrong, point.values), wrong))
        other = same.setdefault(repr(sorted(point.values.items())), point.name)
        if other != point.name:
            problems.append((("parameters",), f"{point.name} and {other} are the same run"))
