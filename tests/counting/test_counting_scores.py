"""Measures, worked by hand; the tables' invariants; oracle identities have no error."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sticc_lib.counting import scores
from sticc_lib.counting.table import (
    CountError,
    check_intervals,
    check_samples,
    interval_table,
    sample_table,
    targets,
)


def test_errors_of_two_videos_by_hand():
    found = scores.video_errors([10, 20], [13, 16], [100, 300])
    assert found["MAE"] == 3.5
    assert found["root MSE"] == pytest.approx(12.5**0.5)
    assert found["WRAE"] == pytest.approx(100 * (0.25 * 0.3 + 0.75 * 0.2))
    with pytest.raises(ValueError, match="people in each"):
        scores.video_errors([0], [1], [1])


PERSON = np.array([1, 2, 1, 2, 3, 3, 1])
INTERVAL = np.array([0, 0, 1, 1, 1, 2, 3])


def test_intervals_by_hand():
    table = check_intervals(interval_table(PERSON, INTERVAL, 4))
    assert table["present"].tolist() == [2, 3, 1, 1]
    assert table["arrivals"].tolist() == [2, 1, 0, 1]
    assert table["departures"].tolist() == [0, 0, 2, 1]
    assert table["new"].tolist() == [2, 1, 0, 0]
    assert table["unique"].tolist() == [2, 3, 3, 3]


def test_samples_and_targets_by_hand():
    frame = np.array([1, 1, 22, 22, 23, 43, 64])
    samples = np.array([1, 22, 43, 64])
    table = check_samples(sample_table(PERSON, frame, samples))
    assert table["n"].tolist() == [2, 2, 1, 1]
    assert table["inflow"].tolist() == [2, 0, 1, 1]
    assert table["outflow"].tolist() == [0, 0, 2, 1]
    assert targets(PERSON, frame, samples) == {"U": 3, "S": 3, "P": 4}
    assert targets(np.array([0, 5]), np.array([1, 1]), samples)["U"] == 1


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), max_size=60))
def test_invariants_hold_for_whatever_was_seen(rows):
    person, interval = np.array(rows, int).reshape(-1, 2).T
    table = check_intervals(interval_table(person, interval, 10))
    check_samples(sample_table(person, interval, np.arange(10)))
    assert table["unique"].iloc[-1] == len(set(person[person > 0]))


def test_a_table_that_contradicts_itself_is_named():
    table = interval_table(PERSON, INTERVAL, 4)
    table.loc[2, "unique"] = 2
    with pytest.raises(CountError, match="row 2"):
        check_intervals(table)


def test_flows_and_curve_by_hand():
    frame = np.array([1, 1, 22, 22, 23, 43, 64])
    truth = sample_table(PERSON, frame, np.array([1, 22, 43, 64]))
    worse = sample_table(np.array([1, 2, 3, 2, 3, 3, 1]), frame, np.array([1, 22, 43, 64]))
    assert scores.flow_errors([truth], [truth]) == {"MIAE": 0, "MOAE": 0}
    # worse has inflow 1, 0, 1 and outflow 1, 1, 1 where the truth has 0, 1, 1 and 0, 2, 1
    assert scores.flow_errors([truth], [worse]) == {"MIAE": 2 / 3, "MOAE": 2 / 3}
    errors = scores.interval_errors(
        interval_table(PERSON, INTERVAL, 4),
        interval_table(np.array([1, 5, 1, 2, 3, 3, 1]), INTERVAL, 4),
    )
    assert errors["curve"] == 0.75
    assert errors["MAE new"] == 0.25


def test_pairs_of_fragments_by_hand():
    found = scores.pairwise(np.array([1, 1, 2, 2, 0]), np.array([1, 1, 1, 2, 2]))
    assert found["precision"] == 0.5
    assert found["recall"] == 0.25
    assert found["F1"] == pytest.approx(2 / 6)
    assert scores.pairwise(np.array([1, 2]), np.array([3, 4]))["F1"] == 1


def test_idf1_by_hand():
    # the best naming is 1 -> a, 2 -> b: 3 of 5 boxes right, one truth box missed
    found = np.array([1, 1, 2, 2, 1])
    truth = np.array([7, 7, 8, 7, 0])
    assert scores.idf1(found, truth, missed=1) == pytest.approx(2 * 3 / (5 + 4 + 1))


def test_oracle_identities_have_no_error_and_lost_people_have():
    boxes = pd.DataFrame({"frame": [1, 1, 22, 22, 23, 43, 64], "interval": [0, 0, 1, 1, 1, 2, 3]})
    boxes = boxes.assign(fragment=range(7), x=np.arange(7) * 50.0, y=0.0, w=20.0, h=50.0,
                         person=[f"P{n}" for n in PERSON])  # fmt: skip
    label, missed = scores.label_boxes(boxes.assign(x=boxes["x"] + 2), boxes)
    assert missed == 0
    samples = np.array([1, 22, 43, 64])
    row = scores.score_video(label, boxes, label, boxes, samples, missed)
    errors = {
        n: v for n, v in row.items() if n.startswith(("error", "MAE", "MIAE", "MOAE", "curve"))
    }
    assert set(errors.values()) == {0}
    assert row["F1"] == row["IDF1"] == 1
    alone = scores.score_video(np.arange(1, 8), boxes, label, boxes, samples)
    assert alone["error U"] == 4
    assert alone["precision"] == 1
    assert alone["recall"] == 0


def test_boxes_take_the_person_they_lie_on():
    truth = pd.DataFrame({"frame": [1, 1], "x": [0.0, 100], "y": 0.0, "w": 20.0, "h": 50.0,
                          "person": ["A", "B"]})  # fmt: skip
    found = pd.DataFrame({"frame": [1, 1, 2], "x": [101.0, 300, 0], "y": 0.0, "w": 20.0, "h": 50.0})
    label, missed = scores.label_boxes(found, truth)
    assert label.tolist() == [2, 0, 0]
    assert missed == 1
