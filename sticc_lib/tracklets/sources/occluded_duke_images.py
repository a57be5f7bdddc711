"""Occluded-Duke by its image protocol: each image a tracklet of one frame.

Layout, licence and counts as in `occluded_duke`; this is the protocol of the image methods (PGFA,
PAT). A video model sees T copies of one image, all but the first masked.

Expected: 15,618 images to train on, 2,210 queries, 17,661 in the gallery, as in `occluded_duke`.
"""

from __future__ import annotations

from pathlib import Path

from sticc_lib.tracklets.sources import occluded_duke
from sticc_lib.tracklets.sources.market import images_as_tracklets
from sticc_lib.tracklets.sources.reading import Reading
from sticc_lib.tracklets.table import TrackletSet

num_splits = 1


def read(root: str | Path, split: int = 0) -> Reading:
    """Reads the three folders of a folder, or of Occluded_Duke below it, image by image."""
    root, frames, problems = occluded_duke.read_frames(root, split)
    facts = occluded_duke.FACTS | {"protocol": "every image is a tracklet of one frame"}
    return images_as_tracklets(
        "occluded_duke_images", root, frames, problems, occluded_duke.COUNTED, facts, set()
    )


def load(root: str | Path, split: int = 0) -> TrackletSet:
    """The set, checked; see `read`."""
    return read(root, split).to_set()
