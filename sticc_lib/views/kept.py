"""Slow numbers behind a view: computed when first asked for, then kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

R = TypeVar("R")


class Kept(Generic[R]):
    """A function of part of a view's state that is called once for each value of that part.

    Args:
        work: takes the named parts as keyword arguments.
        names: the parts of the state that it depends on.
        words: what to say while it works.
    """

    def __init__(self, work: Callable[..., R], names: Sequence[str], words: str) -> None:
        self._work, self._names, self._words = work, tuple(names), words
        self._kept: dict[tuple[Any, ...], R] = {}

    def __call__(self, state: Mapping[str, Any]) -> R:
        key = self._key(state)
        if key not in self._kept:
            self._kept[key] = self._work(**dict(zip(self._names, key, strict=True)))
        return self._kept[key]

    def busy(self, state: Mapping[str, Any]) -> str:
        """The words, if this state has to be computed first; else nothing."""
        return "" if self._key(state) in self._kept else self._words

    def _key(self, state: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(state[name] for name in self._names)
