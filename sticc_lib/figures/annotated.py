"""The annotated video: boxes with the numbers of individuals, the running count, who is known.

A second pass over the video, a frame at a time; a frame that was not looked at is left out, so
that nothing is shown which was not seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from sticc_lib.counting.anonymise import blur_frame, covering
from sticc_lib.counting.counted import Counted
from sticc_lib.counting.moments import Moment, Moments
from sticc_lib.counting.video import Frame, Video
from sticc_lib.counting.writing import AnnotatedWriter
from sticc_lib.figures.animation import write_small
from sticc_lib.figures.clock import clock
from sticc_lib.figures.lettering import lay, lettering, ring
from sticc_lib.figures.strip import Strip, person_colour
from sticc_lib.figures.theme import FAINT, INK, on
from sticc_lib.run import bar
from sticc_lib.values import ConfigError

GIF_WIDTH, GIF_FPS, GIF_SECONDS = 480, 7.0, 10.0
"""CHOICE: what a README shows without scrolling, and people walk rather than jump."""
CLOSE = 1e-3
"""Seconds that two times may be apart and be the same."""


def annotate(
    counted: Counted,
    video: Video,
    path: str | Path,
    *,
    start: float = 0.0,
    stop: float = math.inf,
    anonymise: bool = False,
    gif: str | Path | None = None,
    progress: bool = True,
) -> Path:
    """Writes the annotated video (H.264), and perhaps a GIF of its busiest ten seconds.

    Frames that were looked at are in it, each shown as long as in the video.

    Args:
        counted: the count.
        video: the same that was counted.
        path: the file.
        start, stop: seconds of the video; what was not watched is not in it either way.
        anonymise: all heads are blurred, also where the detector lost a person for a moment.
        gif: a file for the GIF.
        progress: show a bar.

    Raises:
        ConfigError: another video, or nothing was watched in this span.
        VideoError: the video cannot be read on.
    """
    moments = Moments(counted)
    _check(moments, video, start, stop)
    painter = Painter(moments, video, anonymise=anonymise)
    shots = _Shots(moments, video, (start, stop), anonymise) if gif else None
    began: float | None = None
    with AnnotatedWriter(path, video.fps / moments.step) as out:
        for frame in _watched(moments, video, start, stop, progress):
            began = frame.seconds if began is None else began
            out.write(painter.draw(frame), frame.seconds - began)
            if shots:
                shots.add(frame)
    if gif and shots:
        write_small(gif, shots.frames, shots.fps)
    return Path(path)


def heading(moment: Moment, seconds: float, moments: Moments) -> tuple[tuple[str, str], ...]:
    """What stands above a frame: (word, number) each; the numbers are those of the tables.

    Args:
        moment: the frame.
        seconds: when it is shown.
        moments: of the whole count, for the length and the total with its 90 % interval.
    """
    length = moments.seconds(moments.high + 1)
    counted = moments.counted
    total = f"{counted.unique} (90 %: {counted.low} to {counted.high})"
    return (
        ("time", clock(math.floor(seconds + CLOSE), length)),
        (f"in interval {moment.interval + 1} of {moment.intervals}:", f"{moment.present}"),
        ("now", f"{moment.now}"),
        ("so far", f"{moment.unique}"),
        ("whole video", total),
    )


class Painter:
    """Draws frames: heading, picture with boxes, strip.

    Args:
        moments: of the count.
        video: whose frames come.
        width: pixels across; 0 for the video's own.
        anonymise: heads are blurred.

    Attributes:
        size: of letters, pixels: a 36th of the picture's height, at least 11.
    """

    def __init__(self, moments: Moments, video: Video, width: int = 0, anonymise: bool = False):
        self.moments = moments
        self.wide = width or video.width
        self.scale = self.wide / video.width
        self.tall = round(video.height * self.scale)
        self.size = max(11, round(min(self.wide / 50, self.tall / 36)))
        self.line = max(2, round(self.size / 7))
        self.strip = Strip(moments, self.wide, self.size, anonymise)
        self.rows = self._rows()
        self._step = round(1.5 * self.size)
        self.head = self._step * (max(self.rows) + 1) + self.size // 2
        observed = moments.counted.observed
        self._covered = covering(observed.boxes, observed.fps).to_numpy() if anonymise else None

    def draw(self, frame: Frame) -> np.ndarray:
        """A frame with all that is known of it, uint8 [head + tall + strip, wide, 3]."""
        moment = self.moments.at(frame.number)
        pixels = frame.pixels
        if self._covered is not None:
            low, high = np.searchsorted(self._covered[:, 0], [frame.number, frame.number + 1])
            pixels = blur_frame(pixels, self._covered[low:high, 1:])
        if self.scale != 1:
            image = Image.fromarray(pixels).resize((self.wide, self.tall))
            pixels = np.asarray(image)
        canvas = np.empty((self.head + self.tall + self.strip.height, self.wide, 3), np.uint8)
        below = self.head + self.tall
        canvas[self.head : below] = pixels
        canvas[below:] = self.strip.draw(frame.number, moment)
        self._boxes(canvas[self.head : below], moment)
        self._heading(canvas[: self.head], heading(moment, frame.seconds, self.moments))
        return canvas

    def _heading(self, canvas: np.ndarray, words: tuple[tuple[str, str], ...]) -> None:
        canvas[:] = lettering(" ", self.size, INK, INK)[0, 0]
        gap, x, last = self.size, self.size // 2, 0
        for (word, number), row in zip(words, self.rows, strict=True):
            x = self.size // 2 if row != last else x
            last, y = row, self.size // 4 + row * self._step
            for text, ink, bold in ((word, FAINT, False), (number, "white", True)):
                drawn = lettering(text, self.size, ink, INK, bold)
                lay(canvas, drawn, x, y)
                x += drawn.shape[1] + gap // 3
            x += gap

    def _rows(self) -> tuple[int, ...]:
        """The line that each part of the heading is on, so that the longest one fits."""
        last = self.moments.at(self.moments.high)
        most = max(self.moments.counted.intervals["present"].max(), 1)
        widest = Moment(last.intervals - 1, last.intervals, most, most, last.unique, last.boxes,
                        last.persons, last.here, last.new)  # fmt: skip
        words = heading(widest, self.moments.seconds(self.moments.high), self.moments)
        rows, x = [], self.size // 2
        for word, number in words:
            part = [lettering(word, self.size, FAINT, INK, False), lettering(number, self.size,
                    "white", INK)]  # fmt: skip
            wide = sum(p.shape[1] for p in part) + self.size // 3
            new = bool(rows) and x + wide > self.wide
            rows.append((rows[-1] if rows else 0) + new)
            x = (self.size // 2 if new else x) + wide + self.size + self.size // 3
        return tuple(rows)

    def _boxes(self, picture: np.ndarray, moment: Moment) -> None:
        """Frames and numbers; nearer people over those behind, the unsure below all."""
        feet = moment.boxes[:, 1] + moment.boxes[:, 3]
        for place in np.lexsort((feet, moment.persons > 0)):
            x, y, w, h = moment.boxes[place] * self.scale
            number = int(moment.persons[place])
            box = (round(x), round(y), round(x + w), round(y + h))
            line = self.line if number else max(1, self.line // 2)
            colour = person_colour(number)
            around = (box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1)
            ring(picture, around, line + 2, INK)  # dark on both sides: seen on any ground
            ring(picture, box, line, colour)
            text, size = (str(number), self.size) if number else ("?", max(9, self.size - 3))
            chip = lettering(text, size, on(colour), colour, pad=max(2, size // 5))
            top = box[1] - chip.shape[0] if box[1] >= chip.shape[0] else box[1]
            left = min(max(box[0], 0), self.wide - chip.shape[1])
            lay(picture, chip, left, top)


class _Shots:
    """Collects the frames of the GIF while the video is drawn."""

    def __init__(self, moments: Moments, video: Video, span: tuple[float, float], anonymise: bool):
        self.low, self.high = moments.busiest(GIF_SECONDS, *span)
        width = min(GIF_WIDTH, video.width)
        self.painter = Painter(moments, video, width, anonymise)
        self.every = max(1, math.ceil(video.fps / moments.step / GIF_FPS - CLOSE))
        self.fps = video.fps / moments.step / self.every
        self.frames: list[np.ndarray] = []
        self._seen = 0

    def add(self, frame: Frame) -> None:
        if self.low - CLOSE <= frame.seconds < self.high - CLOSE:
            if self._seen % self.every == 0:
                self.frames.append(self.painter.draw(frame))
            self._seen += 1


def _check(moments: Moments, video: Video, start: float, stop: float) -> None:
    """Refuses another video, and a span of which nothing was watched."""
    observed = moments.counted.observed
    if video.name != observed.name or video.count < moments.high:
        raise ConfigError(
            f"{observed.name} was counted up to frame {moments.high}, and {video.name} has "
            f"{video.count} frames; give the video that was counted"
        )
    low, high = moments.seconds(moments.low), moments.seconds(moments.high + 1)
    if not start < stop or start >= high or stop <= low:
        raise ConfigError(
            f"start {start}, stop {stop}: {observed.name} was watched from {low:g} to {high:g} s"
        )


def _watched(
    moments: Moments, video: Video, start: float, stop: float, progress: bool
) -> Iterator[Frame]:
    """The frames that were looked at, in a span."""
    began = float(moments.counted.observed.intervals["start"].iloc[0])
    total = (moments.high - moments.low) // moments.step + 1
    shown = bar(progress, total=total, desc="annotate", unit="frame")
    for frame in video.frames(began, max(stop, began + CLOSE), moments.step, moments.low - 1):
        if frame.number > moments.high:
            break
        shown.update()
        if frame.seconds >= start - CLOSE:
            yield frame
    shown.close()
