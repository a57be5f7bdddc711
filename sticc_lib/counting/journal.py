"""What was seen in a video, interval by interval, on disk: a killed job goes on where it stopped.

    observation.json        what was watched, and how: another video or setting is refused
    crops.u8                pixels, appended; what no record speaks of is cut off
    intervals/000012.npz    boxes, tracks, which crops are whose, the tracker's state
    complete.json           the video's end was reached

The pixels of an interval are on disk before its record appears under its name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sticc_lib.run import RunError, atomic, read_json, write_json
from sticc_lib.tracklets.store import ArrayStore, Size
from sticc_lib.values import flatten


@dataclass(frozen=True)
class Record:
    """One finished interval.

    Attributes:
        bounds: float64 [6]: first frame, last frame, frames, start and stop (seconds), short.
        boxes: float64 [n, 7]: frame, track, x, y, w, h, score.
        crops: int64 [m, 4]: row in crops.u8, track, frame, clean (0 or 1).
        state: the tracker's, after this interval.
    """

    bounds: np.ndarray
    boxes: np.ndarray
    crops: np.ndarray
    state: np.ndarray


class Journal:
    """The folder of one observation.

    Args:
        folder: where it lives; made when needed.
        size: (height, width) of the crops.
        identity: what was watched and how, as plain values.

    Raises:
        RunError: the folder holds another observation.
    """

    def __init__(self, folder: str | Path, size: Size, identity: Mapping[str, Any]):
        self.folder, self.size = Path(folder), size
        self._pixels = self.folder / "crops.u8"
        owner = self.folder / "observation.json"
        if owner.exists():
            held, wanted = flatten(read_json(owner)), flatten(identity)
            other = [k for k in sorted({*held, *wanted}) if held.get(k) != wanted.get(k)]
            if other:
                told = ", ".join(
                    f"{k} {held.get(k)!r} there, {wanted.get(k)!r} here" for k in other
                )
                raise RunError(
                    f"{self.folder} holds another observation ({told}); choose another folder, or "
                    "empty it"
                )
        else:
            write_json(owner, identity)
        self.done = 0
        """Intervals on disk: 0, 1, ... without a gap."""
        while self._path(self.done).exists():
            self.done += 1
        self._next = self._rows(self.done)  # the row of the next crop

    @property
    def complete(self) -> dict[str, Any] | None:
        """What `finish` was told, if it was."""
        path = self.folder / "complete.json"
        return read_json(path) if path.exists() else None

    def finish(self, **facts: Any) -> None:
        """Notes that the video's end was reached."""
        write_json(self.folder / "complete.json", facts)

    def reopen(self, keep: int) -> None:
        """Goes back to the first `keep` intervals; nothing is complete any more."""
        (self.folder / "complete.json").unlink(missing_ok=True)
        for interval in reversed(range(keep, self.done)):
            self._path(interval).unlink()
        self.done, self._next = keep, self._rows(keep)
        with self._pixels.open("ab") as stream:
            stream.truncate(self._next * self._bytes)

    def append(self, bounds: np.ndarray, boxes: np.ndarray, crops: np.ndarray,
               pixels: np.ndarray, state: np.ndarray) -> None:  # fmt: skip
        """Adds an interval.

        Args:
            bounds, boxes, state: as in `Record`.
            crops: int64 [m, 3]: track, frame, clean.
            pixels: uint8 [m, H, W, 3], theirs.
        """
        with self._pixels.open("ab") as stream:
            stream.truncate(self._next * self._bytes)
            stream.seek(0, os.SEEK_END)
            stream.write(np.ascontiguousarray(pixels).tobytes())
            stream.flush()
            os.fsync(stream.fileno())
        rows = np.arange(self._next, self._next + len(crops))
        numbered = np.column_stack([rows, crops]).astype(np.int64).reshape(-1, 4)
        with atomic(self._path(self.done)) as temporary, temporary.open("wb") as stream:
            np.savez(stream, bounds=bounds, boxes=boxes, crops=numbered, state=state)
        self.done, self._next = self.done + 1, self._next + len(crops)

    def read(self, interval: int) -> Record:
        """A finished interval.

        Raises:
            RunError: its file is damaged.
        """
        path = self._path(interval)
        try:
            with np.load(path, allow_pickle=False) as held:
                return Record(held["bounds"], held["boxes"], held["crops"], held["state"])
        except (OSError, ValueError, KeyError) as error:
            raise RunError(f"{path}: damaged ({error}); delete it and all after it") from None

    def store(self) -> ArrayStore:
        """All crops, read where they lie."""
        shape = (self._next, *self.size, 3)
        if shape[0] == 0:
            return ArrayStore(np.empty(shape, np.uint8), str(self._pixels))
        return ArrayStore(np.memmap(self._pixels, np.uint8, "r", 0, shape), str(self._pixels))

    @property
    def _bytes(self) -> int:
        return self.size[0] * self.size[1] * 3

    def _rows(self, intervals: int) -> int:
        """Crops that the first intervals speak of."""
        for interval in reversed(range(intervals)):
            crops = self.read(interval).crops
            if len(crops):
                return int(crops[-1, 0]) + 1
        return 0

    def _path(self, interval: int) -> Path:
        return self.folder / "intervals" / f"{interval:06d}.npz"
