import numpy as np
import pandas as pd

from sticc_lib.figures import captions, data


def test_every_tracklet_is_counted_once_in_the_lengths(people, texts):
    table = people.tracklets.assign(
        num_frames=[3, 3, 5, 9, 9, 9, 200, 8], split=["train"] * 5 + ["val", "test", "ignore"]
    )
    figure = data.lengths(table)
    shown = texts(figure)
    heights = [p.get_height() for p in figure.axes[0].patches]
    assert sum(heights) == 8
    assert {"train (5)", "val (1)", "test (1)", "ignore (1)", "median 8.5"} <= set(shown)


def test_lengths_that_are_all_the_same_are_drawn(people, texts):
    texts(data.lengths(people.tracklets))


def test_the_heat_map_holds_the_counts_and_names_persons_seen_once(people, texts):
    table = people.tracklets.drop(index=7)  # person 4 keeps camera 1 only
    figure = data.person_camera(table)
    texts(figure)
    counts = np.asarray(figure.axes[0].images[0].get_array())
    assert counts.tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]
    held = captions.words(figure)
    assert held is not None
    assert "(1 here)" in held.caption


def test_a_set_without_cameras_has_one_row(people, texts):
    table = people.tracklets.assign(camera=pd.array([pd.NA] * 8, dtype="Int64"))
    assert "camera none" in texts(data.person_camera(table))


def test_kinds_and_levels_of_occlusion_are_counted(people, texts):
    levels = np.where(people.tracklets["visibility"] > 0.6, "medium", "heavy")
    figure = data.occlusion(people.tracklets, levels)
    shown = texts(figure)
    assert [p.get_width() for p in figure.axes[0].patches] == [3, 3, 2]
    assert f"heavy ({(levels == 'heavy').sum()})" in shown
    assert sum(p.get_height() for p in figure.axes[1].patches) == 8


def test_occlusion_without_levels_and_with_unknown_visibility(people, texts):
    table = people.tracklets.copy()
    table.loc[2, "visibility"] = np.nan
    figure = data.occlusion(table)
    texts(figure)
    assert sum(p.get_height() for p in figure.axes[1].patches) == 7


def test_visits_are_bars_and_those_who_return_stand_out(texts):
    table = pd.DataFrame({
        "label": ["A", "A", "B"], "person": [1, 1, 2], "visit": ["A1", "A2", "B1"],
        "start": [0.0, 30.0, 5.0], "end": [10.0, 42.0, 9.0],
    })  # fmt: skip
    figure = data.visits(table)
    assert {"A1", "A2", "B1", "person A", "person B"} <= set(texts(figure))
    bars = figure.axes[0].patches
    assert [(b.get_x(), b.get_width()) for b in bars] == [(0, 10), (30, 12), (5, 4)]
    assert bars[0].get_facecolor() == bars[1].get_facecolor() != bars[2].get_facecolor()
