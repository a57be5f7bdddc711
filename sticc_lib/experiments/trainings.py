"""Trainings kept by what they are made of, so that tables and trials share them."""

from __future__ import annotations

from pathlib import Path

from sticc_lib.config import Config, identity
from sticc_lib.experiments.session import made_method
from sticc_lib.locks import one_at_a_time
from sticc_lib.presets import steps_for
from sticc_lib.run import fingerprint
from sticc_lib.training import Trained


def inputs(config: Config, data: str) -> dict[str, object]:
    """Everything a training's result depends on, but the code.

    Args:
        config: of one method and seed.
        data: the set's fingerprint.
    """
    return {**identity(config), "steps": steps_for(config), "data": data}


def trained(config: Config, folder: Path, data: str) -> Trained:
    """The model of a config: as it comes if it needs no training, else trained, or loaded.

    Args:
        config: of one method and seed.
        folder: of all trainings. Each has its own place in it; two processes that want the same
            one wait for each other.
        data: the set's fingerprint.
    """
    place = folder / f"{config.model.name}-{fingerprint(inputs(config, data))}"
    with one_at_a_time(place):
        return made_method(config, place)
