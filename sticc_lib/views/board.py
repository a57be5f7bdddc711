"""People and their fragments to be chosen by picture, and buttons: an anywidget, not built."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from sticc_lib.counting.corrections import Corrections
from sticc_lib.counting.counted import Counted
from sticc_lib.figures.clock import clock
from sticc_lib.figures.picked import counted_words, person_words
from sticc_lib.tracklets.store import PixelStore
from sticc_lib.views.controls import State

CELL = (96, 48)
"""(height, width) of a picture, pixels; shown at four fifths."""
ACROSS = 20
"""Pictures side by side in a sheet."""
Act = Callable[[str], None]


class Board(anywidget.AnyWidget):
    """People and fragments as lists of pictures; what is picked; which buttons can be pressed."""

    _esm = Path(__file__).with_name("board.js")
    _css = Path(__file__).with_name("board.css")
    people = traitlets.List().tag(sync=True)
    people_sheet = traitlets.Bytes().tag(sync=True)
    fragments = traitlets.List().tag(sync=True)
    fragments_sheet = traitlets.Bytes().tag(sync=True)
    across = traitlets.Int(ACROSS).tag(sync=True)
    picked = traitlets.List(traitlets.Int()).tag(sync=True)
    chosen = traitlets.List(traitlets.Int()).tag(sync=True)
    can = traitlets.List(traitlets.Unicode()).tag(sync=True)
    told = traitlets.Unicode().tag(sync=True)
    alarm = traitlets.Unicode().tag(sync=True)
    corrections: Any = traitlets.Any()
    shown: Any = traitlets.Any()


@dataclass(frozen=True)
class Correct:
    """Who is picked, which of their fragments are chosen, and what is done with them.

    Attributes:
        counted: the count with corrections in it.
        act: called with merge, split, drop, keep or undo when a button is pressed.
    """

    counted: Callable[[Corrections], Counted]
    act: Act

    @property
    def traits(self) -> Mapping[str, str]:
        return {"picked": "people", "chosen": "fragments", "corrections": "corrections"}

    def fit(self, state: State) -> dict[str, Any]:
        made = state.get("corrections", Corrections())
        now = self.counted(made)
        people = [p for p in dict.fromkeys(state.get("people", ())) if 1 <= p <= len(now.counted)]
        people = tuple(people[-2:])  # a third one takes the place of the first
        rows = [f for f in dict.fromkeys(state.get("fragments", ())) if 0 <= f < len(now.of)]
        chosen = tuple(sorted(f for f in rows if now.of[f] in people))
        return {"corrections": made, "people": people, "fragments": chosen}

    def allowed(self, state: State) -> str:
        count = len(self.counted(state["corrections"]).counted)
        return f"a tuple of up to two people, 1 to {count}, and of fragments of theirs"

    def widget(self) -> Board:
        board = Board()
        board.on_msg(lambda _, said, __: self.act(str(said.get("act"))))
        return board

    def refresh(self, widget: Board, state: State) -> None:
        now, made = self.counted(state["corrections"]), state["corrections"]
        before = widget.shown or (None, ())
        with widget.hold_sync():
            if before[0] != made:
                widget.people, widget.people_sheet = _people(now)
                widget.told = counted_words(now)
            if before != (made, state["people"]):
                widget.fragments, widget.fragments_sheet = _fragments(now, state["people"])
            widget.corrections, widget.alarm = made, ""
            widget.shown = (made, state["people"])
            widget.picked, widget.chosen = list(state["people"]), list(state["fragments"])
            widget.can = possible(now, made, state["people"], state["fragments"])


def possible(
    counted: Counted, made: Corrections, people: Sequence[int], fragments: Sequence[int]
) -> list[str]:
    """What can be done with what is picked: of merge, split, drop, keep, undo."""
    owners = {int(counted.of[f]) for f in fragments}
    can = {
        "merge": len(people) == 2,
        "split": len(owners) == 1 and len(fragments) < (counted.of == min(owners)).sum(),
        "drop": len(people) == 1 and people[0] not in counted.dropped,
        "keep": len(people) == 1 and not counted.counted[people[0] - 1],
        "undo": len(made) > 0,
    }
    return [name for name, there in can.items() if there]


def _people(counted: Counted) -> tuple[list[dict[str, Any]], bytes]:
    """Everybody as items of a list, and their pictures."""
    rows, items = [], []
    for number, about in counted.people.iterrows():
        assert isinstance(number, int)
        rows.append(about["picture"])
        items.append({
            "id": number, "name": str(number), "note": person_words(counted, number),
            "label": f"person {number}, {person_words(counted, number)}, from "
                     f"{_time(counted, int(about['first']))}",
            "pale": not bool(about["sure"]),
        })  # fmt: skip
    return items, _sheet(counted.observed.pixels, rows)


def _fragments(counted: Counted, people: Sequence[int]) -> tuple[list[dict[str, Any]], bytes]:
    """The fragments of these people as items of a list, in order of time, and their pictures."""
    table, items, rows = counted.observed.fragments, [], []
    best = counted.observed.pictures() if people else np.empty(0, int)
    for person in people:
        mine = np.flatnonzero(counted.of == person)
        for row in mine[np.argsort(table["first_frame"].to_numpy()[mine], kind="stable")].tolist():
            time = _time(counted, int(table["first_frame"][row]))
            track = f"track {table['track'][row]}"
            note = track if len(people) == 1 else f"person {person}, {track}"
            rows.append(best[row])
            items.append({
                "id": row, "name": time, "note": note, "group": f"person {person}", "pale": False,
                "label": f"person {person} from {time}, {track}",
            })  # fmt: skip
    return items, _sheet(counted.observed.pixels, rows)


def _time(counted: Counted, frame: int) -> str:
    length = float(counted.observed.intervals["stop"].iloc[-1])
    return clock(float(counted.observed.seconds(np.array([frame]))[0]), length)


def _sheet(store: PixelStore, rows: Sequence[int]) -> bytes:
    """Pictures in lines of ACROSS, as one JPEG; nothing where there are none."""
    if not len(rows):
        return b""
    from PIL import Image

    images = np.moveaxis(store.read(np.asarray(rows, int), CELL), 1, -1)
    lines = -(-len(images) // ACROSS)
    whole = np.full((lines * ACROSS, *images.shape[1:]), 255, np.uint8)
    whole[: len(images)] = images
    whole = whole.reshape(lines, ACROSS, *CELL, 3).swapaxes(1, 2)
    buffer = io.BytesIO()
    page = Image.fromarray(whole.reshape(lines * CELL[0], ACROSS * CELL[1], 3))
    page.save(buffer, format="jpeg", quality=88)
    return buffer.getvalue()
