"""Counts against what is known: detections, people set aside, the table of ways."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_counts import Stay, counted, true_boxes

from sticc_lib.counting.baselines import Truth
from sticc_lib.experiments.count_scores import Known, boxes_of, detected, known, scored

STAYS = [Stay("A", 1, 40), Stay("B", 1, 40), Stay("K", 10, 30)]


def told(without=()):
    boxes = true_boxes(STAYS)
    out = boxes["person"].isin(without)
    return Known(Truth(boxes[~out], 15, 45), boxes[out])


def test_every_true_box_found_is_recall_and_precision_of_one():
    found = counted(STAYS, 45)
    assert detected(boxes_of(found), told()) == {"recall": 1.0, "precision": 1.0}
    assert len(boxes_of(found)) == 45


def test_misses_and_false_alarms_lower_recall_and_precision():
    found = {n: b.copy() for n, b in boxes_of(counted(STAYS, 45)).items()}
    found[1] = found[1] + [0, 500, 0, 0]  # two true boxes of frame 1 are missed, two false instead
    total = len(true_boxes(STAYS))
    assert detected(found, told()) == {
        "recall": pytest.approx((total - 2) / total),
        "precision": pytest.approx((total - 2) / total),
    }


def test_who_is_set_aside_counts_neither_way():
    found = counted(STAYS, 45)
    aside = told(without=["K"])
    assert detected(boxes_of(found), aside) == {"recall": 1.0, "precision": 1.0}
    assert scored(found, aside)["error U"] == 0
    assert scored(found, aside)["MAE present"] == 0
    unknown = replace(aside, aside=aside.aside.iloc[:0])
    assert scored(found, unknown)["error U"] == 1


def test_the_embedded_truth_has_eleven_people():
    truth = known()["boxes.csv"].truth
    assert truth.boxes["person"].nunique() == 11
    assert len(truth.samples()) == 38


def test_mot15_has_ten_people_where_it_stands_beside(tmp_path):
    rows = [(1, 7, 10, 10, 20, 40, 1), (1, 8, 50, 10, 20, 40, 0), (2, 9, 50, 10, 20, 40, 1)]
    (tmp_path / "gt").mkdir()
    pd.DataFrame(rows).assign(x=-1, y=-1, z=-1).to_csv(
        tmp_path / "gt" / "gt.txt", header=False, index=False
    )
    people = pd.DataFrame({"track_id": [7, 9], "person": ["A", "A"]})
    people.to_csv(tmp_path / "track_to_person.csv", index=False)
    mot = known(tmp_path)["MOT15"]
    assert mot.truth.boxes["frame"].tolist() == [1, 2]
    assert set(mot.truth.boxes["person"]) == {"A"}
    assert np.isin([8], mot.aside["track"].dropna()).all()
