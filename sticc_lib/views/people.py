"""V12, the correction view: merge or split people by hand, and see the counts follow."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sticc_lib.counting.corrections import FILE, Corrections
from sticc_lib.counting.counted import Counted
from sticc_lib.figures import picked, timeline
from sticc_lib.figures.captions import Picture, show, stacked
from sticc_lib.values import Refusal
from sticc_lib.views.base import View
from sticc_lib.views.board import Correct

Change = Callable[[Corrections, Counted], Corrections]


class People(View):
    """Who was counted, with buttons that correct it. Use `people`.

    What the buttons do can be done in code, too: `merge`, `split`, `drop`, `keep`, `undo`.
    Every change is written at once.
    """

    def __init__(self, counted: Counted, path: Path | None = None, **state: Any) -> None:
        self._path = path
        self._count = functools.lru_cache(maxsize=16)(lambda made: made.applied(counted))
        held = Corrections.load(path) if path else Corrections()
        # the lower half stays what it is while one picks
        self._below = functools.lru_cache(maxsize=4)(
            lambda made, dpi: show(timeline.timeline(self._count(made)), dpi)
        )
        super().__init__(self._upper, [Correct(self._count, self._act)],
                         {"corrections": held, **state})  # fmt: skip

    @property
    def corrections(self) -> Corrections:
        """All that were made."""
        return self._state["corrections"]

    @property
    def counted(self) -> Counted:
        """The count with the corrections in it."""
        return self._count(self.corrections)

    def merge(self, first: int, second: int) -> People:
        """Two people are one; see `Corrections.merge`.

        Raises:
            CorrectionError: they were seen at once, or there is no such person.
        """
        return self._correct(lambda made, now: made.merge(now, first, second))

    def split(self, number: int, fragments: Sequence[int]) -> People:
        """Some fragments (numbers of `counted.observed.fragments`) of a person are somebody else.

        Raises:
            CorrectionError: see `Corrections.split`.
        """
        return self._correct(lambda made, now: made.split(now, number, fragments))

    def drop(self, number: int) -> People:
        """What was taken for a person is none; see `Corrections.drop`."""
        return self._correct(lambda made, now: made.drop(now, number))

    def keep(self, number: int) -> People:
        """Somebody counts, however short they were seen; see `Corrections.keep`."""
        return self._correct(lambda made, now: made.keep(now, number))

    def undo(self) -> People:
        """Takes the last correction back."""
        return self._correct(lambda made, now: made.undo())

    def _correct(self, change: Change) -> People:
        """Corrects, and goes on with those who were picked, by their new numbers."""
        before, state = self.counted, self.state
        made = change(self.corrections, before)
        after = self._count(made)
        chosen = list(state["fragments"])
        rest = [np.setdiff1d(np.flatnonzero(before.of == p), chosen)[:1] for p in state["people"]]
        anchors = np.concatenate([*rest, np.array(chosen[:1], int)]).astype(int)
        people = tuple(dict.fromkeys(after.of[anchors].tolist()))
        if self._path:
            made.save(self._path)
        self._adopt(self._fitted({"corrections": made, "people": people, "fragments": ()}))
        return self

    def _act(self, kind: str) -> None:
        """A button was pressed; what cannot be done is said beside it."""
        people, chosen = self._state["people"], self._state["fragments"]
        try:
            if kind == "merge" and len(people) == 2:
                self.merge(*people)
            elif kind == "split" and chosen:
                self.split(int(self.counted.of[chosen[0]]), chosen)
            elif kind in ("drop", "keep") and len(people) == 1:
                getattr(self, kind)(people[0])
            elif kind == "undo" and self.corrections.entries:
                self.undo()
        except (Refusal, OSError) as error:
            assert self._live is not None
            self._live.widget("corrections").alarm = str(error)

    def _upper(
        self, corrections: Corrections, people: Sequence[int], fragments: Sequence[int]
    ) -> Figure:
        return picked.picked(self._count(corrections), corrections, people, fragments)

    def _picture(self, dpi: int) -> Picture:
        return stacked([super()._picture(dpi), self._below(self.corrections, dpi)])


def people(counted: Counted, folder: Path | str | None = None, **state: Any) -> People:
    """Merge or split people, drop ghosts, count unsure ones; the counts follow.

    Corrections are kept as corrections.json in the folder of the count, written at every change,
    and are there again when the view is opened again, whatever the count was made with.

    Args:
        counted: the count; corrections that are in it already make no difference.
        folder: of the count; nothing is kept where there is none.
        state: where to start: `people` (a tuple of up to two numbers), `fragments` (chosen ones of
            theirs), `corrections` instead of those in the folder.

    Raises:
        CorrectionError: the folder's corrections are of another observation, or damaged.
    """
    return People(counted, Path(folder) / FILE if folder else None, **state)
