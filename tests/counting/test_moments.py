"""A count at every frame agrees with its tables."""

from dataclasses import replace

import numpy as np
import pytest
from counted_scene import counted_scene

from sticc_lib.counting.moments import Moments


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return counted_scene(tmp_path_factory.mktemp("scene"))


@pytest.fixture(scope="module")
def moments(scene):
    return Moments(scene[1])


def test_numbers_of_frames_are_those_of_the_tables(moments):
    counted = moments.counted
    for k, row in counted.intervals.iterrows():
        about = counted.observed.intervals.loc[k]
        frames = range(int(about["first_frame"]), int(about["last_frame"]) + 1)
        seen = [moments.at(frame) for frame in frames]
        assert {m.interval for m in seen} == {k}
        assert {m.present for m in seen} == {row["present"]}
        assert seen[-1].unique == row["unique"]
        assert max(m.now for m in seen) <= row["present"]
        people = set().union(*(m.persons.tolist() for m in seen)) - {0}
        assert len(people) == row["present"]
        assert seen[0].now == counted.samples.loc[k, "n"]
    assert moments.at(moments.high).unique == counted.unique


def test_who_is_new_was_seen_first_within_an_interval(moments):
    counted = moments.counted
    first = counted.people["first"]
    for frame in range(moments.low, moments.high + 1, 3):
        moment = moments.at(frame)
        every = 3 * counted.observed.fps
        assert moment.new == {
            n for n in first.index if counted.counted[n - 1] and frame - every < first[n] <= frame
        }
        assert set(moment.persons.tolist()) - {0} <= moment.here | {0}
        assert 0 not in moment.here


def test_a_missing_box_does_not_make_somebody_leave(moments):
    counted = moments.counted
    person = int(moments.number[0])
    boxes = counted.observed.boxes
    mine = boxes.loc[counted.of[boxes["fragment"]] == person, "frame"]
    holed = boxes[~((boxes["frame"] == mine.iloc[4]) & boxes.index.isin(mine.index))]
    without = Moments(replace(counted, observed=replace(counted.observed, boxes=holed)))
    moment = without.at(int(mine.iloc[4]))
    assert person not in moment.persons
    assert person in moment.here


def test_the_latest_are_known_and_those_here_come_first(moments):
    for frame in range(moments.low, moments.high + 1, 5):
        moment = moments.at(frame)
        everybody = moments.latest(frame, 99)
        assert len(everybody) == moment.unique
        some = moments.latest(frame, 2)
        assert some == sorted(some)
        assert len(moment.here & set(some)) == min(len(moment.here), 2)


def test_the_busiest_span_holds_as_many_arrivals_as_any(moments):
    counted = moments.counted
    low, high = moments.busiest(6.0)
    assert high - low == pytest.approx(6)
    came = [f for n in moments.number.tolist() for f, _ in counted.visits(n)]
    times = np.array([(f - 1) / counted.observed.fps for f in came])
    times = times[times > 1.0]

    def held(start):
        return ((times >= start + 1 - 1e-9) & (times < start + 6)).sum()

    assert held(low) == max(held(s) for s in np.arange(0, moments.seconds(moments.high) - 6, 0.1))
    assert moments.busiest(6.0, 2.0, 5.0) == (2.0, 5.0)


def test_those_said_to_be_nobody_are_not_drawn(moments):
    counted = moments.counted
    ghost = int(moments.number[0])
    corrected = counted.with_people(counted.of, 1, dropped=counted.of == ghost)
    without = Moments(corrected)
    boxes = counted.observed.boxes
    here = boxes.loc[counted.of[boxes["fragment"]] == ghost, "frame"]
    for frame in here.iloc[::4]:
        assert len(without.at(frame).boxes) == (boxes["frame"] == frame).sum() - 1
    assert without.at(without.high).unique == counted.unique - 1
