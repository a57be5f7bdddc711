"""A short animated GIF of a video, small enough for a README."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from sticc_lib.counting.writing import write_gif
from sticc_lib.figures.lettering import rgb
from sticc_lib.figures.theme import BRIGHT, FAINT, INK, MUTED
from sticc_lib.run import atomic

LADDER = ((480, 128), (480, 80), (400, 64), (320, 48), (240, 32), (160, 24))
"""Width and colours, tried until the file is small enough."""
STILL = 12
"""Steps of 255 by which a pixel must differ from what is shown. CHOICE: grain of a camera is below
it, and takes most of the bytes of a GIF."""
KEPT = (*BRIGHT, INK, FAINT, MUTED)
"""Colours that mean something and keep their places in the palette."""
SAMPLED = 6
"""Frames that the other colours are taken from."""


def write_small(
    path: str | Path, frames: Sequence[np.ndarray], fps: float, most: int = 2_000_000
) -> Path:
    """Writes a GIF of at most so many bytes, or as small as it gets; whole or not at all.

    Args:
        path: the file.
        frames: uint8 [H, W, 3], RGB, of one size.
        fps: frames a second.
        most: bytes.

    Raises:
        ValueError: no frames.
    """
    if not frames:
        raise ValueError(f"{path}: no frames to write")
    shown = steady(frames)
    with atomic(path) as temporary:
        for width, colors in LADDER:
            write_gif(temporary, shown, fps, width, colors, palette(shown, colors))
            if temporary.stat().st_size <= most:
                break
    return Path(path)


def palette(frames: Sequence[np.ndarray], colors: int) -> np.ndarray:
    """uint8 [at most colors, 3]: KEPT, and what is common in frames over the whole time."""
    places = np.linspace(0, len(frames) - 1, min(SAMPLED, len(frames))).round().astype(int)
    joined = np.concatenate([frames[place][::2, ::2] for place in places])
    common = Image.fromarray(joined).quantize(colors - len(KEPT)).getpalette() or []
    found = np.array(common, np.uint8).reshape(-1, 3)[: colors - len(KEPT)]
    return np.concatenate([np.array([rgb(colour) for colour in KEPT], np.uint8), found])


def steady(frames: Sequence[np.ndarray], still: int = STILL) -> list[np.ndarray]:
    """The frames with every pixel left as it was shown until it differs by more than `still`."""
    held: list[np.ndarray] = []
    for frame in frames:
        if held:
            moved = np.abs(frame.astype(np.int16) - held[-1]).max(axis=2) > still
            frame = np.where(moved[:, :, None], frame, held[-1])
        held.append(frame)
    return held
