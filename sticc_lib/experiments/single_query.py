"""A tracklet from somebody's own files: a folder of crops, one picture, or a video of a person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.config import ConfigError
from sticc_lib.tracklets.store import ArrayStore, FileStore, PixelStore
from sticc_lib.tracklets.table import TrackletSet

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
MOST = 64
"""Frames of a video that are taken, evenly spaced. CHOICE: more of one stay say no more."""
SIDE = 512
"""Longest side frames of a video are kept with; models look at less."""


def of_files(path: Path) -> TrackletSet:
    """A set of one tracklet, of nobody known: crops by name, or frames of a video by time.

    The whole of each picture is taken for the person: cut first.

    Args:
        path: a folder with pictures, a picture, or a video.

    Raises:
        ConfigError: nothing there, or no picture in it.
        PixelError: a picture cannot be read; names it.
        VideoError: a video cannot be.
    """
    path = path.expanduser()
    if path.is_dir():
        names = sorted(p.name for p in path.iterdir() if p.suffix.lower() in PICTURES)
        return _set(path.name, names, FileStore(path), str(path))
    if not path.exists():
        raise ConfigError(
            f"{path}: no such file; expected a tracklet's number, a folder of crops, a picture or "
            "a video"
        )
    if path.suffix.lower() in PICTURES:
        return _set(path.stem, [path.name], FileStore(path.parent), str(path))
    frames = _frames(path)
    return _set(path.stem, list(range(len(frames))), ArrayStore(frames), str(path))


def _frames(path: Path) -> np.ndarray:
    """Evenly spaced frames uint8 [n, H, W, 3] of a video; one pass, so they thin out as it goes."""
    from sticc_lib.counting.video import Video
    from sticc_lib.tracklets.store import resize

    kept: list[np.ndarray] = []
    step = 1
    for number, frame in enumerate(Video.open(path).frames()):
        if number % step:
            continue
        pixels = np.moveaxis(frame.pixels, 2, 0)[None]
        share = min(1.0, SIDE / max(pixels.shape[2:]))
        size = (max(1, round(pixels.shape[2] * share)), max(1, round(pixels.shape[3] * share)))
        kept.append(np.moveaxis(resize(pixels, size)[0], 0, 2))
        if len(kept) == 2 * MOST:
            kept, step = kept[::2], 2 * step
    if not kept:
        raise ConfigError(f"{path}: no frame in it")
    places = np.linspace(0, len(kept) - 1, min(len(kept), MOST)).round().astype(int)
    return np.stack([kept[place] for place in places])


def _set(name: str, frames: list, pixels: PixelStore, where: str) -> TrackletSet:
    if not frames:
        raise ConfigError(f"{where}: no picture in it ({', '.join(PICTURES)})")
    tracklets = pd.DataFrame(
        {"person": [0], "label": ["unknown"], "camera": pd.array([None], "Int64"),
         "split": ["test"], "query": [False], "gallery": [False], "num_frames": [len(frames)],
         "source": ["query"]},
        index=pd.Index([0], name="tracklet"),
    )  # fmt: skip
    column = "row" if isinstance(frames[0], int) else "path"
    table = pd.DataFrame({"tracklet": 0, "time": np.arange(len(frames)), column: frames})
    return TrackletSet(name, tracklets, table, pixels)
