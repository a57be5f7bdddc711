"""A count of the embedded real video against what is known of it: detections, people, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.counting.baselines import Truth, score, score_table
from sticc_lib.counting.boxes import hits, iou
from sticc_lib.counting.count import CountOptions, described, recognised
from sticc_lib.counting.counted import Counted
from sticc_lib.counting.features import Crops, Kept, crop_features, parts_of
from sticc_lib.counting.identify import Individuals
from sticc_lib.counting.trained import cut_of, training_crops
from sticc_lib.experiments.counts import embedder
from sticc_lib.experiments.session import shipped_checkpoint
from sticc_lib.run import data_dir, project_root
from sticc_lib.tracklets.sources.pets2009 import read_boxes

FRAMES, STEP = 795, 21
"""Of the clip; 3 seconds at 7 frames a second."""
CORNERS = ["x", "y", "w", "h"]
PETS = data_dir() / "pets2009" / "s2l1_view1.mp4"
SHOWN = ("error U", "MAE present", "curve", "F1", "IDF1")
"""Scores that the notebook and the report state."""
WAYS = (
    ("hsv", "none"), ("frozen", "none"), ("stripes+hsv", "none"), ("sticc", "none"),
    ("hsv", "lda"), ("stripes", "lda"), ("stripes+hsv", "lda"), ("stripes+hsv", "wccn"),
    ("sticc", "lda"), ("sticc+hsv", "lda"),
)  # fmt: skip
"""Features and adaptation of the rows of `ways_table`."""
STICCS: dict[str, Path | str] = {
    "for video": "", **{f"seed {n}": shipped_checkpoint(seed=n) for n in range(3)}
}  # fmt: skip
"""Which shipped STICC -> its checkpoint: the one trained on rendered people, and three seeds of the
notebooks', trained on drawn ones. Empty: the default of `embedder`."""


@dataclass(frozen=True)
class Known:
    """What is known of a video.

    Attributes:
        truth: who was where.
        aside: boxes of people who are not labelled: who lies on one counts neither way.
    """

    truth: Truth
    aside: pd.DataFrame


def known(shared: Path | None = None) -> dict[str, Known]:
    """`boxes.csv` of the embedded clip, and `MOT15` where its labels stand beside the project.

    In MOT15 the far walker K is not labelled; rows that it says to ignore are set aside.

    Args:
        shared: folder with `gt/gt.txt` and `track_to_person.csv`.
    """
    ours = read_boxes(PETS.with_name("boxes.csv"))
    found = {"boxes.csv": Known(Truth(ours, STEP, FRAMES), ours.iloc[:0])}
    folder = shared or project_root().parent / "shared" / "data" / "pets2009"
    labels, names = folder / "gt" / "gt.txt", folder / "track_to_person.csv"
    if labels.is_file() and names.is_file():
        columns = ["frame", "track", *CORNERS, "conf"]
        mot = pd.read_csv(labels, header=None, usecols=range(7), names=columns)
        person = pd.read_csv(names).set_index("track_id")["person"]
        mot = mot.assign(person=mot["track"].map(person))
        wanted = mot[(mot["conf"] != 0) & mot["person"].notna()]
        aside = pd.concat([mot.drop(wanted.index), ours[ours["person"] == "K"]])
        found["MOT15"] = Known(Truth(wanted, STEP, FRAMES), aside)
    return found


def truth_of(counted: Counted) -> pd.DataFrame | None:
    """True boxes of the embedded clip, if it is what was counted."""
    return (
        read_boxes(data_dir() / "pets2009" / "boxes.csv")
        if counted.observed.name == PETS.stem
        else None
    )


def detected(found: Mapping[int, np.ndarray], told: Known) -> dict[str, float]:
    """`recall` and `precision` at IoU 0.5 of what a detector found.

    Args:
        found: frame number -> boxes [n, 4 or more], x y w h first; of all frames looked at.
        told: what is known of these frames; others are passed over.
    """
    none, hit, said, there = np.empty((0, 4)), 0, 0, 0
    wanted_of, spare_of = _by_frame(told.truth.boxes), _by_frame(told.aside)
    for frame, boxes in found.items():
        wanted, spare = wanted_of.get(frame, none), spare_of.get(frame, none)
        pairs = hits(boxes[:, :4], wanted)
        rest = np.delete(boxes[:, :4], [i for i, _ in pairs], axis=0)
        excused = (iou(rest, spare) >= 0.5).any(axis=1).sum() if len(spare) and len(rest) else 0
        hit, there, said = hit + len(pairs), there + len(wanted), said + len(boxes) - int(excused)
    return {"recall": hit / max(there, 1), "precision": hit / max(said, 1)}


def boxes_of(counted: Counted) -> dict[int, np.ndarray]:
    """Frame number -> boxes, of every frame of a count; for `detected`."""
    held, none = _by_frame(counted.observed.boxes), np.empty((0, 4))
    spans = counted.observed.intervals[["first_frame", "last_frame"]].to_numpy().tolist()
    return {n: held.get(n, none) for low, high in spans for n in range(low, high + 1)}


def _by_frame(boxes: pd.DataFrame) -> dict[int, np.ndarray]:
    corners = boxes[CORNERS].to_numpy(float)
    return {int(n): corners[rows] for n, rows in boxes.groupby("frame").indices.items()}


def scored(counted: Counted, told: Known) -> dict[str, float]:
    """All scores of a count (scores.score_video), people who are set aside left out."""
    return score(counted.evidence, _left(counted, counted.person, told), told.truth)


def facts(counted: Counted, told: Known) -> dict[str, float]:
    """What a notebook says of a count: people there are and were found, boxes found, SHOWN."""
    boxes = detected(boxes_of(counted), told)
    scores = scored(counted, told)
    return {
        "people": scores["true U"], "found": scores["U"],
        **{f"detections, {k}": v for k, v in boxes.items()}, **{k: scores[k] for k in SHOWN},
    }  # fmt: skip


def ways_table(
    counted: Counted, told: Known, ways: Sequence[tuple[str, str]] = WAYS,
    options: CountOptions | None = None, progress: bool = True,
) -> pd.DataFrame:  # fmt: skip
    """The same boxes counted by other features, before and after adaptation; floors; the oracle.

    Args:
        counted: whose boxes.
        told: the truth, for scores and the oracle alone.
        ways: features and adaptation of each row. STICC's rows come once for each of STICCS.
        options: all else.
        progress: show bars.

    Returns:
        Columns of `baselines.COLUMNS`.
    """
    base, answers = options or CountOptions(), {}
    video, drawn = _Parts(*described(counted.observed), progress), None
    for features, adapt in ways:
        several = "sticc" in features.split("+")
        for which in STICCS if several else [""]:
            trained = None
            if adapt == "none":
                if drawn is None:
                    crops, owner, training = training_crops()
                    drawn = _Parts(crops, owner, progress)
                trained = cut_of(drawn.values(features, which), drawn.owner, training)
            now = replace(base, features=features, adapt=adapt)
            found = recognised(counted.observed, video.values(features, which), now, trained)
            name = f"{features}, {adapt}" + (f", {which}" if several else "")
            answers[name] = _set_aside(found, told)
    return score_table(counted.evidence, answers, told.truth)


class _Parts:
    """Features of crops, each part computed once."""

    def __init__(self, crops: Crops, owner: np.ndarray, progress: bool):
        self.crops, self.owner, self._progress = crops, owner, progress
        self._held: dict[tuple[str, str], np.ndarray] = {}
        self._maps: Kept = {}

    def values(self, features: str, which: str) -> np.ndarray:
        """float32 [crops, D] of joined parts; `which` is one of STICCS where it is among them."""
        found = []
        for part in parts_of(features):
            key = (part, which if part == "sticc" else "")
            if key not in self._held:
                model = embedder(part, STICCS[which] if part == "sticc" else "")
                self._held[key] = crop_features(
                    self.crops, self.owner, part, model, self._progress, self._maps
                )
            found.append(self._held[key])
        return np.concatenate(found, axis=1)


def _set_aside(found: Counted, told: Known) -> Individuals | np.ndarray:
    return found.found if told.aside.empty else _left(found, found.person, told)


def _left(counted: Counted, person: np.ndarray, told: Known) -> np.ndarray:
    """int [fragments], 0 for those of which most boxes lie on somebody set aside."""
    if told.aside.empty:
        return person
    boxes = counted.observed.boxes
    on = np.zeros(len(boxes), bool)
    corners, rows_of = boxes[CORNERS].to_numpy(float), boxes.groupby("frame").indices
    for frame, spare in _by_frame(told.aside).items():
        rows = rows_of.get(frame, np.empty(0, int))
        on[rows] = (iou(corners[rows], spare) >= 0.5).any(axis=1)
    share = pd.Series(on).groupby(boxes["fragment"].to_numpy()).mean().to_numpy()
    return np.where(share > 0.5, 0, person)
