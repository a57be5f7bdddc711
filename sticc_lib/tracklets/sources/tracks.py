"""Your own video: boxes with track numbers from any tracker, as a CSV, and the pictures.

    frame,track,x,y,w,h[,camera,person,score,class]     pixels from the left upper corner
    x_min,y_min,x_max,y_max,class_id,confidence,tracker_id,frame     supervision.Detections
    1,7,10,20,30,80                                     no header: frame, track, x, y, w, h first

Other columns are passed over; a line without a track number (empty, -1) is left out. Where a
column says who the persons are, tracks of one person are its visits and can be ranked; without it
the set can be looked at, embedded and counted.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.tracklets.sources import boxes as tracks_of
from sticc_lib.tracklets.sources.csvfile import read_columns
from sticc_lib.tracklets.sources.files import read_lines
from sticc_lib.tracklets.sources.motchallenge import CROP
from sticc_lib.tracklets.sources.pictures import find_pictures
from sticc_lib.tracklets.sources.reading import Problem, Reading
from sticc_lib.tracklets.sources.trees import check_split
from sticc_lib.tracklets.store import Size
from sticc_lib.tracklets.table import TrackletSet

num_splits = 1
PLAIN = ("frame", "track", "x", "y", "w", "h")
CORNERS = ("frame", "track", "x_min", "y_min", "x_max", "y_max")
OPTIONAL = {"camera": "whole", "person": "text", "score": "number", "class": "text"}
ALSO = {
    "tracker_id": "track", "track_id": "track", "id": "track", "confidence": "score",
    "class_id": "class", "class_name": "class", "frame_number": "frame", "frame_index": "frame",
    "frame_id": "frame", "left": "x", "top": "y", "width": "w", "height": "h",
}  # fmt: skip
FORMS = f"write {','.join(PLAIN)}, or supervision's columns {','.join(CORNERS[2:])}," \
    "tracker_id and frame"  # fmt: skip


def read(
    root: str | Path,
    split: int = 0,
    tracks: str | Path = "tracks.csv",
    video: str | Path = "",
    persons: str | Path = "",
    first_frame: int = -1,
    only_class: str = "",
    halves: bool = False,
    size: Size = CROP,
) -> Reading:
    """Reads a CSV of tracks and finds its pictures.

    Args:
        root: the video file, or a folder with a video or frames (here or in img1).
        split: 0; there is one.
        tracks: the CSV, relative to the folder or absolute.
        video: as in `motchallenge.read`.
        persons: CSV `track,person[,visit]`, instead of a column `person`.
        first_frame: number of the first frame in the CSV, 0 or 1. -1: CHOICE: 0 if a frame 0
            occurs, else 1. The facts say which; set it where the first frame may be empty.
        only_class: keep the lines of this class.
        halves, size: as in `motchallenge.read`.
    """
    problems: list[Problem] = []
    root = Path(root)
    check_split(root, split, num_splits, problems)
    pictures = find_pictures(root, video, problems)
    path = tracks_of.joined(root, tracks)
    table, found = read_tracks(path, problems)
    table = _of_class(path, table, only_class, problems)
    if first_frame not in (-1, 0, 1):
        problems.append(Problem(str(path), f"first_frame {first_frame}", "give 0, 1 or -1"))
    first = first_frame if first_frame in (0, 1) else int(not (table["frame"] == 0).any())
    table = table.assign(frame=table["frame"] + 1 - first)
    if str(persons) and len(table):
        where = tracks_of.joined(root, persons)
        named = tracks_of.read_person_map(where, problems)
        table = tracks_of.name_tracks(table, named, where, problems)
    reading = tracks_of.from_boxes(
        "tracks", pictures, table, problems, halves=halves, size=size, expected={},
        facts={"frames counted from": str(first), "tracks": path.name},
    )  # fmt: skip
    reading.found.update({"pictures": pictures.last, **found})
    return reading


def load(
    root: str | Path,
    split: int = 0,
    tracks: str | Path = "tracks.csv",
    video: str | Path = "",
    persons: str | Path = "",
    first_frame: int = -1,
    only_class: str = "",
    halves: bool = False,
    size: Size = CROP,
) -> TrackletSet:
    """The set, checked; see `read`."""
    return read(
        root, split, tracks, video, persons, first_frame, only_class, halves, size
    ).to_set()  # fmt: skip


def read_tracks(path: Path, problems: list[Problem]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Boxes of a CSV in one of the three forms, and what there was: lines, untracked, tracks.

    Returns:
        `line`, `frame` (as the file counts), `track`, `x y w h`, `where`; `camera`, `person`,
        `class` where the file has them.
    """
    nothing = pd.DataFrame(columns=[*PLAIN, "where"])
    lines = read_lines(path, problems, "give the file: tracks=NAME; " + FORMS)
    if not lines:
        if lines == []:
            problems.append(Problem(str(path), "the file is empty", FORMS))
        return nothing, {}
    names, start = _header(lines[0])
    form = next((f for f in (PLAIN, CORNERS) if set(f) <= set(names)), None)
    twice = sorted({n for n in names if names.count(n) > 1 and n in (*PLAIN, *CORNERS, *OPTIONAL)})
    if form is None or twice:
        what = f"columns {', '.join(twice)} twice" if twice else (
            f"no column {', '.join(n for n in PLAIN if n not in names)}"
        )  # fmt: skip
        problems.append(Problem(f"{path} line 1", what, FORMS))
        return nothing, {}
    kinds = {"frame": "whole", "track": "whole"} | dict.fromkeys(form[2:], "number")
    kinds |= {n: kind for n, kind in OPTIONAL.items() if n in names}
    table = read_columns(path, lines, names, kinds, problems, start, ("track", "class", "score"))
    found = {"lines": len(table)}
    untracked = (table["track"].isna() | (table["track"] == -1)).to_numpy()
    if untracked.any():
        found["lines without a track"] = int(untracked.sum())
    table = table[~untracked].reset_index(drop=True).astype({"track": np.int64})
    if len(table) == 0 and found["lines"]:
        what = "no line has a track: detections, not tracks"
        problems.append(Problem(str(path), what, "run a tracker over them"))
    if form is CORNERS:
        table = table.rename(columns={"x_min": "x", "y_min": "y"})
        table = table.assign(w=table["x_max"] - table["x"], h=table["y_max"] - table["y"])
    if "person" in table:
        camera = table["camera"].astype(str) + " " if "camera" in table else ""
        table["visit"] = camera + table["track"].astype(str)
    found["tracks"] = int(table["track"].nunique())
    return table.assign(where=[f"{path} line {n}" for n in table["line"]]), found


def _header(line: str) -> tuple[list[str], int]:
    """Names of the columns, and the position of the first line of data."""
    fields = [field.strip() for field in line.split(",")]
    if not all(re.fullmatch(r"[-+.0-9eE]*", field) for field in fields):
        names = [field.strip('"').lower() for field in fields]
        return [ALSO.get(name, name) if ALSO.get(name) not in names else name
                for name in names], 1  # fmt: skip
    return [*PLAIN, *(f"field {n}" for n in range(7, len(fields) + 1))][: len(fields)], 0


def _of_class(path: Path, table: pd.DataFrame, only: str, problems: list[Problem]) -> pd.DataFrame:
    """The lines of one class; several at once are told."""
    if "class" not in table:
        if only and len(table):
            what, remedy = "no column class", "leave only_class empty"
            problems.append(Problem(str(path), what, remedy))
        return table
    classes = sorted(set(table["class"]))
    if only and only not in classes and len(table):
        what = f"no line of class {only!r}; there are {', '.join(classes[:8])}"
        problems.append(Problem(str(path), what, "name one of these"))
    if not only and len(classes) > 1:
        what = f"boxes of {len(classes)} classes ({', '.join(classes[:8])}), all taken as persons"
        problems.append(Problem(str(path), what, "give only_class", fatal=False))
    return table[table["class"] == only].reset_index(drop=True) if only else table
