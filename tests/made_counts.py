"""Counts of made-up stays: who was where is given, nothing has to be found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sticc_lib.counting.calibrate import cut
from sticc_lib.counting.counted import Counted
from sticc_lib.counting.evidence import Evidence, fragments_of
from sticc_lib.counting.identify import CountSettings, Individuals
from sticc_lib.counting.intervals import intervals
from sticc_lib.counting.observed import Observed
from sticc_lib.tracklets.store import ArrayStore


@dataclass(frozen=True)
class Stay:
    """One track: frames first to last of a person (text), who stands in a lane of their own."""

    person: str
    first: int
    last: int
    lane: int = -1


def true_boxes(stays: list[Stay]) -> pd.DataFrame:
    """`frame, track, x, y, w, h, score, person`: a track a stay, 20 x 50 boxes, lanes 100 apart."""
    names = sorted({s.person for s in stays})
    rows = [
        (frame, track, 100.0 * (s.lane if s.lane >= 0 else names.index(s.person)), 50.0, 20.0, 50.0,
         0.9, s.person)
        for track, s in enumerate(stays, start=1) for frame in range(s.first, s.last + 1)
    ]  # fmt: skip
    return pd.DataFrame(
        rows, columns=["frame", "track", "x", "y", "w", "h", "score", "person"]
    ).astype({"frame": int, "track": int, "person": str})


def observed(stays: list[Stay], frames: int, fps: float = 5.0, every: float = 3.0) -> Observed:
    """What was seen: up to four crops a fragment, each a plain colour of its person."""
    boxes, fragments = fragments_of(true_boxes(stays), round(every * fps))
    rows = [
        mine[:: max(1, len(mine) // 4)][:4] for mine in boxes.groupby("fragment").indices.values()
    ]
    picked = np.concatenate([np.empty(0, int), *rows])
    crops = boxes.iloc[picked][["fragment", "frame"]].assign(row=np.arange(len(picked)), clean=True)
    rng = np.random.default_rng(0)
    colours = {p: rng.integers(40, 220, 3) for p in sorted({s.person for s in stays})}
    pixels = np.zeros((len(picked), 32, 16, 3), np.uint8)
    for place, person in enumerate(boxes["person"].iloc[picked]):
        pixels[place] = colours[person]
    fragments = fragments.assign(crops=[len(r) for r in rows], clean=[len(r) for r in rows])
    crops = crops[["row", "fragment", "frame", "clean"]].reset_index(drop=True)
    return Observed(
        "made up", boxes.drop(columns="person"), fragments, intervals(fps, frames, every), crops,
        ArrayStore(pixels), fps,
    )  # fmt: skip


def counted(
    stays: list[Stay], frames: int, who: list[int] | None = None, **options: float
) -> Counted:
    """The count in which stay k is individual `who[k]`; by default every person is one.

    Numbers follow the order of first appearance, whatever they are in `who`.
    """
    seen = observed(stays, frames, **options)
    names = sorted({s.person for s in stays})
    given = np.array(who or [names.index(s.person) + 1 for s in stays], int)
    of = given[seen.fragments["track"].to_numpy() - 1] if len(seen.fragments) else given
    rng = np.random.default_rng(1)
    looks = rng.normal(size=(len(names) + 1, 8)).astype(np.float32)
    owner = seen.crops["fragment"].to_numpy(int)
    person = [names.index(stays[t - 1].person) for t in seen.fragments["track"]]
    values = looks[np.array(person, int)[owner]] if len(owner) else looks[:0]
    evidence = Evidence(seen.boxes, seen.fragments, values, owner, seen.fps)
    threshold = cut(rng.uniform(0.0, 0.3, 50), rng.uniform(0.25, 1.0, 80), "made up")
    people = np.unique(of)
    found = Individuals(
        of, np.ones(len(people), bool), threshold, 0, 0, "none", CountSettings(least_seconds=2.0)
    )
    plain = Counted.of_found(seen, evidence, found).with_people(of, 0)
    sure = int(plain.counted.sum())
    found = Individuals(plain.of, plain.counted, threshold, max(sure - 1, 0), sure + 1, "none",
                        CountSettings(least_seconds=2.0))  # fmt: skip
    return Counted.of_found(seen, evidence, found)
