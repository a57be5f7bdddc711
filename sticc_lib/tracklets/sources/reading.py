"""Reading: what a source found in a folder, what is wrong with it, and what was expected of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sticc_lib.tracklets.check import DISTRACTOR, JUNK, content_problems, table_problems
from sticc_lib.tracklets.store import FileStore, PixelStore
from sticc_lib.tracklets.table import TRACKLET_COLUMNS, DataError, Rule, TrackletSet

SHOWN = 20
"""Problems of one kind in one file that are told one by one. CHOICE: a wrong list breaks half a
million lines in the same way; the rest of them are counted in one more line."""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, where, and what to do about it.

    Attributes:
        where: the file, and the line, row or entry in it.
        what: what is wrong there.
        remedy: what the reader can do.
        fatal: the set cannot be used before this is mended; others are told and lived with.
    """

    where: str
    what: str
    remedy: str
    fatal: bool = True

    def __str__(self) -> str:
        """One line, whatever foreign names hold: what does not print is escaped."""
        text = f"{self.where}: {self.what}; {self.remedy}"
        if text.isprintable():
            return text
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


@dataclass(frozen=True)
class Reading:
    """What was found in a folder, usable or not.

    Attributes:
        name: of the set, for tables and file names.
        root: the folder.
        tracklets, frames: as in TrackletSet; holding what could be read.
        rule: the evaluation rule.
        problems: all of them; see `Problem.fatal`.
        expected: quantity -> what the documents of the field say. Never a condition.
        found: quantity -> what is there.
        facts: what the report should say: licence, where to ask for the data, ethics.
        splits: how many ways of dividing the persons the set comes with.
        pixels: where pixels come from; None for image files below root.
    """

    name: str
    root: Path
    tracklets: pd.DataFrame
    frames: pd.DataFrame
    rule: Rule
    problems: list[Problem] = field(default_factory=list)
    expected: dict[str, int | str] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    splits: int = 1
    pixels: PixelStore | None = None

    @property
    def fatal(self) -> list[Problem]:
        """The problems that stand between this and a usable set."""
        return [p for p in self.problems if p.fatal]

    def to_set(self) -> TrackletSet:
        """The set, if nothing fatal was found.

        Queries that have no match in the gallery are let through: the evaluation leaves them
        out and counts them, as the protocols of the field do. Files are not looked at again:
        the source has seen them when it read the folder.

        Raises:
            DataError: lists ALL fatal problems.
        """
        data = TrackletSet(
            self.name,
            self.tracklets,
            self.frames,
            self.pixels or FileStore(self.root),
            self.rule,
            facts=self.facts,
        )
        problems = [str(p) for p in self.fatal]
        if not problems:
            problems = table_problems(data) or content_problems(data, queries=False)
        if problems:
            listed = "\n".join(f"  - {p}" for p in problems)
            raise DataError(f"{self.name} in {self.root}: {len(problems)} problem(s)\n{listed}")
        return data

    def overview(self) -> pd.DataFrame:
        """A row a quantity: `quantity`, `found`, `expected` (empty: nobody says), `note`."""
        names = [*self.found, *(n for n in self.expected if n not in self.found)]
        rows = []
        for name in names:
            found, expected = self.found.get(name, ""), self.expected.get(name, "")
            differs = isinstance(expected, int) and found != expected
            note = f"found {found or 0}, the documents say {expected}" if differs else ""
            rows.append((name, found, expected, note))
        return pd.DataFrame(rows, columns=["quantity", "found", "expected", "note"], dtype=object)


def several(
    where: Callable[[Any], str],
    rows: Collection[Any],
    what: Callable[[Any], str],
    remedy: str,
    fatal: bool = True,
) -> list[Problem]:
    """The same problem in many places: the first `SHOWN` one by one, the rest counted.

    Args:
        where, what: the texts for one of `rows`.
        rows: in the order in which they are told.
        remedy: what to do.
        fatal: see `Problem`.
    """
    told = [Problem(where(r), what(r), remedy, fatal) for r in list(rows)[:SHOWN]]
    if len(rows) > SHOWN:
        told[-1] = Problem(
            told[-1].where, f"{told[-1].what} (and {len(rows) - SHOWN} more like this)", remedy,
            fatal,
        )  # fmt: skip
    return told


def number_persons(
    labels: Iterable[str], distractors: Collection[str] = (), junk: Collection[str] = ()
) -> np.ndarray:
    """Persons from 1 in the order of their sorted labels; 0 for distractors, -1 for junk.

    Args:
        labels: the source's own names, one a tracklet.
        distractors, junk: names that stand for no person.

    Returns:
        int64, one a label.
    """
    aside = {**dict.fromkeys(distractors, DISTRACTOR), **dict.fromkeys(junk, JUNK)}
    given = pd.Series(list(labels), dtype=object)
    names = sorted(set(given) - set(aside))
    numbers = {name: n for n, name in enumerate(names, start=1)} | aside
    return given.map(numbers).to_numpy(np.int64) if len(given) else np.empty(0, np.int64)


def finish(
    source: str, tracklets: pd.DataFrame, frames: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables in the form the set wants.

    Args:
        source: its name.
        tracklets: index = tracklet number; `person`, `label`, `camera`, `split`, `query`,
            `gallery`, and whatever else the source has.
        frames: `tracklet`, `time`, `path` and whatever else, in any order.

    Returns:
        tracklets with `num_frames` and `source`, and frames sorted by (tracklet, time). Frames of
        tracklets that are not in the table are dropped, tracklets without frames kept (a problem
        the source should have told).
    """
    known = frames["tracklet"].isin(tracklets.index)
    if not known.all():
        frames = frames[known]
    frames = frames.astype({"tracklet": np.int64, "time": np.int64})
    key = frames[["tracklet", "time"]].to_numpy()
    order = np.lexsort((key[:, 1], key[:, 0]))
    if (order[1:] < order[:-1]).any():
        frames = frames.iloc[order]
    counts = frames["tracklet"].value_counts().reindex(tracklets.index, fill_value=0)
    types = {"person": np.int64, "camera": "Int64", "query": bool, "gallery": bool}
    table = tracklets.astype(types).assign(num_frames=counts.astype(np.int64), source=source)
    first = [c for c in TRACKLET_COLUMNS if c in table]
    table = table[[*first, *(c for c in table if c not in first)]]
    return table.rename_axis("tracklet"), frames.reset_index(drop=True)


def no_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables with the right columns and no row: what a folder that could not be read holds."""
    tracklets = pd.DataFrame(columns=list(TRACKLET_COLUMNS[:6]), dtype=object)
    frames = pd.DataFrame(columns=["tracklet", "time", "path"], dtype=object)
    return finish("", tracklets.rename_axis("tracklet"), frames)


def lonely_queries(tracklets: pd.DataFrame, rule: Rule) -> np.ndarray:
    """Numbers of the test queries for which the rule leaves no match in the gallery.

    The evaluation skips and counts them; here they are known before anything is computed.
    """
    test = tracklets[tracklets["split"] == "test"]
    ranked = test[test["gallery"] | (test["query"] & rule.queries_in_gallery)]
    queries = test[test["query"]]
    mates = ranked.groupby("person").size().reindex(queries["person"], fill_value=0).to_numpy()
    own = queries.index.isin(ranked.index).astype(int)  # a tracklet never ranks itself
    if rule.same_camera_junk:  # nor those of its camera; without a camera this rule does not hold
        keys = ["person", "camera"]
        pairs = pd.MultiIndex.from_frame(queries[keys])
        same = ranked.groupby(keys).size().reindex(pairs, fill_value=0).to_numpy()
        own = np.where(queries["camera"].isna(), own, same)
    return queries.index.to_numpy()[mates - own == 0]


def told_once(problems: Sequence[Problem]) -> list[Problem]:
    """Without repetitions, fatal ones first, otherwise in the order given."""
    return sorted(dict.fromkeys(problems), key=lambda p: not p.fatal)
