"""The pictures that boxes were drawn in: a video file, or a folder of its frames."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.tracklets.crops import video_crops, video_header
from sticc_lib.tracklets.sources.reading import Problem
from sticc_lib.tracklets.sources.scan import IMAGES, scan
from sticc_lib.tracklets.store import ArrayStore, PixelError, Size

VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg")
FOLDERS = ("img1", "")
REMEDY = "copy it again, or give another video or folder of frames"


@dataclass(frozen=True)
class Pictures:
    """Where the frames of one sequence are.

    Attributes:
        root: folder that paths start from.
        video: the video, if it is one.
        names: frame number, from 1, -> path of its image, if it is a folder.
        last: highest frame number; 0 where a video does not say.
        height, width: of a frame; 0 where unknown.
    """

    root: Path
    video: Path | None = None
    names: dict[int, str] = field(default_factory=dict)
    last: int = 0
    height: int = 0
    width: int = 0

    def holds(self, frame: int) -> bool:
        """Whether there is a picture of this frame, as far as can be told without decoding."""
        return frame in self.names if not self.video else 1 <= frame <= (self.last or frame)


def find_pictures(root: Path, video: str | Path, problems: list[Problem]) -> Pictures:
    """The pictures of a sequence.

    Args:
        root: a video file; or a folder of a video, or of images, themselves or in `img1`.
        video: which video (relative to `root`, or absolute); empty to look for one.
        problems: what is missing or cannot be opened is added.
    """
    file = root if root.is_file() else root / video if str(video) else None
    folder = root.parent if root.is_file() else root
    if file is not None:
        return _open_video(folder, file, problems)
    for name in FOLDERS:
        if (root / name).is_dir():
            files = [str(Path(name) / file) for file in scan(root / name, depth=0).files["name"]]
            if files:
                return _open_images(root, files, problems)
    videos = sorted(p for p in root.glob("*") if p.suffix.lower() in VIDEOS)
    if len(videos) == 1:
        return _open_video(root, videos[0], problems)
    if videos:
        what = f"holds {len(videos)} videos ({', '.join(p.name for p in videos[:4])})"
        problems.append(Problem(str(root), what, "say which: video=NAME"))
    else:
        what = f"holds no frames ({', '.join(IMAGES)}, here or in img1) and no video"
        problems.append(Problem(str(root), what, "copy them there, or give the video itself"))
    return Pictures(root)


def _open_video(root: Path, file: Path, problems: list[Problem]) -> Pictures:
    if not file.is_file():
        problems.append(Problem(str(file), "the video is missing", REMEDY))
        return Pictures(root)
    try:
        last, height, width = video_header(file, REMEDY)
    except PixelError as error:
        problems.append(Problem(str(file), str(error).removeprefix(f"{file}: "), "see there"))
        return Pictures(root)
    return Pictures(root, file, {}, last, height, width)


def _open_images(root: Path, files: list[str], problems: list[Problem]) -> Pictures:
    """Images by the number at the end of their names: the first is 0 or 1, and is frame 1."""
    from PIL import Image

    numbers: dict[int, str] = {}
    for path in files:
        found = re.search(r"([0-9]{1,9})\.[^.]*$", path)
        if not found:
            what, remedy = "no number at the end of its name", "number frames from 1, or from 0"
            problems.append(Problem(str(root / path), what, remedy))
        elif int(found[1]) in numbers:
            what = f"frame {int(found[1])} is there twice (also {numbers[int(found[1])]})"
            problems.append(Problem(str(root / path), what, "keep one of the two"))
        else:
            numbers[int(found[1])] = path
    names = {number + (0 in numbers): path for number, path in numbers.items()}
    try:
        with Image.open(root / files[0]) as image:
            width, height = image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        what = f"cannot be opened ({str(error).partition(': ')[0]})"
        problems.append(Problem(str(root / files[0]), what, "copy it again"))
        width = height = 0
    return Pictures(root, None, names, max(names, default=0), height, width)


class VideoCrops:
    """Crops of boxes in a video, cut when the first of them is asked for and then kept on disk.

    Args:
        video: the file.
        boxes: as `crops.video_crops` takes them; row i is the i-th of them.
        size: (height, width) of the crops.
    """

    def __init__(self, video: Path, boxes: pd.DataFrame, size: Size):
        self.video, self.boxes, self.size = video, boxes, size

    @cached_property
    def _store(self) -> ArrayStore:
        return video_crops(self.video, self.boxes, self.size, REMEDY)

    def read(
        self, where: np.ndarray, size: Size | None = None, boxes: np.ndarray | None = None
    ) -> np.ndarray:
        """uint8 [n, 3, H, W], by row. See `ArrayStore.read`."""
        return self._store.read(where, size, boxes)

    def identity(self, frames: pd.DataFrame) -> str:
        """As `ArrayStore.identity`."""
        return self._store.identity(frames)

    def problems(self, frames: pd.DataFrame) -> list[str]:
        """As `ArrayStore.problems`; cuts the crops."""
        return self._store.problems(frames)

    def sizes(self, where: np.ndarray, boxes: np.ndarray | None = None) -> np.ndarray:
        """Of the boxes; nothing is cut for it."""
        sizes = self.boxes[["h", "w"]].to_numpy(float)
        return sizes[np.asarray(where, np.int64)].round().astype(np.int64)
