"""Pairs under the rule, and the threshold between them."""

import numpy as np
import pandas as pd
import pytest

from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.verification import sample_pairs, threshold
from sticc_lib.tracklets.table import Rule


def embeddings(person, camera, rule=None, **more):
    rows = pd.DataFrame(
        {"person": person, "camera": pd.array(camera, dtype="Int64"), "split": "test",
         "query": True, "gallery": True, **more}
    )  # fmt: skip
    values = np.arange(len(rows), dtype=np.float32)[:, None]  # the distance tells the pair
    return Embeddings(values, rows, rule or Rule())


def test_pairs_cross_cameras_and_leave_distractors_out():
    found = sample_pairs(embeddings([1, 1, 1, 2, 0, -1], [0, 0, 4, 0, 4, 4]), "euclidean")
    assert sorted(found.same) == [1, 2]  # rows 1-2 and 0-2, not 0-1
    assert found.same_person.tolist() == [1, 1]
    assert found.different.tolist() == [1]  # rows 2-3; 0-3 and 1-3 are under one camera
    assert found.different_persons.tolist() == [[1, 2]]


def test_the_rule_decides_about_cameras_and_visits():
    person, camera = [1, 1, 1, 2], [1, 1, 1, 1]
    rule = Rule(same_camera_junk=False, exclude_same_visit=True)
    found = sample_pairs(embeddings(person, camera, rule, visit=["a", "a", "b", "c"]), "euclidean")
    assert sorted(found.same) == [1, 2]
    assert len(found.different) == 3
    unknown = embeddings([1, 1, 2], [None, None, 1])
    assert len(sample_pairs(unknown, "euclidean").same) == 1  # an unknown camera equals none
    with pytest.raises(ValueError, match="no pair of same persons under the rule"):
        sample_pairs(embeddings(person, camera), "euclidean")


@pytest.mark.parametrize("limit", [50, 20000])
def test_sampling_bounds_the_pairs_and_repeats_with_the_seed(limit):
    rng = np.random.default_rng(0)
    given = embeddings(rng.integers(1, 20, 200), rng.integers(0, 4, 200))
    found = sample_pairs(given, "euclidean", limit)
    assert len(found.same) <= limit
    assert len(found.different) <= limit
    np.testing.assert_array_equal(
        found.different, sample_pairs(given, "euclidean", limit).different
    )
    assert (found.different_persons[:, 0] != found.different_persons[:, 1]).all()
    if limit == 50:
        other = sample_pairs(given, "euclidean", limit, seed=1)
        assert (found.different != other.different).any()


def test_separate_distances_are_cut_between_them_without_error():
    found = threshold(np.array([0.1, 0.2]), np.array([0.6, 0.9]))
    assert found.value == pytest.approx(0.4)
    assert found.error == 0
    assert np.isnan(found.low)


def test_the_cut_costs_least_by_hand_and_never_divides_equals():
    # at 0.3 one of four is missed and one of four is wrong; at 0.5 none is missed
    found = threshold(np.array([0.1, 0.2, 0.3, 0.5]), np.array([0.3, 0.6, 0.7, 0.8]))
    assert found.error == pytest.approx((0 + 1 / 4) / 2)
    assert found.value == pytest.approx(0.55)
    same = threshold(np.full(5, 0.5), np.full(5, 0.5))
    assert same.error == 0.5


def test_true_positive_rates_at_low_false_positive_rates():
    rng = np.random.default_rng(0)
    different, same = rng.random(5000), rng.random(4000) * 0.5
    found = threshold(same, different)
    for rate in (1e-2, 1e-3):
        # uniform on 0..1 against 0..1/2: the bound is the rate itself, twice that is found
        assert found.tpr[rate] == pytest.approx(2 * rate, abs=0.006)
        bound = np.sort(different)[int(rate * 5000)]
        assert np.mean(different < bound) <= rate
    assert np.isnan(threshold(same, different[:500]).tpr[1e-3])  # 500 pairs cannot tell


def test_the_interval_is_over_persons_and_holds_the_value():
    rng = np.random.default_rng(0)
    own = rng.normal(0.3, 0.1, 30)  # persons differ in how alike their pairs are
    same_person = np.repeat(np.arange(30), 20)
    same = own[same_person] + rng.normal(0, 0.02, 600)
    different_persons = rng.integers(0, 30, (2000, 2))
    different_persons = different_persons[different_persons[:, 0] != different_persons[:, 1]]
    different = rng.normal(0.5, 0.1, len(different_persons))  # they overlap
    found = threshold(same, different, same_person, different_persons)
    assert found.low < found.value < found.high
    again = threshold(same, different, same_person, different_persons)
    assert (found.low, found.high) == (again.low, again.high)
    names = np.arange(len(same)), np.arange(2 * len(different)).reshape(-1, 2) + 10**6
    alone = threshold(same, different, *names)
    assert found.high - found.low > alone.high - alone.low


def test_empty_or_nan_distances_are_refused():
    for same, different in (([], [1.0]), ([1.0], []), ([np.nan], [1.0])):
        with pytest.raises(ValueError, match="need some of each, no NaN"):
            threshold(np.array(same), np.array(different))
