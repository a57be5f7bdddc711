"""Crops of boxes in a video: decoded once, a frame at a time, and kept as one array on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.run import atomic, bar, cache_dir
from sticc_lib.tracklets.store import ArrayStore, PixelError, crop_box, resize

CACHE_VERSION = 1
"""Raise it when the cutting changes: the cached pixels carry it in their name."""


def video_crops(video: Path, boxes: pd.DataFrame, size: tuple[int, int], remedy: str) -> ArrayStore:
    """The crops of boxes, from the cache or cut from the video now; memory stays constant.

    Args:
        video: any file PyAV reads.
        boxes: one row a crop, sorted by `frame` (from 1: the n-th decoded frame), with `x y w h`
            (pixels) and `where` (text: file and line, for messages).
        size: (height, width) of the crops.
        remedy: what to do when the video is damaged, for messages.

    Returns:
        A store whose row i is the crop of the i-th box.

    Raises:
        PixelError: a box names a frame the video does not have or lies outside the image, or the
            video cannot be read to its last box. Nothing half-written stays in the cache.
    """
    digest = hashlib.sha256(video.read_bytes())
    digest.update(boxes[["frame", "x", "y", "w", "h"]].to_numpy(float).tobytes())
    name = f"{video.stem}-v{CACHE_VERSION}-{size[0]}x{size[1]}-{digest.hexdigest()[:12]}.npy"
    path = cache_dir() / name
    if not path.exists():
        _check_range(video, boxes, remedy)
        with atomic(path) as temporary, temporary.open("wb") as stream:
            header = {"descr": "|u1", "fortran_order": False, "shape": (len(boxes), *size, 3)}
            np.lib.format.write_array_header_1_0(stream, header)
            for crop in _cut(video, boxes, size, remedy):
                stream.write(crop.tobytes())
    return ArrayStore.open(path, boxes[["h", "w"]].to_numpy(float))


def video_header(video: Path, remedy: str) -> tuple[int, int, int]:
    """Frames (0 where the file does not say), height and width, without decoding.

    Raises:
        PixelError: not a video.
    """
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(video)) as container:
            stream = container.streams.video[0]
            return stream.frames, stream.height, stream.width
    except (FFmpegError, IndexError) as error:
        reason = getattr(error, "strerror", None) or "no video stream"
        raise PixelError(f"{video}: not readable as a video ({reason}); {remedy}") from None


def video_frame(video: Path, number: int, remedy: str = "ask for an earlier one") -> np.ndarray:
    """One frame, uint8 [3, H, W], RGB; `number` counts from 1, as boxes do.

    Raises:
        PixelError: not a video, or one without this frame.
    """
    for seen, image in enumerate(_decode(video, remedy), start=1):
        if seen == number:
            return image
    raise PixelError(f"{video}: has no frame {number}; {remedy}")


def _cut(
    video: Path, boxes: pd.DataFrame, size: tuple[int, int], remedy: str
) -> Iterator[np.ndarray]:
    """uint8 [H, W, 3] of each box, in order."""
    rows_of = boxes.groupby("frame").indices
    corners, where = boxes[["x", "y", "w", "h"]].to_numpy(float), boxes["where"].to_numpy()
    last, seen = int(boxes["frame"].to_numpy().max()), 0
    what = f"cut crops of {video.name}"
    for image in bar(iterable=_decode(video, remedy), total=last, desc=what, unit="frame"):
        seen += 1
        for row in rows_of.get(seen, ()):
            part = crop_box(image, corners[row], where[row])  # [3, h, w]
            yield np.moveaxis(resize(part[None], size)[0], 0, 2)
        if seen == last:
            return
    raise PixelError(f"{video}: truncated, ends after frame {seen} of {last}; {remedy}")


def _decode(video: Path, remedy: str) -> Iterator[np.ndarray]:
    """uint8 [3, H, W], RGB, a frame at a time."""
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(video)) as container:
            for frame in container.decode(video=0):
                yield np.moveaxis(frame.to_ndarray(format="rgb24"), 2, 0)
    except FFmpegError as error:
        raise PixelError(f"{video}: cannot be decoded ({error.strerror}); {remedy}") from None


def _check_range(video: Path, boxes: pd.DataFrame, remedy: str) -> None:
    """Refuses boxes of frames that the video does not have, before anything is decoded."""
    frames = video_header(video, remedy)[0]
    beyond = np.flatnonzero(boxes["frame"].to_numpy() > frames)
    if frames and len(beyond):
        box = boxes.iloc[beyond[0]]
        raise PixelError(
            f"{box['where']}: frame {box['frame']}, but {video.name} has {frames}; "
            "do the boxes belong to another video?"
        )
