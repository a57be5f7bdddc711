"""Deleting what carries the embedding hurts soonest; putting it in first helps soonest."""

import numpy as np
import pytest
from spotlight import Spotlight, lit

from sticc_lib.explain import maps
from sticc_lib.explain.deletion import RANDOM, deletion_insertion
from sticc_lib.explain.look import look


@pytest.fixture
def found(coloured):
    model = Spotlight()
    seen = look(model, lit(coloured()), 0, "model")
    weights = maps.token_weights(seen)["weights"][0]
    both = {"true": weights, "false": weights.max() - weights}
    return deletion_insertion(model, seen, 0, both, steps=6, draws=4, progress=False)


def test_a_map_that_tells_the_truth_beats_random_and_one_that_lies_loses(found):
    areas = found.areas
    assert areas.index.tolist() == ["true", "false", RANDOM]
    true, false, random = (areas.loc[name] for name in areas.index)
    assert true["insertion"] - random["insertion"] > 2 * random["insertion sd"] > 0
    assert random["insertion"] - false["insertion"] > 2 * random["insertion sd"]
    assert true["deletion"] < random["deletion"] - 2 * random["deletion sd"]
    assert true["gain"] > 0 > false["gain"]
    assert random["gain"] == 0
    assert true["insertion sd"] == 0


def test_curves_run_from_the_whole_clip_to_an_empty_one_and_back(found):
    curves = found.curves.set_index(["kind", "share"])
    for kind, whole in (("deletion", 0.0), ("insertion", 1.0)):
        np.testing.assert_allclose(curves.loc[(kind, whole), "similarity"], 1, atol=1e-6)
        empty = curves.loc[(kind, 1 - whole), "similarity"]
        assert len(empty) == 3
        assert np.ptp(empty) < 1e-6
        assert float(empty.iloc[0]) < 0.999
    assert len(curves) == 3 * 2 * 7


def test_an_area_is_that_under_its_curve(found):
    for (name, kind), curve in found.curves.groupby(["map", "kind"]):
        height = curve.sort_values("share")["similarity"].to_numpy()
        area = (height[1:] + height[:-1]).mean() / 2
        assert found.areas.loc[name, kind] == pytest.approx(area)


def test_the_seed_repeats_the_random_orders(coloured):
    model = Spotlight()
    seen = look(model, lit(coloured()), 0, "model")
    once, twice, other = (
        deletion_insertion(model, seen, 0, {}, steps=3, draws=2, seed=s, progress=False).areas
        for s in (1, 1, 2)
    )
    assert once.equals(twice)
    assert not once.equals(other)


def test_frames_that_only_fill_are_neither_deleted_nor_missed(coloured):
    model = Spotlight()
    seen = look(model, lit(coloured(lengths=(2,))), 0, "model")
    weights = maps.token_weights(seen)["weights"][0]
    found = deletion_insertion(model, seen, 0, {"w": weights}, steps=2, progress=False)
    whole = found.curves.query("kind == 'insertion' and share == 1")["similarity"]
    np.testing.assert_allclose(whole, 1, atol=1e-6)


def test_maps_of_another_shape_and_no_steps_are_refused(coloured):
    model = Spotlight()
    seen = look(model, lit(coloured()), 0, "model")
    with pytest.raises(ValueError, match=r"expected maps \(3, 128\), .*, w \(3, 8\)"):
        deletion_insertion(model, seen, 0, {"w": np.ones((3, 8))}, progress=False)
    with pytest.raises(ValueError, match="got 0 steps"):
        deletion_insertion(model, seen, 0, {}, steps=0, progress=False)
