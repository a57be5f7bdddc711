"""A trial: validation persons of two sets score a recipe; the second time nothing is trained."""

from dataclasses import replace

import pytest

from sticc_lib.config import DataConfig
from sticc_lib.experiments import worlds, worlds_trial

SMALL = DataConfig("walkers", train_persons=4, val_persons=3, test_persons=1, cameras=2,
                   tracklets_per_camera=1, frames=2)  # fmt: skip
SHORT = {"train.steps": 2, "train.validate_every": 2, "train.persons": 2, "train.tracklets": 2,
         "train.clip_lengths": (1, 2)}  # fmt: skip


@pytest.fixture
def small(monkeypatch):
    """Small drawn worlds in place of the rendered ones; the sets that were scored."""
    scored = []
    real = worlds_trial.evaluate_method

    def seen(model, data, config, *args):
        scored.append((config.data.seed, data.tracklets["split"].unique().tolist(),
                       int(data.tracklets["num_frames"].max())))  # fmt: skip
        return real(model, data, config, *args)

    monkeypatch.setitem(worlds.WORLDS, "rendered", SMALL)
    monkeypatch.setattr(worlds_trial, "FRESH", replace(SMALL, seed=7))
    monkeypatch.setattr(worlds_trial, "evaluate_method", seen)
    return scored


def test_a_trial_is_judged_by_validation_persons_of_known_and_of_fresh_cameras(small, tmp_path):
    first = worlds_trial.trial(tmp_path, "mean_pool", SHORT)
    assert small == [(0, ["val"], 2), (0, ["val"], 1), (7, ["val"], 2), (7, ["val"], 1)]
    assert set(first) == {"known.mAP", "known.frame_mAP", "fresh.mAP", "fresh.frame_mAP"}
    assert worlds_trial.trial(tmp_path, "mean_pool", SHORT) == first
    assert len([p for p in tmp_path.iterdir() if p.is_dir()]) == 1
    worlds_trial.trial(tmp_path, "mean_pool", SHORT, cameras=3)
    assert len([p for p in tmp_path.iterdir() if p.is_dir()]) == 2
