"""Made-up videos for tests: small pictures whose brightness tells their number."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SHAPE = (48, 64)
PIXELS = {"mjpeg": "yuvj420p"}


def picture(number: int, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """uint8 [H, W, 3]; noise below, for the encoder to have something to do."""
    noise = np.random.default_rng(number).integers(0, 60, (*shape, 3))
    return (noise + 4 * (number % 40)).astype(np.uint8)


def make(
    path: Path,
    frames: int = 21,
    fps: int = 7,
    codec: str = "libx264",
    stamps: list[int] | None = None,
    shape: tuple[int, int] = SHAPE,
    options: dict[str, str] | None = None,
    first: int = 0,
) -> Path:
    """Writes a video; `stamps` are milliseconds, for a variable rate."""
    with av.open(str(path), "w", options=options or {}) as writer:
        stream = writer.add_stream(codec, rate=1000 if stamps else fps)
        stream.height, stream.width, stream.pix_fmt = *shape, PIXELS.get(codec, "yuv420p")
        if stamps:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(first + number, shape), format="rgb24")
            frame.pts = stamps[number] if stamps else number
            frame.time_base = Fraction(1, 1000 if stamps else fps)
            writer.mux(stream.encode(frame))
        writer.mux(stream.encode())
    return path


def cut(path: Path, share: float) -> Path:
    """The same file, its end missing."""
    content = path.read_bytes()
    target = path.with_name(f"cut_{path.name}")
    target.write_bytes(content[: int(len(content) * share)])
    return target
