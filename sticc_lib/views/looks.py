"""The controls that views of one tracklet share: clip, frame, token, head, randomised weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sticc_lib.explain.look import Look
from sticc_lib.views.controls import Choice, Control, Slide, State, Toggle
from sticc_lib.views.picker import Pick


def clip(look: Look, live: bool = True) -> Slide:
    """Which clip of the tracklet; not `live` where something is computed for each."""
    return Slide("clip", "clip", len(look) - 1, live=live)


def frame(look: Look) -> Slide:
    """Which frame of the chosen clip; what only fills a short clip cannot be chosen."""
    return Slide("frame", "frame", lambda state: int(look.mask[state["clip"]].sum()) - 1)


def token(look: Look) -> list[Control]:
    """Row and column of a token, by sliders and by clicking on the chosen frame."""

    def pixels(state: State) -> np.ndarray:
        return look.frames[state["clip"], state["frame"]]

    rows, columns = look.grid
    return [
        Slide("row", "row of patch", rows - 1),
        Slide("column", "column of patch", columns - 1),
        Pick(pixels, look.grid),
    ]


def head(look: Look, tap: str) -> Choice:
    """One head of a map, or the mean over all."""
    heads = look.maps[tap].shape[2] if tap in look.maps else 1
    each = {f"head {number}": number for number in range(heads)} if heads > 1 else {}
    return Choice("head", "head", {"mean over heads": -1, **each})


def count(look: Look, tap: str, axis: int = -1) -> int:
    """How long an axis of a map is; 1 where the model has no such map."""
    return look.maps[tap].shape[axis] if tap in look.maps else 1


def randomised(control: object) -> list[Control]:
    """The toggle that shows the control; none where there is no control."""
    words = "The same model with its learnt weights shuffled: what looks alike there says nothing"
    return [Toggle("randomised", "randomised weights (control)", words)] if control else []


def switched(draw: Callable[..., Figure], shown: Any, control: Any) -> Callable[..., Figure]:
    """The figure of what is shown, or of the control where `randomised` is chosen."""
    if control is None:
        return partial(draw, shown)

    def either(randomised: bool, **state: Any) -> Figure:
        return draw(control if randomised else shown, **state)

    return either
