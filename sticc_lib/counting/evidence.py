"""What one video tells without labels: who was seen at once, who cannot have got there, who moved.

Boxes of one track are one person (must-link), people seen at once are different (cannot-link).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sticc_lib.counting.boxes import iou
from sticc_lib.tracklets.table import DataError

AT_ONCE, APART = 3, 0.2
"""Frames and IoU of the cannot-link. Plain overlap in time was wrong in 6 of 204 pairs of
PETS2009 (double boxes where one track hands over to the next)."""
FASTEST = 2.5
"""Heights a second that a person covers at most. CHOICE: running, 4 m/s for 1.7 m."""
SLACK = 0.75
"""Heights that a box may be off at either end of an absence."""


@dataclass(frozen=True)
class Evidence:
    """Fragments of short tracks, and what their crops look like.

    Attributes:
        boxes: `frame`, `track`, `x y w h` (pixels), `interval`, `fragment`, by frame.
        fragments: index 0..n-1; `interval`, `track`, `first_frame`, `last_frame`, `n` (boxes).
        values: float32 [crops, D], a vector a crop.
        owner: int [crops], its fragment; crops of a fragment stand in time order.
        fps: frames a second.
    """

    boxes: pd.DataFrame
    fragments: pd.DataFrame
    values: np.ndarray
    owner: np.ndarray
    fps: float

    def __post_init__(self) -> None:
        """Refuses tables that do not belong together.

        Raises:
            DataError: names what does not fit.
        """
        count = len(self.fragments)
        wrong = []
        if not np.array_equal(self.fragments.index, np.arange(count)):
            wrong.append("fragments are not numbered 0, 1, 2, ...")
        if set(self.boxes["fragment"]) != set(range(count)):
            wrong.append("boxes and fragments name different fragments")
        if len(self.values) != len(self.owner) or set(np.unique(self.owner)) != set(range(count)):
            wrong.append("every fragment needs a crop, and every crop a vector")
        elif not np.isfinite(self.values).all():
            wrong.append("a crop's vector holds NaN or infinity")
        if not self.fps > 0:
            wrong.append(f"fps {self.fps}: expected above 0")
        if wrong:
            raise DataError("; ".join(wrong) + "; observe the video again")

    @property
    def track(self) -> np.ndarray:
        """Track of each crop, int [crops]."""
        return self.fragments["track"].to_numpy()[self.owner]

    def until(self, interval: int) -> Evidence:
        """What was known after this interval: all fragments up to it."""
        return self._of(self.fragments["interval"].to_numpy() <= interval)

    def at(self, interval: int) -> Evidence:
        """The fragments of one interval alone."""
        return self._of(self.fragments["interval"].to_numpy() == interval)

    def _of(self, keep: np.ndarray) -> Evidence:
        """Some fragments, bool [n], numbered anew in their order."""
        number = np.cumsum(keep) - 1
        boxes = self.boxes[keep[self.boxes["fragment"].to_numpy()]]
        crops = keep[self.owner]
        return Evidence(
            boxes.assign(fragment=number[boxes["fragment"].to_numpy()]),
            self.fragments[keep].reset_index(drop=True),
            self.values[crops], number[self.owner[crops]], self.fps,
        )  # fmt: skip

    def with_values(self, values: np.ndarray) -> Evidence:
        """The same fragments, told apart by other features."""
        return Evidence(self.boxes, self.fragments, values, self.owner, self.fps)

    @cached_property
    def apart(self) -> np.ndarray:
        """bool [n, n]: fragments seen at once, and so of two persons."""
        return seen_at_once(self.boxes, self.boxes["fragment"].to_numpy(), len(self.fragments))

    @cached_property
    def ends(self) -> pd.DataFrame:
        """First and last place of each fragment; see `places`."""
        return places(self.boxes, self.boxes["fragment"].to_numpy())


def places(boxes: pd.DataFrame, number: np.ndarray) -> pd.DataFrame:
    """Where things (fragments, tracks) come and go.

    Args:
        boxes: `frame`, `x y w h`, by frame.
        number: int [boxes], the thing of each box, 0..n-1, each with a box.

    Returns:
        A row a thing: `first`, `last` (frames), the feet `x0 y0 x1 y1` there, and the height
        `h0 h1` (median of up to five boxes at either end).
    """
    table = boxes[["frame", "x", "y", "w", "h"]].to_numpy(float)
    rows = []
    for mine in pd.Series(number).groupby(number).indices.values():
        frame, x, y, w, h = table[mine].T
        feet = [x[0] + w[0] / 2, y[0] + h[0], x[-1] + w[-1] / 2, y[-1] + h[-1]]
        rows.append((frame[0], frame[-1], *feet, np.median(h[:5]), np.median(h[-5:])))
    return pd.DataFrame(rows, columns=["first", "last", "x0", "y0", "x1", "y1", "h0", "h1"])


def fragments_of(
    boxes: pd.DataFrame, step: int, first: int = 1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cuts tracks at the borders of intervals of `step` frames.

    Returns:
        The boxes with `interval` and `fragment`, and the table of fragments, as `Evidence` wants
        them; fragments are numbered by interval, then track.
    """
    boxes = boxes.sort_values("frame", kind="stable").reset_index(drop=True)
    boxes = boxes.assign(interval=(boxes["frame"] - first) // step)
    boxes = boxes.assign(fragment=boxes.groupby(["interval", "track"]).ngroup())
    fragments = boxes.groupby("fragment").agg(
        interval=("interval", "first"), track=("track", "first"), first_frame=("frame", "min"),
        last_frame=("frame", "max"), n=("frame", "size"),
    )  # fmt: skip
    return boxes, fragments


def seen_at_once(boxes: pd.DataFrame, number: np.ndarray, count: int) -> np.ndarray:
    """Which of `count` things were seen at once in AT_ONCE frames, with an IoU below APART.

    Args:
        boxes: `frame`, `x y w h`.
        number: int [boxes], the thing (fragment, track) of each box, 0..count-1.
        count: of things.

    Returns:
        bool [count, count], symmetric, False on the diagonal.
    """
    from scipy.sparse import coo_matrix

    corners = boxes[["x", "y", "w", "h"]].to_numpy(float)
    left, right = [], []
    for rows in boxes.groupby("frame").indices.values():
        if len(rows) < 2:
            continue
        i, j = np.nonzero(np.triu(iou(corners[rows], corners[rows]) < APART, 1))
        left.append(number[rows[i]])
        right.append(number[rows[j]])
    if not left:
        return np.zeros((count, count), bool)
    i, j = np.concatenate(left), np.concatenate(right)
    pairs = coo_matrix((np.ones(len(i), np.int32), (i, j)), shape=(count, count)).toarray()
    at_once = (pairs + pairs.T) >= AT_ONCE
    np.fill_diagonal(at_once, False)
    return at_once


def out_of_reach(ends: pd.DataFrame, fps: float, other: pd.DataFrame | None = None) -> np.ndarray:
    """Pairs that nobody can be, for the way between them is too long for the time.

    Args:
        ends: as `Evidence.ends`.
        fps: frames a second.
        other: of the second of each pair; the same by default.

    Returns:
        bool [n, m]. Fragments that overlap in time are not judged.
    """
    gap, way = _between(ends, ends if other is None else other, fps)
    return (gap > 0) & (way > FASTEST * gap + SLACK)


def follows(ends: pd.DataFrame, fps: float, most: float = 2.0) -> np.ndarray:
    """How well one fragment goes on where another stopped shortly before, 0..1, [n, n].

    1 for the same place at once; falls with the way (heights) and the time, to 0 after `most`
    seconds or beyond what people walk.
    """
    gap, way = _between(ends, ends, fps)
    near = np.exp(-0.5 * (way / (0.3 + 0.8 * np.maximum(gap, 0))) ** 2)
    return np.where((gap > 0) & (gap <= most), near * (1 - gap / (most + 1 / fps)), 0)


def _between(left: pd.DataFrame, right: pd.DataFrame, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Seconds between the end of one and the beginning of the other (0 or less: they overlap in
    time) and the way between these places in heights, [n, m] each."""
    first = {n: left[n].to_numpy(float)[:, None] for n in left}
    second = {n: right[n].to_numpy(float)[None] for n in right}
    before = first["last"] < second["first"]
    after = second["last"] < first["first"]
    gap = np.where(before, second["first"] - first["last"], first["first"] - second["last"]) / fps
    gap = np.where(before | after, gap, 0)
    ahead = np.hypot(first["x1"] - second["x0"], first["y1"] - second["y0"])
    back = np.hypot(first["x0"] - second["x1"], first["y0"] - second["y1"])
    tall = np.where(before, first["h1"] + second["h0"], first["h0"] + second["h1"]) / 2
    return gap, np.where(before, ahead, back) / np.maximum(tall, 1)
