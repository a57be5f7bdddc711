"""LS-VID: 3,772 persons in 14,943 tracklets from 15 cameras, indoors and outdoors.

Expected: query 3,504 tracklets, gallery without them 7,829 (counted in public adapters); train
2,831 tracklets of 842 persons, validation 779 tracklets of 200 persons, test persons 2,730
(recalled or computed: unverified); 15 cameras.

Layout: in `list_sequence/` the lists `list_seq_train.txt`, `list_seq_val.txt` (recalled:
unverified, so it may be missing) and `list_seq_test.txt`, each line `<path prefix> <person>`: the
frames of a tracklet are the files whose path begins with the prefix. `test/data/info_test.mat`
(HDF5), variable `query`: lines of the test list, from 1. The camera is the third part, between
underscores, of a frame's file name. Person -1 is junk.

No document says whether a number names the same person in two lists. CHOICE: each list numbers
its own persons, so labels are `train/0007`, `test/0007`; nobody is trained and tested on anyway.

Licence: on request from its authors (Li et al., ICCV 2019), with a signed agreement (unverified).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.tracklets.sources.files import read_lines, read_rows, safe
from sticc_lib.tracklets.sources.reading import (
    Problem,
    Reading,
    finish,
    lonely_queries,
    no_tables,
    number_persons,
    several,
    told_once,
)
from sticc_lib.tracklets.sources.scan import paths, scan
from sticc_lib.tracklets.sources.trees import check_split, inner
from sticc_lib.tracklets.table import Rule, TrackletSet

num_splits = 1
JUNK = "-1"
LINE = re.compile(r"(\S.*?)\s+(-1|\d{1,9})", re.ASCII)
CAMERA = re.compile(r"c?(\d{1,4})", re.ASCII | re.IGNORECASE)
LISTS = "copy list_sequence/ and test/data/ again from the data set"
IMAGES = "unpack the images again, or mend the list"
LAST = chr(0x10FFFF)
EXPECTED: dict[str, int | str] = {
    "train tracklets": 2831,
    "train persons": 842,
    "val tracklets": 779,
    "val persons": 200,
    "test tracklets": 11_333,
    "test persons": 2730,
    "queries": 3504,
    "gallery": 7829,
    "cameras": 15,
}


def load(root: str | Path, split: int = 0, queries_in_gallery: bool = False) -> TrackletSet:
    """The set; see `read`.

    Raises:
        DataError: lists every problem that stands in the way.
    """
    return read(root, split, queries_in_gallery).to_set()


def read(root: str | Path, split: int = 0, queries_in_gallery: bool = False) -> Reading:
    """Reads and checks the lists and the tree; no image is opened.

    Args:
        root: the folder of `list_sequence` and the images (or one that holds it as `LS-VID`).
        split: 0; there is one.
        queries_in_gallery: also rank queries among the gallery. CHOICE: off, as in the adapters
            that the counts are from.
    """
    root = inner(root, ("list_sequence",), "LS-VID", "LS_VID")
    problems: list[Problem] = []
    check_split(root, split, num_splits, problems)
    tree = scan(root)
    problems += tree.problems
    rule = Rule(queries_in_gallery=queries_in_gallery)
    files = sorted(paths(tree.files))
    tables, frames, start = [], [], 0
    for which in ("train", "val", "test"):
        part = _part(root, which, files, problems)
        if part is None:
            continue
        table, mine = part
        tables.append(table.set_axis(table.index + start))
        frames.append(mine.assign(tracklet=mine["tracklet"] + start))
        start += int(table.index.max()) + 1
    if not tables:
        told = told_once(problems)
        return Reading("lsvid", root, *no_tables(), rule, told, dict(EXPECTED))
    table = pd.concat(tables)
    _mark(root, table, rule, problems)
    all_frames = pd.concat(frames, ignore_index=True)
    _shared(all_frames, table, problems)
    return _told(root, *finish("lsvid", table, all_frames), rule, problems)


def _part(
    root: Path, which: str, files: list[str], problems: list[Problem]
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Tracklets (index: line of the list, from 0) and frames of one list."""
    path = root / "list_sequence" / f"list_seq_{which}.txt"
    if which == "val" and not path.exists():
        what = "the file is missing, so there are no validation persons"
        problems.append(Problem(str(path), what, "nothing to do if your copy has none", False))
        return None
    lines = read_lines(path, problems, LISTS)
    if not lines:
        if lines is not None:
            problems.append(Problem(str(path), "the list is empty", LISTS))
        return None
    matches = [LINE.fullmatch(line) for line in lines]
    problems += several(
        lambda i: f"{path} line {i + 1}", [i for i, m in enumerate(matches) if m is None],
        lambda i: f"{lines[i][:60]!r} is not a path prefix and a person", LISTS,
    )  # fmt: skip
    rows, owners, names, bare = [], [], [], []
    for i, match in enumerate(matches):
        prefix = safe(match[1], f"{path} line {i + 1}", problems) if match else None
        if match is None or prefix is None:
            continue
        prefix += "/" if match[1].endswith("/") else ""
        mine = files[bisect_left(files, prefix) : bisect_left(files, prefix + LAST)]
        mine = [name for name in mine if "/" not in name[len(prefix) :]]
        rows.append((i, match[2], prefix))
        owners += [i] * len(mine)
        names += mine
        bare += [] if mine else [(i, prefix)]
    problems += several(
        lambda b: f"{path} line {b[0] + 1}", bare, lambda b: f"no image begins with {b[1]}", IMAGES
    )
    frames = pd.DataFrame({"tracklet": np.array(owners, np.int64), "path": names})
    frames["time"] = frames.groupby("tracklet").cumcount() + 1
    table = pd.DataFrame(rows, columns=["line", "pid", "prefix"]).set_index("line")
    table = table.assign(which=which, line=table.index, list=str(path))
    if not len(table):
        return None
    table["camera"] = _cameras(table, frames, problems)
    return table, frames


def _cameras(table: pd.DataFrame, frames: pd.DataFrame, problems: list[Problem]) -> pd.Series:
    """Camera of each tracklet, from the names of its frames, which must agree."""
    parts = [name.rpartition("/")[2].rpartition(".")[0].split("_") for name in frames["path"]]
    found = [CAMERA.fullmatch(p[2]) if len(p) > 2 else None for p in parts]
    paths_ = frames["path"]
    problems += several(
        lambda i: paths_[i], [i for i, m in enumerate(found) if m is None],
        lambda i: "the third part of the name, between underscores, is no camera number",
        "rename it as the data set does, or move it away",
    )  # fmt: skip
    numbers = pd.Series([int(m[1]) if m else None for m in found], dtype="Int64")
    groups = numbers.groupby(frames["tracklet"].to_numpy())
    mixed = groups.nunique()
    problems += several(
        lambda i: f"{table['list'][i]} line {i + 1}", mixed.index[mixed > 1],
        lambda i: f"the images of {table['prefix'][i]} are of {mixed[i]} cameras",
        "make the prefix longer, so that it names one tracklet",
    )  # fmt: skip
    return groups.first().reindex(table.index).astype("Int64")


def _mark(root: Path, table: pd.DataFrame, rule: Rule, problems: list[Problem]) -> None:
    """Persons, splits, queries and gallery, added to the table."""
    junk = table["pid"] == JUNK
    label = table["which"] + "/" + table["pid"]
    table["label"] = label.where(~junk, JUNK).astype(object)
    table["person"] = number_persons(table["label"], junk=(JUNK,))
    table["split"] = table["which"].where(~junk, "ignore")
    path = root / "test" / "data" / "info_test.mat"
    lines = table.loc[table["which"] == "test", "line"]
    rows = int(lines.max()) + 1 if len(lines) else None
    asked = read_rows(path, "query", rows, problems, LISTS, first_column=True)
    test = table["which"] == "test"
    table["query"] = test & table["line"].isin(asked)
    problems += several(
        lambda n: f"{path} query", table.index[table["query"] & junk],
        lambda n: f"test line {table['line'][n] + 1} is a query, but junk (-1)", LISTS,
    )  # fmt: skip
    table["gallery"] = test & ~junk & (rule.queries_in_gallery | ~table["query"])


def _shared(frames: pd.DataFrame, table: pd.DataFrame, problems: list[Problem]) -> None:
    """Images that two prefixes claim."""
    counts = Counter(frames["path"])
    if len(counts) == len(frames):
        return
    again = np.flatnonzero(frames["path"].duplicated().to_numpy())
    owner = frames["tracklet"].to_numpy()[again]
    firsts = again[np.unique(owner, return_index=True)[1]]  # one a tracklet
    problems += several(
        lambda i: f"{table['list'][frames['tracklet'][i]]} line "
        f"{table['line'][frames['tracklet'][i]] + 1}", firsts,
        lambda i: f"{frames['path'][i]} belongs to another line too",
        "make the prefixes longer, or drop the line that stands twice",
    )  # fmt: skip


def _told(
    root: Path, table: pd.DataFrame, frames: pd.DataFrame, rule: Rule, problems: list[Problem]
) -> Reading:
    query = table["query"]
    found: dict[str, int] = {}
    for which in ("train", "val", "test"):
        mine = table[(table["which"] == which) & (table["person"] > 0)]
        found[f"{which} tracklets"] = int((table["which"] == which).sum())
        found[f"{which} persons"] = mine["person"].nunique()
    found |= {
        "queries": int(query.sum()),
        "gallery": int(table["gallery"].sum()),
        "cameras": table["camera"].nunique(),
        "junk tracklets (-1)": int((table["person"] == -1).sum()),
        "images": len(frames),
        "queries without a match": len(lonely_queries(table, rule)),
    }
    lonely = found["queries without a match"]
    if lonely:
        what = f"{lonely} of {found['queries']} queries have no match under another camera"
        remedy = "they are left out of the scores and counted"
        where = str(root / "test" / "data" / "info_test.mat")
        problems.append(Problem(where, what, remedy, fatal=False))
    expected = EXPECTED | ({"gallery": 11_333} if rule.queries_in_gallery else {})
    facts = {
        "origin": "LS-VID (Li et al., ICCV 2019); ask its authors, with a signed agreement",
        "licence": "by agreement (unverified)",
        "persons": "numbered anew in each list: whether the lists share persons is not known",
    }
    listed = told_once(problems)
    kept = table.drop(columns=["pid", "prefix", "which", "line", "list"])
    return Reading("lsvid", root, kept, frames, rule, listed, expected, found, facts, num_splits)
