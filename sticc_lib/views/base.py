"""A view: a figure with controls in JupyterLab, and the same figure as a picture in a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets
from matplotlib.figure import Figure

from sticc_lib.figures.captions import Picture, run_figure, show, stacked
from sticc_lib.figures.theme import DPI
from sticc_lib.run import Run
from sticc_lib.values import Refusal
from sticc_lib.views.controls import Control
from sticc_lib.views.live import Live, alert

LIVE_DPI = 100
"""Of pictures that answer a control. CHOICE: one dot a CSS pixel, drawn in half the time of 150."""
VIEW_MIME = "application/vnd.jupyter.widget-view+json"


class View:
    """A figure of a state, with a control for each part of the state that can be chosen.

    In JupyterLab the controls stand over the picture and a moved one draws it anew. Everywhere
    else (exported HTML, a notebook without a kernel) the picture of the state it was displayed in
    stands there, with caption and alt text, as of any figure.

    Args:
        draw: draws the figure of a state, `draw(**state)`, or several of one width that stand below
            each other; depends on nothing else.
        controls: in the order in which they stand; limits may depend on those before.
        state: where it starts; what it does not name starts at the control's first value.
        busy: what to say while a state is drawn that takes long, or empty.

    Raises:
        ValueError: a state that cannot be chosen; names what can.
    """

    def __init__(
        self,
        draw: Callable[..., Figure | Sequence[Figure]],
        controls: Sequence[Control] = (),
        state: Mapping[str, Any] | None = None,
        busy: Callable[[Mapping[str, Any]], str] | None = None,
    ) -> None:
        self._draw, self._controls, self._busy = draw, tuple(controls), busy
        self._state: dict[str, Any] = {}
        self._drawn: tuple[dict[str, Any], Picture] | None = None
        self._live: Live | None = None
        self._followers: list[tuple[View, Callable[[dict[str, Any]], Mapping[str, Any]]]] = []
        self._state = self._checked(state or {})

    @property
    def state(self) -> dict[str, Any]:
        """What is shown now: the arguments that the figure is drawn with."""
        return dict(self._state)

    @property
    def box(self) -> widgets.VBox:
        """The live half: controls over picture and caption. Made when first asked for."""
        if self._live is None:
            self._live = Live(self._controls, self._state, self._moved)
            self._live.show(self._attempt(self.picture))
        return self._live.box

    def set(self, **changes: Any) -> View:
        """Chooses, as a hand on the controls would.

        Raises:
            ValueError: no such control, or a value it does not offer; names what it does.
        """
        self._adopt(self._checked(changes))
        return self

    def picture(self) -> Picture:
        """The figure of the state, as sharp as one that is saved.

        Raises:
            ValueError: what cannot be drawn, and why.
        """
        if self._drawn is None or self._drawn[0] != self._state:
            self._drawn = (self.state, self._picture(DPI))
        return self._drawn[1]

    def saved(self, run: Run, name: str) -> View:
        """Writes the picture as `figures/<name>.png` of a run and returns this view, to display.

        What cannot be drawn is not written; the view then says why.
        """
        held = self._attempt(self.picture)
        if isinstance(held, Picture):
            run_figure(run, held, name)
        return self

    def link(self, other: View, translate: Callable[[dict[str, Any]], Mapping[str, Any]]) -> View:
        """Makes another view follow this one; what the other does not offer moves to the nearest.

        Args:
            other: the follower.
            translate: this view's state -> changes of the follower's.
        """
        self._followers.append((other, translate))
        other._adopt(other._fitted({**other._state, **translate(self.state)}))
        return self

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        live = self.box._repr_mimebundle_()
        held = self._attempt(self.picture)
        if isinstance(held, Picture):
            data, about = held._repr_mimebundle_()
        else:
            data, about = {"text/html": alert(held), "text/plain": held}, {}
        return {**data, VIEW_MIME: live[VIEW_MIME]}, about

    def _moved(self, changes: Mapping[str, Any]) -> None:
        self._adopt(self._fitted({**self._state, **changes}))

    def _adopt(self, state: dict[str, Any]) -> None:
        if state == self._state:
            return
        self._state = state
        if self._live is not None:
            self._live.refresh(state)
            if self._busy is not None and (message := self._busy(state)):
                self._live.say(escape(message))
            self._live.show(self._attempt(self._drawn_live, live=True))
        for other, translate in self._followers:
            other._adopt(other._fitted({**other._state, **translate(self.state)}))

    def _drawn_live(self) -> Picture:
        return self._picture(LIVE_DPI)

    def _picture(self, dpi: int) -> Picture:
        drawn = self._draw(**self._state)
        return stacked([show(f, dpi) for f in ([drawn] if isinstance(drawn, Figure) else drawn)])

    def _attempt(self, work: Callable[[], Picture], live: bool = False) -> Picture | str:
        """What comes of it, or why nothing does."""
        try:
            return work()
        except (ValueError, Refusal) as error:
            return str(error)
        except Exception as error:
            if not live:
                raise
            return f"{type(error).__name__}: {error}"  # a callback's stack is lost in a log

    def _fitted(self, state: Mapping[str, Any]) -> dict[str, Any]:
        fitted = dict(state)
        for control in self._controls:
            fitted |= control.fit(fitted)
        return fitted

    def _checked(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        fitted = self._fitted({**self._state, **changes})
        for control in self._controls:
            for name in set(control.traits.values()) & set(changes):
                if fitted[name] != changes[name]:
                    raise ValueError(
                        f"{name}: {changes[name]!r} cannot be chosen; there is "
                        f"{control.allowed(fitted)}"
                    )
        known = {name for control in self._controls for name in control.traits.values()}
        if unknown := sorted(set(changes) - known):
            raise ValueError(
                f"no control {', '.join(unknown)}; there is {', '.join(sorted(known))}"
            )
        return fitted
