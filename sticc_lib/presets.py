"""Presets: whole configs with a name, and the calibrated steps of each method."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from typing import Any

from sticc_lib.config import Config, ConfigError, check_model, flatten, from_dict, to_dict
from sticc_lib.published import PUBLISHED

_R50 = {"name": "resnet50", "weights": "imagenet", "trainable_blocks": -1}
_PAPER: dict[str, Any] = {
    "data": {"name": "mars"},
    "model": {
        "clip_length": 8,
        "height": 256,
        "width": 128,
        "trunk": _R50,
        "head": {
            "channels": 512,
            "heads": 8,
            "slots": 8,
            "spatial_items": 10,
            "temporal_items": 5,
            "encoder_frames": 0,
        },
    },
    "train": {
        "optimizer": "adam",
        "lr": 3.5e-4,
        "trunk_lr_scale": 1.0,
        "weight_decay": 5e-4,
        "schedule": "step",
        "warmup": 10 / 150,
        "grad_clip": 0.0,
    },
}
PRESETS: dict[str, dict[str, Any]] = {
    "smoke": {
        "data": {"train_persons": 16, "val_persons": 6, "test_persons": 10},
        "model": {
            "height": 64,
            "width": 32,
            "trunk": {"name": "small", "weights": "none", "trainable_blocks": -1},
            "head": {"channels": 64, "heads": 2, "slots": 4},
        },
        "train": {"persons": 4, "tracklets": 2, "optimizer": "adam", "lr": 1e-3},
    },
    "quick": {},
    "paper": _PAPER,
    "wide": {**_PAPER, "model": {**_PAPER["model"], "head": {
        **_PAPER["model"]["head"], "channels": 2048}}},
}  # fmt: skip

# Steps that cost each method the same CPU time, counted once on two x86-64 cores and then fixed,
# so that training repeats exactly. `python benchmarks/calibrate_steps.py` measures them anew.
STEPS: dict[str, dict[str, int]] = {
    "smoke": {"": 60},
    "quick": {
        "": 600,
        "sticc": 600,
        "sticc_no_m1": 650,
        "mean_pool": 860,
        "attention_pool": 840,
        "attention_pool_joint": 840,
        "mean_pool_wide": 800,
        "attention_pool_wide": 800,
        "attention_pool_joint_wide": 800,
        "psta": 600,
        "stmn": 820,
        "grl": 490,
        "pat": 640,
    },
    # 150 epochs of MARS: 625 persons x ~13 tracklets, 32 a batch, about 260 batches an epoch
    "paper": {"": 39_000},
    "wide": {"": 39_000},
}


def preset(name: str, **overrides: Any) -> Config:
    """A config by name, with overrides by dotted name (`{"model.head.slots": 8}` as **).

    `paper` with a compared method (`{"model.name": "psta"}`) is that method's own published recipe;
    the other presets give every method STICC's batches, optimiser and augmentation ("adapted").

    Raises:
        ConfigError: no such preset, an override that does not fit, or sizes no model can have.
    """
    if name not in PRESETS:
        raise ConfigError(f"unknown preset {name!r}; known: {', '.join(PRESETS)}")
    whose = flatten(overrides).get("model.name")
    values = PUBLISHED[whose] if name == "paper" and whose in PUBLISHED else PRESETS[name]
    start = from_dict(Config, {"preset": name, **values})
    config = from_dict(Config, overrides, start)
    check_model(config.model)
    return config


def with_model(base: Config, name: str, **overrides: Any) -> Config:
    """A config for another model: the preset's for that model, and what `base` changed in it.

    Args:
        base: made by `preset` (from_dict on top of it will do).
        name: of the model.
        overrides: dotted names, over all that.

    Raises:
        ConfigError: as `preset`.
    """
    return preset(base.preset, **{**changes(base), **overrides, "model.name": name})


def changes(config: Config) -> dict[str, Any]:
    """What a config changes in its preset's for the same model, by dotted name; not the model.

    Raises:
        ConfigError: no such preset.
    """
    plain = flatten(to_dict(preset(config.preset, **{"model.name": config.model.name})))
    changed = {k: v for k, v in flatten(to_dict(config)).items() if k not in plain or plain[k] != v}
    changed.pop("model.name", None)
    return changed


def options(config: Config, seed: bool = True) -> list[str]:
    """The words on a command line of `sticc` that stand for a config: --preset, --seed, --set."""
    changed = {k: v for k, v in changes(config).items() if k != "seed"}
    if config.model.name != Config().model.name:
        changed = {"model.name": config.model.name, **changed}
    pairs = [f"{name}={value!r}" for name, value in changed.items()]
    return [
        "--preset", config.preset, *(["--seed", str(config.seed)] if seed else []),
        *(["--set", *pairs] if pairs else []),
    ]  # fmt: skip


def steps_for(config: Config) -> int:
    """Optimiser steps of a config: its own number, or the preset's calibrated one.

    Raises:
        ConfigError: fewer than none, or a preset nobody knows.
    """
    if config.train.steps < 0:
        raise ConfigError(f"train.steps: {config.train.steps}; expected 1 or more, or 0")
    if config.train.steps:
        return config.train.steps
    if config.preset not in STEPS:
        known = ", ".join(STEPS)
        raise ConfigError(f"preset: {config.preset!r} is none of {known}; or give train.steps")
    table, head = STEPS[config.preset], config.model.head
    variant = "_wide" if head.width else ""
    if config.model.name == "sticc":
        variant = "_no_m1" if head.encoder == "none" else ""
    return table.get(config.model.name + variant, table[""])


def reasons(cls: type) -> dict[str, str]:
    """Setting -> what stands below it in the source of its config class ("" where nothing does)."""
    body = ast.parse(inspect.cleandoc(inspect.getsource(cls))).body[0].body  # type: ignore[attr-defined]
    found = {}
    for node, below in pairwise([*body, ast.Pass()]):
        if isinstance(node, ast.AnnAssign):
            said = isinstance(below, ast.Expr) and ast.literal_eval(below.value)
            found[ast.unparse(node.target)] = (
                inspect.cleandoc(said).replace("\n", " ") if said else ""
            )
    return found
