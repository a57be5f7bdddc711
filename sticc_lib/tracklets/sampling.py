"""Which frames make a clip, and which tracklets make a batch.

The frame rules are pure functions of (length, T, rng). The batch rule is a pure function of
(seed, step), so that an interrupted training goes on with the batches it would have seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from sticc_lib.tracklets.table import TrackletSet

if TYPE_CHECKING:
    from torch import Tensor

Policy = Literal["all_frames", "restricted", "dense"]


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


def test_clips(length: int, clip_length: int, policy: Policy) -> tuple[np.ndarray, np.ndarray]:
    """The clips a tracklet is cut into at test time.

    Args:
        length: F, frames of the tracklet. With F < T every policy gives one clip: all frames in
            order, the last repeated.
        clip_length: T.
        policy: `restricted`: one clip, the centre frame of each of T equal chunks. `all_frames`:
            ceil(F / T) strided clips, clip i taking the i-th frame of each of the T chunks, that
            is i, i + F/T, ...; every frame is used. `dense`: consecutive runs of T frames, the
            last run filled by repeating its last frame; every frame is used once.

    Returns:
        positions int64 [n, T] in 0..F-1, and mask bool [n, T], False where a frame only fills
        the clip (it stands there already).

    Raises:
        ValueError: F or T below 1, or an unknown policy.
    """
    _positive(length, clip_length)
    if policy not in ("all_frames", "restricted", "dense"):
        raise ValueError(f"policy {policy!r} is none of all_frames, restricted, dense")
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


class PKSampler:
    """Batches of P persons x K distinct tracklets, as a pure function of (seed, step).

    Persons are dealt like cards: each round shuffles all of them and gives them out P at a time
    (what does not fill a batch waits for the next round), so that all are seen alike. A person's
    K tracklets are distinct and spread over cameras first; only a person with fewer than K gives
    some twice.

    Args:
        tracklets: a tracklets table (index: numbers). Distractors and junk are left out.
        persons: P.
        tracklets_each: K.
        seed: what the batches are a function of, beside the step.

    Raises:
        ValueError: P or K below 1, or fewer than P persons.
    """

    def __init__(self, tracklets: pd.DataFrame, persons: int, tracklets_each: int, seed: int):
        if persons < 1 or tracklets_each < 1:
            raise ValueError(f"expected P and K of at least 1, got {persons} x {tracklets_each}")
        named = tracklets[tracklets["person"] > 0]
        cameras = named["camera"].astype("Int64").fillna(-1).to_numpy(np.int64)
        numbers, owners = named.index.to_numpy(np.int64), named["person"].to_numpy(np.int64)
        self._groups = []  # one a person: (numbers [n], cameras [n])
        for person in np.unique(owners):
            mine = np.flatnonzero(owners == person)
            self._groups.append((numbers[mine], cameras[mine]))
        if len(self._groups) < persons:
            raise ValueError(
                f"a batch of {persons} persons needs as many; the set has {len(self._groups)}: "
                "lower train.persons or give more data"
            )
        self.persons, self.tracklets_each, self.seed = persons, tracklets_each, seed

    @property
    def batches_a_round(self) -> int:
        """Batches in which every person is dealt once (a rest below P aside)."""
        return len(self._groups) // self.persons

    def batch(self, step: int) -> np.ndarray:
        """Tracklet numbers of a step's batch, int64 [P*K], a person's K side by side."""
        turn, place = divmod(step, self.batches_a_round)
        deck = np.random.default_rng([self.seed, 0, turn]).permutation(len(self._groups))
        dealt = deck[place * self.persons : (place + 1) * self.persons]
        rng = np.random.default_rng([self.seed, 1, step])
        groups = (self._groups[i] for i in dealt)
        return np.concatenate([self._draw(numbers, cameras, rng) for numbers, cameras in groups])

    def _draw(
        self, numbers: np.ndarray, cameras: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        order = rng.permutation(len(numbers))
        # one of every camera before a second of any
        shuffled = cameras[order]
        turn = np.tril(shuffled[:, None] == shuffled, -1).sum(1)  # how many of it came before
        chosen = numbers[order[np.argsort(turn, kind="stable")]][: self.tracklets_each]
        missing = self.tracklets_each - len(chosen)
        return np.concatenate([chosen, rng.choice(numbers, missing)]) if missing else chosen


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
    data: TrackletSet, tracklets: np.ndarray, clip_length: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Training frames of tracklets: rows of `data.frames` int64 [B, T], and mask bool [B, T].

    Raises:
        ValueError: a tracklet without frames; names it.
    """
    owners = data.frames["tracklet"].to_numpy()  # sorted: check() holds it
    first = np.searchsorted(owners, tracklets, side="left")
    lengths = np.searchsorted(owners, tracklets, side="right") - first
    if (lengths == 0).any():
        raise ValueError(f"tracklet {tracklets[np.argmin(lengths)]} of {data.name} has no frame")
    picked = [train_restricted(int(n), clip_length, rng) for n in lengths]
    mask = np.arange(clip_length) < lengths[:, None]
    return first[:, None] + np.stack(picked), mask


def draw_clips(
    data: TrackletSet,
    tracklets: np.ndarray,
    clip_length: int,
    rng: np.random.Generator,
    size: tuple[int, int] | None = None,
) -> ClipBatch:
    """One training clip of each tracklet, pixels read and resized.

    Args:
        data: the set.
        tracklets: int [B], tracklet numbers (`PKSampler.batch`).
        clip_length: T.
        rng: source of the draws.
        size: (height, width); None keeps the stored size.
    """
    import torch

    tracklets = np.asarray(tracklets, np.int64)
    positions, mask = draw_positions(data, tracklets, clip_length, rng)
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
