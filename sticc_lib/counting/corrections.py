"""Corrections of a count by hand: who is one person, who is somebody else, who is nobody.

A correction names fragments by what no count changes: interval, track and first frame. So it holds
under another threshold, other features and any way of counting the same observation again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np

from sticc_lib.counting.boxes import iou
from sticc_lib.counting.counted import Counted
from sticc_lib.counting.evidence import APART, AT_ONCE
from sticc_lib.counting.observed import Observed
from sticc_lib.counting.rulings import Kind, Ruling, resolve
from sticc_lib.run import RunError, read_json, write_json
from sticc_lib.values import Refusal

FILE = "corrections.json"
"""Its name in the folder of a count."""


class CorrectionError(Refusal, ValueError):
    """A correction that cannot be made; names it and the remedy."""


class Piece(NamedTuple):
    """A fragment by its lasting name; intervals count from 1, as in individuals.json."""

    interval: int
    track: int
    first_frame: int


@dataclass(frozen=True)
class Correction:
    """One correction.

    Attributes:
        kind: `merge`, all these are one person; `split`, `pieces` are somebody else than `others`;
            `drop`, `pieces` are nobody; `keep`, they are a person who counts, however short.
        pieces: fragments of one person.
        others: fragments of the second one, of `merge` and `split`.
    """

    kind: Kind
    pieces: tuple[Piece, ...]
    others: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Corrections:
    """A list of corrections in the order in which they were made; a later one has the last word.

    Every change gives a new list. People are named by their numbers in the count that it is made
    on, which has the corrections so far in it (`applied`).

    Attributes:
        entries: the corrections.
        origin: what messages call the list: the file that it was read from.
    """

    entries: tuple[Correction, ...] = ()
    origin: str = field(default="corrections", compare=False)

    def __len__(self) -> int:
        """How many."""
        return len(self.entries)

    def merge(self, counted: Counted, first: int, second: int) -> Corrections:
        """Two people are one.

        CHOICE: people seen at once are never merged, there is no force: one person is not two
        boxes. Where a track is wrong, its fragments are split off or dropped first.

        Raises:
            CorrectionError: no such person, twice the same, or both were seen at once: names the
                first and the last frame.
        """
        if first == second:
            raise CorrectionError(f"person {first} cannot be merged with itself; choose two people")
        a, b = _fragments(counted, first), _fragments(counted, second)
        _refuse_at_once(counted.observed, a, b, f"person {first} and person {second}")
        return self._with(Correction("merge", _names(counted, a), _names(counted, b)))

    def split(self, counted: Counted, number: int, fragments: Sequence[int]) -> Corrections:
        """Some fragments of a person are somebody else, one person together.

        Raises:
            CorrectionError: no such person, a fragment that is not theirs, none, or all of them.
        """
        mine, chosen = _fragments(counted, number), np.unique(np.asarray(fragments, int))
        if len(strangers := np.setdiff1d(chosen, mine)):
            raise CorrectionError(f"fragment {strangers[0]} is not of person {number}")
        rest = np.setdiff1d(mine, chosen)
        if not len(chosen) or not len(rest):
            raise CorrectionError(
                f"person {number} has {len(mine)} fragments: choose at least 1 and leave 1 or more"
            )
        return self._with(Correction("split", _names(counted, chosen), _names(counted, rest)))

    def drop(self, counted: Counted, number: int) -> Corrections:
        """What was taken for a person is none.

        Raises:
            CorrectionError: no such person.
        """
        return self._with(Correction("drop", _names(counted, _fragments(counted, number))))

    def keep(self, counted: Counted, number: int) -> Corrections:
        """Somebody counts, however short they were seen, and even if dropped before. See `drop`."""
        return self._with(Correction("keep", _names(counted, _fragments(counted, number))))

    def undo(self) -> Corrections:
        """Without the last one."""
        return Corrections(self.entries[:-1], self.origin)

    def applied(self, counted: Counted) -> Counted:
        """The count with all corrections in it.

        They are applied to what was found without help, so corrections that are in it already make
        no difference. Fragments that none of them names stay with those they were found with, as
        far as nothing speaks against it (rulings.resolve).

        Raises:
            CorrectionError: a fragment that this observation does not have, or people merged that
                were seen at once; names the correction.
        """
        found = Counted.of_found(counted.observed, counted.evidence, counted.found)
        if not self.entries:
            return found
        rulings = self._rulings(counted.observed)
        of, dropped, kept = resolve(rulings, found.of, counted.observed.boxes)
        return found.with_people(of, len(self.entries), dropped, kept)

    def save(self, path: Path | str) -> Path:
        """Writes the list as JSON, whole or not at all."""
        entries = [
            {"kind": e.kind, "pieces": [p._asdict() for p in e.pieces]}
            | ({"others": [p._asdict() for p in e.others]} if e.others else {})
            for e in self.entries
        ]
        return write_json(path, {"corrections": entries})

    @classmethod
    def load(cls, path: Path | str) -> Corrections:
        """Reads a list; of a file that is not there, an empty one.

        Raises:
            CorrectionError: the file holds something else; names the correction.
        """
        path = Path(path)
        if not path.exists():
            return cls(origin=str(path))
        try:
            held = read_json(path)
        except (RunError, UnicodeDecodeError) as error:
            raise CorrectionError(f"{path}: not readable as JSON ({error})") from None
        entries = held.get("corrections") if isinstance(held, Mapping) else None
        if not isinstance(entries, list):
            raise CorrectionError(f'{path}: expected {{"corrections": [...]}}; repair or delete it')
        return cls(
            tuple(_read(e, f"{path}, correction {n}") for n, e in enumerate(entries, 1)), str(path)
        )

    def _with(self, entry: Correction) -> Corrections:
        return Corrections((*self.entries, entry), self.origin)

    def _rulings(self, observed: Observed) -> list[Ruling]:
        """The entries with fragments by number, checked."""
        number = {piece: row for row, piece in enumerate(_all_names(observed))}
        found = []
        for place, entry in enumerate(self.entries, start=1):
            where = f"{self.origin}, correction {place} ({entry.kind})"
            for piece in (*entry.pieces, *entry.others):
                if piece not in number:
                    raise CorrectionError(
                        f"{where}: {observed.name} has no fragment of track {piece.track} that "
                        f"begins with frame {piece.first_frame} in interval {piece.interval}; it "
                        "was made on another observation: watch the video as then, or delete it"
                    )
            pieces, others = (np.array([number[p] for p in side], int)
                              for side in (entry.pieces, entry.others))  # fmt: skip
            if entry.kind == "merge":
                _refuse_at_once(observed, pieces, others, f"{where}: these")
            found.append(Ruling(entry.kind, pieces, others))
        return found


def _read(entry: Any, where: str) -> Correction:
    """One entry of a file, checked for its form."""
    if not isinstance(entry, Mapping) or entry.get("kind") not in get_args(Kind):
        raise CorrectionError(f"{where}: expected a kind, one of {', '.join(get_args(Kind))}")
    kind, sides = entry["kind"], []
    two = kind in ("merge", "split")
    for name in ("pieces", "others"):
        side = entry.get(name, [])
        if not isinstance(side, list) or (not side and (name == "pieces" or two)):
            raise CorrectionError(f"{where} ({kind}): {name}: expected a list of fragments")
        for p in side:
            whole = isinstance(p, Mapping) and set(p) == set(Piece._fields)
            if not whole or not all(type(v) is int for v in p.values()):
                raise CorrectionError(
                    f"{where} ({kind}): {name}: {p!r} is no fragment; expected whole numbers "
                    f"{', '.join(Piece._fields)}"
                )
        sides.append(tuple(Piece(**p) for p in side))
    if set(sides[0]) & set(sides[1]):
        raise CorrectionError(f"{where} ({kind}): a fragment is on both sides")
    return Correction(kind, *sides)


def _all_names(observed: Observed) -> list[Piece]:
    """The lasting name of each fragment."""
    table = observed.fragments[["interval", "track", "first_frame"]].to_numpy(int)
    return [Piece(k + 1, track, frame) for k, track, frame in table.tolist()]


def _names(counted: Counted, rows: np.ndarray) -> tuple[Piece, ...]:
    names = _all_names(counted.observed)
    return tuple(names[row] for row in rows)


def _fragments(counted: Counted, number: int) -> np.ndarray:
    """Fragments of a person, by number."""
    mine = np.flatnonzero(counted.of == number)
    if not len(mine):
        raise CorrectionError(f"no person {number}; there are 1 to {len(counted.counted)}")
    return mine


def _refuse_at_once(observed: Observed, a: np.ndarray, b: np.ndarray, who: str) -> None:
    """Refuses to make one person of fragments that were seen at once (evidence.seen_at_once)."""
    boxes = observed.boxes
    corners, owner = boxes[["x", "y", "w", "h"]].to_numpy(float), boxes["fragment"].to_numpy()
    here, there = (boxes["frame"][np.isin(owner, side)].groupby(boxes["frame"]).groups
                   for side in (a, b))  # fmt: skip
    frames = [int(frame) for frame in sorted(here.keys() & there.keys())
              if iou(corners[here[frame]], corners[there[frame]]).min() < APART]  # fmt: skip
    if len(frames) >= AT_ONCE:
        raise CorrectionError(
            f"{who} were seen at once in {len(frames)} frames, from frame {frames[0]} to frame "
            f"{frames[-1]}: one person is not two boxes. If a track is wrong, split its fragments "
            "off first"
        )
