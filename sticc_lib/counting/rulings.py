"""What corrections make of individuals: which fragments are one, which are not.

The last word counts. Fragments that a correction names end as it says. All others stay with those
they were found with, as far as nothing speaks against it; so corrections hold under another
threshold, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from sticc_lib.counting.evidence import seen_at_once

Kind = Literal["merge", "split", "drop", "keep"]


@dataclass(frozen=True)
class Ruling:
    """One correction, its fragments by number.

    Attributes:
        kind: see `corrections.Correction`.
        pieces: int [k], of one person.
        others: int [m]; of `merge` the same person, of `split` another one.
    """

    kind: Kind
    pieces: np.ndarray
    others: np.ndarray


def resolve(
    rulings: Sequence[Ruling], of: np.ndarray, boxes: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Individuals with all corrections in them; a later correction overrides earlier ones.

    Args:
        rulings: in the order in which they were made.
        of: int [n], the individual of each fragment, from 1.
        boxes: `frame`, `x y w h`, `fragment`.

    Returns:
        `of` anew (numbers without meaning); bool [n] each: fragments of nobody, and fragments whose
        person counts however short it was seen. Applied to its own result nothing changes.
    """
    count = len(of)
    group, away = _classes(rulings, count)
    verdict = _verdicts(rulings, count)
    named = np.zeros(count, bool)
    for ruling in rulings:
        named[ruling.pieces] = named[ruling.others] = True
    rows = np.flatnonzero(np.isin(of, of[named]))  # nobody else is touched
    # an atom stays whole: one class of named fragments, or what is left of one individual
    key = np.where(named, 2 * group + (verdict < 0), 2 * count + of)[rows]
    names, atom = np.unique(key, return_inverse=True)
    conflict = _conflicts(names, rows, atom, away, of, boxes)
    joined = _gathered(atom, of[rows], _weights(boxes, rows, count), conflict)
    made = of.copy()
    made[rows] = of.max(initial=0) + 1 + joined[atom]
    return made, verdict < 0, verdict > 0


def _classes(rulings: Sequence[Ruling], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Class of each fragment (the number of one of its fragments), and which classes are apart.

    Newest first: an older correction holds as far as no newer one speaks against it.

    Returns:
        int [n]; bool [n, n] as a sparse list of pairs of classes, int [pairs, 2].
    """
    group, apart = np.arange(count), _Apart()
    for ruling in reversed(rulings):
        sides = [ruling.pieces]
        if ruling.kind == "merge":
            sides = [np.concatenate([ruling.pieces, ruling.others])]
        for side in sides:
            heads: list[int] = []
            for piece in side.tolist():
                own = int(group[piece])
                free = [h for h in heads if group[h] == own or not apart.are(int(group[h]), own)]
                if not free:
                    heads.append(piece)
                elif (into := int(group[free[0]])) != own:
                    group[group == own] = into
                    apart.renamed(own, into)
        if ruling.kind == "split":
            for mine in np.unique(group[ruling.pieces]).tolist():
                for other in np.unique(group[ruling.others]).tolist():
                    if mine != other:
                        apart.add(mine, other)
    return group, apart.pairs()


class _Apart:
    """Which classes must not become one."""

    def __init__(self) -> None:
        self._of: dict[int, set[int]] = {}

    def add(self, a: int, b: int) -> None:
        self._of.setdefault(a, set()).add(b)
        self._of.setdefault(b, set()).add(a)

    def are(self, a: int, b: int) -> bool:
        return b in self._of.get(a, ())

    def renamed(self, old: int, new: int) -> None:
        for other in self._of.pop(old, set()):
            self._of[other].discard(old)
            self.add(new, other)

    def pairs(self) -> np.ndarray:
        found = [(a, b) for a, others in self._of.items() for b in others]
        return np.array(found, np.int64).reshape(-1, 2)


def _verdicts(rulings: Sequence[Ruling], count: int) -> np.ndarray:
    """-1 for fragments of nobody, 1 for those that count however short, else 0; int [n]."""
    verdict = np.zeros(count, np.int64)
    for ruling in rulings:
        if ruling.kind in ("drop", "keep"):
            verdict[ruling.pieces] = -1 if ruling.kind == "drop" else 1
            continue
        chosen = ruling.pieces
        if ruling.kind == "merge":
            chosen = np.concatenate([chosen, ruling.others])
        verdict[chosen] = np.maximum(verdict[chosen], 0)  # who is merged or split off is somebody
    return verdict


def _weights(boxes: pd.DataFrame, rows: np.ndarray, count: int) -> np.ndarray:
    """Boxes of each fragment."""
    return np.bincount(boxes["fragment"].to_numpy(), minlength=count)[rows]


def _conflicts(
    names: np.ndarray, rows: np.ndarray, atom: np.ndarray, away: np.ndarray, of: np.ndarray,
    boxes: pd.DataFrame,
) -> np.ndarray:  # fmt: skip
    """Atoms that must stay apart: said so, of nobody, or seen at once without having been found as
    one person; bool [atoms, atoms]."""
    size, count = len(names), len(of)
    place = {int(name): k for k, name in enumerate(names)}
    conflict = np.zeros((size, size), bool)
    for a, b in (2 * away).tolist():
        for left in (place.get(a), place.get(a + 1)):
            for right in (place.get(b), place.get(b + 1)):
                if left is not None and right is not None:
                    conflict[left, right] = conflict[right, left] = True
    # what was found as one person may stay so, however it was seen: cells are atoms by individual
    found = np.unique(of[rows], return_inverse=True)[1]
    pairs, cell = np.unique(np.stack([atom, found]), axis=1, return_inverse=True)
    number = np.full(count, -1)
    number[rows] = cell
    here = boxes[number[boxes["fragment"].to_numpy()] >= 0]
    at_once = seen_at_once(here, number[here["fragment"].to_numpy()], pairs.shape[1])
    at_once &= pairs[1][:, None] != pairs[1][None]
    for left, right in np.argwhere(at_once):
        conflict[pairs[0, left], pairs[0, right]] = True
    np.fill_diagonal(conflict, False)
    nobody = (names < 2 * count) & (names % 2 == 1)
    return conflict | nobody[:, None] | nobody[None]


def _gathered(
    atom: np.ndarray, found: np.ndarray, weight: np.ndarray, conflict: np.ndarray
) -> np.ndarray:
    """Atoms found together become one, those with most boxes in common first, but never against a
    conflict; int [atoms], the group of each."""
    size = len(conflict)
    group, conflict = np.arange(size), conflict.copy()
    edges: list[tuple[float, int, int]] = []
    for number in np.unique(found):
        mine = found == number
        mass = np.bincount(atom[mine], weight[mine], size)
        there = np.unique(atom[mine])
        edges += [(-float(min(mass[a], mass[b])), int(a), int(b))
                  for k, a in enumerate(there) for b in there[k + 1 :]]  # fmt: skip
    for _, a, b in sorted(edges):
        first, second = group[a], group[b]
        if first != second and not conflict[first, second]:
            group[group == second] = first
            conflict[first] |= conflict[second]
            conflict[:, first] |= conflict[:, second]
    return group
