"""Clips as a model saw them, whosesoever they are: what every derived map is made from."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from sticc_lib.explain.capture import CaptureError, capture
from sticc_lib.models.base import Output, VideoModel


@dataclass(frozen=True)
class Seen:
    """K clips of T frames, their maps and vectors.

    Attributes:
        whose: the model in words, checkpoint included; stands with every picture.
        mask: bool [K, T], False where a frame only fills a short clip.
        grid: (h, w), how the N = h*w tokens of a frame lie.
        maps: tap -> float16 map; axes as in `axes`, `clip*frame` already divided in two.
        axes: tap -> what the map's axes are.
        idle: taps whose map does not feed the embedding at inference.
        blocks: name -> part of an embedding.
        embeddings: float32 [K, D], of each clip.
        slots: float32 [K, S, C], the slots' vectors z, where the model has slots.
    """

    whose: str
    mask: np.ndarray
    grid: tuple[int, int]
    maps: dict[str, np.ndarray]
    axes: dict[str, tuple[str, ...]]
    idle: frozenset[str]
    blocks: dict[str, slice]
    embeddings: np.ndarray
    slots: np.ndarray | None

    def __len__(self) -> int:
        """K, number of clips."""
        return len(self.mask)

    def map(self, tap: str) -> np.ndarray:
        """A map as float32, [K, ...].

        Raises:
            CaptureError: the model has no such tap; names those it has.
        """
        if tap not in self.maps:
            raise CaptureError(f"{self.whose}: no map {tap}; it has {', '.join(self.maps)}")
        return self.maps[tap].astype(np.float32)


def see(model: VideoModel, forward: Callable[[], Output], mask: np.ndarray, whose: str) -> Seen:
    """Runs a forward under capture, in eval mode; the model's mode is put back.

    Args:
        model: any model with taps.
        forward: calls it once, for K clips of T frames.
        mask: bool [K, T], as the forward is given it.
        whose: what to call the model.

    Raises:
        CaptureError: the model has no attention.
    """
    with at_inference(model), capture(model) as captured:
        out = forward()
    maps, axes = {}, {}
    for tap in captured:
        value, names = captured[tap].value, captured[tap].axes
        if names[:1] == ("clip*frame",):
            value, names = value.unflatten(0, mask.shape), ("clip", "frame", *names[1:])
        maps[tap], axes[tap] = value.to(torch.float16).cpu().numpy(), names
    slots, stride = out.extras.get("slots"), model.trunk.stride
    return Seen(
        whose=whose,
        mask=mask,
        grid=(model.spec.image_size[0] // stride, model.spec.image_size[1] // stride),
        maps=maps,
        axes=axes,
        idle=frozenset(tap for tap in captured if not captured[tap].feeds_embedding),
        blocks=model.blocks,
        embeddings=out.embedding.float().cpu().numpy(),
        slots=None if slots is None else slots.float().cpu().numpy(),
    )


@contextlib.contextmanager
def at_inference(model: VideoModel) -> Iterator[None]:
    """Eval mode without gradients; the model's mode is put back, after an error too."""
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        model.train(was_training)
