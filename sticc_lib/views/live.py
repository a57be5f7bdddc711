"""The live half of a view: its widgets, and what they show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets

from sticc_lib.figures.captions import SMALL, Picture
from sticc_lib.views.board import Correct
from sticc_lib.views.controls import Control
from sticc_lib.views.names import Names
from sticc_lib.views.picker import Pick

ALERT = "border-left:4px solid #b93218;padding:0.4em 0.9em;margin:0.4em 0;max-width:56em"


class Live:
    """The widgets of one view."""

    def __init__(
        self,
        controls: Sequence[Control],
        state: Mapping[str, Any],
        moved: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._moved, self._quiet = moved, False
        self._controls = [(control, control.widget()) for control in controls]
        self.refresh(state)
        for control, widget in self._controls:
            widget.add_class("sticc-control")
            for trait, name in control.traits.items():
                widget.add_class(f"sticc-of-{name}")
                widget.observe(lambda change, name=name: self._changed(name, change["new"]), trait)
        self._image = widgets.Image(format="png", layout={"max_width": "100%"})
        self._image.add_class("sticc-picture")
        self._words, self._names = widgets.HTML(), Names()
        self._words.layout.max_width = "100%"
        self.box = widgets.VBox(
            [_arranged(self._controls), self._image, self._words, self._names],
            layout={"max_width": "940px", "overflow": "hidden"},
        )
        self.box.add_class("sticc-view")

    def refresh(self, state: Mapping[str, Any]) -> None:
        """Moves the controls to a state without anything following from it."""
        self._quiet = True
        try:
            for control, widget in self._controls:
                control.refresh(widget, state)
        finally:
            self._quiet = False

    def show(self, held: Picture | str) -> None:
        """Puts a picture with its words there, or a message in place of both."""
        if isinstance(held, str):
            self._image.layout.display = "none"
            self.say(alert(held))
            return
        with self._image.hold_sync():
            self._image.value, self._image.width = held.png, str(held.width)
            self._image.layout.display = None
        self._names.alt = held.words.alt
        self.say(f'<div style="{SMALL}">{escape(held.words.caption)}</div>')

    def say(self, html: str) -> None:
        """Puts words below the picture."""
        self._words.value = html

    def widget(self, name: str) -> Any:
        """The widget that moves a part of the state."""
        return next(w for control, w in self._controls if name in control.traits.values())

    def _changed(self, name: str, value: Any) -> None:
        if not self._quiet:
            self._moved({name: value})


def _arranged(controls: Sequence[tuple[Control, Any]]) -> Any:
    """Controls in columns as wide as the page gives, labels of one width; a picker on the left.

    What brings its own labels stands above them all.
    """
    pickers = [widget for control, widget in controls if isinstance(control, Pick)]
    whole = [widget for control, widget in controls if isinstance(control, Correct)]
    others = [widget for _, widget in controls if widget not in (*pickers, *whole)]
    wide = max((len(w.description) for w in others if w.style.has_trait("description_width")
                and not isinstance(w, widgets.Checkbox)), default=0)  # fmt: skip
    for widget in others:
        widget.layout.width = "auto"
        if not isinstance(widget, widgets.Checkbox):
            widget.style.description_width = f"{0.52 * wide + 1:.1f}em"
    grid = widgets.GridBox(others, layout={
        "grid_template_columns": "repeat(auto-fill, minmax(min(100%, 330px), 1fr))",
        "grid_gap": "2px 20px", "flex": "1 1 330px", "align_content": "flex-start",
    })  # fmt: skip
    for widget in whole:
        widget.layout.width = "100%"
    parts = [*whole, *pickers, *([grid] if others or not whole else [])]
    return widgets.HBox(parts, layout={"flex_flow": "row wrap", "overflow": "visible"})


def alert(message: str) -> str:
    """A message that a screen reader reads out at once."""
    return f'<div role="alert" style="{ALERT}">{escape(message)}</div>'
