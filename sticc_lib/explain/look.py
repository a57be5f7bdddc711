"""One tracklet through a model with every map kept: what all views of it are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from sticc_lib.explain.seen import Seen, see
from sticc_lib.models.base import VideoModel, normalise
from sticc_lib.tracklets.sampling import Policy, test_clips
from sticc_lib.tracklets.table import DataError, TrackletSet


@dataclass(frozen=True)
class Look(Seen):
    """A tracklet, as a model sees it: K clips of T frames, with all that `Seen` holds of them.

    Attributes:
        data: name of the set.
        tracklet: number in the set, and its row.
        row: the tracklet's row of the set's table.
        policy: how it was cut into clips, in words.
        frames: uint8 [K, T, 3, H, W], as the model gets them before normalisation.
        times: int [K, T], which frame of the tracklet it is, from 0.
        labels: uint8 [K, T, H, W] label maps, where the set has masks.
    """

    data: str
    tracklet: int
    row: pd.Series
    policy: str
    frames: np.ndarray
    times: np.ndarray
    labels: np.ndarray | None

    @property
    def embedding(self) -> np.ndarray:
        """float32 [D], mean over clips, length one."""
        mean = self.embeddings.mean(0)
        return mean / max(float(np.linalg.norm(mean)), 1e-12)


def look(
    model: VideoModel,
    data: TrackletSet,
    tracklet: int,
    whose: str,
    policy: Policy = "all_frames",
    clip_length: int = 0,
) -> Look:
    """Runs one tracklet through a model under capture.

    Args:
        model: any model with taps; runs in eval mode, its mode is put back.
        data: the set the tracklet is in.
        tracklet: its number.
        whose: what to call the model under a picture.
        policy: how the tracklet is cut into clips.
        clip_length: T; 0 takes the model's own.

    Raises:
        CaptureError: the model has no attention.
        DataError: no such tracklet in the set, or one without frames.
        PixelError: a frame cannot be read.
    """
    if tracklet not in data.tracklets.index:
        known = data.tracklets.index
        raise DataError(
            f"{data.name} has no tracklet {tracklet}; it has {len(known)}, from {known.min()} "
            f"to {known.max()}"
        )
    rows = data.frame_positions()[tracklet]
    if len(rows) == 0:
        raise DataError(f"{data.name}: tracklet {tracklet} has no frames; run check()")
    length = clip_length or model.spec.clip_length
    times, mask = test_clips(len(rows), length, policy)
    numbers, places = np.unique(rows[times], return_inverse=True)
    places = places.reshape(times.shape)
    frames = data.read(numbers, model.spec.image_size)[places]
    labels = None
    if data.masks is not None:
        labels = data.read(numbers, model.spec.image_size, masks=True)[places]
    device = next(iter(model.parameters()), torch.empty(0)).device
    clips = normalise(torch.from_numpy(frames).to(device), model.spec)
    seen = see(model, lambda: model(clips, torch.from_numpy(mask).to(device)), mask, whose)
    return Look(
        **vars(seen),
        data=data.name,
        tracklet=tracklet,
        row=data.tracklets.loc[tracklet],
        policy=f"{policy}, T = {length}",
        frames=frames,
        times=times,
        labels=labels,
    )
