"""One tracklet through a model with every map kept: what all views of it are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from sticc_lib.explain.capture import CaptureError, capture
from sticc_lib.models.base import VideoModel, normalise
from sticc_lib.tracklets.sampling import Policy, test_clips
from sticc_lib.tracklets.table import DataError, TrackletSet


@dataclass(frozen=True)
class Look:
    """A tracklet, as a model sees it: K clips of T frames, their maps and vectors.

    Attributes:
        whose: the model in words, checkpoint included; stands with every picture.
        data: name of the set.
        tracklet: number in the set, and its row.
        row: the tracklet's row of the set's table.
        policy: how it was cut into clips, in words.
        frames: uint8 [K, T, 3, H, W], as the model gets them before normalisation.
        mask: bool [K, T], False where a frame only fills a short clip.
        times: int [K, T], which frame of the tracklet it is, from 0.
        labels: uint8 [K, T, H, W] label maps, where the set has masks.
        grid: (h, w), how the N = h*w tokens of a frame lie.
        maps: tap -> float16 map; axes as in `axes`, `clip*frame` already divided in two.
        axes: tap -> what the map's axes are.
        idle: taps whose map does not feed the embedding at inference.
        blocks: name -> part of an embedding.
        embeddings: float32 [K, D], of each clip.
        slots: float32 [K, S, C], the slots' vectors z, where the model has slots.
    """

    whose: str
    data: str
    tracklet: int
    row: pd.Series
    policy: str
    frames: np.ndarray
    mask: np.ndarray
    times: np.ndarray
    labels: np.ndarray | None
    grid: tuple[int, int]
    maps: dict[str, np.ndarray]
    axes: dict[str, tuple[str, ...]]
    idle: frozenset[str]
    blocks: dict[str, slice]
    embeddings: np.ndarray
    slots: np.ndarray | None

    def __len__(self) -> int:
        """K, number of clips."""
        return len(self.frames)

    def map(self, tap: str) -> np.ndarray:
        """A map as float32, [K, ...].

        Raises:
            CaptureError: the model has no such tap; names those it has.
        """
        if tap not in self.maps:
            raise CaptureError(f"{self.whose}: no map {tap}; it has {', '.join(self.maps)}")
        return self.maps[tap].astype(np.float32)

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
    device = next(model.parameters()).device
    clips = normalise(torch.from_numpy(frames).to(device), model.spec)
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode(), capture(model) as captured:
            out = model(clips, torch.from_numpy(mask).to(device))
    finally:
        model.train(was_training)
    maps, axes = {}, {}
    for tap in captured:
        value, names = captured[tap].value, captured[tap].axes
        if names[:1] == ("clip*frame",):
            value, names = value.unflatten(0, mask.shape), ("clip", "frame", *names[1:])
        maps[tap], axes[tap] = value.to(torch.float16).cpu().numpy(), names
    slots = out.extras.get("slots")
    stride = model.trunk.stride
    return Look(
        whose=whose,
        data=data.name,
        tracklet=tracklet,
        row=data.tracklets.loc[tracklet],
        policy=f"{policy}, T = {length}",
        frames=frames,
        mask=mask,
        times=times,
        labels=labels,
        grid=(model.spec.image_size[0] // stride, model.spec.image_size[1] // stride),
        maps=maps,
        axes=axes,
        idle=frozenset(tap for tap in captured if not captured[tap].feeds_embedding),
        blocks=model.blocks,
        embeddings=out.embedding.float().cpu().numpy(),
        slots=None if slots is None else slots.float().cpu().numpy(),
    )
