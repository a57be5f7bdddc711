"""Where a count errs, when the truth is known: who was split, merged, made up or missed.

people found = people there are + false splits + ghosts − missed; nothing else changes the number.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from sticc_lib.counting.counted import Counted
from sticc_lib.counting.identify import fitted
from sticc_lib.counting.linking import item_distances, items
from sticc_lib.counting.scores import label_boxes, majority
from sticc_lib.counting.table import interval_table
from sticc_lib.values import ConfigError

NOBODY, UNSURE = "nobody", 0
"""Column of boxes where no person is; row of the individuals that are not counted."""
COLUMNS = ("kind", "number", "other", "person", "second", "seconds", "gap", "left", "right",
           "distance", "forbidden", "one_track")  # fmt: skip


@dataclass(frozen=True)
class Mistakes:
    """What went wrong.

    Attributes:
        seconds: rows: counted individuals, then UNSURE; columns: true persons (text), then NOBODY;
            seconds of the fragments, each by the person that most of its boxes show.
        stands: number -> the person whom most of an individual is, or NOBODY.
        label: int [fragments], position of the person among the columns.
        listed: a row an error, see COLUMNS. `kind`: `split` (`number` and `other` are both
            `person`), `merge` (`number`, who is `person`, holds fragments of `second`), `ghost`
            (`number` is nobody), `missed` (`person` is no individual; `number` has most of them, or
            UNSURE). `seconds` of what is wrong; `gap`, seconds between the nearest fragments of
            both sides, `left` and `right` (-1: none); `distance`, cosine, of both sides, as it is
            compared with the threshold; whether it is `forbidden` to merge them (seen at once, or
            too far apart for the time), and whether `one_track` holds parts of both.
        threshold: of the count.
    """

    seconds: pd.DataFrame
    stands: dict[int, str]
    label: np.ndarray
    listed: pd.DataFrame
    threshold: float

    def total(self, kind: str) -> int:
        """How many errors of a kind there are."""
        return int((self.listed["kind"] == kind).sum())


def mistakes(counted: Counted, truth: pd.DataFrame) -> Mistakes:
    """Compares a count with the truth.

    Args:
        counted: the count.
        truth: true boxes: `frame`, `x y w h`, `person`; those of frames that were not watched are
            left out.
    """
    observed = counted.observed
    truth = _watched(counted, truth)
    names = [str(n) for n in np.sort(truth["person"].unique())]
    owner = observed.boxes["fragment"].to_numpy()
    label = majority(owner, label_boxes(observed.boxes, truth)[0])
    label = np.where(label > 0, label - 1, len(names))  # nobody is the last column
    table = _table(counted, label, [*names, NOBODY])
    sure = table.drop(index=UNSURE)
    stands = {int(n): str(sure.columns[row.to_numpy().argmax()]) for n, row in sure.iterrows()}
    between = _Between(counted, label)
    rows = [
        *_splits(counted, table, stands, between),
        *_merges(table, stands, between),
        *({"kind": "ghost", "number": n, "person": NOBODY, "seconds": table.loc[n].sum(),
           "left": _middle(counted.of == n)}
          for n, who in stands.items() if who == NOBODY),
        *_missed(counted, table, stands, label),
    ]  # fmt: skip
    filled = {"other": 0, "second": "", "gap": np.nan, "left": -1, "right": -1, "distance": np.nan,
              "forbidden": False, "one_track": False}  # fmt: skip
    listed = pd.DataFrame([filled | row for row in rows], columns=list(COLUMNS))
    return Mistakes(table, stands, label, listed, counted.found.cut.value)


def present_against(counted: Counted, truth: pd.DataFrame) -> pd.DataFrame:
    """People present in each interval, as found and in truth.

    Args:
        counted: the count.
        truth: true boxes: `frame`, `person`.

    Returns:
        Index `interval`; `start`, `stop` (seconds), `found`, `truth`, `error` (found less truth).
    """
    truth, ours = _watched(counted, truth), counted.intervals
    first = counted.observed.intervals["first_frame"].to_numpy()
    interval = np.searchsorted(first, truth["frame"].to_numpy(), side="right") - 1
    person = pd.factorize(truth["person"])[0] + 1
    real = interval_table(person, interval, len(ours))["present"].to_numpy()
    found = ours["present"].to_numpy()
    return ours[["start", "stop"]].assign(found=found, truth=real, error=found - real)


def _watched(counted: Counted, truth: pd.DataFrame) -> pd.DataFrame:
    about = counted.observed.intervals
    return truth[truth["frame"].between(about["first_frame"].iloc[0], about["last_frame"].iloc[-1])]


def _table(counted: Counted, label: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Seconds of each individual that are each person's."""
    rows = [*(1 + np.flatnonzero(counted.counted)).tolist(), UNSURE]
    found = np.zeros((len(counted.counted) + 1, len(names)))
    seconds = counted.observed.fragments["n"].to_numpy() / counted.observed.fps
    np.add.at(found, (counted.person, label), seconds)
    return pd.DataFrame(found[rows], index=pd.Index(rows, name="individual"), columns=names)


class _Between:
    """What two sets of fragments have to do with each other."""

    def __init__(self, counted: Counted, label: np.ndarray):
        self.of, self.label, self.fps = counted.person, label, counted.observed.fps
        self.ends = counted.observed.fragments[["first_frame", "last_frame"]].to_numpy()
        settings, evidence = counted.found.settings, counted.evidence
        self.item: np.ndarray | None = None
        if len(evidence.fragments):
            try:
                self.item = items(evidence, settings)
            except ConfigError:
                return  # too many tracks for a matrix: distances stay unknown
            metric = fitted(evidence, settings)[1]
            facts = item_distances(evidence, self.item, settings, metric)
            self.far, self.forbidden, self.weight = facts[:3]

    def facts(self, left: np.ndarray, right: np.ndarray) -> dict[str, float | int | bool]:
        """Of two sets of fragments, int [n] and [m]: columns gap to one_track."""
        after = self.ends[right, 0][None] - self.ends[left, 1][:, None]
        before = self.ends[left, 0][:, None] - self.ends[right, 1][None]
        gap = np.maximum(np.maximum(after, before), 0)
        i, j = np.unravel_index(int(gap.argmin()), gap.shape)
        found = {"gap": float(gap[i, j] / self.fps), "left": int(left[i]), "right": int(right[j])}
        if self.item is None:
            return found
        a, b = np.unique(self.item[left]), np.unique(self.item[right])
        weight = np.outer(self.weight[a], self.weight[b])
        distance = float((weight * self.far[np.ix_(a, b)]).sum() / weight.sum())
        forbidden = bool(self.forbidden[np.ix_(a, b)].any())
        one = bool(len(np.intersect1d(a, b)))
        return {**found, "distance": distance, "forbidden": forbidden, "one_track": one}


def _splits(
    counted: Counted, table: pd.DataFrame, stands: dict[int, str], between: _Between
) -> list[dict]:
    """Every further individual that a person was given, with the one before it."""
    rows = []
    for person in [n for n in table.columns if n != NOBODY]:
        numbers = sorted(n for n, who in stands.items() if who == person)  # by first appearance
        for before, number in pairwise(numbers):
            sides = (np.flatnonzero(counted.person == n) for n in (before, number))
            seconds = table.loc[number, person]
            rows.append({"kind": "split", "number": before, "other": number, "person": person,
                         "seconds": seconds, **between.facts(*sides)})  # fmt: skip
    return rows


def _merges(table: pd.DataFrame, stands: dict[int, str], between: _Between) -> list[dict]:
    """Every further person in an individual."""
    rows = []
    for number, who in stands.items():
        for place, person in enumerate(table.columns[:-1]):
            if who in (person, NOBODY) or table.loc[number, person] == 0:
                continue
            mine = between.of == number
            own = np.flatnonzero(mine & (between.label == table.columns.get_loc(who)))
            other = np.flatnonzero(mine & (between.label == place))
            rows.append({"kind": "merge", "number": number, "person": who, "second": person,
                         "seconds": table.loc[number, person],
                         **between.facts(own, other)})  # fmt: skip
    return rows


def _missed(
    counted: Counted, table: pd.DataFrame, stands: dict[int, str], label: np.ndarray
) -> list[dict]:
    """Every person whom no individual is."""
    rows = []
    for place, person in enumerate(table.columns[:-1]):
        if person in stands.values():
            continue
        most = int(table[person].idxmax()) if table[person].any() else UNSURE
        rows.append({"kind": "missed", "number": most, "person": person,
                     "seconds": table[person].sum(),
                     "left": _middle(label == place)})  # fmt: skip
    return rows


def _middle(mine: np.ndarray) -> int:
    """One of the fragments of which bool [fragments] is true; -1 of none."""
    where = np.flatnonzero(mine)
    return int(where[len(where) // 2]) if len(where) else -1
