"""A trial of a recipe for video: judged by validation persons, before the cameras of training and
before cameras of another seed, which say what is left where everything is new. Test persons and
real video have no part in it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sticc_lib.config import DataConfig
from sticc_lib.experiments import worlds
from sticc_lib.experiments.session import evaluate_method, load_data, split_of
from sticc_lib.experiments.trainings import trained

FRESH = DataConfig("walkers3d", options={"cameras_each": 4}, seed=7, train_persons=1,
                   val_persons=150, test_persons=1, cameras=100, tracklets_per_camera=1,
                   frames=8)  # fmt: skip
"""150 other validation persons, before 100 cameras that no training has seen."""


def trial(folder: Path, label: str, changes: dict[str, Any], cameras: int = 0, seed: int = 0
          ) -> dict[str, float]:  # fmt: skip
    """Trains one method on rendered walkers, or loads it, and scores validation persons.

    Args:
        folder: of trainings; what is there from the same inputs is not trained again.
        label: of experiments.methods.METHODS.
        changes: dotted config names to values, over worlds.RECIPE.
        cameras: of the world; 0 for worlds.SIZES'.
        seed: of training.

    Returns:
        `known.mAP`, `known.frame_mAP` (middle frames alone); `fresh.mAP`, `fresh.frame_mAP`.
    """
    config = worlds.cell_config("rendered", label, seed, changes)
    config = replace(config, data=replace(config.data, cameras=cameras or config.data.cameras))
    found = trained(config, folder, worlds.fingerprint_of(config))
    numbers = {}
    for name, own in (("known", config), ("fresh", replace(config, data=FRESH))):
        data = split_of(load_data(own), "val")
        numbers[f"{name}.mAP"] = evaluate_method(found.model, data, own, False)[1].mAP
        with worlds.single_frames(found.model):
            middle = worlds.middle_frames(data)
            score = evaluate_method(found.model, middle, own, False)[1]
        numbers[f"{name}.frame_mAP"] = score.mAP
    return numbers
