"""A drawn scene as a video file, and its count from true people: small, for tests of what shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.counting.boxfile import FromFile
from sticc_lib.counting.calibrate import Cut
from sticc_lib.counting.counted import Counted
from sticc_lib.counting.evidence import Evidence
from sticc_lib.counting.identify import CountSettings, Individuals
from sticc_lib.counting.observe import observe
from sticc_lib.counting.scenes import SceneConfig, frames, write_video
from sticc_lib.counting.video import Video

SCENE = SceneConfig(seed=2, persons=4, seconds=14, fps=6, size=(180, 240), returns=1, gap=(1, 2))


def counted_scene(folder: Path, least: float = 2.0, **options) -> tuple[Video, Counted]:
    """The video, and its count: who is who as it was drawn, the unsure seen for too short a time.

    Args:
        folder: for the video and the journal.
        least: seconds below which somebody is unsure.
        options: of `observe`.
    """
    path = folder / "scene.mp4"
    video = Video.open(path if path.exists() else write_video(SCENE, path))
    tables = [t[t["shown"] > 0.35].assign(frame=n) for n, (_, t) in enumerate(frames(SCENE), 1)]
    boxes = pd.concat(tables, ignore_index=True)
    names = {v: k for k, v in enumerate(sorted(boxes["visit"].unique()))}
    boxes["track"] = boxes["visit"].map(names)
    seen = observe(video, FromFile.of(boxes, video), folder / f"seen{len(options)}",
                   size=(64, 32), progress=False, **options)  # fmt: skip
    owner = seen.crops["fragment"].to_numpy()
    values = np.ones((len(owner), 2), np.float32)
    evidence = Evidence(seen.boxes, seen.fragments, values, owner, seen.fps)
    people = {names[v]: p for v, p in zip(boxes["visit"], boxes["person"], strict=True)}
    person = np.unique([people[t] for t in seen.fragments["track"]], return_inverse=True)[1] + 1
    cut = Cut(0.3, 0.05, "the truth", np.empty(0), np.empty(0), 0.0)
    settings = CountSettings(least_seconds=least)
    sure = np.ones(person.max(), bool)
    found = Individuals(person, sure, cut, 2, len(sure) + 1, "none", settings)
    return video, Counted.of_found(seen, evidence, found).with_people(person, 0)
