"""PackedStore: a whole set in one file, its frames as JPEG (or raw) bytes one after the other.

The file: `MAGIC`, the frames' bytes, an .npz with the tables, and a tail that says where the .npz
begins and what it hashes to. What is cut short or altered does not open. Written by `pack.py`.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sticc_lib.tracklets.decoding import MixedSizes, image_size, jpeg_pixels, side_by_side
from sticc_lib.tracklets.store import PixelError, Size, resize, sample
from sticc_lib.tracklets.table import Rule, TrackletSet

MAGIC = b"STICC pack 1\n\0\0\0"
TAIL = struct.Struct("<QQ32s16s")
"""Where the .npz begins, its length, its SHA-256, and `MAGIC` again."""
REMEDY = "copy it again, or make it again with sticc pack"


class PackedStore:
    """The frames of a pack, read by row.

    Args:
        path: the file.
        ends: int64 [F], where each frame's bytes end, counted from the first frame's first.
        checks: uint32 [F], CRC-32 of each frame's bytes.
        size: (height, width) of raw frames; None where the frames are JPEG.
    """

    def __init__(self, path: Path, ends: np.ndarray, checks: np.ndarray, size: Size | None):
        self.path, self.ends, self.checks, self.size = path, ends, checks, size
        self._bytes = np.memmap(path, np.uint8, "r")

    def read(
        self, where: np.ndarray, size: Size | None = None, boxes: np.ndarray | None = None
    ) -> np.ndarray:
        """Frames by row number, resized. Boxes are refused: a pack holds crops.

        Raises:
            PixelError: a frame's bytes are damaged, or frames differ in size and none was given.
        """
        if boxes is not None:
            raise PixelError(f"{self.path}: boxes need whole images; use FileStore")
        if len(where) == 0:
            return np.empty((0, 3, *(size or self.size or (0, 0))), np.uint8)
        frames = (resize(self._frame(int(row))[None], size)[0] for row in where)
        try:
            return side_by_side(frames, len(where))
        except MixedSizes:
            raise PixelError(
                f"{self.path}: frames differ in size; give size=(height, width)"
            ) from None

    def identity(self, frames: pd.DataFrame) -> str:
        """A hash of the check sums of the sampled frames."""
        picked = self.checks[sample(frames["row"]).astype(np.int64)]
        return f"packed {hashlib.sha256(picked.tobytes()).hexdigest()[:16]}"

    def problems(self, frames: pd.DataFrame, decode: bool = False) -> list[str]:
        """Rows outside the pack; with `decode`, also frames that do not open."""
        if "row" not in frames:
            return [f"frames: column row is missing; {self.path} is read by row"]
        found = []
        outside = (frames["row"] < 0) | (frames["row"] >= len(self.ends))
        for position, row in frames.loc[outside, "row"].items():
            what = f"pixel row {row} is outside {self.path} (0..{len(self.ends) - 1})"
            found.append(f"frames row {position}: {what}")
        for position, row in frames.loc[~outside, "row"].items() if decode else ():
            try:
                self._frame(int(row))
            except PixelError as error:
                found.append(f"frames row {position}: {error}")
        return found

    def sizes(self, where: np.ndarray, boxes: np.ndarray | None = None) -> np.ndarray:
        """int [n, 2]: height and width, from the headers of the JPEGs."""
        if self.size is not None:
            return np.tile(np.array(self.size), (len(where), 1))
        headers = (io.BytesIO(self._content(int(row))) for row in where)
        return np.array([image_size(header) for header in headers], np.int64).reshape(-1, 2)

    def _content(self, row: int) -> bytes:
        """The bytes of a frame, unless they were altered."""
        start = int(self.ends[row - 1]) if row else 0
        content = self._bytes[len(MAGIC) + start : len(MAGIC) + int(self.ends[row])].tobytes()
        if zlib.crc32(content) != self.checks[row]:
            raise PixelError(f"{self.path}: frame {row} is damaged; {REMEDY}")
        return content

    def _frame(self, row: int) -> np.ndarray:
        """uint8 [3, H, W]."""
        content = self._content(row)
        if self.size is not None:
            return np.moveaxis(np.frombuffer(content, np.uint8).reshape(*self.size, 3), 2, 0)
        try:
            return jpeg_pixels(content)
        except RuntimeError:
            what = "cannot be decoded; it was packed so"
            raise PixelError(f"{self.path}: frame {row} {what}: mend the picture") from None


def load(path: str | Path) -> TrackletSet:
    """The set in a pack.

    Raises:
        PixelError: no pack, another version, or a damaged one.
    """
    path = Path(path)
    held = _read(path)
    try:
        about = json.loads(held["about"].tobytes())
        tracklets, frames = (_table(held, name) for name in ("tracklets", "frames"))
        size = tuple(about["raw"]) if about["raw"] else None
        store = PackedStore(path, held["ends"], held["checks"], size)
        tracklets = tracklets.set_index("tracklet")
        rule = Rule(**about["rule"])
    except (KeyError, ValueError, TypeError) as error:
        raise PixelError(f"{path}: not a pack of this version ({error}); {REMEDY}") from None
    return TrackletSet(about["name"], tracklets, frames, store, rule, facts=about["facts"])


def index_bytes(data: TrackletSet, ends: np.ndarray, checks: np.ndarray, raw: Size | None) -> bytes:
    """What stands behind the frames: the .npz of a set's tables, and the tail."""
    from dataclasses import asdict

    about = {"name": data.name, "rule": asdict(data.rule), "facts": data.facts, "raw": raw}
    arrays: dict[str, Any] = {
        "about": np.frombuffer(json.dumps(about).encode(), np.uint8),
        "ends": ends,
        "checks": checks,
    }
    frames = data.frames.drop(columns=["path", "row", "x", "y", "w", "h"], errors="ignore")
    frames = frames.assign(row=np.arange(len(frames)))
    for name, table in (("tracklets", data.tracklets.reset_index()), ("frames", frames)):
        arrays |= {f"{name}/{kind}/{c}": a for c in table for kind, a in [_plain(table[c])]}
        arrays[f"{name}/order"] = np.frombuffer("\0".join(table.columns).encode(), np.uint8)
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    content = stream.getvalue()
    start = len(MAGIC) + (int(ends[-1]) if len(ends) else 0)
    return content + TAIL.pack(start, len(content), hashlib.sha256(content).digest(), MAGIC)


def _read(path: Path) -> dict[str, np.ndarray]:
    """The arrays behind the frames, once the file has shown to be whole."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise PixelError(f"{path}: not a pack (sticc pack makes one)")
            end = file.seek(0, io.SEEK_END)
            file.seek(max(end - TAIL.size, 0))
            tail = file.read(TAIL.size)
            start, length, digest, mark = TAIL.unpack(tail) if len(tail) == TAIL.size else (0,) * 4
            if mark != MAGIC or start + length + TAIL.size != end:
                raise PixelError(f"{path}: the pack is cut short; {REMEDY}")
            file.seek(start)
            content = file.read(length)
    except OSError as error:
        raise PixelError(f"{path}: cannot be read ({error.strerror}); {REMEDY}") from None
    if hashlib.sha256(content).digest() != digest:
        raise PixelError(f"{path}: the tables of the pack are damaged; {REMEDY}")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        whole = int(arrays["ends"][-1]) + len(MAGIC) == start and len(arrays["ends"]) == len(
            arrays["checks"]
        )
    except Exception as error:  # hashed right, made by something else: whatever numpy raises
        raise PixelError(f"{path}: not a pack of this version ({error}); {REMEDY}") from None
    if not whole or (np.diff(arrays["ends"]) < 0).any():
        raise PixelError(f"{path}: not a pack of this version (frames overlap); {REMEDY}")
    return arrays


def _plain(column: pd.Series) -> tuple[str, np.ndarray]:
    """A column as numbers, or as UTF-8 text with a NUL between values; and which of them."""
    if column.dtype == "Int64":  # the least number stands for a missing one
        least = np.iinfo(np.int64).min
        return "nullable", column.fillna(least).to_numpy(np.int64)
    if column.dtype.kind in "biuf":
        return "plain", column.to_numpy()
    text = "\0".join(str(v).replace("\0", " ") for v in column)
    return "text", np.frombuffer(text.encode(), np.uint8)


def _table(held: dict[str, np.ndarray], name: str) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for column in held[f"{name}/order"].tobytes().decode().split("\0"):
        if (key := f"{name}/text/{column}") in held:
            columns[column] = held[key].tobytes().decode().split("\0")
        elif (key := f"{name}/nullable/{column}") in held:
            values = pd.array(held[key], dtype="Int64")
            values[held[key] == np.iinfo(np.int64).min] = pd.NA
            columns[column] = values
        else:
            columns[column] = held[f"{name}/plain/{column}"]
    return pd.DataFrame(columns)
