"""What a video file holds and whether it is whole, told before work starts; its raw decoding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sticc_lib.values import Refusal

STILL = ("image2", "gif_pipe")


class VideoError(Refusal, ValueError):
    """A video that cannot be used; the message names the file, the last good frame, the remedy."""


@dataclass(frozen=True)
class VideoFile:
    """One file, as `scan` found it."""

    path: Path
    frames: int
    rate: float
    """Frames a second, on the whole."""
    first: int
    """The earliest presentation stamp, in the stream's time base."""
    seconds: float
    """From the first frame to the end of the last."""
    variable: bool
    """A frame stands more than half a frame from its place in an even spacing."""
    width: int
    height: int


def scan(path: Path, accept_truncated: bool = False, needs_rate: bool = True) -> VideoFile:
    """Reads all packets of a file, decodes its first frame only.

    CHOICE: the whole file is read once more for this (a fraction of decoding it): a cut file is
    refused before an hour of work, the bar knows its end, a variable rate is known.

    Raises:
        VideoError: missing, empty, no video, no frames, cut short, or no frame rate.
    """
    import av
    from av.error import FFmpegError

    if not path.is_file():
        raise VideoError(f"{path}: there is no such file")
    if path.stat().st_size == 0:
        raise VideoError(f"{path}: the file is empty")
    try:
        with av.open(str(path)) as container:
            if container.format.name.endswith("_pipe") or container.format.name in STILL:
                raise VideoError(f"{path}: a still picture, expected a video")
            if not container.streams.video:
                raise VideoError(f"{path}: has no pictures in it, expected a video")
            stream = container.streams.video[0]
            declared = float(stream.average_rate or 0), stream.frames
            base = float(stream.time_base or 0)
            lasts = (stream.duration or 0) * base
            if not lasts and len(container.streams) == 1:
                lasts = (container.duration or 0) / av.time_base
            stamps, packets = _stamps(container, stream)
    except FFmpegError as error:
        raise VideoError(
            f"{path}: not readable as a video ({error.strerror}); was its end cut off? Some "
            "containers have their index there and are lost without"
        ) from None
    if packets == 0:
        raise VideoError(f"{path}: has no frames")
    rate = _rate(path, stamps, base, declared[0], needs_rate)
    seconds = float(np.ptp(stamps)) * base + 1 / rate if len(stamps) else packets / rate
    if not accept_truncated:
        _check_whole(path, packets, declared[1], seconds, lasts)
    height, width = _first_size(path)
    first = int(stamps[0]) if len(stamps) else 0
    return VideoFile(path, packets, rate, first, seconds, _uneven(stamps), width, height)


def reading(path: Path, accept_truncated: bool, before: int = 0) -> Iterator[Any]:
    """PyAV's frames of a file in order of presentation, decoded as they are asked for.

    Args:
        path: the file.
        accept_truncated: pass over packets that cannot be decoded.
        before: frames of earlier files, for messages.

    Raises:
        VideoError: a packet that cannot be decoded; names the last good frame.
    """
    import av
    from av.error import FFmpegError

    good = 0
    try:
        with av.open(str(path)) as container:
            container.streams.video[0].thread_type = "AUTO"
            for packet in container.demux(video=0):
                try:
                    images = packet.decode()
                except FFmpegError:
                    if not accept_truncated:
                        raise
                    continue
                for image in images:
                    good += 1
                    yield image
    except FFmpegError as error:
        if accept_truncated and good:
            return
        raise VideoError(
            f"{path}: cannot be decoded after frame {before + good} ({error.strerror}); repair it, "
            "or accept it as far as it goes (accept_truncated)"
        ) from None


def oriented(image: Any, file: VideoFile) -> np.ndarray:
    """uint8 [H, W, 3], RGB, turned as the file says (telephones write lying pictures)."""
    turns = round(image.rotation / 90) % 4  # counter-clockwise
    size = (file.width, file.height) if turns % 2 == 0 else (file.height, file.width)
    pixels = image.to_ndarray(format="rgb24", width=size[0], height=size[1])
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def _stamps(container: Any, stream: Any) -> tuple[np.ndarray, int]:
    """Presentation stamps, sorted (none where the file has none), and the number of packets."""
    from array import array

    stamps, packets = array("q"), 0  # eight bytes a frame: under 1 MB an hour
    for packet in container.demux(stream):
        if packet.size:
            packets += 1
            if packet.pts is not None:
                stamps.append(packet.pts)
    return np.sort(np.array(stamps, np.int64)), packets


def _rate(path: Path, stamps: np.ndarray, base: float, declared: float, needed: bool) -> float:
    """Frames a second by the stamps, or as declared where both say about the same."""
    spread = float(np.ptp(stamps)) * base if len(stamps) else 0.0
    if spread > 0:
        measured = (len(stamps) - 1) / spread
        return declared if abs(declared / measured - 1) < 0.02 else measured
    if len(stamps) == 1 and declared:
        return declared
    if needed:
        raise VideoError(f"{path}: says no frame rate and has no time stamps; give fps")
    return declared or 1.0


def _uneven(stamps: np.ndarray) -> bool:
    if len(stamps) < 3:
        return False
    even = np.linspace(stamps[0], stamps[-1], len(stamps))
    return bool(np.abs(stamps - even).max() > 0.5 * (even[1] - even[0]))


def _check_whole(path: Path, packets: int, promised: int, seconds: float, lasts: float) -> None:
    """Refuses a file whose header promises more than is there.

    CHOICE: time may fall a second and a tenth short; some writers round up, or count the sound.
    """
    fewer = promised > packets
    if fewer or lasts > 1.1 * seconds + 1:
        wanted = f"of {promised}" if fewer else f"({seconds:.1f} s of {lasts:.1f} s)"
        raise VideoError(
            f"{path}: truncated, ends near frame {packets} {wanted}; get the whole file, or "
            "accept it as far as it goes (accept_truncated)"
        )


def _first_size(path: Path) -> tuple[int, int]:
    """(height, width) of the first frame, as shown."""
    image = next(reading(path, accept_truncated=True), None)
    if image is None:
        raise VideoError(f"{path}: not one frame can be decoded")
    lying = round(image.rotation / 90) % 2
    return (image.width, image.height) if lying else (image.height, image.width)
