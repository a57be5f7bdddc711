"""Short tracks on PETS2009, from our own detections: how pure, how many.

Each box is compared with the truth at IoU 0.5 (persons of `boxes.csv`; MOT15 where a folder with
gt/gt.txt and track_to_person.csv is given or stands beside the project). Purity is the share of
boxes that belong to the person most of their track (or of its piece in one interval) belongs to.

    python benchmarks/tracking.py [FOLDER]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.counting.boxes import hits
from sticc_lib.counting.detector import NanoDet
from sticc_lib.counting.tracking import short_tracks
from sticc_lib.counting.video import Video
from sticc_lib.run import bar, data_dir, project_root

FPS, STEP = 7, 21
COORDINATES = ["x", "y", "w", "h"]


def detections() -> pd.DataFrame:
    """`frame, x, y, w, h, score` of the embedded clip."""
    video, detector = Video.open(data_dir() / "pets2009" / "s2l1_view1.mp4"), NanoDet()
    rows = []
    for frame in bar(iterable=video.frames(), total=video.count, desc="detect"):
        boxes = detector.detect([frame])[0]
        rows.append(np.column_stack([np.full(len(boxes), frame.number), boxes]))
    table = pd.DataFrame(np.concatenate(rows), columns=["frame", *COORDINATES, "score"])
    return table.astype({"frame": int})


def truths(folder: Path) -> dict[str, pd.DataFrame]:
    """Name to `frame, x, y, w, h, person`."""
    told = {"boxes.csv": pd.read_csv(data_dir() / "pets2009" / "boxes.csv")}
    if (folder / "gt" / "gt.txt").is_file():
        names = ["frame", "track", *COORDINATES]
        mot = pd.read_csv(folder / "gt" / "gt.txt", header=None, usecols=range(6), names=names)
        persons = pd.read_csv(folder / "track_to_person.csv").set_index("track_id")["person"]
        told["MOT15"] = mot.assign(person=mot["track"].map(persons))
    return told


def named(tracks: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """The boxes that are somebody's, with `person`."""
    who = np.full(len(tracks), None, object)
    values, by_frame = tracks[COORDINATES].to_numpy(float), truth.groupby("frame").indices
    for frame, rows in tracks.groupby("frame").indices.items():
        there = truth.iloc[by_frame.get(frame, [])]
        for i, j in hits(values[rows], there[COORDINATES].to_numpy(float)):
            who[rows[i]] = there["person"].iloc[j]
    return tracks.assign(person=who).dropna(subset="person")


def purity(boxes: pd.DataFrame, by: list[str]) -> tuple[float, int]:
    """(share of boxes of their group's majority, groups that mix persons)."""
    groups = boxes.groupby(by)["person"]
    majority = groups.agg(lambda persons: persons.value_counts().iloc[0])
    return float(majority.sum() / len(boxes)), int((groups.nunique() > 1).sum())


def main(folder: str = "") -> None:
    beside = Path(folder) if folder else project_root().parent / "shared" / "data" / "pets2009"
    found = detections()
    for every in (1, 2):
        part = found[(found["frame"] - 1) % every == 0]
        start = time.process_time()
        tracks = short_tracks(part, FPS)
        cost = (time.process_time() - start) / part["frame"].nunique()
        tracks["interval"] = (tracks["frame"] - 1) // STEP
        lengths = tracks["track"].value_counts()
        print(
            f"every frame in {every}: {len(lengths)} tracks ({(lengths >= 3).sum()} of 3 boxes or "
            f"more), {tracks.groupby(['interval', 'track']).ngroups} fragments of 3 s, "
            f"{1e3 * cost:.1f} cpu-ms a frame"
        )
        for name, truth in truths(beside).items():
            boxes = named(tracks, truth)
            whole, mixed = purity(boxes, ["track"])
            piece, impure = purity(boxes, ["interval", "track"])
            order = boxes.sort_values(["track", "frame"])
            same = order["track"].eq(order["track"].shift())
            switches = int((same & order["person"].ne(order["person"].shift())).sum())
            pieces = boxes.groupby("person")["track"].nunique().mean()
            print(
                f"  {name}: purity {whole:.4f} of tracks ({mixed} mixed, {switches} switches), "
                f"{piece:.4f} of fragments ({impure} mixed); {pieces:.1f} tracks a person"
            )


if __name__ == "__main__":
    main(*sys.argv[1:2])
