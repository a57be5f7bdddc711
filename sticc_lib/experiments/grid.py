"""A grid of cells, run once each: expanded, fingerprinted, skipped when done, resumed when not.

Serial for now; whoever wants two at a time starts two processes on different cells.
"""

from __future__ import annotations

import itertools
import shutil
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sticc_lib.run import fingerprint, read_json, stderr, write_json, write_text


@dataclass(frozen=True)
class Cell:
    """One point of a grid.

    Attributes:
        name: folder name, unique in the grid.
        inputs: everything its result depends on; its fingerprint tells whether it was done.
    """

    name: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a cell ended: its numbers, or what went wrong. `skipped`: it was done before."""

    cell: Cell
    numbers: dict[str, float]
    error: str = ""
    skipped: bool = False


def expand(axes: Mapping[str, Iterable[Any]]) -> list[dict[str, Any]]:
    """All combinations of the axes' values, the last axis fastest."""
    names = list(axes)
    return [
        dict(zip(names, values, strict=True))
        for values in itertools.product(*(list(axes[n]) for n in names))
    ]


def run(
    cells: Iterable[Cell],
    work: Callable[[Cell, Path], Mapping[str, float]],
    folder: Path,
    force: bool = False,
) -> list[Outcome]:
    """Runs every cell that is not done; one that fails does not stop the others.

    Args:
        cells: what to run, in order.
        work: called with the cell and its own folder; returns its numbers. It resumes by itself
            from what it finds in the folder.
        folder: one sub-folder a cell; `cell.json` in it holds the inputs, and the numbers once it
            is finished. What was made from other inputs is removed.
        force: run every cell anew.
    """
    outcomes = []
    for cell in cells:
        place = folder / cell.name
        note = {"key": fingerprint(dict(cell.inputs)), "inputs": dict(cell.inputs)}
        held = read_json(place / "cell.json") if (place / "cell.json").exists() else {}
        if force or held.get("key") != note["key"]:
            shutil.rmtree(place, ignore_errors=True)
            write_json(place / "cell.json", note)
        elif "numbers" in held:
            outcomes.append(Outcome(cell, held["numbers"], skipped=True))
            continue
        stderr(f"{cell.name}: running")
        try:
            numbers = dict(work(cell, place))
        except Exception as error:
            write_text(place / "error.txt", traceback.format_exc())
            stderr(f"{cell.name}: failed, {error} (see {place / 'error.txt'})")
            outcomes.append(Outcome(cell, {}, error=f"{type(error).__name__}: {error}"))
            continue
        (place / "error.txt").unlink(missing_ok=True)
        write_json(place / "cell.json", {**note, "numbers": numbers})
        outcomes.append(Outcome(cell, numbers))
    return outcomes
