"""What a picture looks like to somebody without red or without green cones."""

from __future__ import annotations

import numpy as np

MATRICES = {
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
                     (-0.011820, 0.042940, 0.968881)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
                   (-0.003882, -0.048116, 1.051998)),
}  # fmt: skip
"""For linear RGB, full severity: Machado, Oliveira and Fernandes, "A physiologically-based model
for simulation of color vision deficiency", IEEE TVCG 15(6), 2009, table 1."""


def as_seen_with(picture: np.ndarray, kind: str = "deuteranopia") -> np.ndarray:
    """The picture as somebody with that vision sees it.

    Args:
        picture: uint8 [H, W, 3], sRGB.
        kind: of MATRICES.

    Returns:
        uint8 [H, W, 3].
    """
    levels = np.arange(256) / 255  # sRGB to linear light and back: IEC 61966-2-1
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    mixed = linear.astype(np.float32)[picture] @ np.array(MATRICES[kind], np.float32).T
    mixed = mixed.clip(0, 1)
    coded = np.where(mixed <= 0.0031308, 12.92 * mixed, 1.055 * mixed ** (1 / 2.4) - 0.055)
    return (255 * coded + 0.5).astype(np.uint8)
