"""A set of plain-coloured tracklets and a model that sees colour, left and right apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import nn

from sticc_lib.models.base import ModelSpec, Output, VideoModel
from sticc_lib.tracklets.store import ArrayStore
from sticc_lib.tracklets.table import Rule, TrackletSet

SIZE = (8, 4)


class CountingStore(ArrayStore):
    """Remembers what was read."""

    def read(self, where, size=None, boxes=None):
        self.log = [*getattr(self, "log", []), np.asarray(where)]
        return super().read(where, size, boxes)


class Colours(VideoModel):
    """Mean colour of the left and of the right half over the real frames: [B 6]."""

    def __init__(self, clip_length=4, distance="euclidean", scale=1.0):
        super().__init__()
        self.spec = ModelSpec(clip_length, SIZE, (0, 0, 0), (1, 1, 1), distance=distance)
        self.trunk = nn.Module()
        self.trunk.frozen = nn.Identity()
        self.weight = nn.Parameter(torch.ones(6))
        self.scale = scale

    def forward_maps(self, maps, mask=None):
        assert not self.training
        assert torch.is_inference_mode_enabled()
        half = maps.shape[-1] // 2
        parts = [maps[..., :half].mean((3, 4)), maps[..., half:].mean((3, 4))]
        colours = torch.cat(parts, 2)  # [B T 6]
        real = torch.ones(maps.shape[:2]) if mask is None else mask.float()
        mean = (colours * real[..., None]).sum(1) / real.sum(1, keepdim=True)
        return Output(mean * self.weight * self.scale)


class Maps:
    """The 'frozen half' of Colours is the frames themselves."""

    def __init__(self, data):
        self.data, self.reads = data, []

    def read(self, positions):
        self.reads.append(positions)
        return torch.from_numpy(self.data.read(positions)).float() / 255


def tiny_set(lengths=(3, 4, 9, 1), rule=None, **columns):
    """Tracklets of random frames; tracklet numbers start at 10."""
    count = sum(lengths)
    pixels = np.random.default_rng(0).integers(0, 256, (count, *SIZE, 3), np.uint8)
    numbers = np.arange(10, 10 + len(lengths))
    frames = pd.DataFrame({"tracklet": np.repeat(numbers, lengths), "row": np.arange(count)})
    frames["time"] = frames.groupby("tracklet").cumcount()
    tracklets = pd.DataFrame(
        {
            "person": 1 + np.arange(len(lengths)) // 2, "label": "p", "camera": 1, "split": "test",
            "query": True, "gallery": True, "num_frames": lengths, "source": "tiny", **columns,
        },
        index=pd.RangeIndex(10, 10 + len(lengths), name="tracklet"),
    )  # fmt: skip
    store = CountingStore(pixels, "tiny")
    return TrackletSet("tiny", tracklets, frames, store, rule or Rule(same_camera_junk=False))


def frame_colours(data):
    """[F 6] as Colours has them."""
    pixels = data.pixels.array.astype(float) / 255
    half = SIZE[1] // 2
    return np.concatenate(
        [pixels[:, :, :half].mean((1, 2)), pixels[:, :, half:].mean((1, 2))], axis=1
    )
