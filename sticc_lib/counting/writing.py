"""Pictures to a video file (H.264) or an animated GIF, a frame at a time, whole or not at all."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from sticc_lib.run import atomic

TICKS = 90_000
AHEAD = 4
"""Frames that may wait for the encoder."""


class AnnotatedWriter(AbstractContextManager["AnnotatedWriter"]):
    """Writes frames as H.264 in MP4; the file appears under its name when the block ends well.

        with AnnotatedWriter(path, fps=7) as out:
            out.write(pixels)

    Args:
        path: the file.
        fps: frames a second.
        crf: quality, 0 (lossless) to 51. CHOICE: 26, at which letters stay sharp.
    """

    def __init__(self, path: str | Path, fps: float, crf: int = 26):
        self.path, self.fps, self.crf = Path(path), fps, crf
        self._stack = ExitStack()
        self._stream: Any = None
        self._last = -1
        self._waiting: deque[Future] = deque()

    def __enter__(self) -> AnnotatedWriter:
        import av

        self._pool = ThreadPoolExecutor(1, "encoder")
        self._temporary = self._stack.enter_context(atomic(self.path))
        options = {"movflags": "+faststart"}
        self._container = av.open(str(self._temporary), "w", format="mp4", options=options)
        return self

    def write(self, pixels: np.ndarray, seconds: float | None = None) -> None:
        """Adds a frame.

        Args:
            pixels: uint8 [H, W, 3], RGB. H.264 wants even sides: the last row or column of an odd
                one is repeated.
            seconds: when it is shown; evenly after the last where not given.
        """
        odd = pixels.shape[0] % 2, pixels.shape[1] % 2
        if any(odd):
            pixels = np.pad(pixels, ((0, odd[0]), (0, odd[1]), (0, 0)), mode="edge")
        if self._stream is None:
            rate = Fraction(self.fps).limit_denominator(1001)
            self._stream = self._container.add_stream("libx264", rate=rate)
            self._stream.width, self._stream.height = pixels.shape[1], pixels.shape[0]
            self._stream.pix_fmt = "yuv420p"
            self._stream.options = {"crf": str(self.crf), "preset": "veryfast"}
            self._stream.codec_context.time_base = Fraction(1, TICKS)
        even = self._last + round(TICKS / self.fps) if self._last >= 0 else 0
        self._last = even if seconds is None else max(round(seconds * TICKS), self._last + 1)
        pixels = np.array(pixels, order="C")  # its own: the caller may go on painting
        self._waiting.append(self._pool.submit(self._encode, pixels, self._last))
        if len(self._waiting) > AHEAD:
            self._waiting.popleft().result()

    def _encode(self, pixels: np.ndarray, ticks: int) -> None:
        """In a thread of its own, while the next frame is painted."""
        import av

        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts, frame.time_base = ticks, Fraction(1, TICKS)
        self._container.mux(self._stream.encode(frame))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            while kind is None and self._waiting:
                self._waiting.popleft().result()
        except BaseException:
            self._abandon(*sys.exc_info())
            raise
        self._pool.shutdown(cancel_futures=True)
        if self._stream is not None and kind is None:
            self._container.mux(self._stream.encode())
        self._container.close()
        if self._stream is None and kind is None:
            kind, error = ValueError, ValueError(f"{self.path}: no frame was written")
            self._stack.__exit__(kind, error, None)
            raise error
        self._stack.__exit__(kind, error, trace)

    def _abandon(self, *error: Any) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._container.close()
        self._stack.__exit__(*error)


def write_gif(
    path: str | Path, frames: Iterable[np.ndarray], fps: float, width: int = 480, colors: int = 96,
    palette: np.ndarray | None = None,
) -> Path:  # fmt: skip
    """Writes an animated GIF that repeats.

    Args:
        path: the file.
        frames: uint8 [H, W, 3], RGB, of one size.
        fps: frames a second; a GIF counts hundredths of a second.
        width: pixels across; larger pictures are made smaller.
        colors: of the palette, which is the first picture's and shared: it saves a third.
        palette: uint8 [n, 3], RGB, n of at most 256: the colours themselves.

    Raises:
        ValueError: no frames.
    """
    from PIL import Image

    pictures: list[Image.Image] = []
    shared: Image.Image | None = None
    if palette is not None:
        shared = Image.new("P", (1, 1))
        shared.putpalette(palette.tobytes())
    for pixels in frames:
        image = Image.fromarray(pixels)
        if image.width > width:
            image = image.resize((width, round(image.height * width / image.width)))
        if shared is None:
            shared = image.quantize(colors)
        pictures.append(image.quantize(palette=shared, dither=Image.Dither.NONE))
    if not pictures:
        raise ValueError(f"{path}: no frames to write")
    with atomic(path) as temporary:
        first, *rest = pictures
        first.save(temporary, "GIF", save_all=True, append_images=rest, loop=0, optimize=True,
                   duration=round(1000 / fps))  # fmt: skip
    return Path(path)
