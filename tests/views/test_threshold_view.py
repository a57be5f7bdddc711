"""The threshold view: the slider moves count, people and intervals; at the count's own it is it."""

import dataclasses

import numpy as np
import pytest
from made_counts import Stay, observed

from sticc_lib import views
from sticc_lib.counting.corrections import Corrections
from sticc_lib.counting.counted import Counted
from sticc_lib.counting.evidence import Evidence
from sticc_lib.counting.identify import CountSettings, identify
from sticc_lib.counting.regrouping import Regrouping

STAYS = [Stay("a", 1, 40), Stay("b", 10, 70), Stay("a", 100, 140), Stay("c", 60, 110),
         Stay("b", 120, 160)]  # fmt: skip
SETTINGS = CountSettings(adapt="none", threshold=0.3, least_seconds=1)


@pytest.fixture
def found():
    """Three people, found by features of their own with some noise."""
    seen, rng = observed(STAYS, 170), np.random.default_rng(3)
    looks = rng.normal(size=(3, 12))
    owner = seen.crops["fragment"].to_numpy()
    who = np.array(["abc".index(s.person) for s in STAYS])
    person = who[seen.fragments["track"].to_numpy()[owner] - 1]
    values = (looks[person] + 0.3 * rng.normal(size=(len(owner), 12))).astype(np.float32)
    evidence = Evidence(seen.boxes, seen.fragments, values, owner, seen.fps)
    return Counted.of_found(seen, evidence, identify(evidence, SETTINGS))


def test_at_its_own_threshold_it_is_the_count(found):
    merged = Regrouping.of(found)
    assert found.unique == 3
    assert merged.at(0.3) is merged.counted
    again = merged.at(0.3 + 1e-9)
    assert np.array_equal(again.of, found.of)
    assert np.array_equal(again.counted, found.counted)


@pytest.mark.parametrize("value", [0.0, 0.1, 0.5, 1.2, 2.0])
def test_at_another_threshold_it_is_what_a_recount_would_find(found, value):
    settings = dataclasses.replace(SETTINGS, threshold=value)
    anew = identify(found.evidence, settings)
    now = Regrouping.of(found).at(value)
    assert np.array_equal(now.of, anew.of)
    assert np.array_equal(now.counted, anew.counted)
    assert (now.low, now.high) == (anew.low, anew.high)


def test_fewer_people_the_higher_the_threshold(found):
    merged = Regrouping.of(found)
    low, high = merged.span
    counts = [len(merged.at(t).counted) for t in np.linspace(low, high, 8)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_the_slider_changes_picture_and_words(found):
    view = views.threshold(found)
    view.box  # noqa: B018
    slider = view._live.widget("threshold")
    assert slider.value == pytest.approx(0.3)
    shown = view._live._image.value, view._live._words.value
    slider.value = slider.max
    assert view.state["threshold"] == pytest.approx(slider.max)
    assert view._live._image.value != shown[0]
    assert view._live._words.value != shown[1]
    assert "alert" not in view._live._words.value


@pytest.mark.parametrize("value", [0.0, 0.07, 0.305, 0.4])
def test_curve_and_timeline_tell_one_number(found, value):
    people = Regrouping.of(found).at(value).unique
    words = views.threshold(found, threshold=value).picture().words
    assert f"{people} people at {value:.2f}" in words.title
    assert f"Timeline of {people} people" in words.alt


def test_corrections_hold_at_every_threshold(found):
    made = Corrections().drop(found, 2)
    merged = Regrouping.of(found)
    for value in merged.span:
        now = made.applied(merged.at(value))
        assert len(now.dropped) == 1
        mine = np.flatnonzero(found.of == 2)
        assert not now.person[mine].any()
    plain, hand = views.threshold(found), views.threshold(found, made)
    assert plain.picture() != hand.picture()
    assert "1 correction" in hand.picture().words.caption


def test_the_picture_depends_on_the_state_alone(found):
    view = views.threshold(found, threshold=0.2)
    assert view.picture() == views.threshold(found, **view.state).picture()
    with pytest.raises(ValueError, match="threshold: 9 cannot be chosen"):
        view.set(threshold=9)
