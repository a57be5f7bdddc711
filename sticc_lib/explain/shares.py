"""On what the weight of a token-weight map lies, and whether relevance follows visibility: tables.

All are taken from a `Survey` of a set with label maps (the walkers, which are synthetic).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.maps import spearman
from sticc_lib.explain.survey import EVEN, Survey
from sticc_lib.tracklets.table import DataError
from sticc_lib.tracklets.walkers import LABELS, LEVELS, occlusion_level

PERSON = "target visible"
VARIES = 0.1
"""Least range of visibility within a clip. CHOICE: below it a clip has nothing to follow, and its
ranks would be those of a few pixels at an arm."""


def by_level(survey: Survey) -> pd.DataFrame:
    """Weight on the visible person, a row a map and level of occlusion (`walkers.LEVELS`).

    Returns:
        `map`, `level`, `share` (mean over tracklets), `even` (what a model that looks everywhere
        alike would give), `place` (what the set's mean map would give: looking always at the same
        places), `ratio` (share over even), `sd` (of the share, over tracklets), `n` (tracklets).
        CHOICE: the ratio is that of the two means; a mean of ratios would be decided by the few
        tracklets where hardly anything of the person shows.

    Raises:
        DataError: the set has no label maps or no visibility.
    """
    _need(survey, "visibility")
    levels = occlusion_level(survey.tracklets["visibility"])
    label = list(LABELS).index(PERSON)
    return _table(survey, levels, list(LEVELS), "level", [label]).drop(columns="label")


def by_kind(survey: Survey) -> pd.DataFrame:
    """Weight on every label, a row a map, kind of occluder and label; columns as in `by_level`.

    Raises:
        DataError: the set has no label maps or no kinds of occluders.
    """
    _need(survey, "occlusion")
    kinds = survey.tracklets["occlusion"].to_numpy(str)
    order = sorted(set(kinds), key=lambda kind: (kind != "none", kind))
    return _table(survey, kinds, order, "kind", range(len(LABELS)))


def _table(
    survey: Survey, groups: np.ndarray, order: list[str], name: str, labels: Sequence[int]
) -> pd.DataFrame:
    names, rows = list(LABELS), []
    for weight in survey.weights:
        for group in order:
            mine = groups == group
            for label in labels if mine.any() else ():
                share = survey.shares[weight][mine, label]
                even = float(survey.shares[EVEN][mine, label].mean())
                rows.append(
                    {"map": weight, name: group, "label": names[label],
                     "share": float(share.mean()), "even": even,
                     "place": float(survey.placed[weight][mine, label].mean()),
                     "ratio": float(share.mean()) / even if even > 0 else np.nan,
                     "sd": float(share.std(ddof=1)) if len(share) > 1 else np.nan,
                     "n": len(share)}
                )  # fmt: skip
    return pd.DataFrame(rows)


def over_seeds(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables of one make, one a seed, to one table of means with spread.

    Returns:
        The text columns, and for each number its mean over the tables and, as `<name> sd`, its
        spread (ddof 1; NaN for one table). `sd` and `n` are those within a seed and are only
        averaged. Last column: `seeds`.

    Raises:
        ValueError: no table, or tables with different rows.
    """
    if not tables:
        raise ValueError("no tables to average: expected one a seed")
    first = tables[0]
    numbers = [c for c in first.columns if pd.api.types.is_numeric_dtype(first[c])]
    texts = [c for c in first.columns if c not in numbers]
    if any(not table[texts].equals(first[texts]) for table in tables):
        raise ValueError(f"the tables have different rows ({', '.join(texts)}): one make at a time")
    stacked = np.stack([table[numbers].to_numpy(float) for table in tables])
    result = first[texts].copy()
    for place, name in enumerate(numbers):
        result[name] = stacked[:, :, place].mean(0)
        if name not in ("sd", "n"):
            alone = np.full(len(first), np.nan)
            spread = stacked[:, :, place].std(0, ddof=1) if len(tables) > 1 else alone
            result[f"{name} sd"] = spread
    return result.assign(seeds=len(tables))


def relevance_and_visibility(survey: Survey) -> pd.DataFrame:
    """Do frames that show more of the person get more? Spearman correlation, a row a weight.

    Correlated within each clip (CHOICE: a softmax over a clip's frames can only be compared within
    it), averaged over a tracklet's clips, then over tracklets. Clips whose visibility ranges over
    less than VARIES, and clips whose weights are all alike, are left out.

    Returns:
        `weight` (rho of each slot and its mean over slots, and every token-weight map's weight on
        a frame), `correlation` (mean over tracklets), `sd` (over tracklets), `n` (tracklets),
        `se` (standard error of the mean), and `place`: the correlation of the weight that each
        place in the clip has in the mean over the set. What stands in front drifts through, so
        a model that always favours the first and the last frame correlates by that alone.

    Raises:
        DataError: the set has no visibility of frames.
    """
    if "visibility" not in survey.frames:
        raise DataError(f"{survey.data}: no visibility of frames; the walkers have it")
    weights = {}
    if "rho" in survey.per_frame:
        rho = survey.per_frame["rho"]
        weights["rho, mean over slots"] = rho.mean(1)
        weights |= {f"rho, slot {slot}": rho[:, slot] for slot in range(rho.shape[1])}
    weights |= {f"{name} of the frame": value for name, value in survey.weights.items()}
    shown = survey.frames["visibility"].to_numpy(float)
    place = survey.frames.groupby("clip").cumcount()
    rows = []
    for name, weight in weights.items():
        values, owner = _within_clips(survey, weight, shown)
        means = pd.Series(values).groupby(owner).mean()
        spread = float(means.std())
        fixed = pd.Series(weight).groupby(place).transform("mean").to_numpy()
        steady, of = _within_clips(survey, fixed, shown)
        rows.append(
            {"weight": name, "correlation": float(means.mean()), "sd": spread, "n": len(means),
             "se": spread / len(means) ** 0.5 if len(means) else np.nan,
             "place": float(pd.Series(steady).groupby(of).mean().mean())}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _within_clips(
    survey: Survey, weight: np.ndarray, shown: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Correlations of the clips that vary, and the tracklet position of each."""
    clip = survey.frames["clip"].to_numpy()  # sorted
    counts = np.bincount(clip, minlength=len(survey.clips))
    starts = np.cumsum(counts) - counts
    values, owner = [np.empty(0)], [np.empty(0, int)]
    for count in np.unique(counts):
        mine = np.flatnonzero(counts == count)
        rows = starts[mine][:, None] + np.arange(count)
        varies = np.ptp(shown[rows], axis=1) >= VARIES
        # float16 maps: what differs by less than their step is alike
        varies &= np.ptp(weight[rows], axis=1) > 1e-3
        values.append(spearman(weight[rows[varies]], shown[rows[varies]]))
        owner.append(survey.clips[mine[varies]])
    return np.concatenate(values), np.concatenate(owner)


def _need(survey: Survey, column: str) -> None:
    if not survey.shares:
        raise DataError(f"{survey.data}: no label maps, so no shares; the walkers have them")
    if column not in survey.tracklets:
        raise DataError(f"{survey.data}: no column {column} in tracklets; the walkers have it")
    if not survey.weights:
        raise CaptureError(f"{survey.whose}: no map over frames and tokens")
