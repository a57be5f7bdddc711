"""Any source by its name, asked with a split and with options that it knows."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sticc_lib.run import bar, data_dir
from sticc_lib.tracklets.sources import source
from sticc_lib.tracklets.sources.reading import Problem, Reading, no_tables
from sticc_lib.tracklets.store import FileStore, PixelError
from sticc_lib.tracklets.table import DataError, Rule, TrackletSet

BATCH = 256


def read(name: str, root: str | Path = "", split: int = 0, **options: Any) -> Reading:
    """What a source finds in a folder.

    Args:
        name: one of SOURCES.
        root: the folder (or file); may be empty for the embedded ones only.
        split: of the source's splits, from 0.
        options: of the source's own `read` (`load` for the embedded ones).

    Raises:
        DataError: an unknown name, an option that the source does not have, or no folder.
    """
    module = source(name)
    if name == "walkers":
        return _of_set(name, root, lambda: _walkers(options))
    if not hasattr(module, "read"):
        _check(name, module.load, options)
        return _of_set(name, root, lambda: module.load(root, **options))
    if not str(root):  # an empty one would mean the working folder
        raise DataError(f"{name}: give its folder")
    _check(name, module.read, options)
    return module.read(root, split, **options)


def decode(reading: Reading, progress: bool = True) -> list[Problem]:
    """Opens every picture of a reading; a problem for each that cannot be opened."""
    pixels, frames = reading.pixels or FileStore(reading.root), reading.frames
    where = frames["row" if "row" in frames else "path"].to_numpy()
    boxes = frames[list("xywh")].to_numpy(float) if "x" in frames else None

    def look(row: int) -> Problem | None:
        part = slice(row, row + 1)
        try:
            pixels.read(where[part], None, None if boxes is None else boxes[part])
        except PixelError as error:
            place = f"frame {where[row]}" if "row" in frames else str(reading.root / where[row])
            what, _, remedy = str(error).removeprefix(f"{place}: ").partition("; ")
            return Problem(place, what, remedy or "copy it again or drop its row")
        return None

    if len(where):
        look(0)  # a store that opens itself when first asked does so once, before the threads
    found: list[Problem | None] = []
    shown = bar(progress, total=len(where), desc=f"decode {reading.name}", unit="frame")
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool, shown:
        for start in range(0, len(where), BATCH):  # a pool takes all it is given at once
            rows = range(start, min(start + BATCH, len(where)))
            found += [p for p in pool.map(look, rows) if p is not None]
            shown.update(len(rows))
    return list(dict.fromkeys(p for p in found if p is not None))


def _check(name: str, reader: Callable[..., Any], options: dict[str, Any]) -> None:
    """Refuses options that the source does not have, or of another type than their default."""
    known = {k: p.default for k, p in inspect.signature(reader).parameters.items()}
    for given in ("root", "split"):
        known.pop(given, None)
    listed = ", ".join(f"{option}={default!r}" for option, default in known.items())
    problems = []
    for option, value in options.items():
        if option not in known:
            problems.append(f"{name} has no option {option} (it has {listed or 'none'})")
            continue
        wanted = type(known[option])
        fits = (int, float) if wanted is float else (tuple, list) if wanted is tuple else wanted
        if isinstance(value, bool) != (wanted is bool) or not isinstance(value, fits):
            problems.append(f"{name}: {option} is {value!r}, expected a {wanted.__name__}")
    if problems:
        raise DataError("; ".join(problems))


def _walkers(options: dict[str, Any]) -> TrackletSet:
    from sticc_lib.config import DataConfig, from_dict
    from sticc_lib.tracklets import walkers

    return walkers.load(from_dict(DataConfig, options))


def _of_set(name: str, root: str | Path, load: Callable[[], TrackletSet]) -> Reading:
    """The reading of a source that checks itself and gives a set, or one error."""
    place = Path(str(root) or data_dir())
    try:
        data = load()
    except (DataError, PixelError) as error:
        what, _, remedy = str(error).partition("; ")
        problem = Problem(name, what, remedy or "mend it and check again")
        return Reading(name, place, *no_tables(), Rule(), [problem])
    table = data.tracklets
    found = {
        "tracklets": len(table),
        "persons": table.loc[table["person"] > 0, "person"].nunique(),
        "cameras": table["camera"].nunique(),
        "images": len(data.frames),
        "queries": int(table["query"].sum()),
    }
    return Reading(
        data.name, place, table, data.frames, data.rule, [], {}, found, data.facts,
        pixels=data.pixels,
    )  # fmt: skip
