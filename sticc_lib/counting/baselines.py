"""The table of one video whose truth is known: our count, floors that need no re-ID, the oracle.

All rows count the same boxes. Truth is used for scores and for the row `oracle`, nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sticc_lib.counting.evidence import Evidence
from sticc_lib.counting.identify import Individuals
from sticc_lib.counting.scores import label_boxes, score_video
from sticc_lib.counting.table import interval_table, targets

COLUMNS = ("U", "low", "high", "error U", "P", "error P", "MAE present", "curve", "MIAE", "MOAE",
           "precision", "recall", "F1", "IDF1", "threshold")  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """What is known of a video.

    Attributes:
        boxes: `frame`, `x y w h`, `person` (text).
        step: frames of an interval; the first begins with frame `first`.
        frames: the video's last frame.
        first: its first frame.
    """

    boxes: pd.DataFrame
    step: int
    frames: int
    first: int = 1

    def samples(self) -> np.ndarray:
        """The sample instants: first frames of the intervals."""
        return np.arange(self.first, self.frames + 1, self.step)

    def table(self) -> pd.DataFrame:
        """The boxes with their `interval`."""
        return self.boxes.assign(interval=(self.boxes["frame"] - self.first) // self.step)


def score(evidence: Evidence, of: np.ndarray, truth: Truth) -> dict[str, float]:
    """Scores of one answer.

    Args:
        evidence: whose boxes were counted.
        of: int [fragments], the individual of each; 0 for nobody.
        truth: what is known.
    """
    label, missed = label_boxes(evidence.boxes, truth.boxes)
    found = of[evidence.boxes["fragment"].to_numpy()]
    return score_video(found, evidence.boxes, label, truth.table(), truth.samples(), missed)


def score_table(
    evidence: Evidence, answers: Mapping[str, Individuals | np.ndarray], truth: Truth
) -> pd.DataFrame:
    """A row an answer, and the rows of `floors` and the oracle.

    Args:
        evidence: whose boxes were counted.
        answers: name -> `Individuals`, or int [fragments].
        truth: what is known.

    Returns:
        Columns COLUMNS; `true U` and the other targets stand in `attrs`.
    """
    label = label_boxes(evidence.boxes, truth.boxes)[0]
    person = pd.Series(label).groupby(evidence.boxes["fragment"].to_numpy())
    oracle = person.agg(lambda s: s[s > 0].mode().iloc[0] if (s > 0).any() else 0).to_numpy()
    rows = {}
    for name, answer in answers.items():
        if isinstance(answer, Individuals):
            rows[name] = score(evidence, answer.sure(), truth)
            rows[name] |= {"low": answer.low, "high": answer.high, "threshold": answer.cut.value}
        else:
            rows[name] = score(evidence, answer, truth)
    rows |= floors(evidence, truth)
    rows["oracle identities"] = score(evidence, oracle, truth)
    table = pd.DataFrame(rows).T.reindex(columns=list(COLUMNS)).rename_axis("method")
    table.attrs.update({k: v for k, v in rows["oracle identities"].items() if "true" in k})
    return table


def floors(evidence: Evidence, truth: Truth) -> dict[str, dict[str, float]]:
    """Counts without any re-ID: every short track a person; the most people seen in one frame."""
    track = pd.factorize(evidence.fragments["track"])[0] + 1
    boxes, real = evidence.boxes, truth.table()
    person = pd.factorize(real["person"])[0] + 1
    at_once = boxes.groupby(["interval", "frame"]).size().groupby("interval").max()
    intervals = int(max(boxes["interval"].max(), real["interval"].max())) + 1
    wanted = interval_table(person, real["interval"].to_numpy(), intervals)["present"]
    away = at_once.reindex(range(intervals), fill_value=0) - wanted
    true = targets(person, real["frame"].to_numpy(), truth.samples())["U"]
    most = int(at_once.max())
    return {
        "sum of short tracks": score(evidence, track, truth),
        "maximum present": {
            "U": most, "error U": abs(most - true), "MAE present": float(away.abs().mean())
        },
    }  # fmt: skip
