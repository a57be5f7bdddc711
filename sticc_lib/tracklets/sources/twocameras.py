"""Sets of two cameras with a folder of frames for each person, and several divisions of persons."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.tracklets.sources import trees
from sticc_lib.tracklets.sources.reading import Problem
from sticc_lib.tracklets.table import Rule

RULE = Rule(same_camera_junk=True, queries_in_gallery=False)
FRAME = re.compile(r"(?P<name>[^/]+)/(?:[^/]*[^0-9/])?(?P<time>[0-9]+)\.(?i:jpg|jpeg|png|bmp)")


def camera_frames(
    root: Path, folders: tuple[str, str], form: str, problems: list[Problem]
) -> pd.DataFrame:
    """The frames of both cameras: `name` (folder of the person), `camera` 1 or 2, `time`, `path`.

    A person without a frame under a camera is not there; see `assign`.
    """
    parts = [trees.Part(folder, "ignore") for folder in folders]
    frames = trees.read_parts(root, parts, FRAME, form, problems)
    frames = trees.whole_numbers(frames, "time", root, problems)
    return frames.assign(camera=frames["part"].map({f: n for n, f in enumerate(folders, 1)}))


def assign(frames: pd.DataFrame, train: Collection[str], test: Collection[str]) -> pd.DataFrame:
    """Split, query (camera 1) and gallery (camera 2) by the names of the persons.

    Who is in neither is set aside (`ignore`), under a name with the camera before it: the same
    name under the other camera may be somebody else.
    """
    name, camera = frames["name"], frames["camera"]
    place = [f"{part.rpartition('/')[2]}/{n}" for part, n in zip(frames["part"], name, strict=True)]
    split = np.select([name.isin(set(train)), name.isin(set(test))], ["train", "test"], "ignore")
    tested = split == "test"
    return frames.assign(
        split=split,
        query=tested & (camera == 1),
        gallery=tested & (camera == 2),
        person=name.where(split != "ignore", place),
    )


def absent(
    root: Path, folders: tuple[str, str], frames: pd.DataFrame, names: Mapping[str, str]
) -> list[Problem]:
    """Persons of a list (name -> where it stands) who have no frames under one of the cameras."""
    problems = []
    for number, folder in enumerate(folders, 1):
        there = set(frames.loc[frames["camera"] == number, "name"])
        problems += [
            Problem(where, f"{name} has no frame in {root / folder / name}", trees.COPY)
            for name, where in names.items()
            if name not in there
        ]
    return problems
