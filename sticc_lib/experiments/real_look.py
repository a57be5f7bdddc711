"""One look at real re-entry, before and after adapting to the video without labels; it is logged.

Nothing is chosen here: every look writes a line into a log that is committed, so that a reader can
count them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from sticc_lib.config import EvalConfig
from sticc_lib.counting import adapt
from sticc_lib.experiments.conditions import CROPS
from sticc_lib.experiments.worlds import single_frames
from sticc_lib.models.base import VideoModel
from sticc_lib.models.cache import frozen_maps
from sticc_lib.retrieval.embed import embed
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.visits import score_reentry, single_crops
from sticc_lib.run import data_dir, environment, now, write_text
from sticc_lib.tracklets.sources import pets2009
from sticc_lib.tracklets.table import DataError, TrackletSet

LOG = data_dir() / "results" / "worlds" / "looks.md"
HEAD = """\
# Looks at real video

Every time that weights for video were scored on PETS2009, a line is added here. Nothing was chosen
by these numbers.

| when (UTC) | commit | what was scored | frame mAP seen, from - to |
|---|---|---|---|
"""
METHODS: tuple[adapt.Method, ...] = ("none", "wccn", "lda")
AT_ONCE = 3
"""Common frames from which on two tracks are two people, as for counting; MOT crops have no boxes
of people who hide one another, so their overlap is not asked for."""


def sets() -> dict[str, TrackletSet]:
    """All clean crops of the visits: `pets` (ours), and `pets_mot` where ../shared is."""
    found = {"pets": pets2009.load()}
    with contextlib.suppress(DataError):  # not shipped: CC BY-NC-SA labels
        found["pets_mot"] = pets2009.load_mot_crops()
    return {
        name: replace(data, frames=data.frames[data.frames["clean"]].reset_index(drop=True))
        for name, data in found.items()
    }


def look(model: VideoModel, config: EvalConfig, progress: bool = False) -> dict[str, float]:
    """Frame mAP on re-entry, as features come and after adaptation.

    Crops are embedded one by one. The metric is fitted on all crops of the video's tracks, then
    the protocol's 16 crops a visit are ranked under it: transductive, as the table of ways is.

    Returns:
        `pets_mot.none`, `pets_mot.wccn`, `pets_mot.lda`, the same of `pets`, and
        `pets_mot.visit_rank1` without adaptation.
    """
    numbers = {}
    for name, data in sets().items():
        crops = single_crops(data)
        with single_frames(model):
            every = embed(model, crops, config, frozen_maps(model, crops, progress), progress)
        protocol = pets2009.evenly_spaced_clean(data, CROPS)
        maps = frozen_maps(model, protocol, progress)
        visits = embed(model, protocol, config, maps, progress)
        kept = chosen(data, protocol)
        table = single_crops(protocol).tracklets
        for method in METHODS:
            values = fitted(every, data, method)(every.values)[kept]
            scores = score_reentry(Embeddings(values, table, protocol.rule), visits)
            numbers[f"{name}.{method}"] = scores.frames.mAP
            if method == "none":
                numbers[f"{name}.visit_rank1"] = scores.visits.rank1
    return numbers


def chosen(data: TrackletSet, protocol: TrackletSet) -> np.ndarray:
    """Positions in `data.frames` of the frames of the protocol, int [n]."""
    place = {key: k for k, key in enumerate(zip(data.frames["tracklet"], data.frames["time"],
                                                strict=True))}  # fmt: skip
    wanted = zip(protocol.frames["tracklet"], protocol.frames["time"], strict=True)
    return np.array([place[key] for key in wanted])


def fitted(every: Embeddings, data: TrackletSet, method: adapt.Method) -> adapt.Metric:
    """A metric fitted to the short tracks of a video: who was seen at once, and when."""
    track = data.frames["track" if "track" in data.frames else "tracklet"].to_numpy()
    number = np.unique(track, return_inverse=True)[1]
    frames = data.frames["time"].to_numpy()
    shown = np.zeros((number.max() + 1, frames.max() + 1), np.int64)
    shown[number, frames] = 1
    at_once = shown @ shown.T >= AT_ONCE
    np.fill_diagonal(at_once, False)
    return adapt.fit(every.values, number, at_once, method)


def note(what: str, seen: Mapping[str, float], path: Path = LOG) -> None:
    """Adds a line to the log of looks."""
    text = path.read_text(encoding="utf-8") if path.exists() else HEAD
    low, high = min(seen.values()), max(seen.values())
    line = f"| {now()[:16]} | {environment()['commit'][:7]} | {what} | {low:.3f} - {high:.3f} |\n"
    write_text(path, text + line)
