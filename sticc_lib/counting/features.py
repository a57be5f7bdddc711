"""Features of crops that tell individuals apart: STICC, stripes, histogram, or several joined.

One vector a crop, so that what varies within a short track can be measured.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch

from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel, normalise
from sticc_lib.models.folding import folded
from sticc_lib.models.zoo import weights_fingerprint
from sticc_lib.run import bar
from sticc_lib.tracklets.sampling import test_clips
from sticc_lib.tracklets.store import PixelStore, Size
from sticc_lib.values import ConfigError

KINDS = ("stripes+hsv", "stripes", "hsv", "sticc", "sticc+hsv", "sticc+stripes+hsv", "frozen")
"""What can be asked for; parts joined by + are brought to length one each."""
PARTS = {"stripes": "stripes", "hsv": "hsv_histogram", "frozen": "frozen"}
BATCH = 32
Kept = dict[str, torch.Tensor]
"""Fingerprint of a frozen half's weights -> its maps of all crops [n C' H' W']."""


class Pixels(Protocol):
    """Crops that can be asked for by number: an array, or `Crops` that lie on disk."""

    def __len__(self) -> int:
        """How many."""
        ...

    def __getitem__(self, which: np.ndarray | slice, /) -> np.ndarray:
        """uint8 [n, 3, H, W]."""
        ...


class Crops:
    """Some crops of a store, read when asked for.

    Args:
        store: where they lie.
        rows: int [n], which.
        size: (height, width) that they are brought to.
    """

    def __init__(self, store: PixelStore, rows: np.ndarray, size: Size = (128, 64)):
        self._store, self._rows, self._size = store, rows, size

    def __len__(self) -> int:
        """How many."""
        return len(self._rows)

    def __getitem__(self, which: np.ndarray | slice, /) -> np.ndarray:
        """uint8 [n, 3, H, W] of int [n] numbers."""
        return self._store.read(self._rows[which], self._size)


def crop_features(
    pixels: Pixels,
    owner: np.ndarray,
    kind: str = "stripes+hsv",
    model: VideoModel | None = None,
    progress: bool = False,
    kept: Kept | None = None,
) -> np.ndarray:
    """One vector a crop.

    A model over clips (`sticc`) sees the crops of a fragment as clips; a crop has the vector of its
    clip. CHOICE: rather than clips of one frame, which the temporal part was not trained for.

    Args:
        pixels: n crops, RGB.
        owner: int [n], the fragment of each crop; crops of one stand in time order.
        kind: one of KINDS; `tuned` is a part, too: a trunk tuned to the video (tune.tune).
        model: what `sticc` stands for, any trained model; or `tuned`.
        progress: show a bar.
        kept: of these very crops; whoever asks for several features of them hands over the same
            (empty) dict, and trunks with one frozen half run through it once.

    Returns:
        float32 [n, D]; every part has length one.

    Raises:
        ConfigError: an unknown kind, or `sticc` or `tuned` without a model.
    """
    parts = parts_of(kind)
    if {"sticc", "tuned"} & set(parts) and model is None:
        raise ConfigError(f"features {kind!r} need a model; give a checkpoint")
    found = []
    for part in parts:
        if part == "sticc":
            assert model is not None
            found.append(_by_clip(model, pixels, owner, progress, kept))
        elif part == "tuned":
            assert model is not None
            found.append(_by_crop(model, pixels, progress, kept))
        else:
            found.append(_by_crop(zoo.build(PARTS[part], 1), pixels, progress, kept))
    return np.concatenate([unit(values) for values in found], axis=1)


def parts_of(kind: str) -> list[str]:
    """The parts that features are joined of.

    Raises:
        ConfigError: one that is not known.
    """
    parts = kind.split("+")
    unknown = [p for p in parts if p not in ("sticc", "tuned", *PARTS)]
    if unknown:
        raise ConfigError(
            f"features {kind!r}: {unknown[0]!r} is none of sticc, tuned, {', '.join(PARTS)}"
        )
    return parts


def unit(values: np.ndarray) -> np.ndarray:
    """Rows brought to length one; rows of zeros stay."""
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return (values / np.maximum(length, 1e-12)).astype(np.float32)


def fragment_means(values: np.ndarray, owner: np.ndarray, count: int) -> np.ndarray:
    """Mean vector of each fragment's crops: float32 [count, D], rows of zeros where it has none."""
    sums = np.zeros((count, values.shape[1]))
    np.add.at(sums, owner, values)
    crops = np.bincount(owner, minlength=count)
    return (sums / np.maximum(crops, 1)[:, None]).astype(np.float32)


def _by_crop(model: VideoModel, pixels: Pixels, progress: bool, kept: Kept | None) -> np.ndarray:
    rows, masks = np.arange(len(pixels))[:, None], np.ones((len(pixels), 1), bool)
    return _run(model, pixels, rows, masks, progress, kept)


def _by_clip(
    model: VideoModel, pixels: Pixels, owner: np.ndarray, progress: bool, kept: Kept | None
) -> np.ndarray:
    """Each crop takes the vector of the first clip that holds it."""
    rows, masks = [], []
    for fragment in np.unique(owner):
        mine = np.flatnonzero(owner == fragment)
        places, mask = test_clips(len(mine), model.spec.clip_length, "all_frames")
        rows.append(mine[places])
        masks.append(mask)
    rows, masks = np.concatenate(rows), np.concatenate(masks)
    vectors = _run(model, pixels, rows, masks, progress, kept)
    clip = np.zeros(len(pixels), np.int64)
    for number in range(len(rows) - 1, -1, -1):
        clip[rows[number][masks[number]]] = number
    return vectors[clip]


def _run(
    model: VideoModel,
    pixels: Pixels,
    rows: np.ndarray,
    masks: np.ndarray,
    progress: bool,
    kept: Kept | None,
) -> np.ndarray:
    """Clips [n, T] of crops to vectors float32 [n, D]."""
    key = weights_fingerprint(model.trunk.frozen) if len(model.trunk.frozen) else ""
    model = folded(model)
    device = next(iter(model.parameters()), torch.empty(0)).device
    step = max(1, BATCH // rows.shape[1])
    found = []
    with torch.inference_mode():
        maps = None
        if kept is not None and key:
            if key not in kept:
                kept[key] = _maps(model, pixels, device, progress)
            maps = kept[key]
        for start in bar(progress, iterable=range(0, len(rows), step), desc="features"):
            part = rows[start : start + step]
            mask = torch.from_numpy(masks[start : start + step]).to(device)
            if maps is None:
                frames = _normalised(model, pixels, part.ravel(), device)
                out = model(frames.unflatten(0, part.shape), mask)
            else:
                out = model.forward_maps(maps[torch.from_numpy(part)], mask)
            found.append(out.embedding.float().cpu().numpy())
    return np.concatenate(found)


def _maps(model: VideoModel, pixels: Pixels, device: torch.device, progress: bool) -> torch.Tensor:
    """What the frozen half gives for every crop, [n C' H' W']."""
    starts = bar(progress, iterable=range(0, len(pixels), BATCH), desc="frozen half")
    rows = np.arange(len(pixels))
    return torch.cat([
        model.trunk.frozen(_normalised(model, pixels, rows[s : s + BATCH], device)) for s in starts
    ])  # fmt: skip


def _normalised(
    model: VideoModel, pixels: Pixels, which: np.ndarray, device: torch.device
) -> torch.Tensor:
    """Crops by number as the model takes them, [n 3 H W]."""
    frames = torch.from_numpy(np.ascontiguousarray(pixels[which])).to(device)
    if tuple(frames.shape[2:]) != model.spec.image_size:
        raise ConfigError(f"crops {tuple(frames.shape)} are not {model.spec.image_size}")
    return normalise(frames, model.spec).contiguous(memory_format=torch.channels_last)
