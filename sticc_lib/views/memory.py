"""V4 and V5: what a clip reads out of the memories, and who uses what is stored, with controls."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from sticc_lib.explain import items, maps
from sticc_lib.explain.look import Look
from sticc_lib.explain.memories import MemoryContents
from sticc_lib.explain.survey import Survey
from sticc_lib.figures import items as drawn
from sticc_lib.figures import memory, nearest
from sticc_lib.tracklets.table import TrackletSet
from sticc_lib.views import looks
from sticc_lib.views.base import View
from sticc_lib.views.controls import Choice, Control, Slide, State

NAMES = {"spatial": "spatial memory", "temporal": "temporal memory", "slots": "slots of Q_ST"}
ORDERS = {"number": "number", "most used first": "mean", "used by fewest persons first": "entropy"}


def read_out(
    look: Look,
    stored: MemoryContents,
    control: tuple[Look, MemoryContents] | None = None,
    **state: Any,
) -> View:
    """V4: addresses of both memories, what they weigh, and w_MG beside w_RG.

    Args:
        look: a tracklet through a model with M4.
        stored: `explain.memories.contents` of that model.
        control: the same of randomised weights; adds a toggle.
        state: where to start: `clip`, `frame`, `item`, `temporal_item`, `randomised`.
    """

    def draw(shown: tuple[Look, MemoryContents], **state: Any) -> Figure:
        return memory.read_out(*shown, **state)

    controls: list[Control] = [
        looks.clip(look),
        looks.frame(look),
        Slide("item", "item, spatial", looks.count(look, maps.A) - 1),
        Slide("temporal_item", "item, temporal", looks.count(look, maps.B) - 1),
        *looks.randomised(control),
    ]
    return View(looks.switched(draw, (look, stored), control), controls, state)


def usage(data: TrackletSet, survey: Survey, control: Survey | None = None, **state: Any) -> View:
    """V5: how much each item is used and by whom, and what uses the chosen one most.

    Args:
        data: the set that was surveyed, for pixels.
        survey: of a model with slots.
        control: of the same set through randomised weights; adds a toggle.
        state: where to start: `memory` (spatial, temporal or slots), `order` (number, mean or
            entropy), `item`, `slot`, `randomised`.
    """

    @functools.cache
    def table(randomised: bool, memory: str) -> pd.DataFrame:
        return items.usage(control if randomised and control else survey, memory)

    def draw(memory: str, order: str, item: int, slot: int, randomised: bool = False) -> Any:
        shown = control if randomised and control else survey
        rows = table(randomised, memory)
        rows = rows if order == "number" else rows.sort_values(order, ascending=order != "mean")
        overview = drawn.usage(rows, f"Use of the {NAMES[memory]}: {shown.whose}")
        return [overview, _nearest(data, shown, memory, slot if memory == "slots" else item)]

    def last(state: State) -> int:
        return 0 if state["memory"] == "slots" else len(table(False, state["memory"])) - 1

    has = {"spatial": "a" in survey.per_frame, "temporal": "b" in survey.per_clip}
    there = [name for name in NAMES if has.get(name, True)]
    slots = survey.per_frame["rho"].shape[1] if "rho" in survey.per_frame else 1
    controls: list[Control] = [
        Choice("memory", "memory", {NAMES[name]: name for name in there}),
        Choice("order", "sorted by", ORDERS),
        Slide("item", "item", last, when=lambda state: state["memory"] != "slots"),
        Slide("slot", "slot", slots - 1, when=lambda state: state["memory"] == "slots"),
        *looks.randomised(control),
    ]
    return View(draw, controls, state)


def _nearest(data: TrackletSet, survey: Survey, memory: str, number: int) -> Figure:
    """The patches of a slot, or the tracklets of an item."""
    if memory == "slots":
        patches = items.nearest_patches(survey, number).assign(slot=number)
        return nearest.nearest_patches(
            data, patches, survey.grid, f"What slot {number} looks at most"
        )
    table = items.nearest(survey, memory, number)
    numbers: Sequence[int] = table["tracklet"].tolist()
    title = f"The tracklets that use item {number} of the {NAMES[memory]} most"
    return nearest.nearest_tracklets(data, numbers, table["address"].tolist(), title)
