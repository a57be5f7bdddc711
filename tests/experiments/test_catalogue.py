"""The catalogue says of each method what the method itself shows."""

import pytest

from sticc_lib.experiments import session
from sticc_lib.experiments.catalogue import catalogue
from sticc_lib.models import zoo


@pytest.fixture
def found(small):
    config = small()
    data = session.split_of(session.load_data(config), "test")
    return catalogue(["sticc", "mean_pool", "pat"], config, data)


def test_width_and_parts_are_those_of_the_embedding(found, small):
    assert found.loc["sticc", "parts"] == "RV_FG, r_sp, r_tm"
    assert found.loc["sticc", "width"] == 3 * found.loc["mean_pool", "width"]
    assert found["T"].tolist() == [small().model.clip_length] * 3


def test_maps_are_those_that_capture_hands_over_and_none_where_there_is_no_attention(found):
    assert {"rho", "alpha", "pi"} <= set(found.loc["sticc", "maps"].split(", "))
    assert "masks" in found.loc["pat", "maps"]
    assert found.loc["mean_pool", "maps"] == ""


def test_what_was_adapted_is_told_as_the_zoo_tells_it(found, small):
    config = small(**{"model.name": "pat"}).model
    assert found.loc["pat", "adapted"] == zoo.adapted(config) != ""
    assert found.loc["sticc", "adapted"] == ""
