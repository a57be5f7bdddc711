"""Packed: any of the sets, as `sticc pack` wrote it into one file.

Split, options and protocol were fixed when it was packed; origin and licence are those of the
set, and stand in its facts.
"""

from __future__ import annotations

from pathlib import Path

from sticc_lib.tracklets import packed
from sticc_lib.tracklets.sources.reading import Problem, Reading, no_tables
from sticc_lib.tracklets.store import PixelError
from sticc_lib.tracklets.table import Rule, TrackletSet

num_splits = 1


def load(root: str | Path, split: int = 0) -> TrackletSet:
    """The set of a pack; see `read`.

    Raises:
        DataError: no pack, or a damaged one.
    """
    return read(root, split).to_set()


def read(root: str | Path, split: int = 0) -> Reading:
    """Opens a pack.

    Args:
        root: the file.
        split: 0; another one has to be packed.
    """
    path = Path(root)
    try:
        data = packed.load(path)
    except PixelError as error:
        what, _, remedy = str(error).removeprefix(f"{path}: ").partition("; ")
        problem = Problem(str(path), what, remedy or "give the file that sticc pack wrote")
        return Reading("packed", path, *no_tables(), Rule(), [problem])
    problems = []
    if split != 0:
        what = f"split {split} does not exist"
        problems.append(Problem(str(path), what, "a pack holds one; pack the other too"))
    table = data.tracklets
    found = {
        "tracklets": len(table),
        "persons": table.loc[table["person"] > 0, "person"].nunique(),
        "cameras": table["camera"].nunique(),
        "images": len(data.frames),
        "queries": int(table["query"].sum()),
        "gallery": int(table["gallery"].sum()),
    }
    return Reading(
        data.name, path, table, data.frames, data.rule, problems, {}, found, data.facts,
        pixels=data.pixels,
    )  # fmt: skip
