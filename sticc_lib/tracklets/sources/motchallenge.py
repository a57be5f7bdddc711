"""A sequence of the MOT Challenge, or PETS2009 with Milan's XML: one view, people and boxes.

    PETS09-S2L1/img1/000001.jpg ...     gt/gt.txt        frame,id,left,top,w,h,conf,x,y,z
    View_001/frame_0000.jpg ...         PETS2009-S2L1.xml    frame/objectlist/object[@id]/box

Frames of gt.txt count from 1, those of the XML from 0; images from either. Lines of gt.txt whose
seventh field is 0 are to be ignored. Nine fields (MOT16 and later; recalled, unverified) hold a
class in the eighth: 1 is a pedestrian, others are left out.

Persons are numbered by track: who leaves and comes back is another number. A map of tracks to
persons makes each track a visit, and queries rank other visits only (re-entry within the view);
without it this is a set for tracking and counting, not for re-ID.

Expected of PETS09-S2L1: 795 frames of 768 x 576 at 7 frames/s, 4,650 lines, 174 of them to be
ignored, 19 tracks (of 10 people). XML and gt.txt may differ.
Licence: MOT Challenge labels CC BY-NC-SA 3.0 (recalled); PETS free for research, acknowledge the
University of Reading (recalled). Ask: motchallenge.net; milanton.de for the XML.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from sticc_lib.tracklets.sources import boxes as tracks_of
from sticc_lib.tracklets.sources.csvfile import read_columns
from sticc_lib.tracklets.sources.files import read_lines
from sticc_lib.tracklets.sources.milan import read_milan
from sticc_lib.tracklets.sources.pictures import find_pictures
from sticc_lib.tracklets.sources.reading import Problem, Reading
from sticc_lib.tracklets.sources.trees import check_split
from sticc_lib.tracklets.store import Size
from sticc_lib.tracklets.table import TrackletSet

num_splits = 1
EXPECTED: dict[str, dict[str, int | str]] = {
    "PETS09-S2L1": {"pictures": 795, "lines": 4650, "lines to ignore": 174, "tracks": 19}
}
FACTS = {
    "licence": "MOT Challenge labels CC BY-NC-SA 3.0; PETS free for research, acknowledge the "
    "University of Reading (both recalled, unverified)",
    "ask": "motchallenge.net; milanton.de for the XML",
}
FIELDS: tuple[str, ...] = ("frame", "track", "x", "y", "w", "h", "conf", "class", "visible", "z")
PEDESTRIAN = 1
CROP: Size = (256, 128)
REMEDY = "give the labels: labels=FILE, a gt.txt or an XML"


def read(
    root: str | Path,
    split: int = 0,
    labels: str | Path = "",
    video: str | Path = "",
    persons: str | Path = "",
    halves: bool = False,
    size: Size = CROP,
) -> Reading:
    """Reads a sequence.

    Args:
        root: folder of the sequence, or its video file.
        split: 0; there is one.
        labels: gt.txt or XML, relative to the folder or absolute; empty to look for gt/gt.txt,
            gt.txt, or the only XML.
        video: likewise; empty to look for images (here or in img1), then for the only video.
        persons: CSV `track,person[,visit]`; tracks of one visit are joined.
        halves: cut each track (visit) in time: its first half is a query, its second gallery.
        size: (height, width) of crops from a video. From images they come as they are. CHOICE:
            256 x 128, the field's size: larger crops take four times the disk, smaller lose.
    """
    problems: list[Problem] = []
    root = Path(root)
    check_split(root, split, num_splits, problems)
    pictures = find_pictures(root, video, problems)
    path = _find_labels(root, labels)
    read_labels = read_milan if path.suffix.lower() == ".xml" else read_gt
    table, found = read_labels(path, problems)
    if str(persons) and len(table):
        where = tracks_of.joined(root, persons)
        named = tracks_of.read_person_map(where, problems)
        table = tracks_of.name_tracks(table, named, where, problems)
    reading = tracks_of.from_boxes(
        "motchallenge", pictures, table, problems, halves=halves, size=size,
        expected=EXPECTED.get(pictures.root.name, {}), facts=FACTS,
    )  # fmt: skip
    reading.found.update({"pictures": pictures.last, **found})
    return reading


def load(
    root: str | Path,
    split: int = 0,
    labels: str | Path = "",
    video: str | Path = "",
    persons: str | Path = "",
    halves: bool = False,
    size: Size = CROP,
) -> TrackletSet:
    """The set, checked; see `read`."""
    return read(root, split, labels, video, persons, halves, size).to_set()


def read_gt(path: Path, problems: list[Problem]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Boxes of a gt.txt, and what there was: lines, those to ignore, of other classes, tracks.

    CHOICE: `left` and `top` are taken as they stand, though the format counts pixels from 1: the
    boxes are no more exact than that.

    Returns:
        `line`, `frame`, `track`, `x y w h`, `where` (text) of the boxes that count.
    """
    lines = read_lines(path, problems, REMEDY) or []
    fields = len(next((line for line in lines if line), "").split(","))
    names = FIELDS[:fields]
    if lines and not 6 <= fields <= len(FIELDS):
        what = f"{fields} field(s) with commas, expected 6 to {len(FIELDS)}"
        problems.append(Problem(f"{path} line 1", what, f"write {','.join(FIELDS)}"))
    if not lines or not 6 <= fields <= len(FIELDS):
        if not lines and not any(str(path) in p.where for p in problems):
            problems.append(Problem(str(path), "the file is empty", REMEDY))
        return pd.DataFrame(columns=[*FIELDS[:6], "where"]), {}
    kinds: dict[str, str] = dict.fromkeys(names[:2], "whole") | dict.fromkeys(names[2:], "number")
    table = read_columns(path, lines, names, kinds, problems)
    found = {"lines": len(table)}
    if "conf" in names:
        ignored = (table["conf"] == 0).to_numpy()
        found["lines to ignore"] = int(ignored.sum())
        table = table[~ignored]
    if fields == 9:
        other = (table["class"] != PEDESTRIAN).to_numpy()
        found["lines of other classes"] = int(other.sum())
        table = table[~other]
    if len(table) and (table["track"] == -1).all():
        what, remedy = "every track is -1: detections, not tracks", "run a tracker over them"
        problems.append(Problem(str(path), what, remedy))
        table = table.iloc[:0]
    found["tracks"] = int(table["track"].nunique())
    table = table[["line", *FIELDS[:6]]].reset_index(drop=True)
    return table.assign(where=[f"{path} line {n}" for n in table["line"]]), found


def _find_labels(root: Path, labels: str | Path) -> Path:
    """The named file, else gt/gt.txt, gt.txt or the only XML; else what it should be called."""
    if str(labels):
        return tracks_of.joined(root, labels)
    folder = root.parent if root.is_file() else root
    there = [p for p in (folder / "gt" / "gt.txt", folder / "gt.txt") if p.is_file()]
    xml = sorted(p for p in folder.glob("*.xml") if p.is_file())
    return (there or (xml if len(xml) == 1 else []) or [folder / "gt" / "gt.txt"])[0]
