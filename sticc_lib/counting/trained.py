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
    train = walkers.load(DataConfig(), "standard").split("train")
    persons = np.unique(train.tracklets["person"])[:PERSONS]
    return cut_of(train.subset(train.tracklets["person"].isin(persons)), kind, model, progress)


def cut_of(
    tracklets: TrackletSet, kind: str, model: VideoModel | None = None, progress: bool = False
) -> Cut:
    """The threshold of equal cost on pairs of these persons; see `trained_cut`."""
    frames = tracklets.frames.sort_values(["tracklet", "time"])
    # evenly over each tracklet: the first frame of each of CROPS equal parts
    place, length = frames.groupby("tracklet").cumcount(), frames.groupby("tracklet")["row"]
    frames = frames.assign(part=place * CROPS // length.transform("size"))
    frames = frames.drop_duplicates(["tracklet", "part"])
    numbers = tracklets.tracklets.index.to_numpy()
    owner = np.searchsorted(numbers, frames["tracklet"].to_numpy())
    crops = Crops(tracklets.pixels, frames["row"].to_numpy())
    values = unit(crop_features(crops, owner, kind, model, progress))
    means = fragment_means(values, owner, len(numbers))
    return from_training(Embeddings(means, tracklets.tracklets, tracklets.rule))
