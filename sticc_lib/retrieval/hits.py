"""Where the true matches of a query stand in its ranking, without sorting the gallery.

Only values up to a query's worst match can stand before a match, so only those are sorted; a
binary search of the matches among them gives their ranks. What the rule removes is counted and
subtracted, never deleted. The result is that of a stable argsort, ties by gallery order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sticc_lib.tracklets.table import JUNK


@dataclass(frozen=True)
class Labels:
    """What the rule looks at, one entry a row of one side; missing (NA) entries match nothing."""

    person: np.ndarray
    camera: object = None
    tracklet: object = None
    visit: object = None


class Matcher:
    """Which gallery columns are matches of a query, and which the rule removes.

    Args:
        query: labels of the queries.
        gallery: labels of the gallery.

    Raises:
        ValueError: lengths differ, a label stands on one side only, or persons are not integers.
    """

    def __init__(self, query: Labels, gallery: Labels):
        self.person, persons = (
            _integers(query.person, "query"),
            _integers(gallery.person, "gallery"),
        )
        self.ranked = np.flatnonzero(persons != JUNK)
        """Columns that are ever ranked."""
        self.persons = persons[self.ranked]
        sides = ((query, self.person), (gallery, persons))
        self.camera, self.cameras = self._codes("camera", sides)
        self.tracklet, self.tracklets = self._codes("tracklet", sides)
        self.visit, self.visits = self._codes("visit", sides)
        self._by_person = _Groups(self.persons)
        self._by_tracklet = _Groups(self.tracklets)
        self._by_visit = _Groups(self.visits)

    def _codes(self, name: str, sides: tuple) -> tuple[np.ndarray, np.ndarray]:
        """Both sides of a label as integers from 0, or -1 where it is missing."""
        (query, rows), (gallery, columns) = sides
        given = [getattr(query, name), getattr(gallery, name)]
        if given[0] is None and given[1] is None:
            return np.full(len(rows), -1), np.full(len(self.ranked), -1)
        if given[0] is None or given[1] is None:
            missing = "query" if given[0] is None else "gallery"
            raise ValueError(f"{missing}_{name} is missing: give {name} for both sides or neither")
        for side, labels, persons in zip(("query", "gallery"), given, (rows, columns), strict=True):
            if len(labels) != len(persons):
                raise ValueError(
                    f"{side}_{name}: {len(labels)} entries for {len(persons)} persons; "
                    "expected one each"
                )
        both = pd.concat([pd.Series(labels).astype(object) for labels in given])
        codes = pd.factorize(both, use_na_sentinel=True)[0]
        return codes[: len(rows)], codes[len(rows) :][self.ranked]

    def pairs(self, rows: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What the rule has to say of some queries.

        Args:
            rows: the queries.

        Returns:
            query int [n] (from 0 at `rows.start`), column int [n] (into `ranked`), match bool [n]:
            True for a match, False for what is removed. Every other pair is a false match.
        """
        query, column = self._by_person.expand(self.person[rows])
        removed = self._removed(rows, query, column)
        same_camera = self.camera[rows][query] == self.cameras[column]
        match = ~(removed | (same_camera & (self.cameras[column] >= 0)))
        queries, columns, marks = [query], [column], [match]
        for groups, labels in ((self._by_tracklet, self.tracklet), (self._by_visit, self.visit)):
            # the query's own tracklet or visit goes even where it bears another person
            query, column = groups.expand(labels[rows], known=labels[rows] >= 0)
            foreign = self.person[rows][query] != self.persons[column]
            if groups is self._by_visit:
                own = self.tracklet[rows][query] == self.tracklets[column]
                foreign &= ~(own & (self.tracklets[column] >= 0))
            queries.append(query[foreign])
            columns.append(column[foreign])
            marks.append(np.zeros(int(foreign.sum()), bool))
        return np.concatenate(queries), np.concatenate(columns), np.concatenate(marks)

    def _removed(self, rows: slice, query: np.ndarray, column: np.ndarray) -> np.ndarray:
        own = (self.tracklet[rows][query] == self.tracklets[column]) & (self.tracklets[column] >= 0)
        return own | ((self.visit[rows][query] == self.visits[column]) & (self.visits[column] >= 0))


class _Groups:
    """Columns by label, each group in gallery order."""

    def __init__(self, labels: np.ndarray):
        self.order = np.argsort(labels, kind="stable")
        self.labels, self.starts, self.counts = np.unique(
            labels[self.order], return_index=True, return_counts=True
        )

    def expand(
        self, wanted: np.ndarray, known: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """All pairs (position in `wanted`, column) of equal label."""
        if len(self.labels) == 0:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        place = np.minimum(np.searchsorted(self.labels, wanted), len(self.labels) - 1)
        found = (self.labels[place] == wanted) & (True if known is None else known)
        counts = np.where(found, self.counts[place], 0)
        query = np.repeat(np.arange(len(wanted)), counts)
        shift = np.repeat(self.starts[place] - (np.cumsum(counts) - counts), counts)
        return query, self.order[np.arange(len(query)) + shift]


def ranks(
    block: np.ndarray, query: np.ndarray, column: np.ndarray, match: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ranks of the matches among what the rule leaves.

    Args:
        block: float [n, G], distances without NaN, columns as `Matcher.ranked`.
        query, column, match: as `Matcher.pairs` gives them.

    Returns:
        query int [m], number int [m] (1 for the query's nearest match, 2 for the next) and rank
        int [m] (from 1), sorted by query, then rank.
    """
    values = block[query, column]
    order = np.lexsort((column, values, query))
    query, column, match, values = query[order], column[order], match[order], values[order]
    first = np.searchsorted(query, query)
    removed = np.cumsum(~match) - ~match
    removed -= removed[first]  # removed of the same query that stand before
    number = np.cumsum(match) - match
    number = number - number[first] + 1
    query, column, values = query[match], column[match], values[match]
    before = _before(block, query, column, values)
    return query, number[match], before - removed[match] + 1


def _before(
    block: np.ndarray, query: np.ndarray, column: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """How many of a row's entries come before each match (sorted by query, then value)."""
    worst = np.full(len(block), -np.inf, block.dtype)
    worst[query] = values  # the last one written stays, and it is the largest
    near = block <= worst[:, None]
    before, through = np.zeros((2, len(values)), np.int64)
    bounds = np.searchsorted(query, np.arange(len(block) + 1)).tolist()
    for row in range(len(block)):
        low, high = bounds[row], bounds[row + 1]
        if high == low:
            continue
        # picking scattered values costs more than sorting them: past a quarter, sort the row
        few = 4 * np.count_nonzero(near[row]) < block.shape[1]
        part = np.sort(block[row][near[row]] if few else block[row])
        before[low:high] = part.searchsorted(values[low:high])
        through[low:high] = part.searchsorted(values[low:high], side="right")
    for hit in np.flatnonzero(through - before > 1).tolist():  # earlier columns go first
        before[hit] += np.count_nonzero(block[query[hit], : column[hit]] == values[hit])
    return before


def _integers(person: object, side: str) -> np.ndarray:
    array = np.asarray(person)
    if array.ndim != 1:
        raise ValueError(f"{side}_person: expected one entry a row, got shape {array.shape}")
    if array.size and array.dtype.kind not in "iu":
        try:
            exact = array.astype(np.int64)
            whole = bool(np.all(exact == array))
        except (TypeError, ValueError):
            whole, exact = False, array
        if not whole or array.dtype.kind == "b":
            raise ValueError(f"{side}_person: expected integers, got {array.dtype} {array[:3]}")
        return exact
    return array.astype(np.int64)
