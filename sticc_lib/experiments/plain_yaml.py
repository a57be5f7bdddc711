"""YAML as plain values, and the line of each: no tags, no aliases, no key twice.

Read by a loader that makes nothing but text, numbers, lists and mappings (PyYAML's safe one, made
stricter). CHOICE: `1e-3` is a number here, though YAML 1.1 has it as text; who writes it means it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sticc_lib.config import ConfigError

LARGEST = 1 << 20
"""Bytes of a file."""


class _Loader(yaml.SafeLoader):
    """The safe loader, without what a list of settings has no use for."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="aliases (*name) are not read; write the value out",
                                       problem_mark=mark)  # fmt: skip
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _error("a key has to be a name", key)
            if key.value in seen:
                raise _error(f"{key.value} is given twice; leave one", key)
            seen.add(key.value)
        # names as they are written: `on` and `03.4` are names here, no truth value and no number
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}

    def construct_plain_map(self, node: Any) -> Any:
        return self.construct_mapping(node)

    def refuse(self, node: Any) -> Any:
        raise _error(f"{node.tag.split(':')[-1]} is not read here; put text in quotes", node)


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_plain_map)
for _kind in ("timestamp", "binary", "set", "omap", "pairs"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader.refuse)
_Loader.add_constructor(None, _Loader.refuse)  # type: ignore[arg-type]  # any other tag
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def _error(problem: str, node: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


@dataclass(frozen=True)
class Marked:
    """What a file holds, and where."""

    path: Path
    value: Any
    node: Any
    """As PyYAML composes it; it knows the lines."""

    def line(self, keys: Iterable[str]) -> int:
        """The line, from 1, of what keys (numbers in lists) lead to; of the nearest that is there.

        A dotted key leads into groups as well.
        """
        node, line = self.node, 1
        for key in keys:
            found = _below(node, key)
            if found is None:
                break
            node, line = found
        return line

    def texts(self, key: str) -> list[str]:
        """The values of a list as they are written: `08` stays `08`."""
        found = _below(self.node, key)
        return [node.value for node in found[0].value] if found else []

    def where(self, problem: str, names: Iterable[str]) -> tuple[str, ...]:
        """Keys of the parameter that a message speaks of."""
        spoken = [name for name in names if name in problem]
        name = max(spoken, key=len, default="")
        if name == "preset" and name in self.value:
            return (name,)
        return ("parameters", name) if name else ("parameters",)

    def error(self, problems: Iterable[tuple[tuple[str, ...], str]]) -> ConfigError:
        """One error for all of them, in the order of their lines."""
        lines = sorted((self.line(keys), text) for keys, text in problems)
        return ConfigError("; ".join(f"{self.path.name}:{line}: {text}" for line, text in lines))


def read_yaml(path: Path) -> Marked:
    """Reads a YAML file of plain values.

    Raises:
        ConfigError: file, line and remedy: no such file, no YAML, a tag, an alias, a key twice.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError(f"{path}: larger than 1 MiB; a grid is a few lines")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not text in UTF-8; save it as such") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give a YAML file") from None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        value = {} if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path.name}:{line}: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"{path.name}: no YAML that can be read ({error}); mend it") from None
    return Marked(path, value, node)


def _below(node: Any, key: str) -> tuple[Any, int] | None:
    """What a key of a mapping (a dotted one of nested ones) or a number of a list leads to."""
    if isinstance(node, yaml.SequenceNode) and key.isdigit() and int(key) < len(node.value):
        value = node.value[int(key)]
        return value, value.start_mark.line + 1
    for name, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if name.value == key:
            return value, name.start_mark.line + 1
        if key.startswith(f"{name.value}."):
            found = _below(value, key[len(name.value) + 1 :])
            if found is not None:
                return found
    return None
