"""The runs of a grid, each with its values and a name made of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sticc_lib.config import Config, ConfigError, flatten, to_dict
from sticc_lib.presets import preset

SETTINGS = {f.name for f in fields(Config)} - {"seed", "preset"}
"""What a dotted name of a setting begins with."""


@dataclass(frozen=True)
class Point:
    """One run of a grid: what it is called with."""

    name: str
    preset: str
    seed: int
    settings: Mapping[str, Any]
    parameters: Mapping[str, Any]
    """Of notebooks."""

    @property
    def values(self) -> dict[str, Any]:
        """All that the grid says of it."""
        own = {"preset": self.preset, "seed": self.seed}
        return {**own, **self.settings, **self.parameters}

    def config(self) -> Config:
        """Its settings.

        Raises:
            ConfigError: what does not fit.
        """
        return preset(self.preset, **{"seed": self.seed, **self.settings})


def named(
    values: Sequence[Mapping[str, Any]], batch: str, template: str = ""
) -> tuple[list[Point], list[str]]:
    """The runs with their names, which have to be folder names, and differ.

    Args:
        values: of each run, `preset` and `seed` among them.
        batch: its name; no run may have it.
        template: text with `{name}` for values; made of all that differ if empty.

    Returns:
        The runs, and what is wrong with their names.
    """
    template, names = template or _template(values, batch), Counter[str]()
    points: list[Point] = []
    for own in values:
        wanted = re.findall(r"\{([^{}]*)\}", template)
        known = {"batch": batch, **own}
        known |= {n: _setting(own, n) for n in wanted if n not in known}
        unknown = [n for n in wanted if known[n] is None and n not in own]
        if unknown:
            return points, [f"name: there is no value {', '.join(unknown)}"]
        name = re.sub(r"\{([^{}]*)\}", lambda m, known=known: _word(known[m[1]]), template)
        if not re.fullmatch(r"\w[\w.-]{0,120}", name) or name == batch:
            return points, [f"name {name!r}: use letters, digits, `_`, `-` and `.`, at most 120, "
                            "and another name than the batch's"]  # fmt: skip
        names[name] += 1
        points.append(_point(name, own))
    twice = [name for name, count in names.items() if count > 1]
    if not twice:
        return points, []
    return points, [f"{len(twice)} name(s) stand for several runs, such as {twice[0]!r}; put what "
                    "differs into the name: {...}"]  # fmt: skip


def _template(values: Sequence[Mapping[str, Any]], batch: str) -> str:
    """All values that differ between runs, by the last part of their names."""
    names = dict.fromkeys(name for own in values for name in own)
    differ = [n for n in names if len({repr(_setting(own, n)) for own in values}) > 1]
    return "-".join([batch, *(f"{n.split('.')[-1]}{{{n}}}" for n in differ or ["seed"])])


def _setting(own: Mapping[str, Any], name: str) -> Any:
    """A value that a run has, from the grid or from its preset; None where there is none."""
    if name in own:
        return own[name]
    try:
        return flatten(to_dict(preset(own["preset"], **_split(own)[0]))).get(name)
    except (ConfigError, TypeError):
        return None  # told where settings are checked


def _word(value: Any) -> str:
    """A value as part of a folder's name."""
    return re.sub(r"[^\w.-]+", "_", str(value)).strip("_") or "none"


def _split(own: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings, and parameters of notebooks."""
    free = {n: v for n, v in own.items() if n not in ("preset", "seed")}
    settings = {n: v for n, v in free.items() if n.split(".")[0] in SETTINGS}
    return settings, {n: v for n, v in free.items() if n not in settings}


def _point(name: str, own: Mapping[str, Any]) -> Point:
    return Point(name, own["preset"], own["seed"], *_split(own))
