"""Image trees: folders and file names that say person, camera and time, grouped into tracklets."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.tracklets.check import JUNK
from sticc_lib.tracklets.sources.reading import (
    Problem,
    finish,
    no_tables,
    number_persons,
    several,
)
from sticc_lib.tracklets.sources.scan import paths, scan

WITHDRAWN = (
    "derived from DukeMTMC, which Duke University withdrew in 2019: do not redistribute "
    "it, prefer another benchmark"
)
COPY = "copy it from the data set as it was unpacked"
RENAME = "rename the file as the data set does, or move it away"
_BIGGEST = 2**31 - 1


@dataclass(frozen=True)
class Part:
    """A folder of a data set and what its images are for."""

    folder: str
    split: str
    query: bool = False
    gallery: bool = False


MARKET = (
    Part("bounding_box_train", "train"),
    Part("query", "test", query=True),
    Part("bounding_box_test", "test", gallery=True),
)


def inner(root: Path | str, marks: Collection[str], *names: str) -> Path:
    """The folder that holds one of `marks`: `root`, or one of the named folders below it."""
    root = Path(root)
    for folder in (root, *(root / name for name in names)):
        if any((folder / mark).exists() for mark in marks):
            return folder
    return root


def check_split(root: Path, split: int, splits: int, problems: list[Problem]) -> None:
    """A split that does not exist is a problem; splits count from 0."""
    if not 0 <= split < splits:
        there = "there is only split 0" if splits == 1 else f"there are 0 to {splits - 1}"
        problems.append(Problem(str(root), f"split {split} does not exist", there))


def parse(
    files: list[str],
    expression: re.Pattern[str],
    form: str,
    root: Path,
    problems: list[Problem],
) -> pd.DataFrame:
    """One row a path that fits: `path` and a text column for each named group.

    Args:
        files: relative paths.
        expression: what the whole path must match; all its groups have names.
        form: the form that names should have, for messages.
        root: for messages.
        problems: paths that do not fit are added.
    """
    names = list(expression.groupindex)
    rows: list[tuple[str, ...]] = []
    bad: list[int] = []
    texts: dict[str, str] = {}
    once = texts.setdefault  # persons and cameras stand there again and again: hold each once
    for number, path in enumerate(files):
        found = expression.fullmatch(path)
        if found is None:
            bad.append(number)
        else:
            parts = found.groups()
            rows.append((path, *map(once, parts, parts)))
    problems += several(
        lambda n: str(root / files[n]), bad, lambda n: f"expected a name like {form}", RENAME
    )
    return pd.DataFrame(rows, columns=["path", *names], dtype=object)


def read_parts(
    root: Path,
    parts: Sequence[Part],
    name: re.Pattern[str],
    form: str,
    problems: list[Problem],
) -> pd.DataFrame:
    """The images of several folders: their parsed paths, and `split`, `query`, `gallery`.

    Args:
        root: folder of the data set.
        parts: its folders; one that is missing or holds no image is a problem.
        name: what the path below a part's folder must match.
        form: the form of such a path, for messages.
        problems: what is wrong is added.

    Returns:
        One row an image: `path`, the groups of `name`, `part` and what the part says.
    """
    tree = scan(root)
    problems += tree.problems
    tables = []
    for part in parts:
        files = paths(tree.folder(part.folder)).tolist()
        if not files and root.is_dir():
            there = (root / part.folder).is_dir()
            what = "holds no image" if there else "the folder is missing"
            problems.append(Problem(str(root / part.folder), what, COPY))
        whole = re.compile(re.escape(part.folder) + "/" + name.pattern, name.flags)
        table = parse(files, whole, f"{part.folder}/{form}", root, problems)
        tables.append(
            table.assign(split=part.split, query=part.query, gallery=part.gallery, part=part.folder)
        )
    return pd.concat(tables, ignore_index=True)


def whole_numbers(
    frames: pd.DataFrame, column: str, root: Path, problems: list[Problem]
) -> pd.DataFrame:
    """The frames with a column of digits turned into int64; numbers beyond 31 bits are problems."""
    long = frames[column].str.lstrip("0").str.len() > 10
    numbers = frames[column].mask(long, "9" * 10).astype(np.int64)
    big = numbers > _BIGGEST
    files = frames["path"].to_numpy()
    problems += several(
        lambda n: str(root / files[n]), np.flatnonzero(big).tolist(),
        lambda n: f"frame {frames[column].iloc[n][:40]} is no sensible number", RENAME,
    )  # fmt: skip
    return frames.assign(**{column: numbers})[~big.to_numpy()].reset_index(drop=True)


def group(
    source: str,
    root: Path,
    frames: pd.DataFrame,
    keys: Sequence[str],
    problems: list[Problem],
    distractors: Collection[str] = (),
    junk: Collection[str] = (),
    extra: Sequence[str] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Frames that agree in `keys` become one tracklet, numbered in the order of the keys.

    Args:
        source: name of the set.
        root: for messages.
        frames: `path`, `person` (text), `camera`, `split`, `query`, `gallery`, `time`, and `keys`.
            What is not a key must be the same all through a tracklet; else it is a problem.
        keys: columns.
        problems: two images of one time, and tracklets of two persons or cameras, are added.
        distractors, junk: persons that are none; junk is set aside (split ignore).
        extra: further columns that the table of tracklets keeps.

    Returns:
        The two tables of a set.
    """
    if frames.empty:
        return no_tables()
    number = frames.groupby(list(keys), sort=True).ngroup()
    frames = frames.assign(tracklet=number)
    frames = frames.sort_values(["tracklet", "time", "path"], ignore_index=True)
    _one_value(root, frames, ("person", "camera"), problems)
    files, times = frames["path"].to_numpy(), frames["time"].to_numpy()
    twice = np.flatnonzero(frames.duplicated(["tracklet", "time"]))
    problems += several(
        lambda n: str(root / files[n]), twice.tolist(),
        lambda n: f"frame {times[n]} of its tracklet is there twice (also {files[n - 1]})",
        "keep the one that belongs there",
    )  # fmt: skip
    table = frames.drop_duplicates("tracklet").set_index("tracklet")
    table = table.assign(
        label=table["person"], person=number_persons(table["person"], distractors, junk)
    )
    strange = table[table["query"] & (table["person"] <= 0)]
    problems += several(
        lambda n: str(root / strange.loc[n, "path"]), strange.index.tolist(),
        lambda n: f"{strange.loc[n, 'label']} is junk or a distractor, and a query",
        "only persons can be asked for: take it out",
    )  # fmt: skip
    aside = table["person"] == JUNK  # never ranked, so it need not be embedded either
    table.loc[aside, "split"] = "ignore"
    table.loc[aside, ["query", "gallery"]] = False
    columns = ["person", "label", "camera", "split", "query", "gallery", *extra]
    return finish(source, table[columns], frames[["tracklet", "time", "path"]])


def _one_value(
    root: Path, frames: pd.DataFrame, columns: Sequence[str], problems: list[Problem]
) -> None:
    """Frames whose person or camera is another than that of their tracklet's first frame."""
    start = np.searchsorted(frames["tracklet"].to_numpy(), frames["tracklet"].to_numpy())
    files = frames["path"].to_numpy()
    for column in columns:
        values, codes = frames[column].to_numpy(object), pd.factorize(frames[column])[0]
        other = np.flatnonzero(codes != codes[start])
        problems += several(
            lambda n: str(root / files[n]), other.tolist(),
            lambda n, c=column, v=values: f"{c} {v[n]} in a tracklet of {c} {v[start[n]]}",
            "move the file to where it belongs",
        )  # fmt: skip
