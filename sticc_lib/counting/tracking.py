"""Short tracks: boxes joined from frame to frame by motion and overlap, and cut where in doubt.

Who somebody is, is the re-ID model's question. Here a track should be of *one* person, not long:
it ends where two boxes merge, where another assignment would be nearly as good, where a box jumps.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from sticc_lib.counting.boxes import iou

COLUMNS = ("frame", "track", "x", "y", "w", "h", "score")
NEVER = 1e6
X, Y, W, H, VX, VY, LAST, NUMBER, AGE, DOUBT = range(10)  # of a row of the tracker's state


@dataclass(frozen=True)
class TrackerSettings:
    """When boxes belong together.

    CHOICE: all of these for purity, looked at on PETS2009 (benchmarks/tracking.py); no count was.
    """

    least_iou: float = 0.25
    """A box must overlap the place where its track is expected by this much."""
    reach: float = 0.25
    """Or stand this near to it: distance over the box's height, for a track of one box."""
    patience: float = 0.5
    """Seconds a track may be missing."""
    margin: float = 0.2
    """A track is cut where another assignment of its box is not worse by this much (IoU)."""
    merge: float = 0.3
    """A track is cut where another that finds no box should overlap its own by this much (IoU):
    one may stand before the other. Likewise where a box that nobody had overlaps it."""
    settle: int = 1
    """Frames without doubt after which a doubtful piece ends and a clear track begins."""
    jump: float = 1.5
    """A track is cut where height or width changes by this factor from box to box."""


class Joiner(Protocol):
    """What numbers boxes: our tracker, or a file that holds somebody else's tracks."""

    @property
    def name(self) -> str:
        """With its settings; another name, another run."""
        ...

    def update(self, frame: int, boxes: np.ndarray) -> np.ndarray:
        """The track of each box of a frame, int64 [n]; frames come in order."""
        ...

    def state(self) -> np.ndarray:
        """What it has to remember, as one array; `restore` takes it back."""
        ...

    def restore(self, state: np.ndarray) -> None:
        """Goes on from a state."""
        ...


class Tracker:
    """Constant velocity, IoU, one-to-one assignment (Hungarian); see the module's text.

    Args:
        fps: frames a second, by which frame numbers count.
        settings: when boxes belong together.
    """

    def __init__(self, fps: float, settings: TrackerSettings | None = None):
        self.fps, self.settings = fps, settings or TrackerSettings()
        self._live = np.empty((0, DOUBT + 1))
        self._next = 1

    @property
    def name(self) -> str:
        """With its settings; another name, another run."""
        return f"tracker {asdict(self.settings)}"

    def state(self) -> np.ndarray:
        """See `Joiner`: float64 [1 + live tracks, 10]."""
        return np.vstack([np.full((1, DOUBT + 1), self._next, float), self._live])

    def restore(self, state: np.ndarray) -> None:
        """See `Joiner`."""
        self._next, self._live = int(state[0, 0]), state[1:].copy()

    def update(self, frame: int, boxes: np.ndarray) -> np.ndarray:
        """Gives each box of a frame its track.

        Args:
            frame: number; frames come in order, and some may be left out.
            boxes: [n, 4 or 5] as detectors give them.

        Returns:
            int64 [n]; a number not seen before is a new track.
        """
        boxes = np.asarray(boxes, float)[:, :4]
        waited = max(self.settings.patience * self.fps, 1.0)
        self._live = self._live[frame - self._live[:, LAST] <= waited + 1]
        expected = self._expected(frame)
        likeness = self._likeness(expected, boxes, frame)
        rows, columns = _assign(likeness)
        sure = self._sure(likeness, rows, columns)
        jumps = self._jumps(rows, columns, boxes)
        tracks = np.zeros(len(boxes), np.int64)
        for row, column, clear in zip(rows[~jumps], columns[~jumps], sure[~jumps], strict=True):
            self._live[row] = _moved(self._live[row], boxes[column], frame)
            self._doubt(self._live[row], bool(clear))
            tracks[column] = int(self._live[row, NUMBER])
        self._live = np.delete(self._live, rows[jumps], axis=0)
        new = np.flatnonzero(tracks == 0)
        born = np.zeros((len(new), DOUBT + 1))
        born[:, [X, Y]], born[:, [W, H]] = boxes[new, :2] + boxes[new, 2:] / 2, boxes[new, 2:]
        born[:, LAST], born[:, AGE] = frame, 1
        for row in born:
            self._number(row)
        tracks[new] = born[:, NUMBER]
        self._live = np.vstack([self._live, born])
        return tracks

    def _number(self, track: np.ndarray) -> None:
        track[NUMBER], self._next = self._next, self._next + 1

    def _doubt(self, track: np.ndarray, clear: bool) -> None:
        """Gives a track another number where doubt begins and where it has ended.

        `DOUBT` is 0 for a clear track, else 1 plus the frames since the last doubt.
        """
        before = track[DOUBT]
        track[DOUBT] = 0 if clear and not before else before + 1 if clear else 1
        if track[DOUBT] > self.settings.settle:
            track[DOUBT] = 0
        if (before == 0) != (track[DOUBT] == 0):
            self._number(track)

    def _expected(self, frame: int) -> np.ndarray:
        """Boxes [tracks, 4] where the tracks should be now."""
        after = (frame - self._live[:, LAST])[:, None]
        centre = self._live[:, [X, Y]] + self._live[:, [VX, VY]] * after
        size = self._live[:, [W, H]]
        return np.hstack([centre - size / 2, size])

    def _likeness(self, expected: np.ndarray, boxes: np.ndarray, frame: int) -> np.ndarray:
        """[tracks, boxes]: IoU with the expected place, or nearness while the pace is unknown."""
        overlap = iou(expected, boxes)
        centre = boxes[:, :2] + boxes[:, 2:] / 2
        far = np.linalg.norm(self._live[:, None, [X, Y]] - centre[None], axis=2)
        after = np.maximum(frame - self._live[:, LAST], 1)[:, None]
        # somebody walking covers at most about one height a second
        reach = np.maximum(self.settings.reach, after / self.fps) * self._live[:, H][:, None]
        nearness = np.where(far <= reach, 0.5 * (1 - far / reach), 0)
        young = (self._live[:, AGE] < 2)[:, None]
        likeness = np.where(young, np.maximum(overlap, nearness), overlap)
        least = np.where(young, 1e-6, self.settings.least_iou)
        return np.where(likeness >= least, likeness, 0)

    def _sure(self, likeness: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """bool, one a pair: no trade of boxes comes near, no lost track or spare box overlaps."""
        ours = self.settings
        chosen = likeness[rows, columns]
        holder, held = np.full(likeness.shape[1], -1), np.full(likeness.shape[0], -1)
        holder[columns], held[rows] = rows, columns
        sure = np.ones(len(rows), bool)
        for n, (row, column) in enumerate(zip(rows, columns, strict=True)):
            rivals = np.flatnonzero((likeness[:, column] > 0) & (held >= 0))
            rivals = rivals[rivals != row]
            kept = chosen[n] + likeness[rivals, held[rivals]]
            traded = likeness[rivals, column] + likeness[row, held[rivals]]
            lost = likeness[held < 0, column]
            spare = likeness[row, holder < 0]
            least = min(ours.merge, chosen[n] - ours.margin)
            sure[n] = (
                not (traded > kept - ours.margin).any()
                and not ((lost > 0) & (lost > least)).any()
                and not ((spare > 0) & (spare > least)).any()
            )
        return sure

    def _jumps(self, rows: np.ndarray, columns: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """bool, one a pair: whether the size changes as no person's does."""
        before, now = self._live[rows][:, [W, H]], boxes[columns, 2:4]
        ratio = np.maximum(now / before, before / now)
        return (ratio[:, 1] > self.settings.jump) | (ratio[:, 0] > self.settings.jump**2)


def short_tracks(boxes: pd.DataFrame, fps: float, tracker: Joiner | None = None) -> pd.DataFrame:
    """Numbers boxes that are all at hand.

    Args:
        boxes: `frame`, `x y w h` (pixels), perhaps `score`.
        fps: frames a second.
        tracker: ours with its settings by default.

    Returns:
        `frame, track, x, y, w, h, score`, by frame.
    """
    joiner = tracker or Tracker(fps)
    table = boxes.sort_values("frame", kind="stable").reset_index(drop=True)
    if "score" not in table:
        table = table.assign(score=1.0)
    values, track = table[["x", "y", "w", "h"]].to_numpy(float), np.zeros(len(table), np.int64)
    for frame, rows in table.groupby("frame").indices.items():
        track[rows] = joiner.update(int(frame), values[rows])
    return table.assign(track=track)[list(COLUMNS)]


def _assign(likeness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The assignment of the greatest likeness in all; pairs without any are left out."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(np.where(likeness > 0, likeness, -NEVER), maximize=True)
    linked = likeness[rows, columns] > 0
    return rows[linked], columns[linked]


def _moved(track: np.ndarray, box: np.ndarray, frame: int) -> np.ndarray:
    """A track's row after it took a box; pace and size are smoothed, for boxes tremble."""
    new = track.copy()
    after = frame - track[LAST]
    centre = box[:2] + box[2:4] / 2
    pace = (centre - track[[X, Y]]) / after
    share = 1.0 if track[AGE] < 2 else 0.4
    new[[VX, VY]] = (1 - share) * track[[VX, VY]] + share * pace
    new[[X, Y]], new[[W, H]] = centre, 0.5 * track[[W, H]] + 0.5 * box[2:4]
    new[LAST], new[AGE] = frame, track[AGE] + 1
    return new
