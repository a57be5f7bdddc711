"""Occluded-DukeMTMC-VideoReID. Layout unverified; derived from DukeMTMC, withdrawn in 2019.

Proposed with RFCnet (Hou et al., TPAMI 2021, arXiv 2106.12733), whose repository holds the loader
of the image set only. The lists that say which images belong to it were not found, so that it may
not be had; the layout read here is that of DukeMTMC-VideoReID (presumed, unverified).

Expected (recalled, unverified): 702 persons, 1,702 tracklets and 292,343 frames to train on; 661
queries of as many persons, 39,526 frames; 2,636 tracklets of 1,110 persons in the gallery, 281,114
frames; 8 cameras. Of 80 % of the queries, 70 to 100 % of the frames are occluded.
Licence: unknown; that of DukeMTMC-VideoReID is CC BY-NC-SA 4.0. Ask: the authors of RFCnet.
"""

from __future__ import annotations

from pathlib import Path

from sticc_lib.tracklets.sources import dukevideo, trees
from sticc_lib.tracklets.sources.reading import Problem, Reading
from sticc_lib.tracklets.table import TrackletSet

num_splits = 1
EXPECTED: dict[str, int | str] = {
    "train persons": 702, "train tracklets": 1702, "train images": 292_343,
    "query persons": 661, "queries": 661, "query images": 39_526,
    "gallery": 2636, "gallery images": 281_114, "cameras": 8,
}  # fmt: skip
FACTS = {
    "licence": "unknown; DukeMTMC-VideoReID is CC BY-NC-SA 4.0",
    "ask": "the authors of RFCnet (arXiv 2106.12733)",
    "ethics": trees.WITHDRAWN,
    "unverified": "layout and expected counts are recalled, not checked",
}
ABSENT = "its lists were not found in public: ask the authors of RFCnet; the layout is presumed"


def read(root: str | Path, split: int = 0) -> Reading:
    """Reads `train`, `query` and `gallery`, laid out as DukeMTMC-VideoReID (presumed)."""
    problems: list[Problem] = []
    names = [part.folder for part in dukevideo.PARTS]
    root = trees.inner(root, names, "Occluded-DukeMTMC-VideoReID")
    if not any((root / name).is_dir() for name in names):
        problems.append(Problem(str(root), "none of train, query and gallery is there", ABSENT))
    return dukevideo.read_tree("occluded_duke_video", root, split, EXPECTED, FACTS, problems)


def load(root: str | Path, split: int = 0) -> TrackletSet:
    """The set, checked; see `read`."""
    return read(root, split).to_set()
