"""Picking a token by a click on the frame: a small anywidget without a build step."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from sticc_lib.views.controls import Given, State, given


class Picker(anywidget.AnyWidget):
    """A picture under a grid; a click, or the arrow keys once it has the focus, pick a field."""

    _esm = Path(__file__).with_name("picker.js")
    _css = Path(__file__).with_name("picker.css")
    picture = traitlets.Bytes().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    shape = traitlets.Tuple(traitlets.Int(), traitlets.Int(), default_value=(1, 1)).tag(sync=True)
    first = traitlets.Int().tag(sync=True)
    field = traitlets.Int(24).tag(sync=True)
    row = traitlets.Int().tag(sync=True)
    column = traitlets.Int().tag(sync=True)


@dataclass(frozen=True)
class Pick:
    """A field of a picture, by clicking on it; sliders of the same names go with it.

    Attributes:
        pixels: uint8 [3, H, W] of the picture in a state.
        grid: (rows, columns) of fields; may depend on the state.
        label: what is picked, for those who do not see it.
        row: its name in the view's state; empty for a picture of one row.
        column: its name.
        first: what fields are counted from.
        width: of a field, CSS pixels.
    """

    pixels: Callable[[State], np.ndarray]
    grid: Given[tuple[int, int]]
    label: str = "Pick a patch of the frame"
    row: str = "row"
    column: str = "column"
    first: int = 0
    width: int = 24

    @property
    def traits(self) -> Mapping[str, str]:
        return {"row": self.row, "column": self.column} if self.row else {"column": self.column}

    def fit(self, state: State) -> dict[str, Any]:
        return {}  # the sliders see to it

    def allowed(self, state: State) -> str:
        return "what the sliders of the same names offer"

    def widget(self) -> Picker:
        return Picker(first=self.first, row=self.first, column=self.first, field=self.width)

    def refresh(self, widget: Picker, state: State) -> None:
        shape = given(self.grid, state)
        with widget.hold_sync():
            widget.picture, widget.shape = _png(self.pixels(state)), shape
            widget.label = f"{self.label}: {shape[0]} by {shape[1]}; arrow keys move"
            widget.column = state[self.column]
            if self.row:
                widget.row = state[self.row]


def _png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.moveaxis(pixels, 0, -1)).save(buffer, format="png", compress_level=1)
    return buffer.getvalue()
