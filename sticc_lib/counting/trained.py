"""The threshold from training persons, never from the video: where nothing is fitted to it."""

from __future__ import annotations

import numpy as np

from sticc_lib.config import DataConfig
from sticc_lib.counting.calibrate import Cut, from_training
from sticc_lib.counting.features import Crops, crop_features, fragment_means, unit
from sticc_lib.models.base import VideoModel
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.tracklets import walkers
from sticc_lib.tracklets.table import TrackletSet

PERSONS, CROPS = 60, 8
"""CHOICE: of so many drawn persons, so many crops a tracklet: 240 tracklets, in seconds."""


def trained_cut(kind: str, model: VideoModel | None = None, progress: bool = True) -> Cut:
    """The threshold of equal cost on pairs of drawn training persons (synthetic).

    Args:
        kind: features (features.KINDS).
        model: what `sticc` among them stands for.
        progress: show a bar.
    """
    crops, owner, tracklets = training_crops()
    return cut_of(crop_features(crops, owner, kind, model, progress), owner, tracklets)


def training_crops(tracklets: TrackletSet | None = None) -> tuple[Crops, np.ndarray, TrackletSet]:
    """Crops of training persons, whose they are (int [crops], position of the tracklet), and the
    set itself.

    Args:
        tracklets: of these persons; the first PERSONS drawn training persons by default.
    """
    if tracklets is None:
        train = walkers.load(DataConfig(), "standard").split("train")
        persons = np.unique(train.tracklets["person"])[:PERSONS]
        tracklets = train.subset(train.tracklets["person"].isin(persons))
    frames = tracklets.frames.sort_values(["tracklet", "time"])
    # evenly over each tracklet: the first frame of each of CROPS equal parts
    place, length = frames.groupby("tracklet").cumcount(), frames.groupby("tracklet")["row"]
    frames = frames.assign(part=place * CROPS // length.transform("size"))
    frames = frames.drop_duplicates(["tracklet", "part"])
    owner = np.searchsorted(tracklets.tracklets.index.to_numpy(), frames["tracklet"].to_numpy())
    return Crops(tracklets.pixels, frames["row"].to_numpy()), owner, tracklets


def cut_of(values: np.ndarray, owner: np.ndarray, tracklets: TrackletSet) -> Cut:
    """The threshold of equal cost on pairs of these persons.

    Args:
        values: float32 [crops, D].
        owner: int [crops], the tracklet of each, by position.
        tracklets: whose they are.
    """
    means = fragment_means(unit(values), owner, len(tracklets))
    return from_training(Embeddings(means, tracklets.tracklets, tracklets.rule))
