"""Who of a made set passes which camera, how often: the same for drawn and rendered people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from sticc_lib.config import DataConfig

CONDITIONS = ("standard", "unseen_cameras", "unseen_occluders")
SPLIT_KEYS = {"train": 0, "val": 1, "test": 2}
SIZES = ("train_persons", "val_persons", "test_persons", "cameras", "tracklets_per_camera",
         "frames")  # fmt: skip
"""Fields of the config that say how large a made set is."""


@dataclass(frozen=True)
class Shot:
    """One tracklet to be made."""

    split: str
    person: int
    camera: int
    repeat: int


def problems(config: DataConfig, condition: str) -> list[str]:
    """What keeps a set from being made: an unknown condition, sizes below 1."""
    unknown = [f"condition {condition!r} is none of {', '.join(CONDITIONS)}"]
    return unknown * (condition not in CONDITIONS) + [
        f"data.{name}: expected 1 or more, got {getattr(config, name)}"
        for name in SIZES
        if getattr(config, name) < 1
    ]


def shots(
    config: DataConfig, condition: str, passed: Callable[[str, int], Iterable[int]]
) -> list[Shot]:
    """All tracklets of a condition, a person's side by side.

    Args:
        config: sizes.
        condition: of CONDITIONS; but for the standard one, test persons only.
        passed: (split, person) -> numbers of the cameras that the person passes, from 1.
    """
    counts = {"train": config.train_persons, "val": config.val_persons, "test": config.test_persons}
    return [
        Shot(split, person, camera, repeat)
        for split, count in counts.items()
        if condition == "standard" or split == "test"
        for person in range(1, count + 1)
        for camera in passed(split, person)
        for repeat in range(1, config.tracklets_per_camera + 1)
    ]


def option_problems(given: Mapping[str, object], known: Mapping[str, object]) -> list[str]:
    """What is wrong with `data.options`: names nobody knows, numbers below 0 or none at all."""
    found = [f"data.options.{name}: none of {', '.join(known)}" for name in given
             if name not in known]  # fmt: skip
    return found + [
        f"data.options.{name}: expected 0 or more, got {given[name]!r}"
        for name, default in known.items()
        if isinstance(default, int) and (not isinstance(given[name], int) or given[name] < 0)  # pyright: ignore[reportOperatorIssue]
    ]


def passing(config: DataConfig, each: int) -> Callable[[str, int], list[int]]:
    """(split, person) -> the cameras that the person passes, `each` of them (0: all), by seed."""

    def passed(split: str, person: int) -> list[int]:
        if not 0 < each < config.cameras:
            return list(range(1, config.cameras + 1))
        rng = np.random.default_rng([41, config.seed, SPLIT_KEYS[split], person])
        return sorted(int(c) + 1 for c in rng.choice(config.cameras, each, replace=False))

    return passed
