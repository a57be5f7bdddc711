"""The P x K sampler: who is dealt, from which cameras, and that seed and step say all."""

import numpy as np
import pandas as pd
import pytest

from sticc_lib.tracklets.batches import PKSampler


def table(persons=6, cameras=3, each=2):
    rows = [(p, c) for p in range(1, persons + 1) for c in range(cameras) for _ in range(each)]
    return pd.DataFrame(rows, columns=["person", "camera"]).astype({"camera": "Int64"})


def test_a_batch_is_p_persons_with_k_distinct_tracklets():
    tracklets = table()
    sampler = PKSampler(tracklets, 3, 4, seed=0)
    for step in range(10):
        batch = sampler.batch(step)
        persons = tracklets.loc[batch, "person"].to_numpy().reshape(3, 4)
        assert (persons == persons[:, :1]).all()
        assert len(set(persons[:, 0])) == 3
        assert len(set(batch)) == 12


def test_tracklets_are_spread_over_cameras_first():
    tracklets = table(cameras=3, each=5)
    for step in range(20):
        batch = PKSampler(tracklets, 2, 4, seed=1).batch(step).reshape(2, 4)
        for numbers in batch:
            assert set(tracklets.loc[numbers[:3], "camera"]) == {0, 1, 2}


def test_a_person_with_fewer_tracklets_than_k_gives_some_twice():
    tracklets = table(persons=2, cameras=1, each=3)
    batch = PKSampler(tracklets, 2, 5, seed=0).batch(0).reshape(2, 5)
    assert all(len(set(numbers)) == 3 for numbers in batch)


def test_every_person_is_dealt_once_a_round():
    tracklets = table(persons=6)
    sampler = PKSampler(tracklets, 3, 1, seed=0)
    assert sampler.batches_a_round == 2
    for turn in range(3):
        numbers = np.concatenate([sampler.batch(2 * turn), sampler.batch(2 * turn + 1)])
        assert sorted(tracklets.loc[numbers, "person"]) == [1, 2, 3, 4, 5, 6]


def test_batches_depend_on_seed_and_step_only():
    one, other = PKSampler(table(), 3, 2, 0), PKSampler(table(), 3, 2, 0)
    for step in range(5):
        one.batch(step)
    assert one.batch(7).tolist() == other.batch(7).tolist()  # a resumed run asks for 7 first
    batches = {tuple(PKSampler(table(), 3, 2, seed).batch(s)) for seed in (0, 1) for s in range(9)}
    assert len(batches) == 18


def test_junk_and_distractors_are_never_dealt_and_unknown_cameras_are():
    tracklets = table(persons=3)
    tracklets.loc[tracklets["person"] == 1, "person"] = -1
    tracklets.loc[tracklets["person"] == 2, "camera"] = pd.NA
    sampler = PKSampler(tracklets, 2, 2, 0)
    assert {p for s in range(5) for p in tracklets.loc[sampler.batch(s), "person"]} == {2, 3}


@pytest.mark.parametrize(("persons", "each", "says"), [(9, 2, "has 6"), (0, 2, "0 x 2")])
def test_a_batch_that_cannot_be_filled_is_refused(persons, each, says):
    with pytest.raises(ValueError, match=says):
        PKSampler(table(), persons, each, 0)
