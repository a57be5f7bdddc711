"""The index files of MARS: name lists, tables of tracklets and queries, read and checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from sticc_lib.tracklets.sources.files import read_lines, read_mat
from sticc_lib.tracklets.sources.reading import Problem, several
from sticc_lib.tracklets.sources.scan import Tree, absent

NAME = re.compile(r"(\d{4}|00-1)C(\d)T(\d+)F(\d+)\.jpg", re.ASCII)
WIDTHS = (4, 2, 5, 4, 4)
"""Letters of the usual name: person, C1, T0001, F001, .jpg. Other widths are read more slowly."""
LISTS = "copy info/ again from the MARS-evaluation repository of its authors"
MOST = 4
"""Times that an image may be claimed on average before the table is given up."""
IMAGES = "unpack bbox_train.zip and bbox_test.zip again, or mend the list"


class Names(NamedTuple):
    """What the names of a list say; 0 where a name does not parse."""

    person: np.ndarray
    camera: np.ndarray
    frame: np.ndarray
    good: np.ndarray


def parse(names: Sequence[str]) -> Names:
    """Person, camera and frame of file names; the usual form at once, others one by one."""
    lengths = np.fromiter(map(len, names), np.int64, len(names))
    person, camera, frame = np.zeros((3, len(names)), np.int64)
    good = np.zeros(len(names), bool)
    usual = np.flatnonzero(lengths == sum(WIDTHS))
    try:
        letters = "".join([names[i] for i in usual.tolist()]).encode("ascii")
        text = np.frombuffer(letters, np.uint8).reshape(-1, sum(WIDTHS))
        pid, cam, track, time, end = np.split(text, np.cumsum(WIDTHS)[:-1], axis=1)
        marks = (cam[:, 0] == ord("C")) & (track[:, 0] == ord("T")) & (time[:, 0] == ord("F"))
        marks &= (end == np.frombuffer(b".jpg", np.uint8)).all(1)
        junk = (pid == np.frombuffer(b"00-1", np.uint8)).all(1)
        numbers = [_number(part) for part in (pid, cam[:, 1:], track[:, 1:], time[:, 1:])]
        person[usual] = np.where(junk, -1, numbers[0])
        camera[usual], frame[usual] = numbers[1], numbers[3]
        good[usual] = marks & (junk | (numbers[0] >= 0)) & (np.min(numbers[1:], axis=0) >= 0)
    except UnicodeEncodeError:
        pass  # the slow way finds out which
    for i in np.flatnonzero(~good).tolist():
        found = NAME.fullmatch(names[i])
        good[i] = found is not None and len(found[4]) < 10
        if good[i] and found:
            person[i], camera[i] = int(found[1].replace("00-1", "-1")), int(found[2])
            frame[i] = int(found[4])
    return Names(person, camera, frame, good)


def _number(digits: np.ndarray) -> np.ndarray:
    """Rows of ASCII digits as numbers; -1 where there is another letter."""
    values = digits.astype(np.int64) - ord("0")
    powers = 10 ** np.arange(digits.shape[1])[::-1]
    return np.where(((values >= 0) & (values <= 9)).all(1), values @ powers, -1)


def part(
    tree: Tree, which: str, problems: list[Problem]
) -> tuple[pd.DataFrame, pd.DataFrame, int] | None:
    """Tracklets (index: row from 0; pid, camera), their frames, and how many rows there are."""
    path = tree.root / "info" / f"{which}_name.txt"
    names = read_lines(path, problems, LISTS)
    table = tree.root / "info" / f"tracks_{which}_info.mat"
    rows = read_mat(table, f"track_{which}_info", problems, columns=4, remedy=LISTS)
    if names is None or rows is None:
        return None
    said = parse(names)
    problems += several(
        lambda i: f"{path} line {i + 1}", np.flatnonzero(~said.good),
        lambda i: f"name {names[i][:60]!r} is not of the form 0001C1T0001F001.jpg", LISTS,
    )  # fmt: skip
    again = pd.Series(names, dtype=object).duplicated().to_numpy() & said.good
    problems += several(
        lambda i: f"{path} line {i + 1}", np.flatnonzero(again),
        lambda i: f"{names[i]} stands in the list a second time", LISTS,
    )  # fmt: skip
    usable = _rows(table, rows, len(names), problems)
    first, last = rows[usable, 0], rows[usable, 1]
    owner, line = _expand(first, last)
    _claims(table, rows[usable], usable, owner, line, said, problems)
    keep = said.good[line]
    owner, line = owner[keep], line[keep]
    folder = f"bbox_{which}"
    # built once, in the order of the tracklets
    wanted = np.array([f"{folder}/{names[i][:4]}/{names[i]}" for i in line.tolist()], object)
    here = tree.folder(folder)
    gone, told = absent(here, wanted, lambda i: f"{path} line {line[i] + 1}", IMAGES)
    problems += told
    spare = np.zeros(0, bool)
    if gone.any() or len(here) != len(wanted):  # else each image is a line's; a costly question
        spare = ~here["name"].isin(pd.Index(names, dtype=object))
    if spare.any():
        what = f"{spare.sum()} of {len(here)} images in {folder} are in no line; they are not used"
        problems.append(Problem(str(path), what, "nothing to do if they are yours", fatal=False))
    tracklets = pd.DataFrame({"pid": rows[usable, 2], "camera": rows[usable, 3]}, index=usable)
    times = _times(owner, line, said.frame)
    frames = pd.DataFrame({"tracklet": usable[owner], "time": times, "path": wanted})
    return tracklets, frames if not gone.any() else frames[~gone], len(rows)


def _rows(table: Path, rows: np.ndarray, lines: int, problems: list[Problem]) -> np.ndarray:
    """Which rows of a tracklet table can be used; the others are told."""
    first, last, person, camera = rows.T
    outside = (first < 1) | (last > lines) | (first > last)
    problems += several(
        lambda r: f"{table} row {r + 1}", np.flatnonzero(outside),
        lambda r: f"images {first[r]} to {last[r]}, but the list has lines 1 to {lines}", LISTS,
    )  # fmt: skip
    strange = (person < -1) | (person > 9999) | (camera < 1) | (camera > 9)
    problems += several(
        lambda r: f"{table} row {r + 1}", np.flatnonzero(strange),
        lambda r: f"person {person[r]}, camera {camera[r]}; expected -1 and up, and 1 to 9", LISTS,
    )  # fmt: skip
    usable = np.flatnonzero(~outside & ~strange)
    claimed = int((last - first + 1)[usable].sum())
    if claimed > MOST * lines:  # not a tracklet table; expanding it could take all memory
        what = f"its tracklets claim {claimed} images, the name list has {lines}"
        problems.append(Problem(str(table), what, LISTS))
        return usable[:0]
    return usable


def _expand(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For ranges (from 1, inclusive) the range and the line (from 0) of every member."""
    sizes = last - first + 1
    owner = np.repeat(np.arange(len(first)), sizes)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    return owner, np.repeat(first - 1, sizes) + np.arange(sizes.sum()) - starts


def _claims(
    table: Path, rows: np.ndarray, numbers: np.ndarray, owner: np.ndarray, line: np.ndarray,
    said: Names, problems: list[Problem],
) -> None:  # fmt: skip
    """Images in two tracklets or none, and images whose name says another person or camera."""
    uses = np.bincount(line, minlength=len(said.good))
    problems += several(
        lambda i: f"{table} row {numbers[owner[i]] + 1}", np.flatnonzero(uses[line] > 1),
        lambda i: f"image {line[i] + 1} is in {uses[line[i]]} tracklets", LISTS,
    )  # fmt: skip
    if (uses == 0).any():
        what = f"{(uses == 0).sum()} of {len(uses)} names are in no tracklet; they are not used"
        problems.append(Problem(str(table), what, LISTS, fatal=False))
    differs = (said.person[line] != rows[owner, 2]) | (said.camera[line] != rows[owner, 3])
    wrong = np.flatnonzero(differs & said.good[line])
    wrong = wrong[np.unique(owner[wrong], return_index=True)[1]]  # the first of each tracklet
    problems += several(
        lambda i: f"{table} row {numbers[owner[i]] + 1}", wrong,
        lambda i: (
            f"person {rows[owner[i], 2]}, camera {rows[owner[i], 3]}, but the name of image "
            f"{line[i] + 1} says {said.person[line[i]]}, {said.camera[line[i]]}"
        ), LISTS,
    )  # fmt: skip


def _times(owner: np.ndarray, line: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """The frame number of the name; where a tracklet has one twice, the place in the list."""
    times = frame[line]
    twice = pd.DataFrame({"owner": owner, "time": times}).duplicated().to_numpy()
    listed = np.isin(owner, owner[twice])
    return np.where(listed, line + 1, times)
