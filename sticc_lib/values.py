"""Plain values to frozen dataclasses and back, checked.

A notebook, the command line and a test all arrive here, through `from_dict`: names nobody
declared and values of another type are refused, all of them in one message.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

T = TypeVar("T")


class Refusal(Exception):
    """Base of errors whose message says all there is to say: what was wrong, and what to do.

    A notebook shows such a message alone, without the stack that led to it.
    """

    def _render_traceback_(self) -> list[str]:  # IPython asks for it
        return [f"{type(self).__name__}: {self}"]


class ConfigError(Refusal, ValueError):
    """A setting that cannot be used; the message lists every one that is wrong."""


def from_dict(cls: type[T], values: Mapping[str, Any], base: T | None = None) -> T:
    """Builds a config dataclass from plain values, refusing what does not fit.

    Args:
        cls: the dataclass.
        values: names to values. Nested configs are mappings, or dotted names
            (`{"model.head.slots": 8}`).
        base: what unnamed fields are taken from; the defaults of `cls` if None.

    Raises:
        ConfigError: lists every unknown name and every value of a wrong type or choice.
    """
    problems: list[str] = []
    built = _build(cls, _nest(values, problems), base, "", problems)
    if problems:
        raise ConfigError(f"{cls.__name__}: " + "; ".join(problems))
    return typing.cast(T, built)


def to_dict(config: Any) -> dict[str, Any]:
    """The plain nested dict of a config; `from_dict` takes it back."""
    return dataclasses.asdict(config)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested mapping with dotted names, `{"a": {"b": 1}}` to `{"a.b": 1}`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _nest(values: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in flatten(values).items():
        *parents, leaf = str(name).split(".")
        node = nested
        for parent in parents:
            node = node.setdefault(parent, {})
            if not isinstance(node, dict):
                problems.append(f"{name}: {parent} is given both as a value and as a group")
                break
        else:
            node[leaf] = value
    return nested


def _build(cls: type, values: Any, base: Any, where: str, problems: list[str]) -> Any:
    if not isinstance(values, Mapping):
        problems.append(f"{where or cls.__name__}: expected a group of settings, got {values!r}")
        return None
    hints = typing.get_type_hints(cls)
    unknown = sorted(set(values) - set(hints))
    for name in unknown:
        problems.append(f"unknown name {where}{name} (known here: {', '.join(sorted(hints))})")
    start = base if base is not None else cls()
    changes: dict[str, Any] = {}
    for name, value in values.items():
        if name in unknown:
            continue
        if dataclasses.is_dataclass(hints[name]):
            nested = _build(
                typing.cast(type, hints[name]),
                value,
                getattr(start, name),
                f"{where}{name}.",
                problems,
            )
            changes[name] = nested
        elif typing.get_origin(hints[name]) is dict:  # free names, as a data source's options
            given = _coerce(value, hints[name], f"{where}{name}", problems)
            changes[name] = {**getattr(start, name), **(given or {})}
        else:
            changes[name] = _coerce(value, hints[name], f"{where}{name}", problems)
    return dataclasses.replace(start, **changes)


def _coerce(value: Any, hint: Any, where: str, problems: list[str]) -> Any:
    origin, options = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        if value not in options:
            problems.append(f"{where}: {value!r} is none of {', '.join(map(str, options))}")
    elif origin in (typing.Union, types.UnionType):
        if not any(_fits(value, option) for option in options):
            problems.append(f"{where}: expected {hint}, got {type(value).__name__} {value!r}")
    elif origin is dict:
        if not isinstance(value, Mapping):
            problems.append(f"{where}: expected a group of settings, got {value!r}")
            return None
        return dict(value)
    elif origin is tuple:
        if not isinstance(value, (list, tuple)) or not all(_fits(v, options[0]) for v in value):
            problems.append(f"{where}: expected a list of {options[0].__name__}, got {value!r}")
        else:
            return tuple(options[0](v) for v in value)
    elif not _fits(value, hint):
        problems.append(f"{where}: expected {hint.__name__}, got {type(value).__name__} {value!r}")
    elif hint is float:
        return float(value)
    return value


def _fits(value: Any, hint: Any) -> bool:
    if hint is type(None):
        return value is None
    if hint is bool or isinstance(value, bool):
        return hint is bool and isinstance(value, bool)
    if hint is float:
        return isinstance(value, (int, float)) and value == value
    return isinstance(value, hint)
