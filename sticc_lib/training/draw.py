"""What a step learns from: a batch as a pure function of (seed, step), whole or one's part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sticc_lib.config import TrainConfig
from sticc_lib.models.base import ModelSpec, normalise
from sticc_lib.models.cache import FrozenMaps
from sticc_lib.tracklets.augment import augment_clips, augment_maps
from sticc_lib.tracklets.batches import PKSampler
from sticc_lib.tracklets.degrade import degrade
from sticc_lib.tracklets.part import Part
from sticc_lib.tracklets.sampling import draw_positions
from sticc_lib.tracklets.table import TrackletSet


@dataclass
class Batch:
    """What is given to the model, and where it comes from.

    Attributes:
        clips: float [n T ...] of one's part: normalised pixels, or maps of the frozen half.
        mask: bool [n T] where a frame of the whole batch only fills its clip, else None.
        persons: class numbers int64 [B] of the whole batch.
        numbers: its tracklets, int64 [B].
        rows: its frames, rows of the set's `frames`, int64 [B T].
    """

    clips: Tensor
    mask: Tensor | None
    persons: Tensor
    numbers: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class Draw:
    """Draws the batches of a training.

    Args:
        data: training tracklets.
        maps: cached maps of the trunk's frozen half, if there are any.
        sampler: which tracklets make a batch.
        classes: person -> class number.
        spec: clip length, frame size, normalisation.
        settings: augmentation.
        device: where tensors go.
    """

    data: TrackletSet
    maps: FrozenMaps | None
    sampler: PKSampler
    classes: dict[int, int]
    spec: ModelSpec
    settings: TrainConfig
    device: torch.device

    def batch(self, step: int, rng: np.random.Generator, part: Part | None = None) -> Batch:
        """The batch of a step.

        Args:
            step: from 0.
            rng: source of all draws but the tracklets'; they are made for the whole batch.
            part: the clips to read; None for all.
        """
        settings, numbers = self.settings, self.sampler.batch(step)
        length = self.spec.clip_length
        if settings.clip_lengths:
            length = int(rng.choice(settings.clip_lengths))
        rows, valid = draw_positions(self.data, numbers, length, rng, settings.clips)
        owners = self.data.tracklets.loc[numbers, "person"]
        persons = torch.tensor([self.classes[p] for p in owners], device=self.device)
        own = part or Part.all(len(numbers))
        clips = self._clips(own.of(rows), rng, part)
        # asked of the whole batch, so that all processes go the same way
        mask = None if valid.all() else torch.from_numpy(own.of(valid)).to(self.device)
        return Batch(clips, mask, persons, numbers, rows)

    def pixels(self, rows: np.ndarray) -> Tensor:
        """Frames as they are stored, in the model's size: int [n T] -> uint8 [n T 3 H W]."""
        read = self.data.read(rows.ravel(), self.spec.image_size)
        return torch.from_numpy(read).unflatten(0, rows.shape)

    def _clips(self, rows: np.ndarray, rng: np.random.Generator, part: Part | None) -> Tensor:
        settings = self.settings
        if self.maps is not None:
            maps = self.maps.read(rows.ravel()).to(self.device).unflatten(0, rows.shape)
            return augment_maps(maps, rng, settings.flip, settings.erase, part)
        worse = degrade(self.pixels(rows), rng, settings.shrink, settings.jpeg, part)
        pixels = augment_clips(
            worse, rng, settings.flip, settings.crop, settings.erase, settings.erase_fill,
            settings.erase_rule, part,
        )  # fmt: skip
        return normalise(pixels.to(self.device), self.spec)
