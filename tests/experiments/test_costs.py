"""Costs: counted as they are, measured where they must be, comparable between methods."""

import pandas as pd
import pytest

from sticc_lib.experiments import costs as module
from sticc_lib.experiments.costs import COLUMNS, costs
from sticc_lib.experiments.methods import method_config
from sticc_lib.models import zoo


@pytest.fixture(scope="module")
def found():
    from sticc_lib.presets import preset

    base = preset("smoke", **{"model.height": 64, "model.width": 32})
    return costs({n: method_config(n, 0, base) for n in ("sticc", "mean_pool")}, repeats=1)


def test_every_cost_of_every_method_is_there(found):
    assert list(found.columns) == list(COLUMNS)
    assert list(found.index) == ["sticc", "mean_pool"]
    assert (found > 0).all().all()


def test_sticc_costs_more_than_the_mean_it_is_built_upon(found):
    for column in ("width", "parameters", "MACs"):
        assert found.loc["sticc", column] > found.loc["mean_pool", column]
    assert found.loc["sticc", "width"] == 3 * found.loc["mean_pool", "width"]


def test_costs_are_measured_once_and_kept(tmp_path, found, monkeypatch):
    from sticc_lib.presets import preset

    calls = []
    monkeypatch.setattr(module, "costs", lambda configs: calls.append(1) or found)
    configs = {n: method_config(n, 0, preset("smoke")) for n in found.index}
    first, again = (module.measured(configs, tmp_path, "floors") for _ in range(2))
    assert len(calls) == 1
    assert first[1] == again[1] == ""
    pd.testing.assert_frame_equal(again[0], found.astype(float))


def test_costs_that_cannot_be_measured_are_told(tmp_path, monkeypatch):
    def fail(configs):
        raise MemoryError("no memory")

    monkeypatch.setattr(module, "costs", fail)
    table, error = module.measured({}, tmp_path, "floors")
    assert len(table) == 0
    assert error == "MemoryError: no memory"


def test_classifiers_do_not_count(found):
    from sticc_lib.presets import preset

    config = method_config("mean_pool", 0, preset("smoke")).model
    sizes = [sum(p.numel() for p in zoo.build("mean_pool", n, config=config).parameters())
             for n in (300, 301)]  # fmt: skip
    assert found.loc["mean_pool", "parameters"] == sizes[0] - 300 * (sizes[1] - sizes[0])
