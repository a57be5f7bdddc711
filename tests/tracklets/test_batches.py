"""Published batch rules: epochs of the stated length, who stands with whom, and repeats."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from sticc_lib.tracklets.batches import RULES, PKSampler, sampler

P, K = 3, 4
COUNTS = (1, 2, 3, 4, 5, 9, 13)  # tracklets of each person


def table(counts=COUNTS, cameras=3):
    rows = [(p, i % cameras) for p, n in enumerate(counts, start=1) for i in range(n)]
    return pd.DataFrame(rows, columns=["person", "camera"]).astype({"camera": "Int64"})


def made(name, tracklets=None, persons=P, each=K, seed=0):
    each = 2 if name == "pair" else each
    return sampler(name, table() if tracklets is None else tracklets, persons, each, seed)


def epoch(name, number=0, **options):
    """An epoch's batches [n P*K] and their persons [n P K]."""
    tracklets = options.setdefault("tracklets", table())
    drawn = made(name, **options).epoch(number)
    each = 2 if name == "pair" else options.get("each", K)
    return drawn, tracklets.loc[drawn.ravel(), "person"].to_numpy().reshape(len(drawn), -1, each)


LENGTHS = {
    "rep": sum(max(n, K) // K * K for n in COUNTS),
    "once": len(COUNTS) * K,
    "pair": 2 * sum(COUNTS),
    "id": len(COUNTS) * K,
}


@pytest.mark.parametrize("name", LENGTHS)
def test_an_epoch_is_as_long_as_published_and_its_rest_is_dropped(name):
    size = P * (2 if name == "pair" else K)
    assert LENGTHS[name] % size  # there is a rest to drop
    assert [epoch(name, n)[0].shape for n in (0, 1)] == 2 * [(LENGTHS[name] // size, size)]


@pytest.mark.parametrize("name", RULES)
def test_persons_stand_in_groups_and_batches_follow_from_seed_and_step_alone(name):
    persons = epoch(name)[1]
    assert (persons == persons[..., :1]).all()
    one, other = made(name), made(name)
    drawn = [one.batch(step).tolist() for step in range(25)]
    assert [other.batch(step).tolist() for step in (24, 3, 11)] == [drawn[i] for i in (24, 3, 11)]
    assert drawn != [made(name, seed=1).batch(step).tolist() for step in range(25)]
    assert len({tuple(batch) for batch in drawn}) == 25  # no epoch is another's copy


@pytest.mark.parametrize("name", RULES)
def test_steps_go_through_one_epoch_after_the_other(name):
    batches = made(name)
    wanted = np.concatenate([made(name).epoch(n) for n in range(4)])
    found = np.stack([batches.batch(step) for step in range(len(wanted))])
    assert (found == wanted).all()


@pytest.mark.parametrize("name", ["rep", "dict"])
def test_groups_of_a_person_share_no_tracklet_and_only_the_poor_repeat(name):
    drawn, persons = epoch(name, each=2)
    taken = Counter(drawn.ravel().tolist())
    owners = table()["person"]
    assert all(count == 1 or COUNTS[owners[number] - 1] < 2 for number, count in taken.items())
    if name == "dict":
        assert all(len(set(batch[:, 0])) == P for batch in persons)
        assert len({len(made(name).epoch(n)) for n in range(30)}) > 1  # lengths differ
    else:
        repeats = [len(set(epoch(name, n, each=2)[1][0, :, 0])) < P for n in range(30)]
        assert any(repeats)  # the same person twice in a batch is part of the rule


def test_dict_ends_when_fewer_than_p_persons_have_groups_left():
    counts = (4, 4, 4, 40)
    for number in range(5):
        drawn, persons = epoch("dict", number, tracklets=table(counts), persons=2)
        groups = Counter(persons[..., 0].ravel().tolist())
        left = [max(n // K, 1) - groups[p] for p, n in enumerate(counts, start=1)]
        assert sum(n > 0 for n in left) < 2
        assert min(left) >= 0
        assert len(drawn) in (2, 3)


def test_once_gives_every_person_once_with_distinct_tracklets_where_it_has_enough():
    drawn, persons = epoch("once", persons=7)
    assert sorted(persons[0, :, 0]) == list(range(1, 8))
    for numbers, (person, *_) in zip(drawn.reshape(-1, K), persons[0], strict=True):
        assert len(set(numbers)) == K or COUNTS[person - 1] < K


def test_pairs_go_over_cameras_where_they_can_and_take_every_tracklet_first_once():
    tracklets = table((1, 3, 4, 2, 6))
    tracklets.loc[tracklets["person"] == 2, "camera"] = 7  # only one camera
    tracklets.loc[tracklets["person"] == 4, "camera"] = pd.NA  # unknown: as good as one
    size = len(tracklets)
    drawn, persons = epoch("pair", tracklets=tracklets, persons=4)
    pairs = drawn.reshape(-1, 2)
    assert len(set(pairs[:, 0])) == len(pairs) == 2 * size // 8 * 8 // 2
    for (first, second), (person, _) in zip(pairs, persons.reshape(-1, 2), strict=True):
        cameras = tracklets.loc[[first, second], "camera"]
        assert (first == second) == (person == 1)
        assert cameras.isna().any() or cameras.nunique() == (1 if person in (1, 2) else 2)


def test_identities_come_with_as_many_cameras_as_they_can():
    tracklets = table((2, 9, 12), cameras=6)
    drawn, persons = epoch("id", tracklets=tracklets)
    for numbers, person in zip(drawn.reshape(-1, K), persons[..., 0].ravel(), strict=True):
        cameras = tracklets.loc[numbers, "camera"].tolist()
        if person > 1:
            assert len(set(cameras)) == K
        else:  # two cameras, in turn
            assert cameras[:2] == cameras[2:]
            assert len(set(cameras)) == 2
    firsts = {epoch("id", n, tracklets=tracklets)[0].ravel()[0] for n in range(30)}
    assert len(firsts) > 5  # the order of cameras is drawn anew
    two = table((4, 4, 4), cameras=2)  # a camera that comes again gives another tracklet
    assert all(len(set(n)) == 4 for n in epoch("id", tracklets=two)[0].reshape(-1, 4))


def test_strangers_and_junk_are_left_out_by_every_rule():
    tracklets = table((4, 4, 4, 4))
    tracklets.loc[tracklets["person"] == 1, "person"] = 0
    for name in RULES:
        assert set(epoch(name, tracklets=tracklets)[1].ravel()) == {2, 3, 4}


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("rep", {"persons": 9}, "the set has 7"),
        ("id", {"persons": 0}, "0 x 4"),
        ("every", {}, "'every' is none of pk, rep, once, dict, pair, id"),
    ],
)
def test_batches_that_cannot_be_are_refused(name, options, says):
    with pytest.raises(ValueError, match=says):
        made(name, **options)


def test_pairs_are_two_and_need_a_batch_full_of_them():
    with pytest.raises(ValueError, match=r"train\.tracklets: 4; the sampler `pair` gives 2"):
        sampler("pair", table(), P, 4, 0)
    assert type(made("pk")) is PKSampler
