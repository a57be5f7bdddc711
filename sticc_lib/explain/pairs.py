"""Two tracklets against each other: which block of the vector sets them apart, and which frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.look import Look
from sticc_lib.explain.seen import at_inference
from sticc_lib.models.base import VideoModel, normalise
from sticc_lib.retrieval.distances import distances


@dataclass(frozen=True)
class Pair:
    """What sets two tracklets apart.

    Attributes:
        first: one of them.
        second: the other, through the same model.
        blocks: block -> its part of the distance; at least 0, and they add up to it.
        slots: float32 [S, S], cosines between the slots' vectors z of the first (rows) and of the
            second (columns), mean over clips; None where the model has no slots.
        centred: whether what all tracklets share was taken off the slots first.
    """

    first: Look
    second: Look
    blocks: dict[str, float]
    slots: np.ndarray | None
    centred: bool

    @property
    def distance(self) -> float:
        """1 - cosine of the two embeddings, 0..2."""
        return sum(self.blocks.values())


def slot_centre(looks: Sequence[Look]) -> np.ndarray:
    """What the slots of any tracklet have in common: the mean z of some looks, [S, C].

    A few dozen tracklets of different persons do. The shared part is most of a slot's vector, so
    that without it any two persons' slots look the same.

    Raises:
        ValueError: no look.
        CaptureError: the model has no slots.
    """
    if not looks:
        raise ValueError("no look: a centre needs tracklets to be the mean of")
    if any(look.slots is None for look in looks):
        raise CaptureError(f"{looks[0].whose} has no slots to compare")
    return np.mean([look.slots.mean(0) for look in looks if look.slots is not None], axis=0)


def pair(first: Look, second: Look, centre: np.ndarray | None = None) -> Pair:
    """Divides the distance of two tracklets by block of the embedding.

    Of vectors of length one, 1 - cosine is half the squared Euclidean distance, which is a sum
    over dimensions: so each block's part is exact, whatever the model is compared by.

    Args:
        first: one tracklet.
        second: another, through the same model.
        centre: `slot_centre` of the model; taken off the slots before they are compared.

    Raises:
        ValueError: the looks are of two models, or the centre is of another.
    """
    _same_model(first, second)
    a, b = first.embedding.astype(np.float64), second.embedding.astype(np.float64)
    square = (a - b) ** 2 / 2
    slots = None
    if first.slots is not None and second.slots is not None:
        sides = [first.slots.mean(0), second.slots.mean(0)]
        if centre is not None and centre.shape != sides[0].shape:
            raise ValueError(f"centre {centre.shape}: expected {sides[0].shape}")
        slots = 1 - distances(*(side - (0 if centre is None else centre) for side in sides))
    parts = {name: float(square[block].sum()) for name, block in first.blocks.items()}
    return Pair(first, second, parts, slots, slots is not None and centre is not None)


def swap_effect(
    model: VideoModel, first: Look, second: Look, clip: int = 0, other: int = 0
) -> pd.DataFrame:
    """How near the first comes to the second when one frame is swapped for one of the second's.

    Every frame of one clip is replaced by every frame of a clip of the other, one at a time; the
    clip is embedded anew and compared with the whole second tracklet.

    Args:
        model: the one that was looked at; runs in eval mode, its mode is put back.
        first: whose clip is changed.
        second: whose frames come in.
        clip: which clip of the first.
        other: which clip of the second.

    Returns:
        A row a swap: `frame` (place in the clip, from 0), `by` (place in the other's clip),
        `distance` (1 - cosine after the swap), `change` (against the clip as it is; negative:
        nearer). Frames that only fill a clip are neither replaced nor put in.

    Raises:
        ValueError: the looks are of two models, or there is no such clip.
    """
    _same_model(first, second)
    for name, number, look in (("clip", clip, first), ("other", other, second)):
        if not 0 <= number < len(look):
            raise ValueError(f"{name}: {number}; expected 0 to {len(look) - 1}")
    mine, theirs = np.flatnonzero(first.mask[clip]), np.flatnonzero(second.mask[other])
    time = first.mask.shape[1]
    swaps = [(frame, by) for frame in mine for by in theirs]
    orders = np.tile(np.arange(time), (len(swaps) + 1, 1))  # the last row: as it is
    for row, (frame, by) in enumerate(swaps):
        orders[row, frame] = time + by
    frames = np.concatenate([first.frames[clip], second.frames[other]])
    found = _embedded(model, frames, orders, first.mask[clip])
    apart = distances(found, second.embedding[None])[:, 0]
    return pd.DataFrame(swaps, columns=["frame", "by"]).assign(
        distance=apart[:-1], change=apart[:-1] - apart[-1]
    )


def _embedded(
    model: VideoModel, frames: np.ndarray, orders: np.ndarray, mask: np.ndarray
) -> np.ndarray:
    """Embeddings of clips made of the same few frames: uint8 [F 3 H W], int [n T] -> [n D]."""
    device = next(model.parameters()).device
    parts = []
    with at_inference(model):
        clips = normalise(torch.from_numpy(frames).to(device), model.spec)
        maps = model.trunk.frozen(clips)  # each frame once: most of the cost
        real = torch.from_numpy(mask).to(device)
        for rows in torch.from_numpy(orders).to(device).split(16):
            out = model(maps[rows], real.expand(len(rows), -1), from_maps=True)
            parts.append(out.embedding.float().cpu().numpy())
    return np.concatenate(parts)


def _same_model(first: Look, second: Look) -> None:
    if first.whose != second.whose or first.embeddings.shape[1] != second.embeddings.shape[1]:
        raise ValueError(f"looks of two models: {first.whose}, and {second.whose}; look with one")
