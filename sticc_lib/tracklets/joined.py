"""Several tracklet sets as one: persons, cameras and frames of each stay apart from the others'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from sticc_lib.tracklets.store import ArrayStore, PixelError, Size
from sticc_lib.tracklets.table import DataError, TrackletSet


class JoinedStore:
    """Frames of several arrays, numbered through.

    Args:
        parts: array stores, in order.
    """

    def __init__(self, parts: Sequence[ArrayStore]):
        self.parts = list(parts)
        self.ends = np.cumsum([len(part.array) for part in self.parts])

    def read(
        self, where: np.ndarray, size: Size | None = None, boxes: np.ndarray | None = None
    ) -> np.ndarray:
        """As ArrayStore.read; without a size all parts need to have the same."""
        rows = np.asarray(where, np.int64)
        if not len(rows):
            return self.parts[0].read(rows, size, boxes)
        number = np.searchsorted(self.ends, rows, side="right")
        found: np.ndarray | None = None
        for k in np.unique(number):
            first = self.ends[k] - len(self.parts[k].array)
            here = self.parts[k].read(rows[number == k] - first, size, boxes)
            if found is None:
                found = np.empty((len(rows), *here.shape[1:]), np.uint8)
            if found.shape[1:] != here.shape[1:]:
                raise PixelError("joined sets: frames differ in size; give size=(height, width)")
            found[number == k] = here
        assert found is not None
        return found

    def identity(self, frames: pd.DataFrame) -> str:
        """Of each part, for its own frames."""
        return " + ".join(p.identity(own) for p, own in self._of_parts(frames) if len(own))

    def problems(self, frames: pd.DataFrame) -> list[str]:
        """Of each part, for its own frames."""
        return [line for p, own in self._of_parts(frames) for line in p.problems(own)]

    def sizes(self, where: np.ndarray, boxes: np.ndarray | None = None) -> np.ndarray:
        """Heights and widths as the parts hold them."""
        number = np.searchsorted(self.ends, np.asarray(where), side="right")
        return np.array([self.parts[k].array.shape[1:3] for k in number], np.int64).reshape(-1, 2)

    def _of_parts(self, frames: pd.DataFrame) -> list[tuple[ArrayStore, pd.DataFrame]]:
        starts = [0, *self.ends[:-1]]
        return [
            (part, frames[frames["row"].between(start, end - 1)].assign(
                row=lambda table, start=start: table["row"] - start))
            for part, start, end in zip(self.parts, starts, self.ends, strict=True)
        ]  # fmt: skip


def join(sets: Sequence[TrackletSet], name: str = "") -> TrackletSet:
    """The union of sets whose persons are different people.

    Tracklets, persons and cameras of a later set are numbered on from the earlier ones'; labels
    say which set a person is of. Masks are kept if all sets have them.

    Args:
        sets: two or more, their pixels in arrays.
        name: of the union; the names joined by + if empty.

    Raises:
        DataError: no sets, other rules, or pixels that are not in an array.
    """
    if not sets or any(s.rule != sets[0].rule for s in sets):
        raise DataError("join: expected sets that are evaluated by the same rule")
    tables, frames, before = [], [], {"tracklet": 0, "person": 0, "camera": 0, "row": 0}
    for one in sets:
        if not isinstance(one.pixels, ArrayStore):
            raise DataError(f"join: the pixels of {one.name} are not in one array; pack it first")
        own, shown = one.tracklets, one.frames
        table = own.assign(
            person=own["person"] + before["person"] * (own["person"] > 0),
            camera=own["camera"] + before["camera"],
            label=one.name + " " + own["label"].astype(str),
        )
        table.index = own.index + before["tracklet"]
        tables.append(table.rename_axis("tracklet"))
        frames.append(shown.assign(tracklet=shown["tracklet"] + before["tracklet"],
                                   row=shown["row"] + before["row"]))  # fmt: skip
        before = {
            "tracklet": int(table.index.max()) + 1, "person": int(table["person"].max()),
            "camera": int(table["camera"].max()) + 1, "row": before["row"] + len(one.pixels.array),
        }  # fmt: skip
    masks = [s.masks for s in sets if isinstance(s.masks, ArrayStore)]
    kept = JoinedStore(masks) if len(masks) == len(sets) else None
    facts = {f"{s.name}: {key}": value for s in sets for key, value in s.facts.items()}
    whole = JoinedStore([s.pixels for s in sets if isinstance(s.pixels, ArrayStore)])
    return replace(
        sets[0], name=name or "+".join(s.name for s in sets), tracklets=pd.concat(tables),
        frames=pd.concat(frames, ignore_index=True), pixels=whole, masks=kept, facts=facts,
    )  # fmt: skip
