"""Boxes from a file instead of a detector, and its tracks, where it has them, instead of ours.

frame,x,y,w,h[,score][,track]      a header; other columns are passed over
1,-1,10,20,30,80,0.9[,...]         MOT Challenge det.txt: frame, track or -1, x, y, w, h, score
1,10,20,30,80                      no header: frame, x, y, w, h; of six numbers the second is
                                   the track, unless the last lies in 0..1 throughout: a score
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.counting.video import Frame, Video
from sticc_lib.tracklets.sources.csvfile import read_columns
from sticc_lib.tracklets.sources.files import read_lines
from sticc_lib.tracklets.sources.reading import Problem, several
from sticc_lib.tracklets.table import DataError

FORM = "write a header frame,x,y,w,h and perhaps score,track, and commas between the values"
CORNERS = ("x_min", "y_min", "x_max", "y_max")
ALSO = {"left": "x", "top": "y", "width": "w", "height": "h", "confidence": "score",
        "conf": "score", "id": "track", "track_id": "track", "tracker_id": "track"}  # fmt: skip
MOST = 1000
"""Boxes in one frame; more are taken for a fault of the file. CHOICE: no camera tells more people
apart, and work in a frame grows with their square."""
MOT = ("frame", "track", "x", "y", "w", "h", "score")


class FromFile:
    """Boxes of a file, handed out frame by frame; see the module's text for its forms.

    Args:
        path: the file.
        video: what the boxes belong to.
        score: boxes below it are left out; a file without scores says 1.
        first_frame: number of the first frame in the file, 0 or 1; -1: 0 if a frame 0 occurs.

    Attributes:
        tracked: whether the file says tracks: then this is a tracker, too (`update`).
        notes: what was left out or cut, as sentences.

    Raises:
        DataError: lists every line that cannot be used: a wrong separator, a NaN, a box without
            area, a frame that the video does not have, a track twice in a frame.
    """

    def __init__(self, path: str | Path, video: Video, score: float = 0.0, first_frame: int = -1):
        self.path = Path(path)
        problems: list[Problem] = []
        table = _read(self.path, problems)
        if len(table) == 0 and not problems:
            problems.append(Problem(str(path), "no boxes in it", FORM))
        first = first_frame if first_frame in (0, 1) else int(not (table["frame"] == 0).any())
        table = table.assign(frame=table["frame"] + 1 - first)
        _check(self.path, table, video, problems, score)
        fatal = [p for p in problems if p.fatal]
        if fatal:
            listed = "\n".join(f"  - {p}" for p in fatal[:50])
            raise DataError(f"{self.path}: {len(fatal)} problem(s)\n{listed}")
        self._set(table[table["score"] >= score], video.width, video.height)

    @classmethod
    def of(cls, boxes: pd.DataFrame, video: Video, name: str = "boxes") -> FromFile:
        """The same for boxes at hand: `frame, x, y, w, h`, perhaps `score` and `track`."""
        made = cls.__new__(cls)
        made.path = Path(name)
        filled = {c: v for c, v in (("score", 1.0), ("track", -1)) if c not in boxes}
        made._set(boxes.assign(**filled), video.width, video.height)
        return made

    @property
    def name(self) -> str:
        """With a digest of the boxes; other boxes, another run."""
        return f"{self.path.name} {self._digest}"

    def detect(self, frames: Sequence[Frame]) -> list[np.ndarray]:
        """See `detector.Detector`."""
        return [self._boxes[self._span(frame.number)] for frame in frames]

    def update(self, frame: int, boxes: np.ndarray) -> np.ndarray:
        """See `tracking.Joiner`: the file's own tracks of a frame's boxes."""
        return self._tracks[self._span(frame)]

    def state(self) -> np.ndarray:
        """See `tracking.Joiner`; there is nothing to remember."""
        return np.zeros((0, 0))

    def restore(self, state: np.ndarray) -> None:
        """See `tracking.Joiner`."""

    def _span(self, number: int) -> slice:
        low, high = np.searchsorted(self._frames, [number, number + 1])
        return slice(int(low), int(high))

    def _set(self, table: pd.DataFrame, width: int, height: int) -> None:
        """Cuts boxes at the image, drops those outside it, sorts by frame."""
        low = table[["x", "y"]].to_numpy(float)
        high = low + table[["w", "h"]].to_numpy(float)
        limit = np.array([width, height], float)
        cut_low, cut_high = np.clip(low, 0, limit), np.clip(high, 0, limit)
        inside = (cut_high - cut_low >= 1).all(axis=1)
        moved = inside & ((cut_low != low) | (cut_high != high)).any(axis=1)
        self.notes = [
            f"{self.path.name}: {count} box(es) {what}"
            for count, what in (
                (int((~inside).sum()), "outside the image, left out"),
                (int(moved.sum()), "cut at its edge"),
            )
            if count
        ]
        score = table["score"].to_numpy(float)[:, None]
        boxes = np.hstack([cut_low, cut_high - cut_low, score])[inside].astype(np.float32)
        frames = table["frame"].to_numpy(np.int64)[inside]
        tracks = table["track"].to_numpy(np.int64)[inside]
        order = np.argsort(frames, kind="stable")
        self._frames, self._boxes, self._tracks = frames[order], boxes[order], tracks[order]
        self.tracked = len(tracks) > 0 and bool((tracks >= 0).all())
        self._digest = _digest(self._frames, self._boxes, self._tracks)


def _read(path: Path, problems: list[Problem]) -> pd.DataFrame:
    """`line, frame, x, y, w, h, score, track` of the lines that fit."""
    nothing = pd.DataFrame(columns=["line", *MOT])
    lines = read_lines(path, problems, "give the file") or []
    if not any(lines):
        if not problems:
            problems.append(Problem(str(path), "the file is empty", FORM))
        return nothing
    start = next(n for n, line in enumerate(lines) if line)
    names, header = _names(lines[start:])
    form = CORNERS if set(CORNERS) <= set(names) else ("x", "y", "w", "h")
    absent = [n for n in ("frame", *form) if n not in names]
    if absent:
        what = f"no column {', '.join(absent)}"
        if "," not in lines[start]:
            what = f"no comma in {lines[start][:40]!r}"
        problems.append(Problem(f"{path} line {start + 1}", what, FORM))
        return nothing
    kinds = {"frame": "whole"} | dict.fromkeys(form, "number")
    kinds |= {n: k for n, k in (("score", "number"), ("track", "whole")) if n in names}
    table = read_columns(path, lines, names, kinds, problems, start + header, ("track", "score"))
    if form is CORNERS:
        table = table.rename(columns={"x_min": "x", "y_min": "y"})
        table = table.assign(w=table["x_max"] - table["x"], h=table["y_max"] - table["y"])
    score = table["score"] if "score" in table else pd.Series(1.0, table.index)
    track = table["track"] if "track" in table else pd.Series(-1.0, table.index)
    return table.assign(score=score.fillna(1.0), track=track.fillna(-1).astype(np.int64))


def _names(lines: Sequence[str]) -> tuple[list[str], int]:
    """Names of the columns, and how many lines of header there are."""
    fields = [field.strip().strip('"').lower() for field in lines[0].split(",")]
    if not all(re.fullmatch(r"[-+.0-9e]*|nan|inf", field) for field in fields):
        return [ALSO.get(f, f) if ALSO.get(f) not in fields else f for f in fields], 1
    if len(fields) == 5:
        return ["frame", "x", "y", "w", "h"], 0
    if len(fields) == 6:
        last = pd.to_numeric(pd.Series([line.split(",")[-1] for line in lines if line]), "coerce")
        if bool(last.between(0, 1).all()):
            return ["frame", "x", "y", "w", "h", "score"], 0
    more = [f"field {n}" for n in range(8, len(fields) + 1)]
    return [*MOT, *more][: len(fields)], 0


def _check(
    path: Path, table: pd.DataFrame, video: Video, problems: list[Problem], score: float
) -> None:
    """What does not fit the video, or itself."""
    line, frame = table["line"].to_numpy(), table["frame"].to_numpy(np.int64)

    def tell(bad: np.ndarray, what: str, remedy: str) -> None:
        rows = np.flatnonzero(bad).tolist()
        problems.extend(several(lambda n: f"{path} line {line[n]}", rows, lambda n: what, remedy))

    tell((table["w"] <= 0) | (table["h"] <= 0), "a box without area", "take it out")
    beyond = (frame < 1) | (frame > video.count)
    sizes = table["frame"][table["score"] >= score].value_counts()
    if len(sizes) and sizes.iloc[0] > MOST:
        what = f"{sizes.iloc[0]:,} boxes in frame {int(sizes.index[0])}, expected at most {MOST:,}"
        problems.append(Problem(str(path), what, "leave weak ones out with a higher score"))
    tell(beyond, f"a frame the video has not (1 to {video.count})", "do both belong together?")
    twice = table.duplicated(["frame", "track"]).to_numpy() & (table["track"] >= 0).to_numpy()
    tell(twice, "its track is twice in this frame", "keep one")


def _digest(*arrays: np.ndarray) -> str:
    import hashlib

    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:12]
