"""Bars end where visits end, steps are the table's, limits are stated; also of nobody."""

import numpy as np
import pytest
from made_counts import Stay, counted
from matplotlib.patches import StepPatch

from sticc_lib.figures import timeline
from sticc_lib.figures.captions import words
from sticc_lib.figures.clock import clock, time_axis

STAYS = [Stay("A", 1, 40), Stay("B", 11, 30), Stay("A", 61, 90), Stay("C", 50, 52)]


def bars(figure, name):
    found = [c for axes in figure.axes for c in axes.collections if c.get_gid() == name]
    corners = [path.vertices for c in found for path in c.get_paths()]
    return [(v[:, 0].min(), v[:, 0].max(), int(v[:, 1].min())) for v in corners]


def steps(figure, axes):
    return [p.get_data() for p in figure.axes[axes].patches if isinstance(p, StepPatch)]


def test_bars_end_where_visits_end_and_the_unsure_stand_apart(texts):
    count = counted(STAYS, 100)
    figure = timeline.timeline(count)
    expected = [
        (*count.observed.seconds(np.array([low, high + 1])).tolist(), row)
        for row, number in enumerate((1, 2)) for low, high in count.visits(number)
    ]  # fmt: skip
    assert np.array(bars(figure, "visits")) == pytest.approx(np.array(expected))
    assert expected[0] == (0.0, 8.0, 0)
    assert np.array(bars(figure, "unsure")) == pytest.approx(np.array([(9.8, 10.4, 0)]))
    shown = texts(figure)
    assert {"14 s, 2 visits", "4.0 s, 1 visit", "0.6 s, 1 visit"} <= set(shown)
    assert "unsure, not counted: seen for less than 2 s in all" in shown
    assert "2 people so far" in shown


def test_steps_are_those_of_the_table():
    count = counted(STAYS, 95)  # the last interval is short
    figure = timeline.timeline(count)
    present, unique = steps(figure, 1)
    arrivals, departures = steps(figure, 2)
    for step, name in ((present, "present"), (unique, "unique"), (arrivals, "arrivals")):
        assert step.values.tolist() == count.intervals[name].tolist()
    assert (-departures.values).tolist() == count.intervals["departures"].tolist()
    assert present.edges[-1] == pytest.approx(95 / 5)
    spread = [line for line in figure.axes[1].lines if line.get_gid() == "interval"]
    assert spread[0].get_ydata().tolist() == [count.low, count.high]


@pytest.mark.parametrize(("stays", "said"), [([], "nobody was found"), (STAYS[:1], "1 person (")])
def test_one_and_nobody(stays, said, texts):
    figure = timeline.timeline(counted(stays, 25 if not stays else 45))
    held = words(figure)
    assert held is not None
    assert said in held.alt
    assert ("nobody was counted" in texts(figure)) == (not stays)


def test_of_many_those_seen_longest_have_a_row(texts):
    stays = [Stay(f"p{k:02d}", 1 + k, 20 + 3 * k) for k in range(60)]
    figure = timeline.timeline(counted(stays, 240), most=40)
    assert len(bars(figure, "visits")) == 40
    assert "the 40 seen longest of 60" in texts(figure)
    held = words(figure)
    assert held is not None
    assert "Of 60 people the 40 seen longest have a row." in held.caption
    assert {"21", "60"} <= set(texts(figure))
    assert "20" not in [t.get_text() for t in figure.axes[0].texts]
    with pytest.raises(ValueError, match="1 row or more"):
        timeline.timeline(counted(STAYS, 100), most=0)


def test_borders_of_intervals_are_drawn_where_they_can_be_told_apart():
    few, many = (timeline.timeline(counted(STAYS[:1], n, fps=1.0)) for n in (60, 7200))
    for figure, drawn in ((few, 19), (many, 0)):
        lines = [p for c in figure.axes[1].collections for p in c.get_paths()]
        assert len(lines) == drawn
    held = words(many)
    assert held is not None
    assert "so many borders are not drawn" in held.caption


@pytest.mark.parametrize(
    ("seconds", "length", "text"),
    [(12.4, 114, "12 s"), (185, 600, "3:05 min"), (3725, 7200, "1:02:05 h"), (0, 5, "0 s")],
)
def test_times_are_told_as_people_tell_them(seconds, length, text):
    assert clock(seconds, length) == text
    assert clock(seconds, length, bare=True) == text.split()[0]


@pytest.mark.parametrize("stop", [5.0, 114.0, 600.0, 7200.0])
def test_an_axis_has_few_round_times(stop):
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    time_axis(axes, 0.0, stop)
    ticks = axes.get_xticks()
    assert 3 <= len(ticks) <= 10
    assert ticks[0] == 0
    assert ticks[-1] <= stop
    labels = [axes.xaxis.get_major_formatter()(t) for t in ticks]
    assert len(set(labels)) == len(ticks)
