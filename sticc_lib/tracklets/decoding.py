"""Image files turned into pixels, or only asked for their size."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np

PNG_END = b"IEND\xaeB`\x82"


class MixedSizes(Exception):
    """Pictures that should have one size have several."""


def picture(content: bytes) -> np.ndarray:
    """uint8 [3, H, W], RGB, of the bytes of an image file.

    Raises:
        ValueError, RuntimeError, OSError, SyntaxError: damaged, in the words of what read it.
    """
    if not content:
        raise ValueError("the file is empty")
    return jpeg_pixels(content) if content[:2] == b"\xff\xd8" else _decode_other(content)


def jpeg_pixels(content: bytes) -> np.ndarray:
    """uint8 [3, H, W], RGB, of the bytes of a JPEG file; RuntimeError if they are damaged.

    simplejpeg takes half of torchvision's time and gives the same bytes with the exact transforms
    asked for here (benchmarks/loader.py). What it finds at fault, and colour spaces that it does
    not know, are for torchvision to read or to refuse.
    """
    import simplejpeg

    try:
        pixels = simplejpeg.decode_jpeg(content, "RGB", fastdct=False, fastupsample=False)
        return np.moveaxis(pixels, 2, 0)
    except ValueError:
        return _by_torchvision(content)


def _by_torchvision(content: bytes) -> np.ndarray:
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg

    data = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    return decode_jpeg(data, mode=ImageReadMode.RGB).numpy()


def side_by_side(pictures: Iterable[np.ndarray], count: int) -> np.ndarray:
    """uint8 [n, 3, H, W] of pictures [3, H, W] of one size, colours innermost in memory.

    That is how decoders give them and how convolutions want them: nothing is turned on the way.

    Raises:
        MixedSizes: they differ in size.
    """
    held = np.empty((0, 0, 0, 3), np.uint8)
    for number, picture in enumerate(pictures):
        rows = np.moveaxis(picture, 0, 2)
        if number == 0:
            held = np.empty((count, *rows.shape), np.uint8)
        if rows.shape != held.shape[1:]:
            raise MixedSizes(f"{rows.shape[:2]} and {held.shape[1:3]}")
        held[number] = rows
    return np.moveaxis(held, 3, 1)


def _decode_other(content: bytes) -> np.ndarray:
    """PNG and the rest. Pillow, because a damaged PNG ends the process in torchvision 0.29."""
    from PIL import Image

    if content[:4] == b"\x89PNG" and PNG_END not in content:  # Pillow may not miss it
        raise ValueError("the picture is truncated")
    with Image.open(io.BytesIO(content)) as image:
        return np.moveaxis(np.array(image.convert("RGB")), 2, 0)


def image_size(content: io.BytesIO | Path) -> tuple[int, int]:
    """Height and width by the header of a picture; OSError, ValueError, SyntaxError without one."""
    from PIL import Image

    try:
        with Image.open(content) as image:
            return image.height, image.width
    except Image.DecompressionBombError as error:
        raise ValueError(str(error)) from None
