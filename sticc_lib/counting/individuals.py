"""A gallery of individuals, matched interval by interval: who came back, who is new.

Hungarian assignment with an unmatched cost; nobody is two boxes seen at once, nobody outruns
FASTEST; at most TEMPLATES pictures of each. Can be saved after any interval and gone on with.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sticc_lib.counting.evidence import Evidence, out_of_reach
from sticc_lib.counting.features import unit
from sticc_lib.counting.present import NEVER, Individual, Matching, Now, Project, hungarian, strides
from sticc_lib.run import atomic
from sticc_lib.values import Refusal

TEMPLATES = 5


class GalleryError(Refusal, ValueError):
    """A stored gallery that cannot be gone on with."""


@dataclass
class Gallery:
    """All individuals so far; `step` takes the next interval.

    Attributes:
        settings: how fragments are matched.
        people: by number.
        interval: the last one that was taken, -1 at the beginning.
        assigned: individual of each fragment so far, in the order of their numbers.
    """

    settings: Matching = field(default_factory=Matching)
    people: list[Individual] = field(default_factory=list)
    interval: int = -1
    assigned: list[int] = field(default_factory=list)

    def step(self, evidence: Evidence, most: float, project: Project = unit) -> np.ndarray:
        """Matches the fragments of the next interval.

        Args:
            evidence: of this interval alone (Evidence.at).
            most: threshold of the cosine distance (calibrate.Cut.value).
            project: the metric; templates are kept unprojected, so it may change at any time.

        Returns:
            The individual of each of the interval's fragments, in the order of their numbers.
        """
        self.interval += 1
        given = np.zeros(len(evidence.fragments), int)
        if len(given):
            now = Now(evidence, project)
            given = self._rounds(now, most)
            self._remember(now, given)
            self.assigned.extend(given.tolist())
        return given

    def _rounds(self, now: Now, most: float) -> np.ndarray:
        """Assigns, until everybody has somebody; a track broken within the interval is matched
        again with those that are taken already, where they were not seen at once."""
        given, order = np.zeros(len(now.boxes), int), now.order()
        known = {p.number: p for p in self._known()}
        following = max((p.number for p in self.people), default=0) + 1
        while (left := order[given[order] == 0]).size:
            candidates = [p for _, p in sorted(known.items())]
            cost = self._cost(now, left, candidates, given)
            pairs = hungarian(cost, most)
            for row, column in pairs:
                given[left[row]] = candidates[column].number
            if not pairs:  # the first of those left (the longest) is somebody new
                first = left[0]
                given[first] = following
                known[following] = now.person(first, following, self.interval, self.settings)
                following += 1
        return given

    def _known(self) -> list[Individual]:
        if self.settings.mode == "pairwise":
            return [p for p in self.people if p.interval == self.interval - 1]
        ttl = self.settings.ttl
        return [p for p in self.people if ttl is None or self.interval - p.interval <= ttl]

    def _cost(
        self, now: Now, left: np.ndarray, people: list[Individual], given: np.ndarray
    ) -> np.ndarray:
        """[left, people]: cosine distance to the best template, and motion; NEVER where barred."""
        ends = pd.DataFrame([p.place for p in people], columns=now.ends.columns, dtype=float)
        cost = self.settings.motion * strides(now.ends.iloc[left], ends, now.fps)
        far = out_of_reach(now.ends.iloc[left], now.fps, ends)
        for column, person in enumerate(people):
            likeness = now.vectors[left] @ now.project(person.templates).T
            cost[:, column] += 1 - likeness.max(1)
            if self.settings.track_prior and person.interval >= self.interval - 1:
                goes_on = now.track[left] == person.track
                cost[goes_on, column], far[goes_on, column] = -1.0, False
            mates = np.flatnonzero(given == person.number)
            far[:, column] |= now.apart[np.ix_(left, mates)].any(1)
        return np.where(far, NEVER, cost)

    def _remember(self, now: Now, given: np.ndarray) -> None:
        known = {p.number: p for p in self.people}
        for row in np.argsort(now.ends["last"].to_numpy(), kind="stable"):
            number = int(given[row])
            fresh = now.person(row, number, self.interval, self.settings)
            old = known.get(number)
            if old is None:
                known[number] = fresh
                self.people.append(fresh)
                continue
            if fresh.sure:
                kept = old.templates if old.sure else old.templates[:0]
                old.templates = np.concatenate([kept, fresh.templates])[-TEMPLATES:]
            old.place, old.track, old.interval = fresh.place, fresh.track, fresh.interval
            old.sure = old.sure or fresh.sure
        self.people.sort(key=lambda p: p.number)

    def save(self, path: Path | str) -> Path:
        """Writes all that `step` goes on from as one .npz, atomically and without pickle."""
        people = [{**_plain(p), "templates": len(p.templates)} for p in self.people]
        header = {"settings": asdict(self.settings), "interval": self.interval, "people": people}
        templates = [p.templates for p in self.people] or [np.empty((0, 0), np.float32)]
        with atomic(path) as temporary, temporary.open("wb") as stream:
            np.savez(
                stream, header=np.frombuffer(json.dumps(header).encode(), np.uint8),
                templates=np.concatenate(templates), assigned=np.array(self.assigned, np.int64),
            )  # fmt: skip
        return Path(path)

    @classmethod
    def load(cls, path: Path | str) -> Gallery:
        """Reads what `save` wrote.

        Raises:
            GalleryError: not a gallery, or a damaged one.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                header = json.loads(stored["header"].tobytes())
                templates, assigned = stored["templates"], stored["assigned"].tolist()
            people, start = [], 0
            for entry in header["people"]:
                stop = start + entry["templates"]
                people.append(Individual(**{**entry, "templates": templates[start:stop]}))
                start = stop
            return cls(Matching(**header["settings"]), people, header["interval"], assigned)
        except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise GalleryError(
                f"{path}: not readable as a gallery ({error}); delete it and count again"
            ) from None


def _plain(person: Individual) -> dict[str, Any]:
    return {k: v for k, v in vars(person).items() if k != "templates"}
