"""Bootstrap, spread and groups."""

import numpy as np
import pandas as pd
import pytest

from sticc_lib.retrieval.scores import summarise
from sticc_lib.retrieval.stats import by_group, interval, paired_difference, per_query, spread


def scores(first_hit):
    first = np.asarray(first_hit, float)
    return summarise(1 / first, 1 / first, first)


def test_per_query_values_average_to_the_metric():
    found = scores([1, 2, np.nan, 6])
    for metric, value in (("mAP", found.mAP), ("mINP", found.mINP), ("rank1", found.rank1),
                          ("rank5", found.rank5)):  # fmt: skip
        assert np.nanmean(per_query(found, metric)) == pytest.approx(value)
    np.testing.assert_array_equal(per_query(found, "rank2"), [1, 1, np.nan, 0])
    both = per_query([found, scores([2, 2, np.nan, 6])], "rank1")
    np.testing.assert_array_equal(both, [0.5, 0, np.nan, 0])
    for wrong in ("map", "rank0", "rank"):
        with pytest.raises(ValueError, match="is none of mAP"):
            per_query(found, wrong)
    with pytest.raises(ValueError, match="different queries"):
        per_query([found, scores([1, 2, 3, 6])])


def test_a_method_does_not_differ_from_itself():
    rng = np.random.default_rng(0)
    found, person = scores(rng.integers(1, 9, 50)), rng.integers(1, 9, 50)
    assert paired_difference(found, found, person) == (0, 0, 0)


def test_a_constant_lead_has_no_width_however_persons_are_drawn():
    a, b = scores([1] * 12), scores([2] * 12)
    found = paired_difference(a, b, np.repeat([1, 2, 3], 4))
    assert found == pytest.approx((0.5, 0.5, 0.5))
    assert paired_difference(b, a, np.repeat([1, 2, 3], 4)).difference == pytest.approx(-0.5)


def test_the_unit_is_the_person_and_not_the_query():
    rng = np.random.default_rng(1)
    person = np.repeat(np.arange(40), 25)  # queries of one person do alike
    a = scores(rng.choice([1, 2], 40)[person])
    b = scores(np.full(1000, 2))
    wide = paired_difference(a, b, person, "rank1")
    narrow = paired_difference(a, b, np.arange(1000), "rank1")
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)
    # the normal interval of 40 independent persons
    share = per_query(a, "rank1").mean()
    normal = 2 * 1.96 * np.sqrt(share * (1 - share) / 40)
    assert wide.high - wide.low == pytest.approx(normal, rel=0.15)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    covered = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        found = scores(np.where(rng.random(60) < 0.7, 1, 2))
        low, high = interval(found, np.arange(60), "rank1", draws=400, seed=seed)[1:]
        covered += low <= 0.7 <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_a_seed_repeats_and_unmatched_queries_do_not_count():
    rng = np.random.default_rng(2)
    first = rng.integers(1, 9, 60).astype(float)
    person = rng.integers(1, 9, 60)
    once = interval(scores(first), person)
    assert once == interval(scores(first), person)
    assert once != interval(scores(first), person, seed=1)
    more = np.r_[first, np.nan], np.r_[person, 99]
    assert interval(scores(more[0]), more[1]) == once


def test_bootstrap_refuses_what_does_not_pair():
    a = scores([1, 2, np.nan])
    with pytest.raises(ValueError, match="different queries"):
        paired_difference(a, scores([1, 2, 3]), [1, 1, 2])
    with pytest.raises(ValueError, match="query_person"):
        paired_difference(a, a, [1, 1])
    with pytest.raises(ValueError, match="0 queries with a match"):
        interval(scores([np.nan]), [1])


def test_spread_over_seeds():
    assert spread([0.5, 0.7, 0.9]) == pytest.approx((0.7, 0.2, 3))
    assert np.isnan(spread([0.5]).std)
    with pytest.raises(ValueError, match="at least one run"):
        spread([])


def test_groups_keep_their_order_and_count_their_queries():
    levels = pd.Categorical(["none", "heavy", "none", "heavy", None],
                            categories=["none", "light", "heavy"], ordered=True)  # fmt: skip
    found = by_group(scores([1, 2, 1, np.nan, 1]), levels)
    assert found.index.tolist() == ["none", "heavy"]
    assert found["rank1"].tolist() == [1, 0]
    assert found["mAP"].tolist() == [1, 0.5]
    assert found["queries"].tolist() == [2, 2]
    assert found["valid"].tolist() == [2, 1]
    shifted = pd.Series(["a", "b", "a"], index=[7, 8, 9])  # positions count, not the index
    assert by_group(scores([1, 2, 3]), shifted).loc["a", "queries"] == 2
    with pytest.raises(ValueError, match="2 groups for 3"):
        by_group(scores([1, 2, 3]), ["a", "b"])
