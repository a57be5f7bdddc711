"""Rows of the comparison tables: a name, the model behind it, its options; and which table."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from sticc_lib.config import Config, ConfigError, from_dict
from sticc_lib.models import zoo
from sticc_lib.presets import with_model


@dataclass(frozen=True)
class Method:
    """A row of a table: a model of the zoo with options.

    Attributes:
        model: a name of the zoo.
        options: dotted config names to values.
        steps: at the preset `quick`, as many as cost STICC's CPU time
            (`python benchmarks/calibrate_steps.py`); 0 takes those of the model.
        reduce: width to which a PCA, fitted on training persons, brings the embedding; 0 leaves it.
    """

    model: str
    options: dict[str, object] = dataclasses.field(default_factory=dict)
    steps: int = 0
    reduce: int = 0


def _head(model: str = "sticc", steps: int = 0, **options: object) -> Method:
    return Method(model, {f"model.head.{name}": value for name, value in options.items()}, steps)


_SMALL_RESNET = {
    "model.trunk.name": "resnet18", "model.trunk.weights": "none",
    "model.trunk.trainable_blocks": -1,
}  # fmt: skip

METHODS: dict[str, Method] = {
    "sticc": Method("sticc"),
    "mean_pool": Method("mean_pool"),
    "attention_pool": Method("attention_pool"),
    "attention_pool_joint": Method("attention_pool_joint"),
    # the embedding width of STICC's three parts at `quick`
    "attention_pool_wide": _head("attention_pool", width=384),
    "attention_pool_joint_wide": _head("attention_pool_joint", width=384),
    "sticc_no_m1": _head(encoder="none"),
    "frozen": Method("frozen"),
    "stripe_pool": Method("stripe_pool"),
    "stripes": Method("stripes"),
    "hsv_histogram": Method("hsv_histogram"),
    # compared methods behind STICC's trunk
    "psta": Method("psta"),
    "stmn": Method("stmn"),
    "grl": Method("grl"),
    "pat": Method("pat"),
    # whole models, from random weights; those that live inside a ResNet live in a small one here.
    # CHOICE: ten times STICC's CPU time, which is what an hour on two cores holds; undertrained
    "bicnet_tks": Method("bicnet_tks", _SMALL_RESNET, steps=240),
    "sinet": Method("sinet", _SMALL_RESNET, steps=140),
    "msinet": Method("msinet", {"model.clip_length": 1}, steps=570),
    # the ablation (sticc.md, section 7)
    "m1": Method("common_pool"),
    "m2": _head("evidence_pool", encoder="none"),
    "m1_m2": Method("evidence_pool"),
    "rg": _head(decoders="rg"),
    "mg": _head(decoders="mg"),
    "rg_wide": _head(decoders="rg", width=384),
    "sticc_pca": Method("sticc", reduce=128),
    "serial": _head(encoder="serial"),
    "agreement": _head(rg_score="agreement"),
    "uniform": _head(rg_score="uniform"),
    "concat": _head(rg_pool="concat"),
    "subtract": _head(spatial="subtract"),
    "no_spatial": _head(spatial="off"),
    "mean_time": _head(temporal="mean"),
    "no_temporal": _head(temporal="off"),
    **{f"slots_{n}": _head(slots=n) for n in (1, 2, 8, 14)},
}
"""Every row by its label."""

TABLES: dict[str, tuple[str, ...]] = {
    "floors": (
        "sticc", "mean_pool", "attention_pool", "attention_pool_joint", "attention_pool_wide",
        "attention_pool_joint_wide", "sticc_no_m1", "frozen", "stripes", "hsv_histogram",
    ),
    "aggregation": (
        "sticc", "psta", "stmn", "grl", "pat", "attention_pool_joint", "attention_pool",
        "mean_pool",
    ),
    "whole": ("sticc", "bicnet_tks", "sinet", "msinet"),
    "ablation": (
        "sticc", "mean_pool", "m1", "m2", "m1_m2", "rg", "mg", "rg_wide", "sticc_pca",
        "serial", "sticc_no_m1", "agreement", "uniform", "concat", "subtract", "no_spatial",
        "mean_time", "no_temporal", "slots_1", "slots_2", "slots_8", "slots_14",
    ),
}  # fmt: skip
"""Tables of `sticc compare`: their rows, in order."""

TUNED = ("aggregation",)
"""Tables whose methods each choose their rate on validation persons, out of as many trials."""


def rows(table: str, methods: Sequence[str]) -> list[str]:
    """Labels of a table, or those asked for.

    Raises:
        ConfigError: an unknown table.
    """
    if table not in TABLES:
        raise ConfigError(f"table: {table!r} is none of {', '.join(TABLES)}")
    return list(methods) or list(TABLES[table])


def method(label: str) -> Method:
    """A row by label, or a plain model of the zoo by its name.

    Raises:
        ConfigError: neither.
    """
    known = {**{name: Method(name) for name in zoo.names()}, **METHODS}
    if label not in known:
        raise ConfigError(f"unknown method {label!r}; known: {', '.join(known)}")
    return known[label]


def method_config(label: str, seed: int, base: Config) -> Config:
    """The config of one cell.

    Raises:
        ConfigError: an unknown method.
    """
    found = method(label)
    steps = {}
    if found.steps and base.preset == "quick" and not base.train.steps:
        steps = {"train.steps": found.steps}
    changes = {"seed": seed, **steps, **found.options}
    if base.preset == "paper":  # each method's own recipe and trunk, not STICC's nor a small one
        changes = {k: v for k, v in changes.items() if not k.startswith("model.trunk.")}
        return with_model(base, found.model, **changes)
    return from_dict(Config, {"model.name": found.model, **changes}, base)
