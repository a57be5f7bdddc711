"""What a camera makes of a picture: few pixels, softness, a cast, noise and JPEG.

Nothing here knows how the picture came about: drawn walkers can be sent through the same lens.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Lens:
    """One camera's recording.

    Attributes:
        gain: float [3], by channel: white balance and exposure.
        gamma: exponent of all channels.
        saturation: share of the colour that is kept.
        blur: share of each neighbour in a three-tap blur, at the recorded resolution.
        noise: standard deviation, of 0..1.
        quality: of JPEG, 1 to 100.
    """

    gain: np.ndarray
    gamma: float
    saturation: float
    blur: float
    noise: float
    quality: int

    @classmethod
    def sample(cls, rng: np.random.Generator) -> Lens:
        """A camera at random.

        CHOICE: casts as the drawn walkers have them (gain 0.84 to 1.14, gamma 0.85 to 1.2,
        saturation 0.7 to 1.05); quality 35 to 90, as recorders of video surveillance save.
        """
        return cls(rng.uniform(0.84, 1.14, 3), float(rng.uniform(0.85, 1.2)),
                   float(rng.uniform(0.7, 1.05)), float(rng.uniform(0.0, 0.16)),
                   float(rng.uniform(0.0, 0.02)), int(rng.integers(35, 91)))  # fmt: skip

    def record(self, image: np.ndarray, rng: np.random.Generator, height: float) -> np.ndarray:
        """One crop as it comes out of a recorded video.

        Args:
            image: float32 [H, W, 3], RGB in 0..1.
            rng: of the noise.
            height: pixels that the crop has in the video; above H it is taken as H.

        Returns:
            uint8 [H, W, 3].
        """
        from PIL import Image

        tall, wide = image.shape[:2]
        small = (max(8, round(wide * min(height / tall, 1))), max(16, round(min(height, tall))))
        level = np.clip(self.gain * _saturated(image, self.saturation), 0, 1) ** self.gamma
        picture = Image.fromarray((level * 255 + 0.5).astype(np.uint8))
        if small != (wide, tall):
            picture = picture.resize(small, Image.Resampling.BOX)
        seen = _blurred(np.asarray(picture, np.float32), self.blur)
        seen += rng.standard_normal(seen.shape, np.float32) * np.float32(self.noise * 255)
        picture = Image.fromarray(np.clip(seen + 0.5, 0, 255).astype(np.uint8))
        file = io.BytesIO()
        # CHOICE: Pillow, not torchvision: processes that only draw need not load torch
        picture.save(file, "JPEG", quality=self.quality)
        with Image.open(file) as read:
            return np.asarray(read.resize((wide, tall), Image.Resampling.BILINEAR))


def _saturated(image: np.ndarray, share: float) -> np.ndarray:
    grey = image @ np.array((0.299, 0.587, 0.114), np.float32)
    return grey[:, :, None] + np.float32(share) * (image - grey[:, :, None])


def _blurred(image: np.ndarray, share: float) -> np.ndarray:
    for axis in (0, 1):
        padded = np.concatenate([image.take([0], axis), image, image.take([-1], axis)], axis)
        size = image.shape[axis]
        sides = padded.take(range(size), axis) + padded.take(range(2, size + 2), axis)
        image = image * np.float32(1 - 2 * share) + np.float32(share) * sides
    return image
