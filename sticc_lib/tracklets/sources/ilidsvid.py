"""iLIDS-VID: 300 persons, each under two cameras of an airport; ten divisions into halves.

    i-LIDS-VID/sequences/cam1|cam2/person001/cam1_person001_00317.png
    train-test people splits/train_test_splits_ilidsvid.mat       (ls_set, 10 x 300)

A row of `ls_set` is one split: numbers, from 1, of the SORTED person folders; the first half of
its columns is test, the second train. Query is camera 1, gallery camera 2: one match a query, so
that mAP is rarely quoted. Report CMC averaged over the ten splits.

Expected: 300 persons, 600 tracklets of 23 to 192 frames (73 in the mean), 150 persons to train on.
Licence: research terms of UK i-LIDS. Ask: the set's page at Queen Mary University (recalled).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sticc_lib.tracklets.sources import trees, twocameras
from sticc_lib.tracklets.sources.account import conclude
from sticc_lib.tracklets.sources.files import read_mat
from sticc_lib.tracklets.sources.reading import Problem, Reading, several
from sticc_lib.tracklets.table import TrackletSet

num_splits = 10
EXPECTED: dict[str, int | str] = {
    "persons": 300, "tracklets": 600, "shortest": 23, "longest": 192, "train persons": 150,
    "queries": 150, "gallery": 150, "splits": 10, "cameras": 2,
}  # fmt: skip
FACTS = {
    "licence": "research terms of UK i-LIDS",
    "ask": "the set's page at Queen Mary University of London (recalled, unverified)",
}
CAMERAS = ("sequences/cam1", "sequences/cam2")
LIST = Path("train-test people splits") / "train_test_splits_ilidsvid.mat"
REMEDY = f"copy {LIST.as_posix()} of the data set beside i-LIDS-VID"
FORM = "person001/cam1_person001_00317.png"


def read(root: str | Path, split: int = 0) -> Reading:
    """Reads one of the ten splits.

    Args:
        root: folder that holds `i-LIDS-VID` and the folder of the splits.
        split: 0 to 9.
    """
    problems: list[Problem] = []
    given = Path(root)
    root = trees.inner(given, ["sequences"], "i-LIDS-VID")
    frames = twocameras.camera_frames(root, CAMERAS, FORM, problems)
    names = np.array(sorted(frames["name"].unique()), object)
    where = next((p for p in (given / LIST, root.parent / LIST) if p.is_file()), given / LIST)
    wanted = {name: str(root) for name in names}
    problems += twocameras.absent(root, CAMERAS, frames, wanted)
    table = _read_splits(where, len(names), problems)
    if len(table):
        trees.check_split(where, split, len(table), problems)
    row = table[split] - 1 if 0 <= split < len(table) else np.empty(0, np.int64)
    half = len(row) // 2
    frames = twocameras.assign(frames, names[row[half:]], names[row[:half]])
    tables = trees.group("ilidsvid", root, frames, ["name", "camera"], problems)
    reading = conclude(
        "ilidsvid", root, tables, twocameras.RULE, problems, EXPECTED, FACTS, len(table)
    )
    lengths = reading.tracklets["num_frames"]
    reading.found.update({"persons": len(names), "tracklets": len(lengths), "splits": len(table)})
    if len(lengths):
        reading.found.update({"shortest": int(lengths.min()), "longest": int(lengths.max())})
    return reading


def load(root: str | Path, split: int = 0) -> TrackletSet:
    """The set, checked; see `read`."""
    return read(root, split).to_set()


def _read_splits(path: Path, persons: int, problems: list[Problem]) -> np.ndarray:
    """int64 [splits, persons]: each row all numbers 1..persons once. Empty if it is not usable."""
    nothing = np.empty((0, persons), np.int64)
    table = read_mat(path, "ls_set", problems, remedy=REMEDY)
    if table is None or persons == 0:
        return nothing
    if table.shape[1] != persons or persons % 2 or len(table) == 0:
        what = f"the shape {table.shape}, expected a column for each of {persons} persons"
        problems.append(Problem(f"{path} ls_set", f"{what}, in two halves", REMEDY))
        return nothing
    wrong = np.flatnonzero((np.sort(table, axis=1) != np.arange(1, persons + 1)).any(axis=1))
    problems += several(
        lambda n: f"{path} ls_set row {n + 1}", wrong.tolist(),
        lambda n: _row_fault(table[n], persons), REMEDY,
    )  # fmt: skip
    return nothing if len(wrong) else table


def _row_fault(row: np.ndarray, persons: int) -> str:
    outside = row[(row < 1) | (row > persons)]
    if len(outside):
        return f"index {outside[0]} is outside 1..{persons}, the person folders there are"
    values, counts = np.unique(row, return_counts=True)
    return f"person {values[counts > 1][0]} stands there twice, expected each once"
