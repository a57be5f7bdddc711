"""TrackletSet: what every source becomes and everything downstream takes.

Two tables (a row a tracklet, a row a frame), one pixel store, one evaluation rule, and the check
that names everything wrong with them at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from sticc_lib.tracklets.check import (
    DISTRACTOR,
    JUNK,
    SPLITS,
    TRACKLET_COLUMNS,
    content_problems,
    table_problems,
)
from sticc_lib.tracklets.store import PixelStore
from sticc_lib.values import Refusal

__all__ = ["DISTRACTOR", "JUNK", "SPLITS", "TRACKLET_COLUMNS", "DataError", "Rule", "TrackletSet"]


class DataError(Refusal, ValueError):
    """A tracklet set that cannot be used; the message lists every violation."""


@dataclass(frozen=True)
class Rule:
    """The evaluation rule as data. It is printed beside every score."""

    same_camera_junk: bool = True
    """A gallery tracklet of the query's person under the query's camera is left out."""
    queries_in_gallery: bool = True
    """Queries are gallery for each other. A tracklet never ranks itself, either way."""
    exclude_same_visit: bool = False
    """A gallery tracklet of the query's own visit is left out (PETS re-entry)."""

    def __str__(self) -> str:
        camera = "same person and camera removed" if self.same_camera_junk else "cameras ignored"
        gallery = "with" if self.queries_in_gallery else "without"
        visit = ", own visit removed" if self.exclude_same_visit else ""
        return f"single query, {camera}, gallery {gallery} the queries{visit}"


@dataclass(frozen=True)
class TrackletSet:
    """Tracklets, their frames, their pixels and the rule they are evaluated by.

    Attributes:
        name: short name, for file names and tables.
        tracklets: one row a tracklet, index `tracklet` (int). Columns: `person` (int from 1;
            0 distractor, -1 junk), `label` (the source's own name of the person), `camera`
            (Int64, may be <NA>), `split` (train, val, test, ignore), `query`, `gallery` (bool),
            `num_frames` (int), `source` (text); walkers add `occlusion` (text: kind of occluder)
            and `visibility` (mean share of the person that shows, 0..1); PETS adds `visit`.
        frames: one row a frame, sorted by (tracklet, time), index 0..F-1. Columns: `tracklet`,
            `time` (int), `path` (text) or `row` (int: index into the pixel store), and for boxes
            in whole images `x y w h` (pixels); walkers add `visibility`.
        pixels: where frames are read from.
        masks: label maps of the same frames, where there are any (values: `walkers.LABELS`).
        rule: the evaluation rule.
        facts: whatever the report should say of the set (seed, version, licence), as text.
    """

    name: str
    tracklets: pd.DataFrame
    frames: pd.DataFrame
    pixels: PixelStore
    rule: Rule = field(default_factory=Rule)
    masks: PixelStore | None = None
    facts: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of tracklets."""
        return len(self.tracklets)

    def __repr__(self) -> str:
        persons = self.tracklets["person"]
        return (
            f"TrackletSet({self.name}: {len(self)} tracklets of {persons[persons > 0].nunique()} "
            f"persons, {self.tracklets['camera'].nunique()} cameras, {len(self.frames)} frames)"
        )

    def split(self, *names: str) -> TrackletSet:
        """The tracklets of the named splits."""
        return self.subset(self.tracklets["split"].isin(names))

    def subset(self, keep: pd.Series | np.ndarray | Sequence[bool]) -> TrackletSet:
        """The tracklets for which `keep` (bool, one a tracklet) holds; pixels are shared."""
        rows: Any = keep
        if isinstance(rows, pd.Series):  # aligned by number, whatever its order
            rows = rows.reindex(self.tracklets.index, fill_value=False)
        tracklets = self.tracklets[np.asarray(rows, bool)]
        frames = self.frames[self.frames["tracklet"].isin(tracklets.index)].reset_index(drop=True)
        return replace(self, tracklets=tracklets, frames=frames)

    def frame_positions(self) -> dict[int, np.ndarray]:
        """tracklet -> positions of its frames in `frames`, in time order."""
        groups = self.frames.groupby("tracklet", sort=False).indices
        return {int(t): groups.get(t, np.empty(0, np.int64)) for t in self.tracklets.index}

    def read(
        self, positions: np.ndarray, size: tuple[int, int] | None = None, masks: bool = False
    ) -> np.ndarray:
        """Pixels of frames.

        Args:
            positions: int [n], rows of `frames`.
            size: (height, width) to resize to; None keeps the stored size.
            masks: read the label maps instead (nearest neighbour, [n, H, W]).

        Returns:
            uint8 [n, 3, H, W], RGB.

        Raises:
            PixelError: a frame cannot be read; names its file.
        """
        store = self.masks if masks else self.pixels
        if store is None:
            raise DataError(f"{self.name} has no masks")
        rows = self.frames.iloc[np.asarray(positions)]
        where = rows["row" if "row" in rows else "path"].to_numpy()
        boxes = rows[["x", "y", "w", "h"]].to_numpy(float) if "x" in rows else None
        return store.read(where, size, boxes)

    def fingerprint(self) -> str:
        """Twelve hex digits over both tables, the rule and the pixels (`PixelStore.identity`).

        The order of columns and rows does not count.
        """
        frames = self.frames.sort_values(["tracklet", "time"]).reset_index(drop=True)
        digest = hashlib.sha256(f"{asdict(self.rule)} {self.pixels.identity(frames)}".encode())
        for table in (self.tracklets.sort_index(), frames):
            table = table[sorted(table.columns)].astype(str)
            digest.update(" ".join(table.columns).encode())
            digest.update(pd.util.hash_pandas_object(table).to_numpy().tobytes())
        return digest.hexdigest()[:12]

    def check(self) -> TrackletSet:
        """Returns the set itself, or raises one error that names every violation.

        Raises:
            DataError: lists all problems: missing columns, wrong types and splits, tracklets
                without frames, frames out of order or twice, queries without a match, missing
                files. Missing columns and wrong types are told first, alone: the rest cannot be
                looked at before they are mended.
        """
        problems = table_problems(self)
        if not problems:
            problems = content_problems(self) + self.pixels.problems(self.frames)
            if self.masks is not None:
                problems += [f"masks: {p}" for p in self.masks.problems(self.frames)]
        if problems:
            shown = "\n".join(f"  - {p}" for p in problems[:50])
            more = f"\n  ... and {len(problems) - 50} more" if len(problems) > 50 else ""
            raise DataError(f"{self.name}: {len(problems)} problem(s)\n{shown}{more}")
        return self

    def describe(self) -> pd.DataFrame:
        """Persons, tracklets, cameras, frames and lengths, a row a split."""
        rows = []
        for name in SPLITS:
            part = self.tracklets[self.tracklets["split"] == name]
            if len(part) == 0:
                continue
            rows.append(
                {
                    "split": name,
                    "persons": part.loc[part["person"] > 0, "person"].nunique(),
                    "tracklets": len(part),
                    "cameras": part["camera"].nunique(),
                    "frames": int(part["num_frames"].sum()),
                    "shortest": int(part["num_frames"].min()),
                    "mean length": round(float(part["num_frames"].mean()), 1),
                    "longest": int(part["num_frames"].max()),
                    "queries": int(part["query"].sum()),
                }
            )
        return pd.DataFrame(rows).set_index("split")
