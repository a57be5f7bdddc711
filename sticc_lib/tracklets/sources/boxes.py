"""Boxes with track numbers in one sequence of pictures become tracklets.

Where it is known which tracks are the same person, a track is a *visit*, one continuous stay, and a
query ranks other visits only: re-entry within one view. Where it is not, each track stands for a
person of its own and nothing can be scored, unless each is cut in time into query and gallery.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.tracklets.sources.account import conclude
from sticc_lib.tracklets.sources.csvfile import read_columns
from sticc_lib.tracklets.sources.files import read_lines
from sticc_lib.tracklets.sources.pictures import Pictures, VideoCrops
from sticc_lib.tracklets.sources.reading import (
    Problem,
    Reading,
    finish,
    no_tables,
    number_persons,
    several,
)
from sticc_lib.tracklets.store import Size
from sticc_lib.tracklets.table import Rule

REENTRY = Rule(same_camera_junk=False, queries_in_gallery=True, exclude_same_visit=True)
ACROSS = Rule(same_camera_junk=True, queries_in_gallery=True)
HALVES = Rule(same_camera_junk=False, queries_in_gallery=False)
UNSCORED = Rule(same_camera_junk=False)
MAP = "a line for each track: track,person (and visit, for tracks that are one stay)"


def read_person_map(path: Path, problems: list[Problem]) -> pd.DataFrame:
    """Which person a track is: index track; `line`, `person` and `visit` (by default the track).

    A CSV with the columns `track` (or `track_id`) and `person`, and perhaps `visit`; others are
    passed over.
    """
    nothing = pd.DataFrame({"line": [], "person": [], "visit": []}, dtype=object)
    lines = read_lines(path, problems, f"give {MAP}")
    if not lines:
        if lines == []:
            problems.append(Problem(str(path), "the file is empty", f"write {MAP}"))
        return nothing
    names = [n.strip().lower() for n in lines[0].split(",")]
    names = ["track" if n == "track_id" else n for n in names]
    if names.count("track") != 1 or names.count("person") != 1 or names.count("visit") > 1:
        problems.append(Problem(f"{path} line 1", "no header track,person", f"write {MAP}"))
        return nothing
    kinds = {"track": "whole", "person": "text"} | ({"visit": "text"} if "visit" in names else {})
    # what follows the columns that are wanted (notes, with commas in them) is passed over
    width = max(names.index(n) for n in kinds) + 1
    cut = [",".join(line.split(",")[:width]) for line in lines]
    table = read_columns(path, cut, names[:width], kinds, problems, 1, ("visit",))
    if not any(lines[1:]):
        problems.append(Problem(str(path), "no line after the header", f"write {MAP}"))
    twice = np.flatnonzero(table.duplicated("track"))
    problems += several(
        lambda n: f"{path} line {table['line'].iloc[n]}", twice.tolist(),
        lambda n: f"track {table['track'].iloc[n]} is there twice", "keep one line",
    )  # fmt: skip
    if "visit" in table:
        shared = table[table["visit"] != ""].drop_duplicates(["visit", "person"])
        shared = shared[shared.duplicated("visit")]
        problems += several(
            lambda n: f"{path} line {shared['line'].iloc[n]}", range(len(shared)),
            lambda n: f"visit {shared['visit'].iloc[n]} is of two persons", "give each its own",
        )  # fmt: skip
    visit = table["visit"] if "visit" in table else pd.Series("", table.index, dtype=object)
    table["visit"] = visit.where(visit != "", table["track"].astype(str))
    return table.drop_duplicates("track").set_index("track")


def name_tracks(
    boxes: pd.DataFrame, persons: pd.DataFrame, path: Path, problems: list[Problem]
) -> pd.DataFrame:
    """The boxes with `person` and `visit` from a map; tracks and lines without the other told."""
    there = boxes.drop_duplicates("track").set_index("track")
    unknown = sorted(set(there.index) - set(persons.index))
    problems += several(
        lambda t: str(path), unknown, lambda t: f"track {t} (first in {there['where'][t]}) is not "
        "in the map", "add its line, with a person of its own if nobody knows",
    )  # fmt: skip
    absent = sorted(set(persons.index) - set(there.index))
    problems += several(
        lambda t: f"{path} line {persons['line'][t]}", absent, lambda t: f"track {t} has no box",
        "nothing to do, if the map is of these tracks", fatal=False,
    )  # fmt: skip
    track = boxes["track"].astype(str)
    named = persons.reindex(boxes["track"].to_numpy())[["person", "visit"]].set_axis(boxes.index)
    # who is not in the map stays, so that what else is wrong with the boxes is told too
    return boxes.assign(
        person=named["person"].fillna("track " + track), visit=named["visit"].fillna(track)
    )


def usable(
    boxes: pd.DataFrame, pictures: Pictures, size_known: bool, problems: list[Problem]
) -> pd.DataFrame:
    """The boxes whose frame is there and in which something is to be seen; the rest is told."""
    where = boxes["where"].to_numpy()
    frames = boxes["frame"].to_numpy()
    flat = ((boxes["w"] <= 0) | (boxes["h"] <= 0)).to_numpy()
    problems += several(
        lambda n: where[n], np.flatnonzero(flat).tolist(), lambda n: "a box without area",
        "take it out",
    )  # fmt: skip
    known = {f: pictures.holds(f) for f in np.unique(frames).tolist()}
    lost = ~np.array([known[f] for f in frames.tolist()], bool) & size_known
    held = f"{pictures.video.name} has 1 to {pictures.last}" if pictures.video else (
        f"there are {len(pictures.names)} images, up to {pictures.last}"
    )  # fmt: skip
    problems += several(
        lambda n: where[n], np.flatnonzero(lost).tolist(),
        lambda n: f"frame {frames[n]} has no picture: {held}", "do both belong together?",
    )  # fmt: skip
    x, y, w, h = boxes[["x", "y", "w", "h"]].to_numpy(np.float64).T
    outside = (x + w <= 0.5) | (y + h <= 0.5)
    if pictures.width:
        outside |= (x >= pictures.width - 0.5) | (y >= pictures.height - 0.5)
    outside &= ~flat
    problems += several(
        lambda n: where[n], np.flatnonzero(outside).tolist(),
        lambda n: "the box lies outside the picture", "nothing to do: it is left out", fatal=False,
    )  # fmt: skip
    return boxes[~(flat | lost | outside)].reset_index(drop=True)


def from_boxes(
    name: str,
    pictures: Pictures,
    boxes: pd.DataFrame,
    problems: list[Problem],
    *,
    halves: bool,
    size: Size,
    expected: Mapping[str, int | str],
    facts: Mapping[str, str],
) -> Reading:
    """A reading of boxes.

    Args:
        name: of the set.
        pictures: what the boxes were drawn in.
        boxes: `frame` (from 1), `track`, `x y w h` (pixels), `where` (text: file and line); if the
            persons are known `person` and `visit`; `camera` if there are several.
        problems: what is wrong with the boxes is added.
        halves: cut each visit in time: query is the first half, gallery the second.
        size: (height, width) of crops from a video.
        expected, facts: as in `Reading`.
    """
    boxes = usable(boxes, pictures, bool(pictures.video or pictures.names), problems)
    known = "person" in boxes
    if not known:
        track = boxes["track"].astype(str)
        boxes = boxes.assign(person="track " + track, visit=track)
    cameras = boxes["camera"] if "camera" in boxes else pd.Series(1, boxes.index)
    boxes = boxes.assign(camera=cameras, later=_second_half(boxes) if halves else False)
    keys = ["person", "camera", "visit", "later"]
    boxes = boxes.assign(time=boxes["frame"]).sort_values("frame", kind="stable")
    boxes = boxes.reset_index(drop=True).assign(row=np.arange(len(boxes)))
    boxes["tracklet"] = boxes.groupby(keys, sort=True).ngroup() if len(boxes) else 0
    problems += _twice(boxes)
    if boxes.empty:
        if not any(p.fatal for p in problems):
            problems.append(Problem(str(pictures.root), "no box is left", "give another file"))
        tables = no_tables()
        return conclude(name, pictures.root, tables, UNSCORED, problems, expected, facts)
    rule = HALVES if halves else UNSCORED if not known else REENTRY
    if known and not halves and boxes["camera"].nunique() > 1:
        rule = ACROSS
    table = _visits(boxes, rule)
    pixels = None
    columns = ["tracklet", "time"]
    if pictures.video:
        pixels, columns = VideoCrops(pictures.video, boxes, size), [*columns, "row"]
    else:
        boxes["path"] = boxes["frame"].map(pictures.names)
        columns += ["path", "x", "y", "w", "h"]
    unknown = "nothing: it is not known which tracks are the same person"
    told = {"scored by": unknown} if rule is UNSCORED else {}
    return conclude(
        name, pictures.root, finish(name, table, boxes[columns]), rule, problems, expected,
        dict(facts) | told, pixels=pixels,
    )  # fmt: skip


def _twice(boxes: pd.DataFrame) -> list[Problem]:
    """Boxes beyond the first of one tracklet in one frame."""
    where = boxes["where"].to_numpy()
    return several(
        lambda n: where[n], np.flatnonzero(boxes.duplicated(["tracklet", "frame"])).tolist(),
        lambda n: f"a second box in frame {boxes['frame'].iloc[n]} for visit "
        f"{boxes['visit'].iloc[n]}", "keep one of the two",
    )  # fmt: skip


def _visits(boxes: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """A row a tracklet; queries are those for which the rule leaves a match."""
    table = boxes.drop_duplicates("tracklet").set_index("tracklet").sort_index()
    seen = table.groupby("person")["camera" if rule == ACROSS else "visit"].transform("nunique")
    query = (seen > 1) if rule in (REENTRY, ACROSS) else pd.Series(False, table.index)
    gallery = pd.Series(True, table.index)
    if rule == HALVES:
        gallery = table["later"].astype(bool)
        query = ~gallery
    table = table.assign(
        label=table["person"], person=number_persons(table["person"]), split="test",
        query=query, gallery=gallery,
    )  # fmt: skip
    return table[["person", "label", "camera", "split", "query", "gallery", "visit"]]


def _second_half(boxes: pd.DataFrame) -> np.ndarray:
    """bool, one a box: in the later half of its visit's frames. A single frame is later."""
    keys = [k for k in ("person", "visit", "camera") if k in boxes]
    groups = boxes.groupby(keys)["frame"]
    rank = groups.rank(method="first") - 1  # 0, 1, ...
    return (rank >= groups.transform("size") // 2).to_numpy(bool)


def joined(root: Path, name: str | Path) -> Path:
    """A file the caller named: relative to the folder, or to that of the video."""
    return (root.parent if root.is_file() else root) / name
