"""The verb of `sticc` that counts people in video files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

Videos = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="VIDEO ...")]


@dataclass(frozen=True)
class Count:
    """Count the different people in a video, and who is present every three seconds.

    People are found, joined to short tracks, described, and the tracks of one person are put
    together, fitted to the video without labels. Several files are one video cut in pieces.
    Interrupted, the same command goes on; what was watched is not watched again when other
    features or another threshold are asked for.

    Written into the folder: counts.csv, individuals.json, summary.json, annotated.mp4,
    annotated.gif, timeline.png, gallery.png, and seen/ (boxes and crops of everybody: personal
    data, delete it when it is not needed any more, or see --anonymise).

    For example
      sticc count street.mp4
      sticc count street.mp4 --start 60 --stop 120 --every 5 --out reports/minute
      sticc count morning_1.mp4 morning_2.mp4 --anonymise
      sticc count street.mp4 --boxes boxes.csv        frame,x,y,w,h[,score][,track]
      sticc count street.mp4 --points heads/ --person-height 90 --person-anchor head
      sticc count street.mp4 --adapt tune             a minute longer, for the patient
    """

    videos: Videos
    """Video files; several follow each other in time."""
    out: str = ""
    """Folder to write; by default reports/count_NAME."""
    every: float = 3.0
    """Seconds of an interval."""
    start: float = 0.0
    """Second of the video to begin with."""
    stop: float = math.inf
    """Second of the video to end before."""
    step: int = 1
    """Look at every so manieth frame; faster, and short tracks break sooner."""
    fps: float = 0.0
    """Frames a second, where the file says none or a wrong number; 0 for the file's own."""
    accept_truncated: bool = False
    """Take a damaged or cut file as far as it goes."""
    detector: str = "nanodet"
    """nanodet (shipped), or the name of one of torchvision's detectors, fetched when needed."""
    score: float = 0.0
    """Leave out boxes below this score; 0 for the detector's own limit, and for all of a file."""
    boxes: str = ""
    """Take people from this file instead of a detector; its tracks, too, if it has them."""
    points: str = ""
    """Take people from a folder of FRAME.txt with `x y` lines instead of a detector."""
    person_height: float = 80.0
    """For points: how tall a person is, in pixels, at row --person-at."""
    person_slope: float = 0.0
    """For points: pixels of height a pixel further down; 0 for a size that does not change."""
    person_at: float = 0.0
    """For points: the row of --person-height."""
    person_anchor: Literal["foot", "centre", "head"] = "foot"
    """What points mark."""
    write_points: bool = False
    """Write where people stand as points/FRAME.txt, too."""
    features: str = "sticc+hsv"
    """What tells people apart: sticc, stripes, hsv, frozen, joined by +."""
    checkpoint: str = ""
    """Of the model for sticc among the features; by default the one for video."""
    adapt: Literal["lda", "wccn", "none", "tune"] = "lda"
    """How features are fitted to the video, without labels; none takes the threshold from training
    persons; tune trains the trunk on the video's own tracks for a minute."""
    threshold: float = 0.0
    """Cosine distance up to which two tracks are one person; 0 takes it from the video's own
    tracks."""
    least_seconds: float = 3.0
    """Who was seen for less in all is unsure, and not counted."""
    way: Literal["auto", "whole", "online"] = "auto"
    """whole: all tracks at once; online: interval by interval, nothing known of what comes."""
    anonymise: bool = False
    """Blur heads in everything that is written, and in what features see."""
    video: bool = True
    """Write annotated.mp4 and annotated.gif."""

    def run(self) -> int:
        """Returns 0; what cannot be counted is an error."""
        from sticc_lib.counting.count import CountOptions
        from sticc_lib.counting.identify import CountSettings
        from sticc_lib.counting.outputs import told
        from sticc_lib.counting.points import BoxSize
        from sticc_lib.experiments.counts import Source, count_videos
        from sticc_lib.reporting.index import write_run, write_runs
        from sticc_lib.run import project_root

        person = BoxSize(
            self.person_height, self.person_slope, self.person_at, anchor=self.person_anchor
        )
        source = Source(
            self.detector, self.score or None, self.boxes, self.points, person, self.fps,
            self.accept_truncated,
        )  # fmt: skip
        options = CountOptions(
            self.every, self.start, self.stop, self.step, self.features, self.adapt, self.way,
            CountSettings(threshold=self.threshold or None, least_seconds=self.least_seconds),
            anonymise=self.anonymise,
        )  # fmt: skip
        counted, folder = count_videos(
            self.videos, self.out, source, options, self.checkpoint, self.write_points, self.video
        )
        if folder.resolve().parent == (project_root() / "reports").resolve():  # a run like others
            write_run(folder)
            write_runs(folder.parent)
        print(told(counted))
        print(folder)
        return 0
