"""PETS2009 S2.L1, view 1: one real camera, ten people who leave and come back.

The unit is a *visit*, one continuous stay of a person; a query ranks other visits only. Expect
795 frames at 7 frames/s, 19 visits of 10 persons, 16 of them queries (and one visit of K, a far
walker on the grass, who is set aside). Origin and terms: data/README.md.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.run import data_dir, project_root
from sticc_lib.tracklets.crops import video_crops, video_header
from sticc_lib.tracklets.store import FileStore, PixelStore
from sticc_lib.tracklets.table import DataError, Rule, TrackletSet

FRAMES_PER_SECOND = 7
VIDEO, BOXES = "s2l1_view1.mp4", "boxes.csv"
COLUMNS = ("frame", "track", "x", "y", "w", "h", "score", "person", "visit")
DISTANT = "K"
CLEAN_IOU = 0.15
RULE = Rule(same_camera_junk=False, queries_in_gallery=True, exclude_same_visit=True)
REMEDY = "restore it from git, or make it again with data/scripts/make_pets.py"


def load(
    root: str | Path = "", size: tuple[int, int] = (128, 64), with_distant: bool = False
) -> TrackletSet:
    """The visits of `boxes.csv`, one tracklet each, their crops cut from the video once.

    Args:
        root: folder of the video and the boxes; empty for the embedded one.
        size: (height, width) of the cached crops.
        with_distant: also K, who is 30 pixels tall and never labelled in MOT15.

    Returns:
        A checked set. Frames carry `track` (fragment of the visit) and `clean`: inside the image
        and overlapping no other visit's box of its frame by an IoU above 0.15. Where two
        fragments of a visit hold a box in the same frame, the better score stays.

    Raises:
        DataError: a file is missing, or a line of the boxes is wrong; names file and line.
        PixelError: the video is damaged, or too short for the boxes.
    """
    folder = Path(root) if str(root) else data_dir() / "pets2009"
    video = folder / VIDEO
    if not video.is_file():
        raise DataError(f"{video} is missing; {REMEDY}")
    boxes = read_boxes(folder / BOXES)
    boxes["row"] = np.arange(len(boxes))
    store = video_crops(video, boxes, size, REMEDY)
    boxes["clean"] = _clean(boxes, *video_header(video, REMEDY)[1:])
    boxes = boxes.sort_values(["frame", "visit", "score"], ascending=[True, True, False])
    boxes = boxes.drop_duplicates(["frame", "visit"])
    numbers = {label: n for n, label in enumerate(sorted(boxes["person"].unique()), start=1)}
    if not with_distant:
        boxes = boxes[boxes["person"] != DISTANT]
    boxes = boxes.assign(time=boxes["frame"])
    return _visits("pets2009", boxes, numbers, store, BOXES)


def evenly_spaced_clean(data: TrackletSet, count: int = 16) -> TrackletSet:
    """The same visits with `count` evenly spaced clean crops each (fewer where there are fewer).

    Raises:
        DataError: a visit without a clean crop; names it.
    """
    frames = data.frames[data.frames["clean"]]
    kept = []
    for number, visit in data.tracklets["visit"].items():
        mine = frames.index[frames["tracklet"] == number]
        if len(mine) == 0:
            raise DataError(f"{data.name}: visit {visit} (tracklet {number}) has no clean crop")
        kept.append(mine[np.linspace(0, len(mine) - 1, min(count, len(mine))).round().astype(int)])
    frames = data.frames.loc[np.concatenate(kept)].reset_index(drop=True)
    tracklets = data.tracklets.assign(num_frames=[len(k) for k in kept])
    name = f"{data.name}, {count} clean crops a visit"
    return TrackletSet(name, tracklets, frames, data.pixels, data.rule, facts=data.facts)


def load_mot_crops(root: str | Path = "") -> TrackletSet:
    """The clean crops cut with MOT15's labels, a track a visit: the set of the published table.

    Args:
        root: folder of `track_to_person.csv` and `tracklets/<track>/<frame>.jpg`; empty for
            `shared/data/pets2009` beside the project (not shipped: the labels are CC BY-NC-SA).

    Raises:
        DataError: files are missing; names them.
    """
    folder = Path(root) if str(root) else project_root().parent / "shared" / "data" / "pets2009"
    table = folder / "track_to_person.csv"
    if not table.is_file():
        raise DataError(f"{table} is missing; the MOT crops are not shipped, use load() instead")
    rows = []
    for track in pd.read_csv(table).itertuples():
        files = sorted((folder / "tracklets" / f"{track.track_id:02d}").glob("*.jpg"))
        if not files:
            raise DataError(f"{table}: track {track.track_id} has no crops in {folder}/tracklets")
        for file in files:
            path = file.relative_to(folder).as_posix()
            rows.append((track.person, f"{track.track_id:02d}", int(file.stem), path))
    frames = pd.DataFrame(rows, columns=["person", "visit", "time", "path"]).assign(clean=True)
    numbers = {label: n for n, label in enumerate(sorted(frames["person"].unique()), start=1)}
    return _visits("pets2009-mot", frames, numbers, FileStore(folder), "MOT15 labels")


def read_boxes(path: Path) -> pd.DataFrame:
    """`boxes.csv`, sorted by frame: frame (from 1), track, x y w h (pixels), person, visit.

    Raises:
        DataError: missing file or columns, or a value that does not fit; names the line.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing; {REMEDY}")
    boxes = pd.read_csv(path, dtype={"person": str, "visit": str}, skipinitialspace=True)
    absent = [c for c in COLUMNS if c not in boxes]
    if absent:
        raise DataError(f"{path}: no column {', '.join(absent)}; expected {', '.join(COLUMNS)}")
    numeric = boxes[list(COLUMNS[:7])].apply(pd.to_numeric, errors="coerce")
    bad = numeric.isna().any(axis=1) | boxes["person"].isna() | boxes["visit"].isna()
    bad |= (numeric["frame"] < 1) | (numeric["w"] <= 0) | (numeric["h"] <= 0)
    if bad.any():
        lines = ", ".join(str(n + 2) for n in np.flatnonzero(bad)[:5])
        raise DataError(f"{path} line {lines}: expected frame >= 1, w and h > 0, person and visit")
    boxes[list(COLUMNS[:7])] = numeric
    boxes["where"] = [f"{path} line {line}" for line in range(2, len(boxes) + 2)]
    return boxes.astype({"frame": int, "track": int}).sort_values("frame", kind="stable")


def _visits(
    name: str, frames: pd.DataFrame, persons: dict[str, int], store: PixelStore, by: str
) -> TrackletSet:
    """One tracklet a visit, numbered by person and visit; queries are those with a mate."""
    visits = frames[["person", "visit"]].drop_duplicates().sort_values(["person", "visit"])
    visits = visits.reset_index(drop=True).rename(columns={"person": "label"})
    number = dict(zip(visits["visit"], visits.index, strict=True))
    tracklets = visits.assign(
        person=visits["label"].map(persons),
        camera=pd.array([1] * len(visits), dtype="Int64"),
        split="test",
        query=visits.groupby("label")["visit"].transform("size") > 1,
        gallery=True,
        num_frames=visits["visit"].map(frames["visit"].value_counts()),
        source="pets2009",
    ).rename_axis("tracklet")
    frames = frames.assign(tracklet=frames["visit"].map(number))
    frames = frames.sort_values(["tracklet", "time"]).reset_index(drop=True)
    keep = [c for c in ("tracklet", "time", "row", "path", "track", "clean") if c in frames]
    facts = {
        "origin": "PETS2009 S2.L1, view 1, University of Reading; boxes from " + by,
        "frames per second": str(FRAMES_PER_SECOND),
    }
    return TrackletSet(name, tracklets, frames[keep], store, RULE, facts=facts).check()


def _clean(boxes: pd.DataFrame, height: int, width: int) -> np.ndarray:
    """bool, one a box: inside the image, and IoU <= 0.15 with the frame's other visits."""
    x, y, w, h = boxes[["x", "y", "w", "h"]].to_numpy(float).T
    visits = boxes["visit"].to_numpy(object)
    clean = (x >= 0) & (y >= 0) & (x + w <= width) & (y + h <= height)
    for rows in boxes.groupby("frame").indices.values():
        left, top, right, bottom = x[rows], y[rows], (x + w)[rows], (y + h)[rows]
        wide = np.minimum.outer(right, right) - np.maximum.outer(left, left)
        tall = np.minimum.outer(bottom, bottom) - np.maximum.outer(top, top)
        shared = np.clip(wide, 0, None) * np.clip(tall, 0, None)  # [n, n]
        area = np.diag(shared)
        iou = shared / (area[:, None] + area - shared)
        own = visits[rows, None] == visits[rows]
        clean[rows] &= (own | (iou <= CLEAN_IOU)).all(axis=1)
    return clean
