"""From a video to fragments: detect, join to short tracks, cut into intervals, keep crops; once.

A *fragment* is what one interval holds of one track, and becomes a tracklet. Everything is written
as soon as its interval has ended, so memory does not grow with the video and a kill costs seconds.
"""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sticc_lib.counting.ahead import ahead
from sticc_lib.counting.boxfile import FromFile
from sticc_lib.counting.detector import Detector
from sticc_lib.counting.intervals import Clock
from sticc_lib.counting.journal import Journal
from sticc_lib.counting.keeper import Keeper
from sticc_lib.counting.observed import BOXES, Observed, load
from sticc_lib.counting.tracking import Joiner, Tracker, TrackerSettings
from sticc_lib.counting.video import Frame, Video, VideoError
from sticc_lib.run import bar
from sticc_lib.tracklets.store import Size
from sticc_lib.tracklets.table import TrackletSet


def observe(
    video: Video,
    detector: Detector,
    folder: str | Path,
    tracker: TrackerSettings | None = None,
    every: float = 3.0,
    size: Size = (128, 64),
    crops: int = 8,
    start: float = 0.0,
    stop: float = math.inf,
    step: int = 1,
    progress: bool = True,
    anonymise: bool = False,
) -> Observed:
    """Watches a video once; goes on at the last finished interval if it was interrupted.

    Args:
        video: what to watch.
        detector: finds people; a `FromFile` with tracks is the tracker, too.
        folder: where what was seen is kept (see `journal`).
        tracker: when boxes belong to one track; not asked where the detector has tracks.
        every: seconds of an interval.
        size: (height, width) of crops.
        crops: how many are kept of a fragment.
        start, stop: seconds of the video.
        step: 2 looks at every second frame, and so on.
        progress: show a bar.
        anonymise: heads are blurred before a crop is kept, so that no face reaches the disk. The
            detector sees the frames as they are; features see blurred heads and lose hair, hat
            and face, which helps to tell people apart who are dressed alike.

    Raises:
        VideoError: the video cannot be read on, or has no frame in this span.
        RunError: the folder holds another observation.
        ConfigError: `every` makes no sense.
    """
    clock = Clock(video.fps, every, variable=video.variable)  # refuses before anything is read
    joiner: Joiner = Tracker(video.fps, tracker)
    if isinstance(detector, FromFile) and detector.tracked:
        joiner = detector
    identity = _identity(video, detector, joiner, clock, size, crops, start, stop, step)
    if anonymise:
        identity["anonymise"] = True
    journal = Journal(folder, size, identity)
    ended = journal.complete
    if ended is None or ended["frames"] != video.count:
        keep = journal.done
        if keep and journal.read(keep - 1).bounds[5]:
            keep -= 1  # the video has grown: its last interval is whole now
        journal.reopen(keep)
        keeper = Keeper(size, crops, anonymise)
        _watch(video, detector, joiner, journal, clock, keeper, (start, stop, step), progress)
        journal.finish(frames=video.count)
    notes = tuple(getattr(detector, "notes", ()))
    return load(journal, video.name, video.fps, notes)


def fragment_tracklets(
    video: Video, boxes: pd.DataFrame, size: Size = (128, 64), folder: str | Path = "",
    every: float = 3.0,
) -> TrackletSet:  # fmt: skip
    """Tracklets of boxes at hand, with or without tracks, a fragment each; one pass.

    Args:
        video: what the boxes belong to.
        boxes: `frame, x, y, w, h`, perhaps `track` and `score`.
        size: (height, width) of crops.
        folder: where crops are kept; a new temporary folder by default.
        every: seconds of an interval.
    """
    folder = folder or tempfile.mkdtemp(prefix="fragments-")
    return observe(video, FromFile.of(boxes, video), folder, every=every, size=size).tracklets()


def _watch(
    video: Video, detector: Detector, joiner: Joiner, journal: Journal, clock: Clock,
    keeper: Keeper, span: tuple[float, float, int], progress: bool,
) -> None:  # fmt: skip
    """Appends interval after interval until the video ends."""
    after = 0
    if journal.done:
        first, last = journal.read(0), journal.read(journal.done - 1)
        clock = _begun(clock, int(first.bounds[0]), float(first.bounds[3]))
        after = int(last.bounds[1])
        joiner.restore(last.state)
    seen = _Seen()
    total = _expected(video, span)
    shown = bar(progress, total=total, initial=min(after, total), desc="find people", unit="frame")
    interval, number, seconds = journal.done, after, -1.0
    for frame, boxes in ahead(video.frames(*span, after=after), detector):
        if not journal.done and not seen.frames and interval == 0:
            clock = _begun(clock, frame.number, frame.seconds)
        while clock.of(frame.number, frame.seconds) > interval:
            _close(journal, clock, interval, keeper, seen, joiner, frame.number, False)
            interval, seen = interval + 1, _Seen()
        tracks = joiner.update(frame.number, boxes)
        keeper.add(frame.number, frame.pixels, boxes, tracks)
        seen.add(frame.number, boxes, tracks)
        shown.update(frame.number - number if number else 1)
        number, seconds = frame.number, frame.seconds
    shown.close()
    if seen.frames:
        ends = number + span[2] if not clock.variable else 0
        whole = ends >= clock.first + (interval + 1) * clock.step if ends else (
            seconds + span[2] / video.fps >= clock.bounds(interval)[1] - 1e-3
        )  # fmt: skip
        _close(journal, clock, interval, keeper, seen, joiner, number + 1, not whole)
    elif not journal.done:
        raise VideoError(f"{video.name}: has no frame from {span[0]} s to {span[1]} s")


def _close(
    journal: Journal, clock: Clock, interval: int, keeper: Keeper, seen: _Seen, joiner: Joiner,
    following: int, short: bool,
) -> None:  # fmt: skip
    """Writes an interval; one without frames (the rate varies) is written, too."""
    low = seen.first if seen.frames else following
    track, frame, tidy, pixels = keeper.take()
    bounds = np.array([low, following - 1, seen.frames, *clock.bounds(interval), short], float)
    crops = np.stack([track, frame, tidy.astype(np.int64)], axis=1)
    journal.append(bounds, seen.boxes(), crops, pixels, joiner.state())


class _Seen:
    """Boxes of the interval that is going on."""

    def __init__(self) -> None:
        self.first, self.frames = 0, 0
        self._rows: list[np.ndarray] = []

    def add(self, number: int, boxes: np.ndarray, tracks: np.ndarray) -> None:
        self.first = self.first or number
        self.frames += 1
        self._rows.append(np.column_stack([np.full(len(boxes), number), tracks, boxes]))

    def boxes(self) -> np.ndarray:
        """float64 [n, 7]."""
        return np.concatenate([np.empty((0, len(BOXES))), *self._rows])


def _begun(clock: Clock, first: int, began: float) -> Clock:
    return Clock(clock.fps, clock.every, first, began, clock.variable)


def _expected(video: Video, span: tuple[float, float, int]) -> int:
    """The number of the last frame, about."""
    return min(video.count, round(min(span[1], video.seconds) * video.fps))


def _identity(
    video: Video, detector: Detector, joiner: Joiner, clock: Clock, size: Size, crops: int,
    start: float, stop: float, step: int,
) -> dict[str, Any]:  # fmt: skip
    """What makes an observation this one. The video is known by its first frame, so that a file
    that grows, or is packed anew, stays the same."""
    first: Iterator[Frame] = video.frames()
    frame = next(first, None)
    if frame is None:
        raise VideoError(f"{video.name}: not one frame can be decoded")
    return {
        "video": hashlib.sha256(frame.pixels.tobytes()).hexdigest()[:12],
        "files": [f.path.name for f in video.files],
        "fps": round(video.fps, 4),
        "every": clock.every,
        "detector": detector.name,
        "tracker": joiner.name,
        "size": list(size),
        "crops": crops,
        "start": start,
        "stop": stop if math.isfinite(stop) else None,
        "step": step,
    }
