"""Methods x seeds: refused before work, run once, failures told, everything written down."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from sticc_lib import presets
from sticc_lib.config import ConfigError
from sticc_lib.experiments import compare as module
from sticc_lib.experiments import conditions, trainings, tune
from sticc_lib.experiments.compare import compare, method_models
from sticc_lib.experiments.methods import METHODS, TABLES, method_config
from sticc_lib.experiments.tune import FACTORS
from sticc_lib.models import zoo
from sticc_lib.presets import preset
from sticc_lib.run import RunError
from sticc_lib.training import TrainingError

WIDE = ("sticc", "attention_pool_wide", "attention_pool_joint_wide")
ZEROS = torch.zeros(2, 4, 3, 128, 64)


@pytest.fixture
def no_pets(monkeypatch):
    """The video is decoded elsewhere."""
    monkeypatch.setattr(conditions, "pets_sets", dict)


@pytest.fixture
def no_costs(monkeypatch):
    """They are measured elsewhere, and take a process a method."""
    monkeypatch.setattr(module, "measured", lambda *_: (pd.DataFrame(), ""))


@pytest.fixture
def call(tmp_path, overrides, no_pets, no_costs):
    """compare() with the small settings, into a folder of the test's own."""

    def run(methods=("sticc", "hsv_histogram"), seeds=2, table="floors", workers=1, **changes):
        changes = overrides | changes
        return compare("smoke", seeds, methods, str(tmp_path / "c"), changes, progress=False,
                       table=table, workers=workers)  # fmt: skip

    return run


@pytest.fixture
def quick_cells(monkeypatch):
    """Cells that are done at once, each with its own luck; one can be told to fail."""
    calls, failing = [], set()

    def run_cell(config, folder, *rest):
        name = f"{config.model.name}/{config.seed}"
        calls.append(name)
        if name in failing or "all" in failing:
            raise TrainingError(f"{name}: the loss is nan")
        ap = np.random.default_rng([config.seed, len(config.model.name)]).random(12)
        arrays = {"walkers|ap": ap, "walkers|inp": ap, "walkers|first_hit": np.ceil(4 * ap),
                  "walkers|person": np.arange(12) // 3}  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / "queries.npz", **arrays)
        return {"walkers.rank1": float(ap.mean()), "walkers.mAP": 0.5, "cpu_seconds": 12.0}

    monkeypatch.setattr(module, "run_cell", run_cell)
    run_cell.calls, run_cell.failing = calls, failing
    return run_cell


def test_methods_are_trained_tested_and_written_down(call, tmp_path, monkeypatch):
    found = call()
    assert not found.failed
    seeds = found.values.groupby("method")["seed"].unique().map(sorted).to_dict()
    assert seeds == {"sticc": [0, 1], "hsv_histogram": [0]}
    metrics = set(found.values["metric"])
    assert {f"{c}.{m}" for c in conditions.CONDITIONS for m in ("rank1", "mAP")} <= metrics
    cost = found.values.query("metric == 'cpu_seconds'").set_index("method")["value"]
    assert (cost["sticc"] > 0).all()
    assert cost["hsv_histogram"] == 0
    assert set(found.differences["condition"]) == set(conditions.CONDITIONS)
    assert (found.differences["low"] <= found.differences["difference"]).all()
    assert (found.differences["difference"] <= found.differences["high"]).all()
    folder = tmp_path / "c"
    kept = pd.read_csv(folder / "floors/values.csv")
    pd.testing.assert_frame_equal(kept, found.values)
    assert "±" in (folder / "floors/table.md").read_text()
    numbers = json.loads((folder / "metrics.json").read_text())
    runs = found.values.query("method == 'sticc' and metric == 'walkers.mAP'")["value"]
    assert numbers["compare.sticc.walkers.mAP.mean"] == pytest.approx(runs.mean())
    assert numbers["compare.sticc.walkers.mAP.std"] == pytest.approx(runs.std())
    assert numbers["compare.sticc.walkers.mAP.runs"] == 2
    monkeypatch.setattr(module, "run_cell", lambda *_: pytest.fail("a finished cell ran again"))
    again = call()
    pd.testing.assert_frame_equal(again.values, found.values)
    pd.testing.assert_frame_equal(again.differences, found.differences)


def test_more_seeds_and_methods_are_added_to_what_is_there(call, quick_cells):
    call(["sticc"], 1)
    found = call(["sticc", "mean_pool", "frozen"], 2)
    assert quick_cells.calls == ["sticc/0", "sticc/1", "mean_pool/0", "mean_pool/1", "frozen/0"]
    assert set(found.differences["method"]) == {"mean_pool", "frozen"}


def test_a_failing_cell_is_told_and_the_others_go_on(call, quick_cells, tmp_path):
    quick_cells.failing.add("mean_pool/0")
    found = call(["sticc", "mean_pool", "frozen"], 2)
    assert found.failed == {"mean_pool/seed0": "TrainingError: mean_pool/0: the loss is nan"}
    told = json.loads((tmp_path / "c/floors/failed.json").read_text())
    assert told == found.failed
    assert set(found.differences["method"]) == {"mean_pool", "frozen"}, "one seed is left"
    quick_cells.failing.clear()
    assert not call(["sticc", "mean_pool", "frozen"], 2).failed
    assert not (tmp_path / "c/floors/failed.json").exists()
    assert quick_cells.calls[5:] == ["mean_pool/0"]


def test_a_comparison_in_which_all_fails_still_tells_why(call, quick_cells, tmp_path):
    quick_cells.failing.add("all")
    found = call(["sticc", "frozen"], 1)
    assert set(found.failed) == {"sticc/seed0", "frozen/seed0"}
    assert len(found.values) == len(found.differences) == 0
    assert (tmp_path / "c/floors/table.md").exists()


def test_the_folder_of_another_comparison_is_refused(call, quick_cells):
    call()
    before = list(quick_cells.calls)
    with pytest.raises(RunError, match=r"holds another run .*train\.lr"):
        call(**{"train.lr": 1e-2})
    assert quick_cells.calls == before
    call(threads=1, device="auto")
    assert quick_cells.calls == before, "where it is computed makes no other comparison"


def test_newly_calibrated_steps_train_anew(call, quick_cells, monkeypatch):
    call(["sticc"], 1)
    monkeypatch.setattr(trainings, "steps_for", lambda config: 7)
    call(["sticc"], 1)
    assert quick_cells.calls == ["sticc/0"] * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"methods": ["sticc", "resnet"]}, "unknown method 'resnet'; known: .*sticc"),
        ({"seeds": 0}, "seeds: 0; expected at least 1"),
        ({"table": "flors"}, "table: 'flors' is none of floors, aggregation"),
        ({"workers": -1}, "workers: -1; expected 1 or more"),
        ({"train.lrr": 1}, "unknown name train.lrr"),
        ({"data.name": "mars"}, "data.root: say where mars is"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_runs(
    call, quick_cells, tmp_path, arguments, message
):
    with pytest.raises(ConfigError, match=message):
        call(**arguments)
    assert quick_cells.calls == []
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("label", METHODS)
def test_every_method_of_the_table_builds(label):
    config = method_config(label, 3, preset("smoke"))
    assert config.seed == 3
    assert zoo.build(config.model.name, 5, config=config.model).settings == config.model


def test_a_variant_trains_for_the_steps_calibrated_for_it(monkeypatch):
    table = {"quick": {"": 9, "sticc": 5, "sticc_no_m1": 7}}
    monkeypatch.setattr(presets, "STEPS", table)
    steps = {
        label: presets.steps_for(method_config(label, 0, preset("quick")))
        for label in ("sticc", "sticc_no_m1", "mean_pool", "attention_pool_wide")
    }
    assert list(steps.values()) == [5, 7, 9, 9]
    given = method_config("sticc_no_m1", 0, preset("quick", **{"train.steps": 3}))
    assert presets.steps_for(given) == 3


def test_the_wide_floors_are_as_wide_as_sticc_at_quick():
    base = preset("quick", **{"model.trunk.name": "small", "model.trunk.weights": "none"})
    widths = [
        zoo.build(c.model.name, 5, config=c.model).eval()(ZEROS).embedding.shape[1]
        for c in (method_config(label, 0, base) for label in WIDE)
    ]
    assert len(set(widths)) == 1, dict(zip(WIDE, widths, strict=True))


def test_models_are_trained_in_their_folders_or_come_as_they_are(small, tmp_path):
    labels = ["mean_pool", "stripes"]
    first = method_models(labels, small(), tmp_path, workers=1)
    again = method_models(labels, small(), tmp_path, workers=1)
    floor, same = first["mean_pool"], again["mean_pool"]
    assert (floor.resumed_at, same.resumed_at) == (0, 6)
    assert zoo.weights_fingerprint(floor.model) == zoo.weights_fingerprint(same.model)
    assert not first["stripes"].model.training
    assert not (tmp_path / "stripes").exists()
    with pytest.raises(ConfigError, match="unknown method 'resnet'"):
        method_models(["mean_pool", "resnet"], small(), tmp_path)


def test_models_trained_side_by_side_are_those_trained_in_turn(small, tmp_path):
    labels = ["mean_pool", "attention_pool"]
    aside = method_models(labels, small(), tmp_path / "aside", workers=2, progress=False)
    turn = method_models(labels, small(), tmp_path / "turn", workers=1)
    for name in labels:
        assert aside[name].resumed_at == 6  # loaded from what the other process left
        losses = [[row["loss"] for row in t[name].log if "loss" in row] for t in (aside, turn)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_each_method_of_a_tuned_table_keeps_its_best_rate(call, tmp_path):
    found = call(["sticc", "mean_pool", "frozen"], 1, "aggregation")
    folder, rates = tmp_path / "c", len(FACTORS)
    trials = pd.read_csv(folder / "aggregation/trials.csv")
    assert trials["method"].value_counts().to_dict() == {"sticc": rates, "mean_pool": rates}
    best = trials.loc[trials.groupby("method")["val_mAP"].idxmax()].set_index("method")
    chosen = trials[trials["chosen"]].set_index("method")
    assert chosen["val_mAP"].to_dict() == best["val_mAP"].to_dict()
    scores = found.values.query("metric == 'val_mAP'").set_index("method")["value"]
    assert scores.to_dict() == chosen["val_mAP"].to_dict(), "the trial is the cell of seed 0"
    assert len(list((folder / "trainings").iterdir())) == 2 * rates, "nothing was trained twice"
    assert "**trials" in (folder / "aggregation/table.md").read_text()


def test_tables_share_their_cells(call, quick_cells):
    call(["sticc", "mean_pool"], 2)
    call(["sticc", "rg"], 2, "ablation")
    # the last two are those of rg, which is a sticc
    assert quick_cells.calls == ["sticc/0", "sticc/1", "mean_pool/0", "mean_pool/1",
                                 "sticc/0", "sticc/1"]  # fmt: skip


def test_the_reduced_embedding_comes_from_the_same_training(call, tmp_path):
    narrow = {"sticc_pca": module.Method("sticc", reduce=5)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, "sticc_pca", narrow["sticc_pca"])
        found = call(["sticc", "sticc_pca"], 1, "ablation")
    width = found.values.query("metric == 'width'").set_index("method")["value"]
    assert width.to_dict() == {"sticc": 48, "sticc_pca": 5}
    assert len(list((tmp_path / "c/trainings").iterdir())) == 1


def test_every_table_names_rows_that_are_known_and_none_twice():
    for names in TABLES.values():
        assert set(names) <= set(METHODS)
        assert len(set(names)) == len(names)


def test_a_method_whose_trials_all_failed_keeps_the_presets_rate(small, tmp_path, monkeypatch):
    def fail(*_):
        raise TrainingError("the loss is nan")

    monkeypatch.setattr(tune, "trained", fail)
    rates, table = tune.choose_rates({"sticc": small()}, tmp_path, "data")
    assert rates == {"sticc": small().train.lr}
    assert len(table) == 0
