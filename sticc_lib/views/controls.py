"""Controls of a view: what can be chosen, in words, and the labelled widget that offers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import ipywidgets as widgets

State = Mapping[str, Any]
V = TypeVar("V")
Given = V | Callable[[State], V]
"""A value, or a function of the view's state for what depends on other controls."""


def given(value: Any, state: State) -> Any:
    """The value a `Given` has under a state."""
    return value(state) if callable(value) else value


def _seen(there_is_a_choice: bool) -> dict[str, str]:
    """Layout of a control: one that never leaves a choice takes no room."""
    return {} if there_is_a_choice else {"display": "none"}


class Control(Protocol):
    """What a view asks of its controls."""

    @property
    def traits(self) -> Mapping[str, str]:
        """Trait of the widget -> name in the view's state."""
        ...

    def fit(self, state: State) -> dict[str, Any]:
        """The values nearest to those of the state that may be chosen under it."""
        ...

    def allowed(self, state: State) -> str:
        """What may be chosen, in words."""
        ...

    def widget(self) -> Any:
        """A new widget, not yet filled in."""
        ...

    def refresh(self, widget: Any, state: State) -> None:
        """Gives the widget the limits and the value of a state."""
        ...


@dataclass(frozen=True)
class _Named:
    """One value under one name.

    Attributes:
        name: in the view's state, and of the parameter of its figure.
        label: stands before the control.
    """

    name: str
    label: str

    @property
    def traits(self) -> Mapping[str, str]:
        return {"value": self.name}


@dataclass(frozen=True)
class Slide(_Named):
    """A number on a slider.

    Attributes:
        last: the largest value; may depend on the state (frames of the chosen clip).
        first: the smallest, and where the state does not say otherwise the one that is shown.
        step: between neighbours; a fraction makes it a slider of fractions.
        live: follow while the slider is dragged; off where drawing takes long.
        help: shown when the pointer rests on it.
        when: whether it matters in a state; always, if there is no function.
    """

    last: Given[float]
    first: float = 0
    step: float = 1
    live: bool = True
    help: str = ""
    when: Callable[[State], bool] | None = None

    @property
    def _whole(self) -> bool:
        return float(self.step).is_integer()

    def fit(self, state: State) -> dict[str, Any]:
        value = min(max(state.get(self.name, self.first), self.first), given(self.last, state))
        return {self.name: int(value) if self._whole else float(value)}

    def allowed(self, state: State) -> str:
        return f"{self.first:g} to {given(self.last, state):g}"

    def widget(self) -> Any:
        kind = widgets.IntSlider if self._whole else widgets.FloatSlider
        fixed = not callable(self.last) and self.last <= self.first
        return kind(description=self.label, step=self.step, tooltip=self.help or self.label,
                    continuous_update=self.live, layout=_seen(not fixed))  # fmt: skip

    def refresh(self, widget: Any, state: State) -> None:
        last = given(self.last, state)
        widget.min = min(self.first, widget.max)  # never above the maximum, not even in between
        widget.max = last
        widget.min = self.first
        widget.value = state[self.name]
        idle = self.when is not None and not self.when(state)
        widget.disabled = idle or last <= self.first


@dataclass(frozen=True)
class Choice(_Named):
    """One of several, from a list.

    Attributes:
        options: text -> value; may depend on the state.
        help: shown when the pointer rests on it.
    """

    options: Given[Mapping[str, Any]]
    help: str = ""

    def fit(self, state: State) -> dict[str, Any]:
        values = list(given(self.options, state).values())
        value = state.get(self.name, values[0])
        return {self.name: value if value in values else values[0]}

    def allowed(self, state: State) -> str:
        return ", ".join(map(repr, given(self.options, state).values()))

    def widget(self) -> Any:
        fixed = not callable(self.options) and len(self.options) < 2
        return widgets.Dropdown(description=self.label, tooltip=self.help or self.label,
                                layout=_seen(not fixed))  # fmt: skip

    def refresh(self, widget: Any, state: State) -> None:
        options = list(given(self.options, state).items())
        if list(widget.options) != options:
            widget.options = options
        widget.value = state[self.name]
        widget.disabled = len(options) < 2


@dataclass(frozen=True)
class Toggle(_Named):
    """Yes or no.

    Attributes:
        help: shown when the pointer rests on it.
    """

    help: str = ""

    def fit(self, state: State) -> dict[str, Any]:
        return {self.name: bool(state.get(self.name, False))}

    def allowed(self, state: State) -> str:
        return "True, False"

    def widget(self) -> Any:
        return widgets.Checkbox(
            description=self.label, indent=False, tooltip=self.help or self.label
        )

    def refresh(self, widget: Any, state: State) -> None:
        widget.value = state[self.name]


@dataclass(frozen=True)
class Span(_Named):
    """Part of a whole, from a share to a share, on a slider with two handles.

    Attributes:
        help: shown when the pointer rests on it.
    """

    help: str = ""

    def fit(self, state: State) -> dict[str, Any]:
        low, high = state.get(self.name, (0.0, 1.0))
        low, high = min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)
        return {self.name: (min(low, high), high)}

    def allowed(self, state: State) -> str:
        return "two shares, 0 to 1, the smaller first"

    def widget(self) -> Any:
        return widgets.FloatRangeSlider(
            description=self.label, tooltip=self.help or self.label, min=0, max=1, step=0.02,
            readout_format=".0%",
        )  # fmt: skip

    def refresh(self, widget: Any, state: State) -> None:
        widget.value = state[self.name]
