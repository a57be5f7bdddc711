"""The same picture in two splits: found by a perceptual hash, though it was packed anew or resized.

The hash is a difference hash of our own making: whether a cell of a coarse grey grid is brighter
than its neighbour, across and down, 256 bits in all. Two frames count as copies if few bits
differ and their coarse colours are the same too; flat pictures would be alike by bits alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sticc_lib.run import bar
from sticc_lib.tracklets.store import resize
from sticc_lib.tracklets.survey import LUMA
from sticc_lib.tracklets.table import SPLITS, TrackletSet

BITS = 256
GRID = (17, 9)
"""Rows and columns of the coarse picture: 16 x 8 differences each way."""
READ = (68, 36)
"""Frames are read at this size, four times the grid."""
STEP = 1.0
"""Levels by which a cell must be brighter: noise of packing on even ground is less."""
LIMIT = 16
"""CHOICE: bits that may differ between copies; benchmarks and tests say what it keeps apart."""
COLOUR = 8.0
"""CHOICE: mean difference of coarse colours (levels of 255) that copies may have."""
NEIGHBOURS = 8
"""CHOICE: nearest frames of other splits that are looked at for each; among thousands of blank
frames every pair would be a copy, and memory would end."""
CHUNK = 256
CELLS = 1 << 24
"""Distances held at a time."""


@dataclass(frozen=True)
class Copies:
    """What a search for copies across splits found.

    Attributes:
        pairs: nearest first, one a pair of tracklets: `first`, `second` (rows of `frames`),
            `bits` (that differ), `colour` (levels), `copy` (bool); all copies up to a number, and
            some that are none, for comparison.
        found: pairs of tracklets that hold a copy, among the `NEIGHBOURS` nearest of each frame.
        nearest: int, for each frame compared, the bits to its nearest in another split.
        compared: split -> frames that were compared.
        frames: frames of the set.
    """

    pairs: pd.DataFrame
    found: int
    nearest: np.ndarray
    compared: dict[str, int]
    frames: int


def find_copies(
    data: TrackletSet, most: int = 4000, seed: int = 0, keep: int = 200
) -> Copies | None:
    """Looks for pictures that are in two splits.

    Args:
        data: any set.
        most: frames compared; 0 for all (3 kB each are held, and each is compared with each, so a
            million take hours). CHOICE: first frames of tracklets before others, so that
            a tracklet that was copied whole is seen in both places; of those, and then of all
            others, a seeded draw where there are too many. Frames that were not drawn are not
            compared.
        seed: of the draw.
        keep: pairs in the table.

    Returns:
        What was found; None for a set with one split only.

    Raises:
        PixelError: a frame cannot be decoded; names it.
    """
    names = [name for name in SPLITS if (data.tracklets["split"] == name).any()]
    if len(names) < 2:
        return None
    at = _chosen(data.frames, most or len(data.frames), seed)
    bits, colours = _hashes(data, at)
    tracklets = data.frames["tracklet"].to_numpy()[at]
    split = data.tracklets["split"].map(names.index).reindex(tracklets).to_numpy(np.int64)
    nearest, one, other, apart = _near(bits, split)
    colour = np.abs(colours[one] - colours[other]).mean(axis=1)
    pairs = pd.DataFrame(
        {"first": at[one], "second": at[other], "bits": apart, "colour": colour.round(1),
         "copy": (apart <= LIMIT) & (colour <= COLOUR), "a": tracklets[one], "b": tracklets[other]}
    )  # fmt: skip
    pairs = pairs.sort_values(["copy", "bits", "colour"], ascending=[False, True, True])
    pairs = pairs.drop_duplicates(["a", "b"]).drop(columns=["a", "b"]).reset_index(drop=True)
    compared = {name: int((split == number).sum()) for number, name in enumerate(names)}
    found = int(pairs["copy"].sum())
    return Copies(pairs.head(keep), found, nearest, compared, len(data.frames))


def picture_hash(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bits and coarse colours of pictures.

    Args:
        pixels: uint8 [n, 3, H, W].

    Returns:
        bool [n, 256], and float32 [n, 3 * 17 * 9] (levels of 255).
    """
    coarse = resize(pixels, GRID).astype(np.float32)  # [n, 3, 17, 9]
    grey = np.einsum("nchw,c->nhw", coarse, np.array(LUMA, np.float32))
    across = grey[:, :-1, 1:] - grey[:, :-1, :-1]
    down = grey[:, 1:, :-1] - grey[:, :-1, :-1]
    bits = np.stack([across, down], axis=1).reshape(len(pixels), BITS) > STEP
    return bits, coarse.reshape(len(pixels), -1)


def _chosen(frames: pd.DataFrame, most: int, seed: int) -> np.ndarray:
    """Rows of frames that are compared, sorted."""
    first = ~frames["tracklet"].duplicated().to_numpy()
    order = np.random.default_rng(seed).permutation(len(frames))
    order = order[np.argsort(~first[order], kind="stable")]
    return np.sort(order[:most])


def _hashes(data: TrackletSet, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    parts = []
    shown = bar(len(at) > 10 * CHUNK, total=len(at), desc="hash frames", unit="frame")
    with shown:
        for start in range(0, len(at), CHUNK):
            part = at[start : start + CHUNK]
            parts.append(picture_hash(data.read(part, READ)))
            shown.update(len(part))
    bits, colours = zip(*parts, strict=True)
    return np.concatenate(bits), np.concatenate(colours)


def _near(
    bits: np.ndarray, split: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """For each frame the bits to its nearest in another split, and its `NEIGHBOURS` nearest there.

    Returns:
        nearest int [n], and of the pairs: one, other (positions, of an earlier split first), bits.
    """
    signs = np.where(bits, 1.0, -1.0).astype(np.float32)
    nearest, pairs = np.full(len(bits), BITS, np.int64), []
    most = min(NEIGHBOURS, len(bits))
    step = max(1, min(CHUNK, CELLS // max(len(bits), 1)))
    starts = range(0, len(bits), step)
    for start in bar(len(bits) > 20_000, iterable=starts, desc="compare frames", unit="part"):
        rows = slice(start, start + step)
        apart = (BITS - signs[rows] @ signs.T) / 2  # [chunk, n]
        apart[split[rows, None] == split] = BITS + 1
        other = np.argsort(apart, axis=1, kind="stable")[:, :most]
        least = np.take_along_axis(apart, other, axis=1)
        nearest[rows] = least[:, 0]
        wanted = (least <= LIMIT) | (np.arange(most) == 0)
        one = np.repeat(np.arange(start, start + len(apart)), most).reshape(-1, most)
        pairs.append((one[wanted], other[wanted], least[wanted]))
    one, other, apart = (np.concatenate(part) for part in zip(*pairs, strict=True))
    swap = split[one] > split[other]
    one, other = np.where(swap, other, one), np.where(swap, one, other)
    return nearest, one, other, apart.astype(np.int64)
