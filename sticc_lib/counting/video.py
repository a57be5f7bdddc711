"""A video as a stream of frames with their times: any container, constant memory, several files.

Frames are numbered from 1 in the order of presentation, over all files. Times come from the file's
own stamps, so that a variable frame rate is no matter, or from a frame rate that is given.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sticc_lib.counting.scan import VideoError, VideoFile, oriented, reading, scan

__all__ = ["Frame", "Video", "VideoError"]

# Stamps are rounded (to milliseconds in some containers): a frame this close to a bound is on it.
ROUNDING = 2e-3


class Frame(NamedTuple):
    """One frame."""

    number: int
    """From 1, over all files."""
    seconds: float
    """Since the first frame."""
    pixels: np.ndarray
    """uint8 [H, W, 3], RGB."""


@dataclass(frozen=True)
class Video:
    """One or several files as one stretch of time. Use `Video.open`.

    Attributes:
        files: what each file holds, in order.
        fps: frames a second: as given, else the files' own (the mean, where it varies).
        given: whether `fps` was given; time then follows it and not the stamps.
        accept_truncated: whether a damaged or cut file is read as far as it goes.
    """

    files: tuple[VideoFile, ...]
    fps: float
    given: bool = False
    accept_truncated: bool = False

    @classmethod
    def open(
        cls,
        paths: str | Path | Sequence[str | Path],
        fps: float = 0.0,
        accept_truncated: bool = False,
    ) -> Video:
        """Looks through the files (packets only: nothing but a first frame is decoded).

        Args:
            paths: one file, or several that follow each other.
            fps: frames a second; 0 for the files' own. PETS2009 says 10 and is 7.
            accept_truncated: take a cut file as far as it goes. A file that is still being written
                promises nothing beyond its end and is no matter either way.

        Raises:
            VideoError: a file that is missing, empty, no video, without frames, cut short, of
                another size than the first, or without a frame rate where none is given.
        """
        if fps and not (math.isfinite(fps) and fps > 0):
            raise VideoError(f"fps {fps}: expected a number of frames a second above 0")
        several = [paths] if isinstance(paths, str | Path) else list(paths)
        if not several:
            raise VideoError("no video file given")
        files = tuple(scan(Path(p), accept_truncated, needs_rate=not fps) for p in several)
        sizes = {(f.width, f.height) for f in files}
        if len(sizes) > 1:
            told = ", ".join(f"{f.path.name} {f.width} x {f.height}" for f in files)
            raise VideoError(f"files of different sizes ({told}); count each by itself")
        rates = {f.rate for f in files}
        own = rates.pop() if len(rates) == 1 else _mean_rate(files)
        return cls(files, float(fps) or own, bool(fps), accept_truncated)

    @property
    def width(self) -> int:
        """Pixels across, as shown (turned as the file says)."""
        return self.files[0].width

    @property
    def height(self) -> int:
        """Pixels down, as shown."""
        return self.files[0].height

    @property
    def count(self) -> int:
        """Frames, by the packets there are; a damaged file may yield fewer."""
        return sum(f.frames for f in self.files)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.count / self.fps if self.given else sum(f.seconds for f in self.files)

    @property
    def variable(self) -> bool:
        """Whether frames stray from an even spacing; their times then rule, not their numbers."""
        rates = [f.rate for f in self.files]
        uneven = any(f.variable for f in self.files) or max(rates) > 1.01 * min(rates)
        return uneven and not self.given

    @property
    def name(self) -> str:
        """The first file's name, without folder and suffix."""
        return self.files[0].path.stem

    def frames(
        self, start: float = 0.0, stop: float = math.inf, every: int = 1, after: int = 0
    ) -> Iterator[Frame]:
        """Streams frames; what lies before `start` is decoded and passed over.

        Args:
            start, stop: seconds; frames of [start, stop).
            every: each how manieth of these.
            after: number of a frame; it and those before are not handed out again.

        Raises:
            VideoError: a span or step that makes no sense; a file that cannot be decoded further,
                with its last good frame.
        """
        if not 0 <= start < stop or every < 1:
            raise VideoError(
                f"start {start}, stop {stop}, every {every}: expected 0 <= start < stop, every >= 1"
            )
        taken = 0
        for number, seconds, file, image in self._decoded():
            if seconds >= stop - ROUNDING:
                return
            if seconds < start - ROUNDING:
                continue
            if taken % every == 0 and number > after:
                yield Frame(number, seconds, oriented(image, file))
            taken += 1

    def _decoded(self) -> Iterator[tuple[int, float, VideoFile, Any]]:
        """(number, seconds, file, PyAV's frame) of every frame; seconds never go back."""
        number, offset, last = 0, 0.0, -math.inf
        for file in self.files:
            step = 1 / (self.fps if self.given else file.rate)
            for image in reading(file.path, self.accept_truncated, number):
                number += 1
                if self.given or image.pts is None:
                    seconds = (number - 1) / self.fps
                else:
                    seconds = offset + float((image.pts - file.first) * image.time_base)
                if seconds <= last:  # stamps that start anew, or repeat
                    seconds = last + step
                last = seconds
                yield number, seconds, file, image
            offset += file.seconds


def _mean_rate(files: Sequence[VideoFile]) -> float:
    return sum(f.frames for f in files) / sum(f.seconds for f in files)
