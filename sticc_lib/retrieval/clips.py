"""From a set to clips: which frames they have, in which batches, read while others are computed."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from sticc_lib.config import EvalConfig
from sticc_lib.models.base import Output, VideoModel, normalise
from sticc_lib.retrieval.embeddings import EmbeddingError
from sticc_lib.tracklets.sampling import test_clips
from sticc_lib.tracklets.table import TrackletSet

Item = TypeVar("Item")
Made = TypeVar("Made")


class Maps(Protocol):
    """Maps of a trunk's frozen half, row i for row i of the set's `frames`."""

    def read(self, positions: np.ndarray) -> Tensor:
        """int [n] -> float [n C' H' W']."""
        ...


def resolved(model: VideoModel, config: EvalConfig) -> EvalConfig:
    """The same settings, with the model's own policy and flipping for `published`."""
    if config.policy != "published":
        return config
    spec = model.spec
    return dataclasses.replace(config, policy=spec.policy, flip=config.flip or spec.flip)


def clips_of(
    data: TrackletSet, clip_length: int, config: EvalConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frame rows int [n, T] and masks bool [n, T] of all clips, and clips a tracklet int [N].

    `published` must have been `resolved` before.
    """
    rows, masks, counts = [], [], []
    for tracklet, frames in data.frame_positions().items():
        if len(frames) == 0:
            raise EmbeddingError(f"{data.name}: tracklet {tracklet} has no frames; run check()")
        positions, mask = test_clips(len(frames), clip_length, config.policy)  # type: ignore[arg-type]
        rows.append(frames[positions])
        masks.append(mask)
        counts.append(len(positions))
    return np.concatenate(rows), np.concatenate(masks), np.array(counts)


def batches(counts: Sequence[int] | np.ndarray, limit: int) -> Iterator[slice]:
    """Runs of at most `limit` clips; a tracklet is only divided if it is longer than that."""
    start = size = 0
    for count in map(int, counts):
        if size and size + count > limit:
            yield slice(start, start + size)
            start, size = start + size, 0
        size += count
        while size > limit:
            yield slice(start, start + limit)
            start, size = start + limit, size - limit
    if size:
        yield slice(start, start + size)


def read_frames(
    source: Maps | TrackletSet, rows: np.ndarray, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """The frames of some clips, each read once.

    Args:
        source: cached maps, or the set itself for its pixels.
        rows: int [n, T], rows of the set's `frames`.
        size: (height, width) of the pixels.

    Returns:
        uint8 [u 3 H W] or maps float [u C' H' W'], and int [n, T]: which of them a clip has where.
    """
    numbers, places = np.unique(rows, return_inverse=True)
    if isinstance(source, TrackletSet):
        frames = torch.from_numpy(source.read(numbers, size))
    else:
        frames = source.read(numbers)
    return frames, torch.from_numpy(places.reshape(rows.shape))


def read_ahead(read: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
    """`read` of each item in order, the next one in a thread while this one is worked on.

    One ahead, so that memory stays bounded; what `read` raises is raised in its turn.
    """
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(1, "reading") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(read, item))
                if len(waiting) > 1:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def ready(
    model: VideoModel, source: Maps | TrackletSet, rows: np.ndarray, mask: np.ndarray
) -> Callable[[bool], Output]:
    """Reads clips; what it returns runs the model on them, on their mirror images with True.

    The model itself runs, as it is, so that its maps can be captured; `passes` is the fast way.

    Args:
        source: cached maps, or the set itself for its pixels.
        rows: int [n, T], rows of the set's `frames`; each frame is read once.
        mask: bool [n, T].
    """
    device = next(iter(model.parameters()), torch.empty(0)).device
    frames, places = read_frames(source, rows, model.spec.image_size)
    frames, index = frames.to(device), places.reshape(-1).to(device)
    real = torch.from_numpy(mask).to(device)
    # a frame that fills a short clip goes through the frozen half once, where there is one
    halves = len(frames) < rows.size and type(model).forward is VideoModel.forward
    if isinstance(source, TrackletSet):
        frames = normalise(frames, model.spec).contiguous(memory_format=torch.channels_last)
    else:
        halves = False

    def run(mirrored: bool) -> Output:
        shown = frames.flip(-1) if mirrored else frames
        shown = model.trunk.frozen(shown) if halves else shown
        clips = shown[index].unflatten(0, rows.shape)  # [n T C H W]
        whole = isinstance(source, TrackletSet) and not halves
        return model(clips, real) if whole else model.forward_maps(clips, real)

    return run
