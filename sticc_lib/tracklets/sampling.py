"""Which frames make a clip: pure functions of (length, T, rng)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from sticc_lib.config import Policy
from sticc_lib.tracklets import published_clips
from sticc_lib.tracklets.table import TrackletSet

if TYPE_CHECKING:
    from torch import Tensor

Draw = Literal["restricted", "strided", "window"]
SPAN = 32
"""Frames that a strided clip reaches over: 8 at stride 4 (BiCnet-TKS), 4 at stride 8 (AP3D)."""


def train_restricted(length: int, clip_length: int, rng: np.random.Generator) -> np.ndarray:
    """One random frame of each of T equal chunks (restricted random sampling).

    Args:
        length: F, frames of the tracklet. With F < T every frame is taken once, in order, and the
            last is repeated.
        clip_length: T.
        rng: source of the draws.

    Returns:
        int64 [T], rising positions in 0..F-1.

    Raises:
        ValueError: F or T below 1.
    """
    _positive(length, clip_length)
    if length < clip_length:
        return np.minimum(np.arange(clip_length), length - 1)
    edges = _chunk_edges(length, clip_length)
    return rng.integers(edges[:-1], edges[1:])


def train_strided(length: int, clip_length: int, rng: np.random.Generator) -> np.ndarray:
    """T frames at equal distance within SPAN frames, from a random start (BiCnet-TKS, AP3D).

    CHOICE: the last start is F - SPAN; whether it officially was three frames later is not
    recorded. A shorter tracklet gives T random frames in order, distinct if it has as many.

    Args:
        length: F, frames of the tracklet.
        clip_length: T, at most SPAN.
        rng: source of the draws.

    Returns:
        int64 [T], positions in 0..F-1 that do not fall.
    """
    _positive(length, clip_length)
    if length < SPAN:
        return np.sort(rng.choice(length, clip_length, replace=length < clip_length))
    stride = max(SPAN // clip_length, 1)
    return rng.integers(length - SPAN + 1) + stride * np.arange(clip_length)


def train_window(length: int, clip_length: int, rng: np.random.Generator) -> np.ndarray:
    """One random frame of each of T neighbouring blocks of 8, 4, 2 or 1 frames (PSTA).

    The blocks are the longest that fit, from a random start. A tracklet shorter than T gives T
    random frames in order, some twice.

    Args:
        length: F, frames of the tracklet.
        clip_length: T.
        rng: source of the draws.

    Returns:
        int64 [T], positions in 0..F-1 that do not fall.
    """
    _positive(length, clip_length)
    if length < clip_length:
        return np.sort(rng.choice(length, clip_length))
    block = next(stride for stride in (8, 4, 2, 1) if stride * clip_length <= length)
    start = rng.integers(length - block * clip_length + 1)
    return start + block * np.arange(clip_length) + rng.integers(block, size=clip_length)


TRAIN = {"restricted": train_restricted, "strided": train_strided, "window": train_window}


def test_clips(length: int, clip_length: int, policy: Policy) -> tuple[np.ndarray, np.ndarray]:
    """The clips a tracklet is cut into at test time.

    Args:
        length: F, frames of the tracklet. With F < T every policy gives one clip: all frames in
            order, the last repeated.
        clip_length: T.
        policy: `restricted`: one clip, the centre frame of each of T equal chunks. `all_frames`:
            ceil(F / T) strided clips, clip i taking the i-th frame of each of the T chunks, that
            is i, i + F/T, ...; every frame is used. `dense`: consecutive runs of T frames, the
            last run filled by repeating its last frame; every frame is used once. Or a rule of
            published_clips.py, short tracklets as it says and without a mask.

    Returns:
        positions int64 [n, T] in 0..F-1, and mask bool [n, T], False where a frame only fills
        the clip (it stands there already).

    Raises:
        ValueError: F or T below 1, or an unknown policy.
    """
    _positive(length, clip_length)
    if policy in published_clips.RULES:
        wanted = published_clips.RULES[policy](length, clip_length)
        return wanted, np.ones(wanted.shape, bool)
    if policy not in get_args(Policy):
        raise ValueError(f"policy {policy!r} is none of {', '.join(get_args(Policy))}")
    if policy == "dense" or length < clip_length:
        count = -(-length // clip_length)
        wanted = np.arange(count * clip_length).reshape(count, clip_length)
        return np.minimum(wanted, length - 1), wanted < length
    edges = _chunk_edges(length, clip_length)
    starts, sizes = edges[:-1], np.diff(edges)
    if policy == "restricted":
        # CHOICE: the centre (of an even chunk the earlier middle) rather than the first frame:
        # it is the chunk's best single witness, and a box is loosest where a track begins.
        return (starts + (sizes - 1) // 2)[None], np.ones((1, clip_length), bool)
    # CHOICE: chunks differ by one frame when T does not divide F. The last clip then takes the
    # last frame of the shorter chunks a second time: within a clip all T frames are distinct and
    # real, and none is lost (a fixed stride of floor(F / T) drops up to T - 1 frames).
    step = np.arange(int(sizes.max()))[:, None]  # [n, 1]
    positions = starts + np.minimum(step, sizes - 1)  # [n, T]
    return positions, np.ones(positions.shape, bool)


test_clips.__test__ = False  # type: ignore[attr-defined]  # pytest: a rule, not a test


@dataclass
class ClipBatch:
    """Clips as the models take them, before normalisation.

    Attributes:
        pixels: uint8 [B T 3 H W].
        mask: bool [B T], False where a frame only fills the clip.
        person: int64 [B].
        camera: int64 [B], -1 where unknown.
        tracklet: int64 [B].
    """

    pixels: Tensor
    mask: Tensor
    person: Tensor
    camera: Tensor
    tracklet: Tensor


def draw_positions(
    data: TrackletSet,
    tracklets: np.ndarray,
    clip_length: int,
    rng: np.random.Generator,
    rule: Draw = "restricted",
) -> tuple[np.ndarray, np.ndarray]:
    """Training frames of tracklets: rows of `data.frames` int64 [B, T], and mask bool [B, T].

    Rules but `restricted` repeat frames at random where there are too few: none is padding.

    Raises:
        ValueError: a tracklet without frames; names it.
    """
    owners = data.frames["tracklet"].to_numpy()  # sorted: check() holds it
    first = np.searchsorted(owners, tracklets, side="left")
    lengths = np.searchsorted(owners, tracklets, side="right") - first
    if (lengths == 0).any():
        raise ValueError(f"tracklet {tracklets[np.argmin(lengths)]} of {data.name} has no frame")
    picked = [TRAIN[rule](int(n), clip_length, rng) for n in lengths]
    mask = (np.arange(clip_length) < lengths[:, None]) | (rule != "restricted")
    return first[:, None] + np.stack(picked), mask


def draw_clips(
    data: TrackletSet,
    tracklets: np.ndarray,
    clip_length: int,
    rng: np.random.Generator,
    size: tuple[int, int] | None = None,
    rule: Draw = "restricted",
) -> ClipBatch:
    """One training clip of each tracklet, pixels read and resized.

    Args:
        data: the set.
        tracklets: int [B], tracklet numbers (`PKSampler.batch`).
        clip_length: T.
        rng: source of the draws.
        size: (height, width); None keeps the stored size.
        rule: which frames; a name of TRAIN.
    """
    import torch

    tracklets = np.asarray(tracklets, np.int64)
    positions, mask = draw_positions(data, tracklets, clip_length, rng, rule)
    pixels = data.read(positions.ravel(), size)  # [B*T, 3, H, W]
    rows = data.tracklets.loc[tracklets]
    camera = rows["camera"].astype("Int64").fillna(-1).to_numpy(np.int64)
    return ClipBatch(
        pixels=torch.from_numpy(pixels).unflatten(0, (len(tracklets), clip_length)),
        mask=torch.from_numpy(mask),
        person=torch.from_numpy(rows["person"].to_numpy(np.int64, copy=True)),
        camera=torch.from_numpy(camera.copy()),
        tracklet=torch.from_numpy(tracklets.copy()),
    )


def _chunk_edges(length: int, count: int) -> np.ndarray:
    """Borders of `count` chunks whose sizes differ by one at most, int64 [count + 1]."""
    return np.arange(count + 1) * length // count


def _positive(length: int, clip_length: int) -> None:
    if clip_length < 1:
        raise ValueError(f"a clip needs at least one frame, got T = {clip_length}")
    if length < 1:
        raise ValueError(f"a tracklet needs at least one frame, got a length of {length}")
