"""What a camera makes of a picture: few pixels, softness, a cast, noise and JPEG.

Nothing here knows how the picture came about: drawn walkers can be sent through the same lens.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numba import njit


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
        # 1,023 steps, as the drawn walkers' cameras have them
        steps = np.linspace(0, 1, 1024)
        tones = np.clip(self.gain[:, None] * steps, 0, 1) ** self.gamma * 255 + 0.5
        picture = Image.fromarray(_toned(image, self.saturation, tones.astype(np.uint8)))
        if small != (wide, tall):
            picture = picture.resize(small, Image.Resampling.BOX)
        grain = rng.standard_normal((small[1], small[0], 3), np.float32) * (self.noise * 255)
        picture = Image.fromarray(_blurred(np.asarray(picture), self.blur, grain))
        file = io.BytesIO()
        # CHOICE: Pillow, not torchvision: processes that only draw need not load torch
        picture.save(file, "JPEG", quality=self.quality)
        with Image.open(file) as read:
            return np.asarray(read.resize((wide, tall), Image.Resampling.BILINEAR))


@njit(cache=True, nogil=True)
def _toned(image, share, tones):  # pragma: no cover
    """Saturation, gain and gamma: float32 [H, W, 3] to uint8."""
    out = np.empty(image.shape, np.uint8)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            grey = image[y, x, 0] * 0.299 + image[y, x, 1] * 0.587 + image[y, x, 2] * 0.114
            for k in range(3):
                value = grey + share * (image[y, x, k] - grey)
                out[y, x, k] = tones[k, int(min(max(value, 0.0), 1.0) * 1023 + 0.5)]
    return out


@njit(cache=True, nogil=True)
def _blurred(image, share, grain):  # pragma: no cover
    """Three taps each way, then noise: uint8 [H, W, 3] to the same."""
    height, width = image.shape[:2]
    out = np.empty(image.shape, np.uint8)
    for y in range(height):
        up, down = max(y - 1, 0), min(y + 1, height - 1)
        for x in range(width):
            left, right = max(x - 1, 0), min(x + 1, width - 1)
            for k in range(3):
                total = 0.0
                for i, row in ((share, up), (1 - 2 * share, y), (share, down)):
                    across = share * (image[row, left, k] + np.float32(image[row, right, k]))
                    total += i * (across + (1 - 2 * share) * image[row, x, k])
                out[y, x, k] = int(min(max(total + grain[y, x, k] + 0.5, 0.0), 255.0))
    return out
