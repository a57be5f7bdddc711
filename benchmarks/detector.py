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
from measured import tell

from sticc_lib.counting.ahead import ahead
from sticc_lib.counting.detector import NanoDet
from sticc_lib.counting.video import Video
from sticc_lib.experiments.count_scores import detected, known
from sticc_lib.run import data_dir, project_root

EMBEDDED = data_dir() / "pets2009" / "s2l1_view1.mp4"


def main(folder: str = "", threads: str = "0") -> None:
    """See the module's text."""
    beside = Path(folder) if folder else project_root().parent / "shared" / "data" / "pets2009"
    detector = NanoDet(threads=int(threads))
    for path in (EMBEDDED, beside / "vtest.avi"):
        if not path.is_file():
            continue
        found = {
            f.number: boxes for f, boxes in ahead(Video.open(path, 7).frames(every=5), detector)
        }
        for name, told in known(beside).items():
            score = detected(found, told)
            print(
                f"{path.name} against {name}, {len(found)} frames: "
                f"recall {score['recall']:.3f}, precision {score['precision']:.3f}"
            )
    video = Video.open(EMBEDDED)
    for workers in (1, detector.workers):
        detector.workers, spent, used = workers, [], []
        for turn in range(5):
            start, before = time.perf_counter(), time.process_time()
            count = sum(1 for _ in ahead(video.frames(5.0 * turn, 5.0 * turn + 5), detector))
            spent.append((time.perf_counter() - start) / count)
            used.append((time.process_time() - before) / count)
        tell(f"detector.workers{workers}", 1 / float(np.median(spent)), "frames/s")
        print(
            f"{workers} frame(s) at a time: {1 / np.median(spent):.1f} frames/s "
            f"({1e3 * np.median(spent):.0f} ms, {1e3 * np.median(used):.0f} cpu-ms a frame, "
            "decoding included, median of 5)"
        )


if __name__ == "__main__":
    main(*sys.argv[1:3])
