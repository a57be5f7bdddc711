"""Re-entry: crops and visits rank other visits only."""

import numpy as np
import pytest
from tiny import SIZE, Colours, CountingStore, Maps, tiny_set

from sticc_lib.config import EvalConfig
from sticc_lib.retrieval.visits import reentry, single_crops
from sticc_lib.tracklets.table import Rule

RULE = Rule(same_camera_junk=False, exclude_same_visit=True)
# visits A1 A2 of person 1, B1 B2 of person 2, C1 of person 3, who never comes back
VISITS = {"person": [1, 1, 2, 2, 3], "visit": ["A1", "A2", "B1", "B2", "C1"],
          "query": [True, True, True, True, False]}  # fmt: skip
GREY = [[10, 12], [40, 44], [46, 200], [210], [42, 43]]


def grey_set(rule=RULE):
    """A set whose frames are plain greys, one list a visit."""
    data = tiny_set(tuple(map(len, GREY)), rule, **VISITS)
    levels = np.concatenate(GREY).astype(np.uint8)
    pixels = np.broadcast_to(levels[:, None, None, None], (len(levels), *SIZE, 3)).copy()
    object.__setattr__(data, "pixels", CountingStore(pixels, "grey"))
    return data


def test_single_crops_are_tracklets_of_one_frame_in_the_same_order():
    data = grey_set()
    crops = single_crops(data).check()
    assert len(crops) == len(data.frames) == 9
    assert (
        crops.tracklets["visit"].tolist()
        == ["A1"] * 2 + ["A2"] * 2 + ["B1"] * 2 + ["B2"] + ["C1"] * 2
    )
    assert crops.tracklets["tracklet_of"].tolist() == data.frames["tracklet"].tolist()
    assert crops.tracklets.index.name == "tracklet"
    np.testing.assert_array_equal(crops.read(np.arange(9)), data.read(np.arange(9)))


def test_frame_map_and_visit_rank1_by_hand():
    found = reentry(Colours(), grey_set(), EvalConfig(), progress=False)
    by_hand = []
    levels, visit = np.concatenate(GREY), np.repeat(VISITS["visit"], list(map(len, GREY)))
    person = np.repeat(VISITS["person"], list(map(len, GREY)))
    for q in np.flatnonzero(person != 3):
        others = np.flatnonzero(visit != visit[q])
        order = others[np.argsort(np.abs(levels[others] - levels[q]), kind="stable")]
        hits = 1 + np.flatnonzero(person[order] == person[q])
        by_hand.append(np.mean(np.arange(1, len(hits) + 1) / hits))
    # 10 and 12 both see 40 42 43 44 46 ...: their own A2 at ranks 1 and 4
    assert by_hand[:2] == [(1 + 2 / 4) / 2] * 2
    numbers = found.to_dict()
    assert numbers["frame_mAP"] == pytest.approx(np.mean(by_hand))
    assert numbers["frame_queries"] == 7
    # visits at 11, 42, 123, 210, 42.5: A1 -> A2 (31 away, C1 31.5), A2 -> C1, B1 -> C1 (80.5,
    # A2 81, B2 87), B2 -> B1
    assert found.visits.first_hit.tolist() == [1, 2, 3, 1]
    assert numbers["visit_rank1"] == 0.5
    assert numbers["visit_queries"] == 4


def test_cached_maps_of_the_visits_serve_single_crops_too():
    data = grey_set()
    pixels = reentry(Colours(), data, EvalConfig(), progress=False)
    maps = reentry(Colours(), data, EvalConfig(), Maps(data), progress=False)
    assert maps.to_dict() == pixels.to_dict()


def test_another_rule_or_a_set_without_visits_is_refused():
    with pytest.raises(ValueError, match="other visits of any camera"):
        reentry(Colours(), grey_set(Rule()), EvalConfig(), progress=False)
    with pytest.raises(ValueError, match="column visit"):
        reentry(Colours(), tiny_set(), EvalConfig(), progress=False)
