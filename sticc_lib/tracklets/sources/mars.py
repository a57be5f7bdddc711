"""MARS: 1,261 persons in tracklets from six cameras, with distractors and junk.

Expected (counted from the index files of its authors' evaluation): train 8,298 tracklets of 625
persons, 509,914 images; test 12,180 tracklets, 681,089 images, of which 870 tracklets are junk
(-1) and 3,248 distractors (0); 1,980 queries of 626 persons; gallery 11,310 tracklets with the
queries, 9,330 without; 6 cameras.

Layout: `bbox_train/<person>/*.jpg`, `bbox_test/<person>/*.jpg`, and in `info/` the name lists
`train_name.txt`, `test_name.txt`, the tables `tracks_train_info.mat`, `tracks_test_info.mat` (a
row a tracklet: first and last line of the name list, from 1 and inclusive, person, camera) and
`query_IDX.mat` (rows of the test table, from 1). A name such as `0001C1T0001F001.jpg` is person,
camera, tracklet and frame; that the last two are the tracklet and the frame, and how many digits
they have, is recalled, not counted: unverified. They order frames, nothing else.

No validation persons. The queries stay in the gallery: taken out, 140 of 1,980 would have no
match under another camera (what this copy holds is counted and told, see `facts`).

Licence: no licence text was found; for research, images by the authors of Market-1501
(unverified). Ask its authors (Zheng et al., ECCV 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.tracklets.sources.files import read_rows
from sticc_lib.tracklets.sources.mars_index import IMAGES, LISTS, part
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
from sticc_lib.tracklets.sources.scan import scan
from sticc_lib.tracklets.sources.trees import check_split, inner
from sticc_lib.tracklets.table import Rule, TrackletSet

num_splits = 1
QUERIES = "info/query_IDX.mat"
LABELS = {-1: "00-1", 0: "0000"}
EXPECTED: dict[str, int | str] = {
    "train tracklets": 8298,
    "train persons": 625,
    "train images": 509_914,
    "test tracklets": 12_180,
    "test images": 681_089,
    "junk tracklets (-1)": 870,
    "distractor tracklets (0)": 3248,
    "queries": 1980,
    "query persons": 626,
    "gallery": 11_310,
    "cameras": 6,
}


def load(root: str | Path, split: int = 0, queries_in_gallery: bool = True) -> TrackletSet:
    """The set; see `read`.

    Raises:
        DataError: lists every problem that stands in the way.
    """
    return read(root, split, queries_in_gallery).to_set()


def read(root: str | Path, split: int = 0, queries_in_gallery: bool = True) -> Reading:
    """Reads and checks the index files and the tree; no image is opened.

    Args:
        root: the folder of `bbox_train`, `bbox_test` and `info` (or one that holds it as `MARS`).
        split: 0; there is one.
        queries_in_gallery: keep the queries in the gallery, as their own code does. Some other
            codes take them out; what that costs is told in `facts` either way.
    """
    root = inner(root, ("info", "bbox_train", "bbox_test"), "MARS", "mars")
    problems: list[Problem] = []
    check_split(root, split, num_splits, problems)
    tree = scan(root, (".jpg",), depth=2)
    problems += tree.problems
    rule = Rule(queries_in_gallery=queries_in_gallery)
    if len(tree) == 0 and not (root / "info").is_dir():
        problems = problems or [Problem(str(root), "holds no MARS", "give the folder of info/")]
        return Reading("mars", root, *no_tables(), rule, problems, expected=dict(EXPECTED))
    parts = [part(tree, which, problems) for which in ("train", "test")]
    test_rows = parts[1][2] if parts[1] is not None else None
    asked = read_rows(root / QUERIES, "query_IDX", test_rows, problems, LISTS)
    return _assemble(root, parts, asked, rule, problems)


def _assemble(
    root: Path,
    parts: Sequence[tuple[pd.DataFrame, pd.DataFrame, int] | None],
    asked: np.ndarray,
    rule: Rule,
    problems: list[Problem],
) -> Reading:
    """Both halves as one set: train tracklets from 0, test tracklets after them."""
    tables, frames, start = [], [], 0
    for split, half in zip(("train", "test"), parts, strict=True):
        if half is None:
            continue
        table, mine, rows = half
        table = table.assign(split=split, query=table.index.isin(asked) & (split == "test"))
        tables.append(table.set_axis(table.index + start))
        frames.append(mine.assign(tracklet=mine["tracklet"] + start))
        start = rows
    if not tables:
        return Reading("mars", root, *no_tables(), rule, told_once(problems), dict(EXPECTED))
    table = pd.concat(tables)
    pid = table.pop("pid")
    names = {p: LABELS.get(p, f"{p:04d}") for p in pid.unique()}
    table["label"] = pid.map(names).astype(object)
    table["person"] = number_persons(table["label"], (LABELS[0],), (LABELS[-1],))
    test = table["split"] == "test"
    # CHOICE: junk is dropped from every ranking, so it is set aside rather than embedded
    table.loc[test & (table["person"] == -1), "split"] = "ignore"
    table["gallery"] = table["split"] == "test"
    if not rule.queries_in_gallery:
        table["gallery"] &= ~table["query"]
    strange = table.index[table["query"] & (table["person"] <= 0)]
    problems += several(
        lambda n: str(root / QUERIES), strange,
        lambda n: f"a query is {table['label'][n]}: junk or a distractor, no person", LISTS,
    )  # fmt: skip
    tables_ = finish("mars", table, pd.concat(frames, ignore_index=True))
    return _told(root, tables_, test, rule, problems)


def _told(
    root: Path,
    tables: tuple[pd.DataFrame, pd.DataFrame],
    test: pd.Series,
    rule: Rule,
    problems: list[Problem],
) -> Reading:
    """Counts, and what the choice about the gallery costs."""
    table = tables[0]
    empty = table.index[table["num_frames"] == 0]
    problems += several(
        lambda n: f"{root} {'test' if test[n] else 'train'} tracklet {n}", empty,
        lambda n: "none of its images is usable", IMAGES,
    )  # fmt: skip
    train, real = table["split"] == "train", table["person"] > 0
    query = table["query"]
    found = {
        "train tracklets": int(train.sum()),
        "train persons": table.loc[train & real, "person"].nunique(),
        "train images": int(table.loc[train, "num_frames"].sum()),
        "test tracklets": int(test.sum()),
        "test images": int(table.loc[test, "num_frames"].sum()),
        "junk tracklets (-1)": int((test & (table["person"] == -1)).sum()),
        "distractor tracklets (0)": int((test & (table["person"] == 0)).sum()),
        "queries": int(query.sum()),
        "query persons": table.loc[query, "person"].nunique(),
        "gallery": int(table["gallery"].sum()),
        "cameras": table["camera"].nunique(),
    }
    expected = EXPECTED | ({} if rule.queries_in_gallery else {"gallery": 9330})
    kept, out = (
        len(lonely_queries(table.assign(gallery=(table["gallery"] | query) & (keep | ~query)),
                           replace(rule, queries_in_gallery=keep)))
        for keep in (True, False)
    )  # fmt: skip
    lonely = kept if rule.queries_in_gallery else out
    found["queries without a match"] = lonely
    if lonely:
        what = f"{lonely} of {found['queries']} queries have no match under another camera"
        remedy = "they are left out of the scores and counted"
        remedy += "" if rule.queries_in_gallery else "; queries_in_gallery=True keeps them"
        problems.append(Problem(str(root / QUERIES), what, remedy, fatal=False))
    facts = {
        "origin": "MARS (Zheng et al., ECCV 2016); ask its authors for the images",
        "licence": "no licence text found; for research (unverified)",
        "queries in the gallery": f"kept, {kept} of {found['queries']} queries have no match; "
        f"taken out, {out}. Here they are {'kept' if rule.queries_in_gallery else 'taken out'}",
        "validation": "the set has no validation persons",
    }
    listed = told_once(problems)
    return Reading("mars", root, *tables, rule, listed, expected, found, facts, num_splits)
