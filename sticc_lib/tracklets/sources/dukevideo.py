"""DukeMTMC-VideoReID. Withdrawn by Duke University in 2019: do not make it a default benchmark.

    train/<person4>/<tracklet4>/<image>.jpg     also query/ and gallery/
    0001_C6_F0099_X30823.jpg                    older copies: 0001C6F0099X30823.jpg

Person, camera (one digit), frame of the tracklet, and X with the frame of the video; D instead of
X marks a distractor. Some tracklets begin at F0002 or have gaps: files are listed and sorted.

Expected: 702 persons, 2,196 tracklets and 369,656 frames to train on; 702 queries, one a test
person; 2,636 tracklets in the gallery, of 702 persons and 408 distractors; 8 cameras.
Licence: CC BY-NC-SA 4.0 (of its repository). Ask: it is no longer given out by its authors. The
two READMEs of the repository disagree about the frame rate (12 frames/s, or every 12th frame).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.tracklets.sources import trees
from sticc_lib.tracklets.sources.account import conclude
from sticc_lib.tracklets.sources.reading import Problem, Reading, several
from sticc_lib.tracklets.table import Rule, TrackletSet

num_splits = 1
EXPECTED: dict[str, int | str] = {
    "train persons": 702, "train tracklets": 2196, "train images": 369_656, "query persons": 702,
    "queries": 702, "gallery": 2636, "distractor persons": 408, "cameras": 8,
}  # fmt: skip
FACTS = {
    "licence": "CC BY-NC-SA 4.0 (of its repository)",
    "ask": "no longer given out by its authors",
    "ethics": trees.WITHDRAWN,
}
RULE = Rule(same_camera_junk=True, queries_in_gallery=False)
PARTS = (
    trees.Part("train", "train"),
    trees.Part("query", "test", query=True),
    trees.Part("gallery", "test", gallery=True),
)
NAME = re.compile(
    r"(?P<folder>[^/]+)/(?P<tracklet>[^/]+)/"
    r"(?P<person>[0-9]{4})(?P<_>_?)C(?P<camera>[0-9])(?P=_)F(?P<time>[0-9]{1,9})(?P=_)"
    r"(?P<kind>[XD])[0-9]+\.(?i:jpg|jpeg|png)"
)
FORM = "0001/0003/0001_C6_F0099_X30823.jpg"


def read(root: str | Path, split: int = 0) -> Reading:
    """Reads `train`, `query` and `gallery` of a folder, or of DukeMTMC-VideoReID below it."""
    return read_tree("dukevideo", root, split, EXPECTED, FACTS, [])


def load(root: str | Path, split: int = 0) -> TrackletSet:
    """The set, checked; see `read`."""
    return read(root, split).to_set()


def read_tree(
    name: str,
    root: str | Path,
    split: int,
    expected: dict[str, int | str],
    facts: dict[str, str],
    problems: list[Problem],
) -> Reading:
    """A set in this layout, under its own name and with what its own documents expect."""
    root = trees.inner(root, ("train", "gallery"), "DukeMTMC-VideoReID", name)
    trees.check_split(root, split, num_splits, problems)
    frames = trees.read_parts(root, PARTS, NAME, FORM, problems)
    frames = trees.whole_numbers(frames, "time", root, problems)
    frames = frames.assign(camera=frames["camera"].astype(int))
    paths, persons = frames["path"].to_numpy(), frames["person"].to_numpy()
    folders = frames["folder"].to_numpy()
    problems += several(
        lambda n: str(root / paths[n]), np.flatnonzero(persons != folders).tolist(),
        lambda n: f"person {persons[n]} in the folder of person {folders[n]}",
        "move the file to where it belongs",
    )  # fmt: skip
    aside = _distractors(root, frames, problems)
    tables = trees.group(name, root, frames, ["part", "folder", "tracklet"], problems, aside)
    reading = conclude(name, root, tables, RULE, problems, expected, facts)
    gallery, queries = (set(frames.loc[frames[c], "person"]) for c in ("gallery", "query"))
    reading.found["distractor persons"] = len(gallery - queries)
    return reading


def _distractors(root: Path, frames: pd.DataFrame, problems: list[Problem]) -> set[str]:
    """Persons all of whose images are marked D. One who is also marked X, or is a query, is not."""
    marked = set(frames.loc[frames["kind"] == "D", "person"])
    wanted = set(frames.loc[(frames["kind"] == "X") | frames["query"], "person"])
    mixed = sorted(marked & wanted)
    problems += several(
        lambda n: str(root), range(len(mixed)),
        lambda n: f"person {mixed[n]} is marked D (distractor), but also X or a query",
        "taken as a person; check the file names", fatal=False,
    )  # fmt: skip
    return marked - wanted
