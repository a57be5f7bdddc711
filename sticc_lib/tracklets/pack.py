"""Packing: a set's frames into one file, resized once, so that training reads no folder tree.

An interrupted packing goes on where it stopped: frames lie in `OUT.part`, and after each batch
their lengths and check sums in `OUT.part.log`.
"""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import numpy as np

from sticc_lib.locks import alone
from sticc_lib.run import bar, fingerprint, stderr
from sticc_lib.tracklets.packed import MAGIC, index_bytes, load
from sticc_lib.tracklets.store import FileStore, Size
from sticc_lib.tracklets.table import DataError, TrackletSet

BATCH = 256
"""Frames between two entries of the log: what an interruption can cost."""
LONGEST = 1 << 30
"""Bytes a frame can have; a log that tells more is damaged."""
SAMPLE = 32
"""Frames encoded for the estimate, evenly spaced."""
ENTRY = np.dtype([("length", "<i8"), ("check", "<u4")])


def estimate(
    data: TrackletSet, size: Size | None = None, quality: int = 90, raw: bool = False
) -> int:
    """Bytes that a pack will have: exact for raw, else from `SAMPLE` frames.

    Raises:
        DataError: raw without a size, or a quality that JPEG does not have.
        PixelError: one of the sampled frames cannot be read.
    """
    _check(data, size, quality, raw)
    count = len(data.frames)
    if raw and size:
        return count * size[0] * size[1] * 3
    places = np.linspace(0, count - 1, num=min(count, SAMPLE)).astype(int)
    encode = _encoder(data, size, quality, raw)
    return round(count * float(np.mean([len(encode(int(p))) for p in places])))


def pack(
    data: TrackletSet,
    path: str | Path,
    size: Size | None = None,
    quality: int = 90,
    raw: bool = False,
    workers: int = 0,
) -> TrackletSet:
    """Writes a set into one file and gives it back as read from there.

    Args:
        data: the set. Boxes are cut out; masks are not packed.
        path: the file. One that holds something else is refused.
        size: (height, width) to resize to. None keeps every frame as it is, JPEG files to the
            byte.
        quality: of JPEG, 1 to 100. CHOICE: 90, beyond which the files grow faster than a
            difference shows after resizing.
        raw: pixels instead of JPEG: faster to read, some thirty times larger; needs a size.
        workers: threads; 0 takes one a core.

    Raises:
        DataError: settings that do not fit, an unfinished pack of other settings, or too little
            room, before work starts.
        PixelError: a frame cannot be read; what is packed so far stays.
        BusyError: another process packs into this file.
    """
    path = Path(path)
    with alone(path, "a pack"):
        return _packed(data, path, (size, quality, raw), workers)


def _packed(
    data: TrackletSet, path: Path, form: tuple[Size | None, int, bool], workers: int
) -> TrackletSet:
    """`pack`, while no other process packs into the same file."""
    size, quality, raw = form
    if path.exists():
        raise DataError(f"{path} is there already; remove it or choose another name")
    total = estimate(data, size, quality, raw)
    kind = "raw" if raw else "as they are" if size is None else f"JPEG of quality {quality}"
    shape = "" if size is None else f" at {size[0]}x{size[1]}"
    stderr(f"{path}: {len(data.frames)} frames{shape}, {kind}: about {_human(total)}")
    part, log = path.with_name(f"{path.name}.part"), path.with_name(f"{path.name}.part.log")
    key = fingerprint([data.fingerprint(), size, quality, raw]).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = _resume(part, log, key)
    free = shutil.disk_usage(path.parent).free
    missing = total - int(entries["length"].sum())
    if missing * 1.05 > free:
        raise DataError(f"{path}: needs {_human(missing)} more, but {_human(free)} are free")
    with part.open("r+b") as frames, log.open("ab") as notes:
        frames.seek(0, os.SEEK_END)
        entries = _write(data, entries, frames, notes, form, workers)
        ends = np.cumsum(entries["length"])
        checks = entries["check"].astype(np.uint32)
        frames.write(index_bytes(data, ends, checks, size if raw else None))
        frames.flush()
        os.fsync(frames.fileno())
    part.replace(path)
    log.unlink()
    return load(path)


def _write(
    data: TrackletSet,
    entries: np.ndarray,
    frames: IO[bytes],
    notes: IO[bytes],
    form: Any,
    workers: int,
) -> np.ndarray:
    """Appends what is missing, batch by batch; all entries."""
    count, done = len(data.frames), len(entries)
    parts, encode = [entries], _encoder(data, *form)
    with (
        ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool,
        bar(total=count, initial=done, desc="pack", unit="frame") as shown,
    ):
        for start in range(done, count, BATCH):
            rows = range(start, min(start + BATCH, count))
            contents = list(pool.map(encode, rows))
            frames.write(b"".join(contents))
            frames.flush()
            os.fsync(frames.fileno())  # the log must never be ahead of the frames
            batch = np.array([(len(c), zlib.crc32(c)) for c in contents], ENTRY)
            notes.write(batch.tobytes())
            notes.flush()
            parts.append(batch)
            shown.update(len(contents))
    return np.concatenate(parts)


def _resume(part: Path, log: Path, key: bytes) -> np.ndarray:
    """Entries of the frames that are packed already; both files made fit to go on.

    Raises:
        DataError: the unfinished pack is of another set or other settings.
    """
    content = log.read_bytes() if log.exists() and part.exists() else b""
    if len(content) < len(key) and key.startswith(content):
        content = b""  # torn at its very beginning
    if content and content[: len(key)] != key:
        raise DataError(
            f"{part} is an unfinished pack of another set or other settings; remove it and {log}"
        )
    if not content:
        part.write_bytes(MAGIC)
        log.write_bytes(key)
        return np.empty(0, ENTRY)
    whole = (len(content) - len(key)) // ENTRY.itemsize * ENTRY.itemsize
    entries = np.frombuffer(content[len(key) : len(key) + whole], ENTRY)
    entries = entries[: _whole(part, entries)]
    if len(entries) == 0:
        part.write_bytes(MAGIC)
    os.truncate(part, len(MAGIC) + int(entries["length"].sum()))
    os.truncate(log, len(key) + entries.nbytes)
    stderr(f"{part}: goes on after {len(entries)} frames")
    return entries


def _whole(part: Path, entries: np.ndarray) -> int:
    """How many of the logged frames are there as they were written, from the first on.

    After a power failure a file may have its length and not its content, the log as well as the
    frames; reading all again takes seconds, packing them again would take hours.
    """
    with part.open("rb") as frames:
        if frames.read(len(MAGIC)) != MAGIC:
            return 0
        for number, (length, check) in enumerate(entries.tolist()):
            if not 0 < length <= LONGEST or zlib.crc32(frames.read(length)) != check:
                return number
    return len(entries)


def _encoder(
    data: TrackletSet, size: Size | None, quality: int, raw: bool
) -> Callable[[int], bytes]:
    """What gives a frame's bytes as they will stand in the pack; safe to call from threads."""
    import torch
    from torchvision.io import encode_jpeg

    where = data.frames["row" if "row" in data.frames else "path"].to_numpy()
    boxes = data.frames[list("xywh")].to_numpy(float) if "x" in data.frames else None
    verbatim = isinstance(data.pixels, FileStore) and boxes is None and size is None and not raw

    def encode(row: int) -> bytes:
        part = slice(row, row + 1)
        box = None if boxes is None else boxes[part]
        pixels = data.pixels.read(where[part], size, box)[0]  # [3, H, W]; a damaged one raises
        if raw:
            return np.ascontiguousarray(np.moveaxis(pixels, 0, 2)).tobytes()
        if verbatim and isinstance(data.pixels, FileStore):
            content = (data.pixels.root / str(where[row])).read_bytes()
            if content[:2] == b"\xff\xd8":
                return content
        tensor = torch.from_numpy(np.ascontiguousarray(pixels))
        return encode_jpeg(tensor, quality).numpy().tobytes()

    return encode


def _check(data: TrackletSet, size: Size | None, quality: int, raw: bool) -> None:
    problems = [] if len(data.frames) else [f"{data.name} has no frame"]
    if raw and size is None:
        problems.append("raw frames need a size (height, width)")
    if size is not None and (len(size) != 2 or min(size) < 1):
        problems.append(f"size {size}: expected height and width of at least 1")
    if not 1 <= quality <= 100:
        problems.append(f"quality {quality}: expected 1 to 100")
    if problems:
        raise DataError("; ".join(problems))


def _human(amount: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.3g} {unit}" if unit != "bytes" else f"{amount:.0f} bytes"
        amount /= 1000
    return ""
