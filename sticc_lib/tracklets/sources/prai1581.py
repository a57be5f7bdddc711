"""PRAI-1581: people seen by two drones, 20 to 60 m up. One reader for its three layouts.

    images/                                               flat, as published; no list of the split
    bounding_box_train/  query/  bounding_box_test/       repacked like Market-1501
    train/  val/query/  val/gallery/                      repacked (folder names unverified)
    00000003_0002_00000007.jpg                            person, camera, frame

There are no official tracklets: the images of one person under one camera, sorted by frame number,
are one (`images=True`: each image is one). Two cameras: a query has at most one match, so mAP is
nearly MRR. The flat layout says not who is in train: give a list of those persons (`train_ids`,
numbers in a text file), else everybody is. A file partitions.pkl is never opened.

Expected (README of PRiDAN): 39,461 images; 19,523 of 781 persons to train on, 4,680 of 799 as
queries, 15,258 in the gallery; 2 cameras. The paper says 782 persons to train on (recalled), and
readers disagree whether there are 1,580 or 1,581 in all.
Licence: no text; "cite if used in research". Ask: the links at github.com/stormyoung/PRAI-1581.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.tracklets.sources import trees
from sticc_lib.tracklets.sources.account import conclude
from sticc_lib.tracklets.sources.files import read_lines
from sticc_lib.tracklets.sources.reading import Problem, Reading, several
from sticc_lib.tracklets.table import Rule, TrackletSet

num_splits = 1
EXPECTED: dict[str, int | str] = {
    "train persons": 781, "train images": 19_523, "query images": 4680, "gallery images": 15_258,
    "cameras": 2,
}  # fmt: skip
FACTS = {
    "licence": 'no text; "cite if used in research"',
    "ask": "the links at github.com/stormyoung/PRAI-1581",
}
NAME = re.compile(
    r"(?P<person>[0-9]{1,9})_c?(?P<camera>[0-9]{1,4})(?:s[0-9]+)?_f?(?P<time>[0-9]{1,20})"
    r"(?:_[0-9]+)?\.(?i:jpg|jpeg|png)"
)
FORM = "00000003_0002_00000007.jpg"
FLAT = (trees.Part("images", "train"),)
TRAIN_VAL = (
    trees.Part("train", "train"),
    trees.Part("val/query", "test", query=True),
    trees.Part("val/gallery", "test", gallery=True),
)
LAYOUTS = {"flat": FLAT, "like Market-1501": trees.MARKET, "train and val": TRAIN_VAL}
LIST = "one person number a line, as they stand in the file names"


def read(
    root: str | Path, split: int = 0, images: bool = False, train_ids: str | Path = ""
) -> Reading:
    """Recognises the layout by its folders and reads it.

    Args:
        root: folder of one of the three layouts, or with PRAI-1581 below it.
        split: 0; there is one.
        images: every image is a tracklet of one frame, instead of (person, camera) groups.
        train_ids: flat layout only: text file of the persons to train on (relative to `root` or
            absolute). All others are test; CHOICE: each of their groups is query and gallery.
    """
    problems: list[Problem] = []
    root = trees.inner(root, [p.folder for parts in LAYOUTS.values() for p in parts], "PRAI-1581")
    trees.check_split(root, split, num_splits, problems)
    layout = _layout(root, problems)
    frames = trees.read_parts(root, LAYOUTS[layout], NAME, FORM, problems)
    frames = trees.whole_numbers(frames, "time", root, problems)
    frames = frames.assign(camera=frames["camera"].astype(int))
    if layout == "flat":
        frames = _divide(root, frames, train_ids, problems)
    keys = ["part", "path"] if images else ["part", "person", "camera"]
    tables = trees.group("prai1581", root, frames, keys, problems)
    # in the flat layout no folder sets queries apart from the gallery
    rule = Rule(same_camera_junk=True, queries_in_gallery=layout == "flat")
    protocol = "an image" if images else "the images of one person under one camera"
    facts = FACTS | {"layout": layout, "protocol": f"a tracklet is {protocol}"}
    return conclude("prai1581", root, tables, rule, problems, EXPECTED, facts)


def load(
    root: str | Path, split: int = 0, images: bool = False, train_ids: str | Path = ""
) -> TrackletSet:
    """The set, checked; see `read`."""
    return read(root, split, images, train_ids).to_set()


def _layout(root: Path, problems: list[Problem]) -> str:
    """The layout of which most folders are there."""
    there = {n: sum((root / p.folder).is_dir() for p in LAYOUTS[n]) for n in LAYOUTS}
    present = [name for name, count in there.items() if count]
    if len(present) > 1:
        problems.append(
            Problem(str(root), f"folders of two layouts ({', '.join(present)})", "keep one of them")
        )
    return max(there, key=lambda name: there[name])


def _divide(
    root: Path, frames: pd.DataFrame, train_ids: str | Path, problems: list[Problem]
) -> pd.DataFrame:
    """Everybody is train, or all but the listed ones are test."""
    if not str(train_ids):
        what = "the flat layout does not say who is in train and who in test: all are train"
        problems.append(Problem(str(root), what, f"give train_ids, a file with {LIST}", False))
        return frames
    path = root / train_ids
    listed = read_lines(path, problems, f"give a file with {LIST}") or []
    bad = [n for n, line in enumerate(listed) if not re.fullmatch("[0-9]{1,9}", line)]
    problems += several(
        lambda n: f"{path} line {n + 1}", bad,
        lambda n: f"{listed[n][:40]!r} is no person number", f"write {LIST}",
    )  # fmt: skip
    wanted = {int(line): n for n, line in enumerate(listed) if n not in set(bad)}
    persons = frames["person"].astype(int)
    absent = sorted(set(wanted) - set(persons))
    problems += several(
        lambda p: f"{path} line {wanted[p] + 1}", absent, lambda p: f"person {p} has no image",
        trees.COPY, fatal=False,
    )  # fmt: skip
    test = ~persons.isin(set(wanted)).to_numpy()
    return frames.assign(split=np.where(test, "test", "train"), query=test, gallery=test)
