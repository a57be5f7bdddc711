"""Plain names of a model's options (`slots`, `trunk`) to the dotted names of its config."""

from __future__ import annotations

import dataclasses
from typing import Any

from sticc_lib.config import HeadConfig, ModelConfig, TrunkConfig


def placed(options: dict[str, Any]) -> dict[str, Any]:
    """Options of `zoo.build` by the dotted names of ModelConfig; unknown ones stay as they are."""
    trunk = {"trunk": "trunk.name", "weights": "trunk.weights"}
    trunk |= {
        f.name: f"trunk.{f.name}" for f in dataclasses.fields(TrunkConfig) if f.name != "name"
    }
    top = {f.name for f in dataclasses.fields(ModelConfig)}
    head = {f.name for f in dataclasses.fields(HeadConfig)}
    found = {}
    for name, value in options.items():
        if name in trunk and not isinstance(value, dict):
            found[trunk[name]] = value
        elif name in head and name not in top:
            found[f"head.{name}"] = value
        else:
            found[name] = value
    return found
