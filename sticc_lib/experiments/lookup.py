"""What a query finds in a gallery on disk, with labels where they are known and pixels where they
are at hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sticc_lib.config import Config
from sticc_lib.experiments.galleries import Embedder, described, opened
from sticc_lib.experiments.single_query import of_files
from sticc_lib.figures.theme import condition
from sticc_lib.retrieval.embed import embed
from sticc_lib.retrieval.index import Gallery
from sticc_lib.retrieval.index_files import GalleryError
from sticc_lib.tracklets.table import TrackletSet
from sticc_lib.values import Refusal

FRAMES = 2
"""Evenly spaced frames of a tracklet that a sheet shows."""


@dataclass(frozen=True)
class Query:
    """What is looked for.

    Attributes:
        data: a set of one tracklet.
        name: of it in words.
        persons: which set's persons and cameras its labels are; empty where they are of none.
    """

    data: TrackletSet
    name: str
    persons: str = ""

    @property
    def row(self) -> pd.Series:
        """Its row of the table."""
        return self.data.tracklets.iloc[0]


@dataclass(frozen=True)
class Found:
    """What a query found.

    Attributes:
        table: a row an entry, nearest first: `rank`, `set` (name), `tracklet`, `camera`, `person`
            (missing where unknown), `distance`, `mark` (true, false, or empty where the query's
            person is not known among that set's), `path`.
        gallery: where.
        query: what.
        pictures: uint8 [n, 3, H, W] of each entry, None where pixels are not at hand.
        query_pictures: of the query.
        away: why pixels are not at hand, by set.
        left_out: what was left out, in words.
    """

    table: pd.DataFrame
    gallery: Gallery
    query: Query
    pictures: list[np.ndarray | None]
    query_pictures: np.ndarray
    away: dict[str, str] = field(default_factory=dict)
    left_out: str = ""


def query_of(text: str, gallery: Gallery, config: Config, source: str = "") -> Query:
    """What a command line's QUERY is: a tracklet's number, a folder of crops, a picture, a video.

    Args:
        text: a number, or a path.
        gallery: whose first set a number counts in, unless `source` is given.
        config: for opening a set.
        source: `NAME` or `NAME=ROOT`.

    Raises:
        GalleryError: no such tracklet, or the set is another than was indexed.
    """
    if not text.isdigit():
        return Query(of_files(Path(text)), Path(text).name)
    sets = gallery.facts["sets"]
    told = described(source, "all", config) if source else sets[0]
    data = opened(told, config)
    if "fingerprint" in told and data.fingerprint() != told["fingerprint"]:
        raise GalleryError(f"{data.name} has changed since it was indexed; build the gallery again")
    one = data.subset(data.tracklets.index == int(text))
    if len(one) == 0:
        low, high = data.tracklets.index.min(), data.tracklets.index.max()
        raise GalleryError(f"{data.name} ({told['split']}) has no tracklet {text} ({low}..{high})")
    return Query(one, f"tracklet {text} of {condition(told['name'])}", told["persons"])


def search(
    gallery: Gallery, query: Query, embedder: Embedder, k: int = 12, other_cameras: bool = False
) -> Found:
    """The nearest tracklets of a gallery; never the query itself.

    Args:
        gallery: opened.
        query: of `query_of`.
        embedder: the gallery's own.
        k: how many.
        other_cameras: leave out what the query's camera saw (of its own set).

    Raises:
        GalleryError: another embedder than the gallery's, or a query without a camera.
    """
    held, own = gallery.facts["embedder"], embedder.told()
    if differs := [name for name in own if own[name] != held.get(name)]:
        name = differs[-1]
        raise GalleryError(
            f"{gallery.folder}: made by another embedder ({name} {held.get(name)} there, "
            f"{own[name]} here); give its own: --checkpoint {gallery.facts.get('checkpoint')}"
        )
    values = embed(embedder.model, query.data, embedder.config.evaluate, progress=False).values
    keep, left_out = _kept(gallery, query, other_cameras)
    rows, distance = (found[0] for found in gallery.search(values, k, keep))
    rows, distance = rows[rows >= 0], distance[rows >= 0]
    table = gallery.table(rows).assign(rank=np.arange(1, len(rows) + 1), distance=distance)
    pictures, away = _pictures(gallery, table, embedder.config)
    sets = gallery.facts["sets"]
    same_set = table["set"].map(lambda number: sets[number]["persons"] == query.persons)
    person = int(query.row["person"])
    known = same_set & (person > 0)
    table["mark"] = np.where(~known, "", np.where(table["person"] == person, "true", "false"))
    table["set"] = table["set"].map(lambda number: sets[number]["name"])
    columns = ["rank", "set", "tracklet", "camera", "person", "distance", "mark", "path"]
    return Found(table[columns], gallery, query, pictures, _shown(query.data, query.row.name), away,
                 left_out)  # fmt: skip


def _kept(gallery: Gallery, query: Query, other_cameras: bool) -> tuple[np.ndarray | None, str]:
    """Which rows may be found, and what is left out in words."""
    camera = query.row["camera"]
    if other_cameras and (not query.persons or pd.isna(camera)):
        raise GalleryError(
            "--other-cameras: the query's camera is not known; it takes a tracklet of a set that "
            "tells cameras"
        )
    numbers = [n for n, s in enumerate(gallery.facts["sets"]) if s["persons"] == query.persons]
    if not query.persons or not numbers:
        return None, ""
    own = np.isin(gallery.rows["set"], numbers)
    out = own & (gallery.rows["tracklet"] == int(query.row.name))  # type: ignore[arg-type]
    if other_cameras:
        out |= own & (gallery.rows["camera"] == int(camera))
    told = f"the query's own camera ({camera})" if other_cameras else ""
    return (~out if out.any() else None), told


def _pictures(
    gallery: Gallery, table: pd.DataFrame, config: Config
) -> tuple[list[np.ndarray | None], dict[str, str]]:
    """Frames of each entry as far as their sets can be opened, and why others cannot."""
    pictures: list[np.ndarray | None] = [None] * len(table)
    away: dict[str, str] = {}
    for number, part in table.groupby("set"):
        told = gallery.facts["sets"][number]
        try:
            data = opened(told, config)
            if data.fingerprint() != told["fingerprint"]:
                raise GalleryError("it has changed since it was indexed")
            for place, tracklet in part["tracklet"].items():
                pictures[place] = _shown(data, tracklet)  # type: ignore[call-overload]
        except (Refusal, OSError) as error:
            away[told["name"]] = " ".join(str(error).split())[:200]
    return pictures, away


def _shown(data: TrackletSet, tracklet: Any) -> np.ndarray:
    """Evenly spaced frames uint8 [n, 3, 128, 64] of a tracklet."""
    rows = np.flatnonzero(data.frames["tracklet"].to_numpy() == tracklet)
    places = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), FRAMES)).round().astype(int))
    return data.read(rows[places], (128, 64))
