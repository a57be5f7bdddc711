"""What was seen in a video, as tables: boxes, fragments, intervals, crops; and as tracklets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sticc_lib.counting.intervals import COLUMNS
from sticc_lib.counting.journal import Journal
from sticc_lib.tracklets.store import ArrayStore
from sticc_lib.tracklets.table import DataError, Rule, TrackletSet

BOXES = ("frame", "track", "x", "y", "w", "h", "score")


@dataclass(frozen=True)
class Observed:
    """What was seen.

    Attributes:
        name: of the video.
        boxes: `frame, track, x, y, w, h, score, interval, fragment`, by frame.
        fragments: index `fragment`; `interval, track, first_frame, last_frame, n` (boxes),
            `crops` and `clean` (how many were kept, and how many of them are clean).
        intervals: index `interval`; see `intervals.intervals`.
        crops: `row, fragment, frame, clean`, by fragment and frame.
        pixels: the crops, uint8.
        fps: frames a second.
        notes: what the reader should know (boxes left out), as sentences.
    """

    name: str
    boxes: pd.DataFrame
    fragments: pd.DataFrame
    intervals: pd.DataFrame
    crops: pd.DataFrame
    pixels: ArrayStore
    fps: float
    notes: tuple[str, ...] = ()

    def seconds(self, frames: np.ndarray) -> np.ndarray:
        """When frames begin, seconds of the video, float; of the last frame + 1, when it ends.

        Where the rate varies (intervals begin half a second and more off an even spacing), frames
        are spaced evenly between the intervals' own times.
        """
        seen = self.intervals[self.intervals["frames"] > 0]
        first, start = (seen[name].to_numpy(float) for name in ("first_frame", "start"))
        even = start[0] + (np.asarray(frames, float) - first[0]) / self.fps
        if np.abs(start[0] + (first - first[0]) / self.fps - start).max() < 0.5:
            return even
        beyond = start[-1] + (np.asarray(frames, float) - first[-1]) / self.fps
        return np.where(frames < first[-1], np.interp(frames, first, start), beyond)

    def pictures(self) -> np.ndarray:
        """Row of `pixels` that shows each fragment, int [fragments]: its middle (clean) crop."""
        clean = self.crops.groupby("fragment")["clean"].transform("any")
        best = self.crops[self.crops["clean"] | ~clean]
        by = best.groupby("fragment")["row"]
        middle = by.cumcount() == by.transform("size") // 2
        return best.loc[middle, "row"].to_numpy()

    def tracklets(self) -> TrackletSet:
        """Every fragment as a tracklet of the same number, each a person of its own.

        Raises:
            DataError: nobody was seen.
        """
        if len(self.fragments) == 0:
            raise DataError(f"{self.name}: nobody was found, so there is nothing to embed")
        fragments = self.fragments
        tracklets = pd.DataFrame(
            {
                "person": fragments.index + 1,
                "label": [f"fragment {n}" for n in fragments.index],
                "camera": pd.array([1] * len(fragments), dtype="Int64"),
                "split": "test",
                "query": False,
                "gallery": True,
                "num_frames": fragments["crops"],
                "source": self.name,
                "interval": fragments["interval"],
                "track": fragments["track"],
            }
        ).rename_axis("tracklet")
        frames = self.crops.rename(columns={"fragment": "tracklet", "frame": "time"})
        frames = frames[["tracklet", "time", "row", "clean"]].reset_index(drop=True)
        facts = {"frames per second": f"{self.fps:g}"}
        rule = Rule(same_camera_junk=False)
        return TrackletSet(self.name, tracklets, frames, self.pixels, rule, facts=facts).check()


def load(journal: Journal, name: str, fps: float, notes: tuple[str, ...] = ()) -> Observed:
    """What a journal holds, as tables; fragments are numbered by interval, then track."""
    records = [journal.read(k) for k in range(journal.done)]
    intervals = pd.DataFrame([r.bounds for r in records], columns=list(COLUMNS))
    intervals = intervals.astype({"first_frame": int, "last_frame": int, "frames": int})
    intervals = intervals.astype({"short": bool}).rename_axis("interval")
    lengths = [len(r.boxes) for r in records]
    boxes = pd.DataFrame(np.concatenate([r.boxes for r in records]), columns=list(BOXES))
    boxes = boxes.astype({"frame": np.int64, "track": np.int64})
    boxes["interval"] = np.repeat(np.arange(len(records)), lengths)
    boxes["fragment"] = boxes.groupby(["interval", "track"]).ngroup()
    fragments = boxes.groupby("fragment").agg(
        interval=("interval", "first"), track=("track", "first"), first_frame=("frame", "min"),
        last_frame=("frame", "max"), n=("frame", "size"),
    )  # fmt: skip
    kept = pd.DataFrame(
        np.concatenate([r.crops for r in records]), columns=["row", "track", "frame", "clean"]
    )
    kept["interval"] = np.repeat(np.arange(len(records)), [len(r.crops) for r in records])
    number = fragments.reset_index()[["interval", "track", "fragment"]]
    kept = kept.merge(number, on=["interval", "track"], how="left")
    kept = kept.assign(clean=kept["clean"].astype(bool))[["row", "fragment", "frame", "clean"]]
    kept = kept.sort_values(["fragment", "frame"]).reset_index(drop=True)
    counts = kept.groupby("fragment")["clean"].agg(crops="size", clean="sum").astype(int)
    fragments = fragments.join(counts)
    return Observed(name, boxes, fragments, intervals, kept, journal.store(), fps, notes)
