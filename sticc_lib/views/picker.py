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

from sticc_lib.views.controls import State


class Picker(anywidget.AnyWidget):
    """A picture under a grid; a click, or the arrow keys once it has the focus, pick a field."""

    _esm = Path(__file__).with_name("picker.js")
    _css = Path(__file__).with_name("picker.css")
    picture = traitlets.Bytes().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    shape = traitlets.Tuple(traitlets.Int(), traitlets.Int(), default_value=(1, 1)).tag(sync=True)
    row = traitlets.Int().tag(sync=True)
    column = traitlets.Int().tag(sync=True)


@dataclass(frozen=True)
class Pick:
    """Row and column of a token, by clicking on the frame; sliders of the same names go with it.

    Attributes:
        pixels: uint8 [3, H, W] of the frame that is chosen in a state.
        grid: (rows, columns) of tokens.
        row: its name in the view's state.
        column: its name.
    """

    pixels: Callable[[State], np.ndarray]
    grid: tuple[int, int]
    row: str = "row"
    column: str = "column"

    @property
    def traits(self) -> Mapping[str, str]:
        return {"row": self.row, "column": self.column}

    def fit(self, state: State) -> dict[str, Any]:
        return {}  # the sliders see to it

    def allowed(self, state: State) -> str:
        return f"a row below {self.grid[0]} and a column below {self.grid[1]}"

    def widget(self) -> Picker:
        rows, columns = self.grid
        label = f"Pick a token of the frame: {rows} rows, {columns} columns; arrow keys move"
        return Picker(shape=self.grid, label=label)

    def refresh(self, widget: Picker, state: State) -> None:
        with widget.hold_sync():
            widget.picture = _png(self.pixels(state))
            widget.row, widget.column = state[self.row], state[self.column]


def _png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.moveaxis(pixels, 0, -1)).save(buffer, format="png", compress_level=1)
    return buffer.getvalue()
