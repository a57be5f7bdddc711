"""What a set holds as a whole: its counts, and what only shows when all of it is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from sticc_lib.tracklets.sources.reading import (
    Problem,
    Reading,
    lonely_queries,
    several,
    told_once,
)
from sticc_lib.tracklets.store import PixelStore
from sticc_lib.tracklets.table import Rule


def census(tracklets: pd.DataFrame) -> dict[str, int]:
    """What is there: persons, tracklets and images of each split, queries, gallery, cameras."""
    found: dict[str, int] = {}
    aside = (tracklets["split"] == "ignore") & (tracklets["person"] >= 0)
    sides = [(f"{name} tracklets", tracklets["split"] == name) for name in ("train", "val")]
    sides.append(("tracklets set aside", aside))
    test = tracklets["split"] == "test"
    sides += [("queries", test & tracklets["query"]), ("gallery", test & tracklets["gallery"])]
    for title, rows in sides:
        part = tracklets[rows]
        if len(part):
            name = {"queries": "query", "tracklets set aside": "set aside:"}.get(title, title)
            name = name.removesuffix(" tracklets")
            found[title] = len(part)
            found[f"{name} persons"] = int(part.loc[part["person"] > 0, "person"].nunique())
            found[f"{name} images"] = int(part["num_frames"].sum())
    for name, number in (("distractor", 0), ("junk", -1)):
        if (tracklets["person"] == number).any():
            found[f"{name} tracklets ({number})"] = int((tracklets["person"] == number).sum())
    found["cameras"] = int(tracklets["camera"].nunique())
    return found


def conclude(
    name: str,
    root: Path,
    tables: tuple[pd.DataFrame, pd.DataFrame],
    rule: Rule,
    problems: list[Problem],
    expected: Mapping[str, int | str],
    facts: Mapping[str, str],
    splits: int = 1,
    pixels: PixelStore | None = None,
) -> Reading:
    """The reading of a set whose tables stand: counted, and looked at as a whole.

    Persons who are both in train and in test, and queries without a match, are told; the first
    would make scores too good, the second are left out by the evaluation.
    """
    tracklets, frames = tables
    persons = tracklets[tracklets["person"] > 0]
    test = set(persons.loc[persons["split"] == "test", "label"])
    both = sorted(test & set(persons.loc[persons["split"] == "train", "label"]))
    problems += several(
        lambda n: str(root), range(len(both)),
        lambda n: f"person {both[n]} is both in train and in test",
        "scores would be too good: check the split", fatal=False,
    )  # fmt: skip
    found = census(tracklets)
    lonely = lonely_queries(tracklets, rule).tolist()
    if lonely:
        found["queries without a match"] = len(lonely)
        what = f"{len(lonely)} of {found['queries']} queries have no match in the gallery"
        what += f" ({rule}), the first of them person {tracklets.loc[lonely[0], 'label']}"
        remedy = "they are left out of the scores and counted"
        problems.append(Problem(str(root), what, remedy, fatal=False))
    return Reading(
        name, root, tracklets, frames, rule, told_once(problems), dict(expected),
        found, dict(facts), splits, pixels,
    )  # fmt: skip
