"""Planted errors are found and named; the true identities have none; the totals add up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as times
from hypothesis import strategies as st
from made_counts import Stay, counted, true_boxes

from sticc_lib.counting.errors import NOBODY, UNSURE, mistakes, present_against
from sticc_lib.counting.scores import interval_errors
from sticc_lib.counting.table import interval_table

STAYS = [Stay("A", 1, 40), Stay("B", 11, 50), Stay("A", 81, 110), Stay("C", 61, 90),
         Stay("D", 100, 102)]  # fmt: skip
TRUTH = true_boxes(STAYS)


def kinds(found):
    return found.listed["kind"].tolist()


def test_true_identities_have_no_error_but_who_is_seen_too_briefly_is_missed():
    found = mistakes(counted(STAYS, 120), TRUTH)
    assert kinds(found) == ["missed"]
    assert found.listed.loc[0, ["person", "number"]].tolist() == ["D", UNSURE]
    assert found.stands == {1: "A", 2: "B", 3: "C"}
    whole = mistakes(counted(STAYS[:4], 120), true_boxes(STAYS[:4]))
    assert kinds(whole) == []
    diagonal = whole.seconds.to_numpy()[:3, :3]
    assert diagonal == pytest.approx(np.diag([14, 8, 6]))


def test_a_person_under_two_numbers_is_a_false_split():
    found = mistakes(counted(STAYS[:4], 120, who=[1, 2, 3, 4]), true_boxes(STAYS[:4]))
    assert kinds(found) == ["split"]
    row = found.listed.iloc[0]
    assert (row["number"], row["other"], row["person"]) == (1, 4, "A")
    assert row["seconds"] == pytest.approx(6)
    assert row["gap"] == pytest.approx(41 / 5)
    assert np.isfinite(row["distance"])
    assert not row["one_track"]


def test_two_persons_under_one_number_are_a_false_merge_and_one_is_missed():
    found = mistakes(counted(STAYS[:4], 120, who=[1, 2, 1, 2]), true_boxes(STAYS[:4]))
    assert kinds(found) == ["merge", "missed"]
    merge, missed = (found.listed.iloc[k] for k in (0, 1))
    assert (merge["number"], merge["person"], merge["second"]) == (2, "B", "C")
    assert merge["seconds"] == pytest.approx(6)
    assert (missed["person"], missed["number"]) == ("C", 2)


def test_a_number_without_a_person_is_a_ghost():
    found = mistakes(counted(STAYS[:4], 120), TRUTH[TRUTH["person"].isin(["A", "B"])])
    assert kinds(found) == ["ghost"]
    assert found.listed.loc[0, "number"] == 3
    assert found.stands[3] == NOBODY
    assert found.seconds.loc[3, NOBODY] == pytest.approx(6)


def test_a_track_that_goes_over_to_somebody_else_is_named():
    lanes = [Stay("A", 1, 15, 0), Stay("B", 16, 45, 0)]
    count = counted([Stay("x", 1, 45, 0)], 45)
    found = mistakes(count, true_boxes(lanes))
    assert kinds(found) == ["merge", "missed"]
    assert found.listed.loc[0, "one_track"]


@given(st.lists(st.integers(1, 5), min_size=6, max_size=6),
       st.sets(st.sampled_from("ABC"), min_size=1))  # fmt: skip
@times(max_examples=15, deadline=None)
def test_the_totals_add_up(who, known):
    stays = [Stay("ABC"[k % 3], 1 + 30 * k, 25 + 30 * k) for k in range(6)]
    count, truth = counted(stays, 200, who=who), true_boxes(stays)
    truth = truth[truth["person"].isin(known)]
    found = mistakes(count, truth)
    splits, ghosts, missed = (found.total(k) for k in ("split", "ghost", "missed"))
    assert count.unique == truth["person"].nunique() + splits + ghosts - missed
    boxes = count.observed.fragments["n"].sum() / count.observed.fps
    assert found.seconds.to_numpy().sum() == pytest.approx(boxes)


def test_present_against_truth_is_the_mean_error_of_the_scores():
    count = counted(STAYS, 120, who=[1, 2, 3, 4, 1])
    table = present_against(count, TRUTH)
    person = np.unique(TRUTH["person"], return_inverse=True)[1] + 1
    real = interval_table(person, ((TRUTH["frame"] - 1) // 15).to_numpy(), 8)
    found = count.intervals[real.columns]
    assert table["error"].abs().mean() == pytest.approx(interval_errors(real, found)["MAE present"])
    assert (table["found"] - table["truth"] == table["error"]).all()


def test_true_boxes_of_frames_that_were_not_watched_do_not_matter():
    later = true_boxes([*STAYS[:4], Stay("E", 130, 140)])
    count = counted(STAYS[:4], 120)
    assert kinds(mistakes(count, later)) == []
    assert (present_against(count, later)["error"] == 0).all()
