"""Words, frames and pictures put into an RGB array: for pictures by the thousand, without a figure.

The font is the one that comes with matplotlib, so that a video looks the same on every machine.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from matplotlib import get_data_path
from matplotlib.colors import to_rgb
from PIL import Image, ImageDraw, ImageFont


@functools.cache
def rgb(colour: str) -> tuple[int, int, int]:
    """A colour as three bytes."""
    red, green, blue = (round(255 * v) for v in to_rgb(colour))
    return red, green, blue


@functools.lru_cache(4096)
def lettering(
    text: str, size: int, ink: str, ground: str, bold: bool = True, pad: int = 0
) -> np.ndarray:
    """A line of text on a colour, uint8 [h, w, 3], read-only; h depends on the size alone.

    Args:
        text: a line.
        size: of the letters, pixels.
        ink, ground: colours of text and background.
        bold: thick letters.
        pad: pixels of background on the left and on the right.
    """
    font = _font(size, bold)
    wide = int(np.ceil(font.getlength(text))) + 2 * pad
    tall = round(1.25 * size)
    image = Image.new("RGB", (max(wide, 1), tall), rgb(ground))
    ImageDraw.Draw(image).text((pad, tall / 2), text, rgb(ink), font, anchor="lm")
    drawn = np.asarray(image)
    drawn.flags.writeable = False
    return drawn


def lay(canvas: np.ndarray, picture: np.ndarray, x: int, y: int) -> None:
    """Puts a picture into uint8 [H, W, 3], its left upper corner at x, y; what juts out is cut."""
    top, left = max(y, 0), max(x, 0)
    bottom, right = y + picture.shape[0], x + picture.shape[1]
    room = canvas[top : max(bottom, 0), left : max(right, 0)]
    part = picture[top - y :, left - x :]
    room[...] = part[: room.shape[0], : room.shape[1]]


def ring(canvas: np.ndarray, box: tuple[int, int, int, int], line: int, colour: str) -> None:
    """A frame of `line` pixels, its outer edge at left, top, right, bottom; cut at the canvas."""
    left, top, right, bottom = box
    value = rgb(colour)
    for rows, columns in (
        ((top, top + line), (left, right)),
        ((bottom - line, bottom), (left, right)),
        ((top, bottom), (left, left + line)),
        ((top, bottom), (right - line, right)),
    ):
        low, high = max(rows[0], 0), max(rows[1], 0)
        canvas[low:high, max(columns[0], 0) : max(columns[1], 0)] = value


@functools.cache
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / name), size)
