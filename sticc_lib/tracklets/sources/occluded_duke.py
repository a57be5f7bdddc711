"""Occluded-Duke, grouped by person and camera. Derived from DukeMTMC, withdrawn in 2019.

    bounding_box_train/  query/  bounding_box_test/    0001_c2_f0046182.jpg

An image set, made from DukeMTMC-reID by the name lists of lightas/Occluded-DukeMTMC-Dataset. Here
the images of one person under one camera, sorted by frame number, are one tracklet. This is the
protocol that fits STICC's published table: mAP close to rank 1 for all ten methods, and every
published CMC value a multiple of 1/858. `occluded_duke_images` is the image protocol.

Expected (counted from the lists): 15,618 images of 702 persons in 2,196 groups to train on; 2,210
images of 519 persons in 858 groups as queries; 17,661 images of 1,110 persons in 2,636 groups as
gallery; 8 cameras. Groups hold 6 / 2 / 6 images in the median, so that at T = 8 nearly every query
fills its clip with repeated frames (masked). Each query also has gallery images of its own camera:
the rule that removes those is essential.
Licence: none found with the lists. Ask: the repository named above.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from sticc_lib.tracklets.sources import trees
from sticc_lib.tracklets.sources.account import conclude
from sticc_lib.tracklets.sources.market import RULE
from sticc_lib.tracklets.sources.reading import Problem, Reading
from sticc_lib.tracklets.table import TrackletSet

num_splits = 1
COUNTED: dict[str, int | str] = {
    "train persons": 702, "train images": 15_618, "query persons": 519, "query images": 2210,
    "gallery persons": 1110, "gallery images": 17_661, "cameras": 8,
}  # fmt: skip
EXPECTED: dict[str, int | str] = COUNTED | {
    "train tracklets": 2196, "queries": 858, "gallery": 2636,
}  # fmt: skip
FACTS = {
    "licence": "none found with the lists",
    "ask": "lightas/Occluded-DukeMTMC-Dataset",
    "ethics": trees.WITHDRAWN,
}
NAME = re.compile(
    r"(?P<person>[0-9]{1,9})_c(?P<camera>[0-9])_f(?P<time>[0-9]{1,20})\.(?i:jpg|jpeg|png)"
)
FORM = "0001_c2_f0046182.jpg"


def read(root: str | Path, split: int = 0) -> Reading:
    """Reads the three folders of a folder, or of Occluded_Duke below it, as groups."""
    root, frames, problems = read_frames(root, split)
    keys = ["part", "person", "camera"]
    tables = trees.group("occluded_duke", root, frames, keys, problems)
    facts = FACTS | {"protocol": "images of one person under one camera are one tracklet"}
    return conclude("occluded_duke", root, tables, RULE, problems, EXPECTED, facts)


def load(root: str | Path, split: int = 0) -> TrackletSet:
    """The set, checked; see `read`."""
    return read(root, split).to_set()


def read_frames(root: str | Path, split: int) -> tuple[Path, pd.DataFrame, list[Problem]]:
    """The folder itself, a row an image (camera and time as numbers), and what is wrong."""
    problems: list[Problem] = []
    root = trees.inner(root, [part.folder for part in trees.MARKET], "Occluded_Duke")
    trees.check_split(root, split, num_splits, problems)
    frames = trees.read_parts(root, trees.MARKET, NAME, FORM, problems)
    frames = trees.whole_numbers(frames, "time", root, problems)
    return root, frames.assign(camera=frames["camera"].astype(int)), problems
