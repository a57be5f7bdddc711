"""Which pictures of a fragment are kept: evenly spaced, clean ones first, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sticc_lib.counting.anonymise import blur_frame
from sticc_lib.counting.boxes import iou
from sticc_lib.tracklets.store import Size, crop_box, resize

CLEAN_IOU = 0.15
"""More overlap than this, and a crop may show two people."""
MOST = 8192
"""Pictures held at once: 200 MB at 128 x 64. Beyond, each fragment keeps fewer."""


def clean(boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """bool [n]: boxes of one frame that lie inside the image and hardly overlap another."""
    if len(boxes) == 0:
        return np.zeros(0, bool)
    x, y, w, h = np.asarray(boxes, float)[:, :4].T
    inside = (x > 0) & (y > 0) & (x + w < width) & (y + h < height)
    overlap = iou(boxes, boxes)
    np.fill_diagonal(overlap, 0)
    return inside & (overlap.max(axis=1) <= CLEAN_IOU)


@dataclass
class Keeper:
    """Takes the boxes of an interval, frame by frame, and gives back each track's pictures.

    Of a track at most twice `crops` pictures are held: when there are more, every other one goes,
    and from then on only every second (fourth, ...) is taken. Those left are evenly spaced.

    Attributes:
        size: (height, width) of the pictures.
        crops: how many of each track are wanted.
        anonymise: the heads of all boxes of a frame are blurred before a picture is taken from it.
    """

    size: Size
    crops: int = 8
    anonymise: bool = False
    _held: dict[tuple[int, bool], _Thinned] = field(default_factory=dict)
    _limit: int = 0
    _count: int = 0

    def add(self, frame: int, pixels: np.ndarray, boxes: np.ndarray, tracks: np.ndarray) -> None:
        """Takes the boxes ([n, 4 or 5], pixels) of a frame (uint8 [H, W, 3]), with tracks [n]."""
        self._limit = self._limit or 2 * self.crops
        pixels = blur_frame(pixels, boxes) if self.anonymise else pixels
        image = np.moveaxis(pixels, 2, 0)
        tidy = clean(boxes, pixels.shape[1], pixels.shape[0])
        for box, track, good in zip(boxes, tracks.tolist(), tidy.tolist(), strict=True):
            held = self._held.setdefault((track, good), _Thinned())
            if held.wants():
                crop = crop_box(image, box[:4], f"frame {frame}, track {track}")
                if crop.shape[1] * crop.shape[2] > self.size[0] * self.size[1]:
                    crop = resize(crop[None], self.size)[0]
                held.items.append((frame, crop.copy()))
                self._count += 1 - held.thin(self._limit)
        while self._count > MOST and self._limit > 1:
            self._limit //= 2
            self._count -= sum(held.thin(self._limit) for held in self._held.values())

    def take(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Each track's pictures, and forgets everything.

        CHOICE: pictures that are not clean only fill up to half of `crops`: with fewer than that a
        clip repeats itself, with more the others dilute it.

        Returns:
            track int64 [n], frame int64 [n], clean bool [n], pixels uint8 [n, H, W, 3]; sorted by
            track, then frame.
        """
        rows: list[tuple[int, int, bool, np.ndarray]] = []
        for track in sorted({track for track, _ in self._held}):
            good = _evenly(self._held.get((track, True), _Thinned()).items, self.crops)
            room = max((self.crops + 1) // 2 - len(good), 0)
            rest = _evenly(self._held.get((track, False), _Thinned()).items, room)
            chosen = [(f, True, c) for f, c in good] + [(f, False, c) for f, c in rest]
            rows += [(track, f, g, c) for f, g, c in sorted(chosen, key=lambda item: item[0])]
        pixels = np.empty((len(rows), *self.size, 3), np.uint8)
        for place, (_, _, _, crop) in enumerate(rows):
            pixels[place] = np.moveaxis(resize(crop[None], self.size)[0], 0, 2)
        self._held.clear()
        self._limit = self._count = 0
        return (
            np.array([r[0] for r in rows], np.int64),
            np.array([r[1] for r in rows], np.int64),
            np.array([r[2] for r in rows], bool),
            pixels,
        )


@dataclass
class _Thinned:
    """Evenly spaced items of a stream of unknown length."""

    items: list[tuple[int, np.ndarray]] = field(default_factory=list)
    every: int = 1
    seen: int = 0

    def wants(self) -> bool:
        """Whether the next item is to be kept; counts it."""
        self.seen += 1
        return (self.seen - 1) % self.every == 0

    def thin(self, limit: int) -> int:
        """Halves until at most `limit` are left; returns how many went."""
        before = len(self.items)
        while len(self.items) > limit:
            self.items, self.every = self.items[::2], self.every * 2
        return before - len(self.items)


def _evenly(items: list[tuple[int, np.ndarray]], wanted: int) -> list[tuple[int, np.ndarray]]:
    """Some of a list, the first and the last among them where there are two or more."""
    if wanted <= 0:
        return []
    places = np.unique(np.linspace(0, len(items) - 1, min(wanted, len(items))).round())
    return [items[int(place)] for place in places] if items else []
