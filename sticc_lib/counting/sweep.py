"""How a count depends on its threshold: tracks are merged once and cut at many thresholds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from sticc_lib.counting.calibrate import Cut
from sticc_lib.counting.evidence import Evidence
from sticc_lib.counting.identify import CountSettings, fitted
from sticc_lib.counting.linking import tracks_merged
from sticc_lib.counting.merging import Merges
from sticc_lib.counting.scores import label_boxes, majority, pairwise
from sticc_lib.values import ConfigError

Row = dict[str, float]
STEPS, CLOSE = 80, 5e-4
"""Thresholds of a curve to begin with, and how near (cosine distance) the place where the number
of people changes is then sought between them. CHOICE: nearer than anybody moves a slider."""


def sweep(
    evidence: Evidence,
    settings: CountSettings | None = None,
    trained: Cut | None = None,
    truth: pd.DataFrame | None = None,
    steps: int = STEPS,
) -> pd.DataFrame:
    """The count over the threshold, and at the one that `identify` takes.

    Args:
        evidence: what was seen.
        settings: how individuals are found.
        trained: as `identify` takes it.
        truth: true boxes: `frame`, `x y w h`, `person`; for errors and identities.
        steps: thresholds to begin with, evenly from below the first merge to above the last; more
            come where the number of people changes.

    Returns:
        A row a threshold, rising: `threshold`, `groups` (everybody), `people` (those seen long
        enough to be counted); with truth also `error` (people less those there are), `precision`,
        `recall` and `F1` of fragments being the same person.

    Raises:
        ConfigError: the way is not `whole`: online, the threshold changes while counting.
    """
    ours = settings or CountSettings()
    if ours.way != "whole":
        raise ConfigError("a sweep merges all tracks at once; give settings with way='whole'")
    if not len(evidence.fragments):
        return pd.DataFrame({"threshold": [0.0], "groups": [0], "people": [0]})
    cut, metric = fitted(evidence, ours, trained)
    merges, item = tracks_merged(evidence, ours, metric)
    owner = evidence.boxes["fragment"].to_numpy()
    real = None if truth is None else majority(owner, label_boxes(evidence.boxes, truth)[0])
    there_are = 0 if truth is None else truth["person"].nunique()

    def row(threshold: float) -> Row:
        group = merges.groups(threshold)[item]
        sure = np.bincount(group[owner]) / evidence.fps >= ours.least_seconds
        told = {"threshold": threshold, "groups": len(sure), "people": int(sure.sum())}
        if real is None:
            return told
        found = pairwise(np.where(sure[group], group + 1, 0), real)
        return {**told, "error": told["people"] - there_are, **found}

    return pd.DataFrame(_refined([row(t) for t in _thresholds(merges, cut.value, steps)], row))


def _thresholds(merges: Merges, chosen: float, steps: int) -> list[float]:
    heights = merges.height if len(merges.height) else np.array([chosen])
    low, high = min(heights[0], chosen, 0.0) - 0.01, max(heights[-1], chosen) + 0.01
    return np.union1d(np.linspace(low, high, max(steps, 2)), [chosen]).tolist()


def _refined(rows: list[Row], row: Callable[[float], Row]) -> list[Row]:
    """The same rows with more between two of different numbers of people, until they are CLOSE."""
    done, left = rows[:1], rows[:0:-1]  # the next one last
    while left:
        before, after = done[-1], left[-1]
        if before["people"] != after["people"] and after["threshold"] - before["threshold"] > CLOSE:
            left.append(row((before["threshold"] + after["threshold"]) / 2))
        else:
            done.append(left.pop())
    return done


def at(curve: pd.DataFrame, threshold: float) -> pd.Series:
    """The row of a curve at a threshold, or at the next one below; before all, the first."""
    place = int(np.searchsorted(curve["threshold"], threshold, side="right")) - 1
    return curve.iloc[max(place, 0)]


def plateau(curve: pd.DataFrame, threshold: float) -> tuple[float, float]:
    """From which threshold to which one the number of people stays what it is at this one.

    Returns:
        (low, high), to the curve's own steps; -inf or inf where nothing changes it any more.
    """
    people = curve["people"].to_numpy()
    here = int(np.searchsorted(curve["threshold"], threshold, side="right")) - 1
    here = max(here, 0)
    other = np.flatnonzero(people != people[here])
    before, after = other[other < here], other[other > here]
    steps = curve["threshold"].to_numpy(float)
    return (
        float(steps[before[-1] + 1]) if len(before) else -np.inf,
        float(steps[after[0]]) if len(after) else np.inf,
    )
