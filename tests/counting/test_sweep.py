"""A curve agrees with the count at its threshold; the plateau is where nothing changes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_counts import Stay, counted, true_boxes

from sticc_lib.counting.identify import CountSettings, identify
from sticc_lib.counting.scores import majority
from sticc_lib.counting.sweep import at, plateau, sweep
from sticc_lib.values import ConfigError

STAYS = [Stay("ABCDE"[k % 5], 1 + 12 * k, 40 + 12 * k) for k in range(12)]
SETTINGS = CountSettings(adapt="none", threshold=0.3, least_seconds=2.0, least_track=1.0)


@pytest.fixture
def evidence():
    return counted(STAYS, 180).evidence


def test_the_curve_is_what_identify_finds_at_each_of_its_thresholds(evidence):
    curve = sweep(evidence, SETTINGS, steps=12)
    assert at(curve, 0.3)["threshold"] == 0.3
    for row in curve.itertuples():
        found = identify(evidence, replace(SETTINGS, threshold=row.threshold))
        assert (found.unique, len(found.counted)) == (row.people, row.groups)


def test_fewer_are_left_the_more_is_merged(evidence):
    curve = sweep(evidence, SETTINGS)
    assert (np.diff(curve["threshold"]) > 0).all()
    assert (np.diff(curve["groups"]) <= 0).all()
    assert curve["groups"].iloc[0] == 12
    assert curve["groups"].iloc[-1] < 12


def test_with_truth_errors_and_identities(evidence):
    curve = sweep(evidence, SETTINGS, truth=true_boxes(STAYS))
    assert (curve["people"] - curve["error"] == 5).all()
    best = at(curve, 0.3)
    assert (best["error"], best["F1"]) == (0, 1.0)
    first = curve.iloc[0]
    assert first["precision"] == 1.0
    assert first["recall"] < 1


def test_a_plateau_ends_where_the_number_of_people_does():
    curve = pd.DataFrame({"threshold": [0.0, 0.1, 0.2, 0.3, 0.4], "people": [9, 5, 5, 5, 3]})
    assert plateau(curve, 0.25) == (0.1, 0.4)
    assert plateau(curve, 0.05) == (-np.inf, 0.1)
    assert plateau(curve, 2.0) == (0.4, np.inf)
    assert plateau(curve, -1.0) == (-np.inf, 0.1)


def test_nobody_and_online(evidence):
    assert sweep(counted([], 25).evidence, SETTINGS)["people"].tolist() == [0]
    with pytest.raises(ConfigError, match="whole"):
        sweep(evidence, replace(SETTINGS, way="online"))


def test_the_label_of_most_boxes_is_the_fragments():
    fragment, label = np.array([0, 0, 0, 1, 1, 2]), np.array([4, 0, 4, 0, 0, 7])
    assert majority(fragment, label).tolist() == [4, 0, 7]
