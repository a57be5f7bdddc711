"""Everything that can be wrong with the two tables of a TrackletSet, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api import types

if TYPE_CHECKING:
    from sticc_lib.tracklets.table import TrackletSet

SPLITS = ("train", "val", "test", "ignore")
DISTRACTOR, JUNK = 0, -1
TRACKLET_COLUMNS = (
    "person", "label", "camera", "split", "query", "gallery", "num_frames", "source",
)  # fmt: skip
BOX = ("x", "y", "w", "h")
KINDS = {
    "whole number": types.is_integer_dtype,
    "truth value": types.is_bool_dtype,
    "number": types.is_numeric_dtype,
}


def table_problems(data: TrackletSet) -> list[str]:
    """What must hold before anything else can be looked at: columns, types, numbering."""
    tracklets, frames = data.tracklets, data.frames
    needed = (*TRACKLET_COLUMNS, *(["visit"] if data.rule.exclude_same_visit else []))
    problems = [f"tracklets: column {c} is missing" for c in needed if c not in tracklets]
    problems += [f"frames: column {c} is missing" for c in ("tracklet", "time") if c not in frames]
    if not ({"row", "path"} & set(frames.columns)):
        problems.append("frames: neither a column path nor a column row")
    boxes = [c for c in BOX if c in frames]
    if 0 < len(boxes) < 4:
        problems.append(f"frames: boxes need x, y, w and h; there is only {', '.join(boxes)}")
    problems += _type_problems("tracklets", tracklets, ("person", "num_frames"), "whole number")
    problems += _type_problems("tracklets", tracklets, ("query", "gallery"), "truth value")
    problems += _type_problems("frames", frames, ("tracklet", "time", "row"), "whole number")
    problems += _type_problems("frames", frames, BOX, "number")
    if len(tracklets) == 0:
        problems.append("tracklets: the table is empty")
    elif not types.is_integer_dtype(tracklets.index):
        problems.append(f"tracklets: index is {tracklets.index.dtype}, expected whole numbers")
    elif not tracklets.index.is_unique:
        twice = tracklets.index[tracklets.index.duplicated()].unique().tolist()
        problems.append(f"tracklets: numbers that stand twice: {twice[:5]}")
    return problems


def content_problems(data: TrackletSet, queries: bool = True) -> list[str]:
    """What is wrong row by row; without `queries`, those that lack a match are let through."""
    tracklets, frames = data.tracklets, data.frames
    problems = []
    for number, name in tracklets.loc[~tracklets["split"].isin(SPLITS), "split"].items():
        problems.append(f"tracklet {number}: split {name!r} is none of {', '.join(SPLITS)}")
    for number, person in tracklets.loc[tracklets["person"] < JUNK, "person"].items():
        problems.append(f"tracklet {number}: person {person}; expected 1 and up, 0 or -1")
    counts = frames["tracklet"].value_counts()
    found = counts.reindex(tracklets.index, fill_value=0)
    for number in tracklets.index[found == 0]:
        problems.append(f"tracklet {number}: empty, no frame; drop it or add its frames")
    differs = (found != tracklets["num_frames"]) & (found > 0)
    for number, expected in tracklets.loc[differs, "num_frames"].items():
        problems.append(
            f"tracklet {number}: num_frames says {expected}, frames has {found[number]}"
        )
    for number in counts.index.difference(tracklets.index)[:10]:
        problems.append(f"frames: tracklet {number} is not in tracklets")
    problems += _frame_problems(frames)
    return problems + _query_problems(data) if queries else problems


def _type_problems(
    table: str, values: pd.DataFrame, columns: tuple[str, ...], kind: str
) -> list[str]:
    problems = []
    for column in (c for c in columns if c in values):
        if not KINDS[kind](values[column].dtype):
            found = values[column].dtype
            problems.append(f"{table}: column {column} is {found}, expected a {kind} in each row")
        elif values[column].isna().any():
            where = values.index[values[column].isna()].tolist()
            problems.append(f"{table}: column {column} has no value in rows {where[:5]}")
    return problems


def _frame_problems(frames: pd.DataFrame) -> list[str]:
    """Frames twice, out of order, or with a box of no area."""
    boxes = [c for c in BOX if c in frames]
    picture = [c for c in ("path", "row") if c in frames]
    problems = []
    late = frames.duplicated(["tracklet", "time"])
    for position, row in frames[late].astype(object).iterrows():
        place = f" ({row['path']})" if "path" in row else ""
        problems.append(
            f"frames row {position}{place}: tracklet {row['tracklet']} has time {row['time']} twice"
        )
    again = frames.duplicated(["tracklet", *picture, *boxes]) & ~late
    for position, row in frames[again].astype(object).iterrows():
        place = ", ".join(f"{c} {row[c]}" for c in picture)
        problems.append(
            f"frames row {position}: tracklet {row['tracklet']} has {place} twice; drop one"
        )
    key = frames[["tracklet", "time"]].to_numpy(np.int64)
    before, after = key[:-1], key[1:]
    falls = (after[:, 0] < before[:, 0]) | (
        (after[:, 0] == before[:, 0]) & (after[:, 1] < before[:, 1])
    )
    if falls.any():
        problems.append(f"frames row {int(np.argmax(falls)) + 1}: not sorted by (tracklet, time)")
    if boxes:
        flat = frames[(frames["w"] <= 0) | (frames["h"] <= 0)]
        problems += [f"frames row {i}: box without area (w {r['w']}, h {r['h']})"
                     for i, r in flat.iterrows()]  # fmt: skip
    return problems


def _query_problems(data: TrackletSet) -> list[str]:
    """A query whose person has no other tracklet to be found is a slip in the tables.

    One whose matches are all junk by the rule (same camera, same visit) is not: the evaluation
    counts those.
    """
    problems = []
    for split in ("val", "test"):
        part = data.tracklets[data.tracklets["split"] == split]
        ranked = part["gallery"] | (part["query"] & data.rule.queries_in_gallery)
        mates = part.loc[ranked, "person"].value_counts().reindex(part["person"], fill_value=0)
        others = mates.to_numpy() - ranked.to_numpy(int)  # a tracklet never ranks itself
        for number in part.index[part["query"] & (part["person"] <= 0)]:
            problems.append(f"tracklet {number}: a query cannot be junk or a distractor")
        for number, row in part[part["query"] & (part["person"] > 0) & (others == 0)].iterrows():
            problems.append(
                f"tracklet {number}: query person {row['person']} ({row['label']}) is absent from "
                "the gallery, the query itself aside; drop the query or add the person"
            )
    return problems
