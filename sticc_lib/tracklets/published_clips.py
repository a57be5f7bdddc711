"""How the compared methods cut a tracklet into clips at test time, each as it was published.

Where a clip lacks frames these rules name frames a second time, so that none is padding. Ours, with
masks, are in sampling.py; GRL's own rule is `dense` there, as that method fills padded frames.
"""

from __future__ import annotations

import numpy as np


def wrapped(length: int, clip_length: int) -> np.ndarray:
    """Runs of T frames, the last one filled from the tracklet's beginning (BiCnet-TKS).

    Args:
        length: F, frames of the tracklet.
        clip_length: T.

    Returns:
        int64 [n, T], positions in 0..F-1; so does every rule of this file.
    """
    count = -(-length // clip_length)
    return (np.arange(count * clip_length) % length).reshape(count, clip_length)


def strided(length: int, clip_length: int) -> np.ndarray:
    """F // T clips, clip i of frames i, i + F//T, ..; what is left over at the end is not used.

    PSTA's rule on DukeMTMC-VideoReID. A tracklet shorter than T goes round. CHOICE: all clips;
    officially at most 200, which of them is not recorded.
    """
    if length < clip_length:
        return wrapped(length, clip_length)
    step = length // clip_length
    return np.arange(step)[:, None] + step * np.arange(clip_length)


def swung(length: int, clip_length: int) -> np.ndarray:
    """As `strided`, but a short tracklet goes on with its last two frames in turn (STMN).

    CHOICE: a single frame is repeated; officially it never ends.
    """
    frames = list(range(length))
    while len(frames) < clip_length:
        frames.append(frames[max(len(frames) - 2, 0)])
    return np.array(frames)[strided(len(frames), clip_length)]


def ordered(length: int, clip_length: int) -> np.ndarray:
    """The last frames are taken twice until T divides their number, then as `strided` (SINet).

    All in their order, so that what was taken twice stands side by side.
    """
    total = clip_length * -(-length // clip_length)
    again = np.arange(2 * length - total, length)
    again = np.maximum(again, length - 1) if total > 2 * length else again  # only the very last
    return np.sort(np.r_[np.arange(length), again])[strided(total, clip_length)]


def interval(length: int, clip_length: int) -> np.ndarray:
    """One clip from the beginning, 8, 4, 2 or 1 frames apart, the most that fits (PSTA on MARS).

    Also BiCnet-TKS' quick test. A tracklet shorter than T goes round.
    """
    steps = (s for s in (8, 4, 2, 1) if s * (clip_length - 1) + 1 <= length)
    return next(steps, 1) * np.arange(clip_length)[None] % length


def first(length: int, clip_length: int) -> np.ndarray:
    """The first frame of each of T segments of ceil(F / T) frames (GRL's and STMN's quick test).

    The last segments may lie behind the end, where the last frame stands.
    """
    segment = -(-length // clip_length)
    return np.minimum(segment * np.arange(clip_length), length - 1)[None]


def first_of_blocks(length: int, clip_length: int) -> np.ndarray:
    """The first frame of each of T blocks of F // T frames (SINet's quick test)."""
    block = max(length // clip_length, 1)
    return np.minimum(block * np.arange(clip_length), length - 1)[None]


RULES = {
    "wrapped": wrapped,
    "strided": strided,
    "swung": swung,
    "ordered": ordered,
    "interval": interval,
    "first": first,
    "first_of_blocks": first_of_blocks,
}
"""Rules by the names that `evaluate.policy` takes."""
