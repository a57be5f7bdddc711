"""The shipped detector on PETS2009: what it finds, and how fast.

Recall and precision at IoU 0.5 on every fifth frame of the embedded clip, against `boxes.csv`; and
against the MOT15 labels and on the original video where a folder with them is given or stands
beside the project. Boxes that lie on somebody whom the labels ignore, and the far walker K, who is
not labelled there, count neither way.

    python benchmarks/detector.py [FOLDER with vtest.avi and gt/gt.txt] [threads]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.counting.boxes import hits, iou
from sticc_lib.counting.detector import NanoDet
from sticc_lib.counting.video import Video
from sticc_lib.run import data_dir, project_root

EMBEDDED = data_dir() / "pets2009" / "s2l1_view1.mp4"
OURS = data_dir() / "pets2009" / "boxes.csv"
COORDINATES = ["x", "y", "w", "h"]


def truths(folder: Path) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Name to (boxes that should be found, boxes that may be)."""
    ours = pd.read_csv(OURS)
    told = {"boxes.csv": (ours, ours.iloc[:0])}
    labels = folder / "gt" / "gt.txt"
    if labels.is_file():
        names = ["frame", "track", *COORDINATES, "conf"]
        mot = pd.read_csv(labels, header=None, usecols=range(7), names=names)
        aside = [mot[mot["conf"] == 0], ours[ours["person"] == "K"]]
        told["MOT15"] = mot[mot["conf"] != 0], pd.concat(aside)
    return told


def compare(
    found: dict[int, np.ndarray], wanted: pd.DataFrame, aside: pd.DataFrame
) -> tuple[float, float]:
    """(recall, precision) at IoU 0.5."""
    hit = there = said = 0
    for frame, boxes in found.items():
        truth = wanted.loc[wanted["frame"] == frame, COORDINATES].to_numpy(float)
        spare = aside.loc[aside["frame"] == frame, COORDINATES].to_numpy(float)
        pairs = hits(boxes, truth)
        rest = np.delete(boxes, [i for i, _ in pairs], axis=0)
        excused = (iou(rest, spare) >= 0.5).any(axis=1).sum() if len(spare) else 0
        hit, there = hit + len(pairs), there + len(truth)
        said += len(boxes) - int(excused)
    return hit / there, hit / said


def main(folder: str = "", threads: str = "0") -> None:
    beside = Path(folder) if folder else project_root().parent / "shared" / "data" / "pets2009"
    detector = NanoDet(threads=int(threads))
    for path in (EMBEDDED, beside / "vtest.avi"):
        if not path.is_file():
            continue
        found, spent, cpu = {}, [], []
        for frame in Video.open(path, fps=7).frames(every=5):
            number = frame.number
            start, used = time.perf_counter(), time.process_time()
            found[number] = detector.detect([frame])[0]
            spent.append(time.perf_counter() - start)
            cpu.append(time.process_time() - used)
        for name, (wanted, aside) in truths(beside).items():
            recall, precision = compare(found, wanted, aside)
            print(
                f"{path.name} against {name}, {len(found)} frames: "
                f"recall {recall:.3f}, precision {precision:.3f}"
            )
        print(
            f"{path.name}: {1 / np.median(spent):.1f} frames/s "
            f"({1e3 * np.median(spent):.0f} ms, {1e3 * np.median(cpu):.0f} cpu-ms a frame, median)"
        )


if __name__ == "__main__":
    main(*sys.argv[1:3])
