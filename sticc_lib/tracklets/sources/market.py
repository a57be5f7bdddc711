"""Market-1501 and every image set in its layout: each image a tracklet of one frame.

    bounding_box_train/  query/  bounding_box_test/    0002_c1s1_000451_03.jpg

A name begins with person and camera, `0002_c1`; what follows is free. `0000` is a distractor: it
stays in the gallery and matches nobody. `-1` is junk: it is never ranked.

Market-1501 itself (recalled, unverified): 751 persons and 12,936 images to train on, 3,368 queries
of 750 persons, 19,732 images in the gallery, 6 cameras. Ask its authors (Zheng et al. 2015);
research use (recalled). No count is expected here, because the layout is that of many sets.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from sticc_lib.tracklets.sources import trees
from sticc_lib.tracklets.sources.account import conclude
from sticc_lib.tracklets.sources.reading import Problem, Reading
from sticc_lib.tracklets.table import Rule, TrackletSet

num_splits = 1
RULE = Rule(same_camera_junk=True, queries_in_gallery=False)
DISTRACTOR, JUNK = "0000", "-1"
NAME = re.compile(r"(?P<person>-1|[0-9]{1,9})_c(?P<camera>[0-9]{1,9})[^0-9/][^/]*")
FORM = "0002_c1s1_000451_03.jpg (person, camera)"


def read(root: str | Path, split: int = 0, distractor: str = DISTRACTOR) -> Reading:
    """Reads the three folders.

    Args:
        root: folder of `bounding_box_train`, `query` and `bounding_box_test`.
        split: 0; there is one.
        distractor: the person that stands for nobody; empty where 0000 is a person like others.
    """
    problems: list[Problem] = []
    root = Path(root)
    trees.check_split(root, split, num_splits, problems)
    frames = trees.read_parts(root, trees.MARKET, NAME, FORM, problems)
    return images_as_tracklets("market", root, frames, problems, {}, {}, {distractor} - {""})


def images_as_tracklets(
    name: str,
    root: Path,
    frames: pd.DataFrame,
    problems: list[Problem],
    expected: dict[str, int | str],
    facts: dict[str, str],
    distractors: set[str],
) -> Reading:
    """A reading in which every image (with `part`, `person`, `camera`) is a tracklet."""
    frames = frames.assign(camera=frames["camera"].astype(int), time=0)
    tables = trees.group(name, root, frames, ["part", "path"], problems, distractors, {JUNK})
    return conclude(name, root, tables, RULE, problems, expected, facts)


def load(root: str | Path, split: int = 0, distractor: str = DISTRACTOR) -> TrackletSet:
    """The set, checked; see `read`."""
    return read(root, split, distractor).to_set()
