"""Image files turned into pixels, or only asked for their size."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

PNG_END = b"IEND\xaeB`\x82"


def picture(content: bytes) -> np.ndarray:
    """uint8 [3, H, W], RGB, of the bytes of an image file.

    Raises:
        ValueError, RuntimeError, OSError, SyntaxError: damaged, in the words of what read it.
    """
    if not content:
        raise ValueError("the file is empty")
    return jpeg_pixels(content) if content[:2] == b"\xff\xd8" else _decode_other(content)


def jpeg_pixels(content: bytes) -> np.ndarray:
    """uint8 [3, H, W], RGB, of the bytes of a JPEG file; RuntimeError if they are damaged."""
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg

    data = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    return decode_jpeg(data, mode=ImageReadMode.RGB).numpy()


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
