"""Pixel stores: one uint8 memory map for small sets, or image files read when asked for.

Both answer `read(where, size, boxes)`. Nothing here knows what a tracklet is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from sticc_lib.tracklets.decoding import MixedSizes, image_size, picture, side_by_side
from sticc_lib.values import Refusal

Size = tuple[int, int]
SAMPLED = 64
"""Frames whose content stands for the set's in fingerprints."""


class PixelError(Refusal, ValueError):
    """A picture that cannot be read; the message names the file and the remedy."""


class PixelStore(Protocol):
    """What a TrackletSet asks of its pixels."""

    def read(
        self, where: np.ndarray, size: Size | None = None, boxes: np.ndarray | None = None
    ) -> np.ndarray:
        """uint8 [n, 3, H, W] (or [n, H, W] for label maps) of the frames named by `where`."""
        ...

    def identity(self, frames: pd.DataFrame) -> str:
        """A text for the content of these frames, by a sample of `SAMPLED` of them.

        Evenly spaced, so that it costs the same for any set: another set, version or seed shows;
        an edit of single pictures in a large set may not.
        """
        ...

    def problems(self, frames: pd.DataFrame) -> list[str]:
        """What is wrong with the pixels of these frames, one line each."""
        ...

    def sizes(self, where: np.ndarray, boxes: np.ndarray | None = None) -> np.ndarray:
        """int [n, 2]: height and width of frames as they came, without decoding them."""
        ...


class ArrayStore:
    """Frames in one uint8 array [F, H, W, 3] (or label maps [F, H, W]), often a memory map.

    Args:
        array: the pixels. Opened read-only with `ArrayStore.open(path)`.
        name: what messages call it; the path where there is one.
        cut: [F, 2], height and width of each frame before it was resized into the array.
    """

    def __init__(self, array: np.ndarray, name: str = "array", cut: np.ndarray | None = None):
        if array.dtype != np.uint8 or array.ndim not in (3, 4) or array.shape[3:] not in ((), (3,)):
            raise PixelError(
                f"{name}: expected uint8 [F, H, W, 3] or [F, H, W], got {array.dtype} {array.shape}"
            )
        self.array, self.name, self.cut = array, name, cut

    @classmethod
    def open(cls, path: Path, cut: np.ndarray | None = None) -> ArrayStore:
        """Opens a .npy file as a read-only memory map."""
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
            if not isinstance(array, np.ndarray):
                raise ValueError("an archive of arrays")
        except (ValueError, OSError, EOFError) as error:
            raise PixelError(
                f"{path}: not a readable .npy ({error}); delete it, run again"
            ) from None
        return cls(array, str(path), cut)

    def read(
        self, where: np.ndarray, size: Size | None = None, boxes: np.ndarray | None = None
    ) -> np.ndarray:
        """Frames by row number. Resizes bilinearly (label maps: nearest); boxes are refused."""
        if boxes is not None:
            raise PixelError(f"{self.name}: boxes need whole images; use FileStore")
        picked = self.array[np.asarray(where, np.int64)]
        if picked.ndim == 3:
            return picked if size in (None, picked.shape[1:]) else _resize_labels(picked, size)
        return resize(np.moveaxis(picked, 3, 1), size)

    def identity(self, frames: pd.DataFrame) -> str:
        """The shape of a frame and a hash of the sampled ones."""
        picked = self.array[sample(frames["row"])]
        digest = hashlib.sha256(np.ascontiguousarray(picked).tobytes()).hexdigest()
        return f"array {self.array.shape[1:]} {digest[:16]}"

    def problems(self, frames: pd.DataFrame) -> list[str]:
        """Rows outside the array; frames that give boxes or no row at all."""
        if "row" not in frames:
            return [f"frames: column row is missing; {self.name} is read by row"]
        if "x" in frames:
            return [f"frames: boxes x y w h, but {self.name} holds crops; drop the columns"]
        outside = frames[(frames["row"] < 0) | (frames["row"] >= len(self.array))]
        return [
            f"frames row {i}: pixel row {r} is outside {self.name} (0..{len(self.array) - 1})"
            for i, r in outside["row"].items()
        ]

    def sizes(self, where: np.ndarray, boxes: np.ndarray | None = None) -> np.ndarray:
        """Of the frames before they were resized, where that is known; else as they are held."""
        if self.cut is not None:
            return np.asarray(self.cut)[np.asarray(where, np.int64)].round().astype(np.int64)
        return np.tile(np.array(self.array.shape[1:3]), (len(where), 1))


class FileStore:
    """Image files on disk, decoded when asked for.

    Args:
        root: folder that relative paths start from.
    """

    def __init__(self, root: Path | str):
        self.root = Path(root)

    def read(
        self, where: np.ndarray, size: Size | None = None, boxes: np.ndarray | None = None
    ) -> np.ndarray:
        """Images by path, cropped to their box where there is one, then resized.

        Raises:
            PixelError: a file is missing or damaged, or frames differ in size and none was given.
        """
        if len(where) == 0:
            return np.empty((0, 3, *(size or (0, 0))), np.uint8)

        def crop(number: int, name: str) -> np.ndarray:
            image = self._decode(self.root / name)
            if boxes is not None:
                image = crop_box(image, boxes[number], name)
            return resize(image[None], size)[0]

        try:
            return side_by_side((crop(i, str(n)) for i, n in enumerate(where)), len(where))
        except MixedSizes:
            raise PixelError(
                f"{self.root}: frames differ in size; give size=(height, width)"
            ) from None

    def identity(self, frames: pd.DataFrame) -> str:
        """A hash of the bytes of the sampled files; where the folder lies does not matter."""
        digest = hashlib.sha256()
        for name in sample(frames["path"]):
            path = self.root / str(name)
            digest.update(path.read_bytes() if path.is_file() else b"missing")
        return f"files {digest.hexdigest()[:16]}"

    def problems(self, frames: pd.DataFrame, decode: bool = False) -> list[str]:
        """Missing and empty files; with `decode`, also those that do not open."""
        if "path" not in frames:
            return [f"frames: column path is missing; {self.root} is read by path"]
        found = []
        for position, name in frames["path"].items():
            path = self.root / str(name)
            if not path.is_file():
                found.append(f"frames row {position}: {path} is missing")
            elif path.stat().st_size == 0:
                found.append(f"frames row {position}: {path} is empty; copy it again")
            elif decode:
                try:
                    self._decode(path)
                except PixelError as error:
                    found.append(f"frames row {position}: {error}")
        return found

    def sizes(self, where: np.ndarray, boxes: np.ndarray | None = None) -> np.ndarray:
        """Of the boxes where there are any, else from the files' headers; PixelError as in read."""
        if boxes is not None:
            return np.asarray(boxes)[:, [3, 2]].round().astype(np.int64)
        return np.array([self._header(self.root / str(n)) for n in where], np.int64).reshape(-1, 2)

    def _decode(self, path: Path) -> np.ndarray:
        """uint8 [3, H, W], RGB."""
        try:
            return picture(path.read_bytes())
        except (RuntimeError, OSError, ValueError, SyntaxError) as error:
            # torchvision puts the place in its own sources in front
            reason = re.sub(r"^.*\.cpp:\d+, ", "", str(error).partition("\n")[0]) or repr(error)
            reason = re.sub(r" <_io\.\w+ object at \w+>", "", reason)
            raise PixelError(
                f"{path}: cannot be decoded ({reason}); copy the file again or drop its row"
            ) from None

    def _header(self, path: Path) -> Size:
        try:
            return image_size(path)
        except (OSError, ValueError, SyntaxError) as error:
            reason = getattr(error, "strerror", None) or "no header of a picture"
            raise PixelError(
                f"{path}: cannot be opened ({reason}); copy the file again or drop its row"
            ) from None


def sample(column: pd.Series) -> np.ndarray:
    """Up to `SAMPLED` evenly spaced values."""
    places = np.linspace(0, len(column) - 1, num=min(len(column), SAMPLED)).astype(int)
    return column.to_numpy()[places]


def resize(pixels: np.ndarray, size: Size | None) -> np.ndarray:
    """uint8 [n, C, h, w] to [n, C, H, W], bilinear with antialiasing; as it is if it fits."""
    if size is None or tuple(pixels.shape[2:]) == tuple(size):
        return pixels
    import torch
    from torch.nn.functional import interpolate

    if not pixels.flags.writeable:  # of a mapped file: torch wants its own
        pixels = np.array(pixels)
    rows = np.moveaxis(pixels, 1, 3)  # decoders' order, which torch resizes as it lies
    turned = rows.flags.c_contiguous
    tensor = torch.from_numpy(pixels if turned else np.ascontiguousarray(pixels))
    tensor = interpolate(tensor, size=tuple(size), mode="bilinear", antialias=True)
    return tensor.numpy()


def _resize_labels(labels: np.ndarray, size: Size | None) -> np.ndarray:
    """Nearest neighbour: labels are names, not amounts."""
    height, width = size or labels.shape[1:]
    rows = (np.arange(height) * labels.shape[1]) // height
    columns = (np.arange(width) * labels.shape[2]) // width
    return labels[:, rows][:, :, columns]


def crop_box(image: np.ndarray, box: Sequence[float], name: str) -> np.ndarray:
    """The part of [3, H, W] inside a box x y w h, clipped to the image."""
    x, y, w, h = (round(float(v)) for v in box)
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + w, image.shape[2]), min(y + h, image.shape[1])
    if right <= left or bottom <= top:
        raise PixelError(f"{name}: the box {x} {y} {w} {h} lies outside the image")
    return image[:, top:bottom, left:right]
