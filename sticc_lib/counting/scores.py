"""How good a count is: errors of whole videos, of intervals and flows, and of identities.

The target stands beside every error: U (people over all frames), S (over the sample frames) or P
(who comes back counts again); see `table.targets`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sticc_lib.counting.boxes import hits
from sticc_lib.counting.table import interval_table, sample_table, targets


def video_errors(
    truth: Sequence[float], found: Sequence[float], lengths: Sequence[float]
) -> dict[str, float]:
    """Errors over videos (DR.VIC, CVPR 2022).

    Args:
        truth: people in each video, above 0.
        found: the counts.
        lengths: of the videos, in frames or seconds alike.

    Returns:
        `MAE`; `root MSE` (what papers print as MSE is its root); `WRAE`, percent: relative errors
        weighted by length. Of one video MAE and root MSE are its error.
    """
    true, got = np.asarray(truth, float), np.asarray(found, float)
    if not len(true) or true.shape != got.shape or len(lengths) != len(true) or (true <= 0).any():
        raise ValueError("expected one count and one length for every video, and people in each")
    error, weight = np.abs(got - true), np.asarray(lengths, float) / np.sum(lengths)
    return {
        "MAE": float(error.mean()),
        "root MSE": float(np.sqrt((error**2).mean())),
        "WRAE": float(100 * (weight * error / true).sum()),
    }


def flow_errors(truth: Sequence[pd.DataFrame], found: Sequence[pd.DataFrame]) -> dict[str, float]:
    """`MIAE` and `MOAE`: mean error of inflow and of outflow over all sample pairs of all videos.

    Args:
        truth, found: a `sample_table` a video; the first row, counted from nobody, is no pair.
    """
    pairs = list(zip(truth, found, strict=True))

    def error(name: str) -> float:
        away = [np.abs(t[name].to_numpy() - f[name].to_numpy())[1:] for t, f in pairs]
        return float(np.concatenate(away).mean()) if away and np.concatenate(away).size else np.nan

    return {"MIAE": error("inflow"), "MOAE": error("outflow")}


def interval_errors(truth: pd.DataFrame, found: pd.DataFrame) -> dict[str, float]:
    """Mean errors over the intervals of one video: of `present`, `arrivals`, `departures`, `new`;
    `curve`, of the number of people so far."""
    away = (found - truth).abs().mean()
    names = ("present", "arrivals", "departures", "new")
    return {**{f"MAE {n}": float(away[n]) for n in names}, "curve": float(away["unique"])}


def pairwise(found: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Precision, recall and F1 of "these two fragments are the same person".

    Args:
        found: int [n], the individual of each fragment; 0 is with nobody.
        truth: [n], the person of each fragment; 0 is with nobody (a false alarm).

    Returns:
        `precision`, `recall`, `F1`; 1 where there is nothing to be found and nothing was.
    """
    i, j = np.triu_indices(len(found), 1)
    merged = (found[i] == found[j]) & (found[i] != 0)
    same = (truth[i] == truth[j]) & (truth[i] != 0)
    right = float((merged & same).sum())
    of_merged, of_same = float(merged.sum()), float(same.sum())
    return {
        "precision": right / of_merged if of_merged else 1.0,
        "recall": right / of_same if of_same else 1.0,
        "F1": 2 * right / (of_merged + of_same) if of_merged + of_same else 1.0,
    }


def idf1(found: np.ndarray, truth: np.ndarray, missed: int = 0) -> float:
    """IDF1 (Ristani et al., ECCVW 2016): boxes right under the best one-to-one naming.

    Args:
        found: int [boxes], the individual of each box, 0 for nobody.
        truth: int [boxes], its person, 0 for a false alarm.
        missed: true boxes that nothing was found for.
    """
    from scipy.optimize import linear_sum_assignment

    both = pd.crosstab(found, truth)
    both = both.loc[[n for n in both.index if n != 0], [n for n in both.columns if n != 0]]
    rows, columns = linear_sum_assignment(both.to_numpy(), maximize=True)
    right = float(both.to_numpy()[rows, columns].sum())
    total = float((found != 0).sum() + (truth != 0).sum() + missed)
    return 2 * right / total if total else 1.0


def label_boxes(
    boxes: pd.DataFrame, truth: pd.DataFrame, least: float = 0.5
) -> tuple[np.ndarray, int]:
    """The true person of found boxes, one to one by IoU within each frame.

    Args:
        boxes: `frame`, `x y w h`.
        truth: the same with `person` (text or int from 1).
        least: IoU.

    Returns:
        int [boxes], persons numbered from 1 in sorted order, 0 for a false alarm; and how many
        true boxes were missed.
    """
    number = pd.factorize(truth["person"], sort=True)[0] + 1
    label, corners = np.zeros(len(boxes), int), ["x", "y", "w", "h"]
    ours, theirs = boxes[corners].to_numpy(float), truth[corners].to_numpy(float)
    rows_of, missed = boxes.groupby("frame").indices, len(truth)
    for frame, wanted in truth.groupby("frame").indices.items():
        rows = rows_of.get(frame, np.empty(0, int))
        for i, j in hits(ours[rows], theirs[wanted], least):
            label[rows[i]] = number[wanted[j]]
            missed -= 1
    return label, missed


def majority(fragment: np.ndarray, label: np.ndarray) -> np.ndarray:
    """The label that most boxes of each fragment have, int [fragments], 0..n-1 all with a box."""
    found = np.zeros(int(fragment.max(initial=-1)) + 1, np.int64)
    pairs, boxes = np.unique(np.stack([fragment, label]), axis=1, return_counts=True)
    for at in np.argsort(boxes, kind="stable"):  # the most frequent one last
        found[pairs[0, at]] = pairs[1, at]
    return found


def score_video(
    found: np.ndarray,
    boxes: pd.DataFrame,
    label: np.ndarray,
    truth: pd.DataFrame,
    samples: np.ndarray,
    missed: int = 0,
) -> dict[str, float]:
    """One video's scores, all under their names.

    Args:
        found: int [boxes], the individual of each box; 0 for nobody.
        boxes: `frame`, `interval`, `fragment`.
        label: int [boxes], the true person of each, 0 for a false alarm (see `label_boxes`).
        truth: true boxes: `frame`, `interval`, `person`.
        samples: int [K], sample frames.
        missed: true boxes that nothing was found for.

    Returns:
        `U`, `S`, `P` as found and `true U` and so on; `error U`; per-interval errors, flows and
        identities.
    """
    person = pd.factorize(truth["person"], sort=True)[0] + 1
    intervals = int(max(boxes["interval"].max(), truth["interval"].max())) + 1
    frame, real = boxes["frame"].to_numpy(), truth["frame"].to_numpy()
    got, true = targets(found, frame, samples), targets(person, real, samples)
    ours = interval_table(found, boxes["interval"].to_numpy(), intervals)
    theirs = interval_table(person, truth["interval"].to_numpy(), intervals)
    flows = flow_errors(
        [sample_table(person, real, samples)], [sample_table(found, frame, samples)]
    )
    fragments = pd.DataFrame({"fragment": boxes["fragment"], "found": found, "label": label})
    by = fragments.groupby("fragment").agg(lambda s: s.value_counts().index[0])
    return {
        **got, **{f"true {name}": value for name, value in true.items()},
        "error U": abs(got["U"] - true["U"]), "error P": abs(got["P"] - true["P"]),
        **interval_errors(theirs, ours), **flows,
        **pairwise(by["found"].to_numpy(), by["label"].to_numpy()),
        "IDF1": idf1(found, label, missed),
    }  # fmt: skip
