"""TrackletSet: every violation is named, all at once, and the fingerprint follows the data."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sticc_lib.tracklets.store import ArrayStore, FileStore
from sticc_lib.tracklets.table import DataError, Rule, TrackletSet


def toy(rule=None):
    """Three persons, two cameras, two frames a tracklet; person 3 is a distractor."""
    tracklets = pd.DataFrame(
        {
            "person": [1, 1, 2, 2, 0],
            "label": ["a", "a", "b", "b", "x"],
            "camera": pd.array([1, 2, 1, 2, None], dtype="Int64"),
            "split": "test",
            "query": [True, False, True, False, False],
            "gallery": [False, True, False, True, True],
            "num_frames": 2,
            "source": "toy",
        },
        index=pd.Index([10, 11, 12, 13, 14], name="tracklet"),
    )
    frames = pd.DataFrame({"tracklet": np.repeat(tracklets.index, 2), "time": [1, 5] * 5})
    frames["row"] = np.arange(10)
    pixels = np.arange(10, dtype=np.uint8)[:, None, None, None] + np.zeros((10, 4, 2, 3), np.uint8)
    return TrackletSet("toy", tracklets, frames, ArrayStore(pixels), rule or Rule())


def with_value(data, table, row, column, value):
    changed = getattr(data, table).copy()
    changed[column] = changed[column].astype(object)
    changed.loc[row, column] = value
    return replace(data, **{table: changed.infer_objects()})


def problems(data):
    with pytest.raises(DataError) as caught:
        data.check()
    return str(caught.value)


def test_a_sound_set_passes_and_is_described():
    data = toy().check()
    assert len(data) == 5
    assert "5 tracklets of 2 persons, 2 cameras, 10 frames" in repr(data)
    facts = data.describe().loc["test"]
    assert (facts["persons"], facts["tracklets"], facts["frames"], facts["queries"]) == (
        2,
        5,
        10,
        2,
    )


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "says"),
    [
        ("tracklets", 11, "split", "tset", "tracklet 11: split 'tset' is none of train, val"),
        ("tracklets", 11, "person", -2, "tracklet 11: person -2; expected 1 and up, 0 or -1"),
        ("tracklets", 11, "num_frames", 3, "tracklet 11: num_frames says 3, frames has 2"),
        ("tracklets", 12, "person", 7, r"tracklet 12: query person 7 (b) is absent from the gal"),
        ("tracklets", 12, "person", 0, "tracklet 12: a query cannot be junk or a distractor"),
        ("frames", 3, "time", 1, "frames row 3: tracklet 11 has time 1 twice"),
        ("frames", 3, "time", 0, "frames row 3: not sorted by (tracklet, time)"),
        ("frames", 3, "row", 2, "frames row 3: tracklet 11 has row 2 twice; drop one"),
        ("frames", 3, "row", 99, "frames row 3: pixel row 99 is outside"),
        ("frames", 9, "tracklet", 15, "frames: tracklet 15 is not in tracklets"),
    ],
)
def test_each_violation_is_named(table, row, column, value, says):
    message = problems(with_value(toy(), table, row, column, value))
    assert says in message
    assert message.startswith("toy: ")


def test_numbers_stay_whole_in_messages_beside_a_column_of_shares():
    data = with_value(toy(), "frames", 3, "time", 1)
    data = replace(data, frames=data.frames.assign(visibility=0.5))
    assert "frames row 3: tracklet 11 has time 1 twice" in problems(data)


def test_an_empty_tracklet_is_named():
    data = toy()
    data = replace(data, frames=data.frames[data.frames["tracklet"] != 12].reset_index(drop=True))
    assert "tracklet 12: empty, no frame; drop it or add its frames" in problems(data)


def test_all_violations_stand_in_one_message():
    data = with_value(toy(), "tracklets", 11, "split", "tset")
    data = with_value(data, "tracklets", 13, "num_frames", 4)
    data = with_value(data, "frames", 1, "row", -1)
    message = problems(data)
    assert message.startswith("toy: 4 problem(s)\n")  # without its gallery, query 10 is alone too
    for part in ("'tset'", "num_frames says 4", "pixel row -1", "tracklet 10: query person 1"):
        assert part in message


def test_a_long_list_is_cut_and_says_so():
    data = toy()
    frames = data.frames.loc[data.frames.index.repeat(20)].reset_index(drop=True)
    assert "and 145 more" in problems(replace(data, frames=frames))  # 190 twice, 5 wrong lengths


@pytest.mark.parametrize(
    ("table", "change", "says"),
    [
        ("tracklets", {"person": ["1", "1", "2", "2", "0"]}, "person is"),
        ("tracklets", {"query": [1, 0, 1, 0, 0]}, "query is int64, expected a truth value"),
        ("tracklets", {"num_frames": [2.0, 2, 2, 2, np.nan]}, "num_frames is float64, expected a"),
        ("frames", {"time": np.linspace(0, 1, 10)}, "time is float64, expected a whole number"),
        ("frames", {"x": 0.0, "y": 0.0}, "boxes need x, y, w and h; there is only x, y"),
        ("frames", {"x": 0.0, "y": 0.0, "w": np.nan, "h": 1.0}, "w has no value in rows [0, 1"),
        ("frames", {"x": 0.0, "y": 0.0, "w": "9", "h": 1.0}, "expected a number"),
    ],
)
def test_columns_of_a_wrong_type_are_named(table, change, says):
    data = toy()
    data = replace(data, **{table: getattr(data, table).assign(**change)})
    assert says in problems(data)


@pytest.mark.parametrize("column", ["person", "camera", "split", "query", "gallery", "source"])
def test_missing_columns_are_named(column):
    data = toy()
    data = replace(data, tracklets=data.tracklets.drop(columns=column))
    assert f"tracklets: column {column} is missing" in problems(data)


def test_missing_frame_columns_an_empty_table_and_doubled_numbers_are_named():
    data = toy()
    bare = replace(data, frames=data.frames.drop(columns=["time", "row"]))
    assert "column time is missing" in problems(bare)
    assert "neither a column path nor a column row" in problems(bare)
    assert "the table is empty" in problems(data.subset(np.zeros(5, bool)))
    doubled = replace(data, tracklets=data.tracklets.set_axis([10, 11, 12, 13, 13]))
    assert "numbers that stand twice: [13]" in problems(doubled)
    named = replace(data, tracklets=data.tracklets.set_axis(list("abcde")))
    assert "expected whole numbers" in problems(named)


def test_boxes_without_area_are_named(tmp_path):
    data = toy()
    frames = data.frames.drop(columns="row").assign(
        path=[f"{i}.jpg" for i in range(10)], x=0, y=0, w=[5] * 9 + [0], h=5
    )
    message = problems(replace(data, frames=frames, pixels=FileStore(tmp_path)))
    assert "frames row 9: box without area (w 0, h 5)" in message
    assert "9.jpg is missing" in message


def test_masks_are_checked_like_pixels():
    data = replace(toy(), masks=ArrayStore(np.zeros((9, 4, 2), np.uint8), "masks"))
    assert "masks: frames row 9: pixel row 9 is outside masks (0..8)" in problems(data)


def test_a_query_alone_is_no_match_for_itself():
    data = toy(Rule(queries_in_gallery=True))
    alone = with_value(data, "tracklets", 13, "person", 0)  # person 2 is left with its query only
    assert "tracklet 12: query person 2" in problems(alone)
    both = toy().tracklets.assign(gallery=True)
    assert "tracklet 12" in problems(
        replace(alone, tracklets=both.assign(person=alone.tracklets["person"]))
    )


def test_queries_count_as_gallery_where_the_rule_says_so():
    data = toy()
    data = replace(data, tracklets=data.tracklets.assign(query=[True] * 4 + [False], gallery=False))
    data.check()
    assert "absent" in problems(replace(data, rule=Rule(queries_in_gallery=False)))


def test_queries_and_gallery_meet_within_a_split_only():
    data = with_value(toy(), "tracklets", 11, "split", "val")
    assert "tracklet 10: query person 1 (a) is absent" in problems(data)


def test_the_visit_rule_needs_visits():
    data = toy(Rule(exclude_same_visit=True))
    assert "column visit is missing" in problems(data)
    replace(data, tracklets=data.tracklets.assign(visit=list("abcde"))).check()


def test_subsets_take_their_frames_along_and_align_by_number():
    data = toy()
    half = data.subset(data.tracklets["person"] == 1)
    assert half.tracklets.index.tolist() == [10, 11]
    assert half.frames["tracklet"].tolist() == [10, 10, 11, 11]
    shuffled = (data.tracklets["person"] == 1).iloc[::-1]
    assert data.subset(shuffled).tracklets.index.tolist() == [10, 11]
    assert len(data.split("train")) == 0
    assert len(data.split("train", "test")) == 5


def test_frames_are_found_and_read_by_tracklet():
    data = toy()
    positions = data.subset(data.tracklets["person"] == 2).frame_positions()
    assert {t: p.tolist() for t, p in positions.items()} == {12: [0, 1], 13: [2, 3]}
    assert data.read(data.frame_positions()[13])[:, 0, 0, 0].tolist() == [6, 7]
    with pytest.raises(DataError, match="toy has no masks"):
        data.read(np.array([0]), masks=True)


def test_the_fingerprint_ignores_order_and_follows_everything_else():
    data = toy()
    same = data.fingerprint()
    assert len(same) == 12
    assert replace(data, tracklets=data.tracklets[sorted(data.tracklets)]).fingerprint() == same
    assert replace(data, tracklets=data.tracklets.iloc[::-1]).fingerprint() == same
    assert replace(data, frames=data.frames.iloc[::-1]).fingerprint() == same
    others = [
        with_value(data, "tracklets", 11, "camera", 3),
        with_value(data, "tracklets", 11, "label", "c"),
        with_value(data, "frames", 3, "time", 6),
        replace(data, rule=Rule(same_camera_junk=False)),
        replace(data, pixels=ArrayStore(255 - data.pixels.array)),  # type: ignore[attr-defined]
        data.subset(data.tracklets["person"] > 0),
        replace(data, tracklets=data.tracklets.assign(visit="v")),
    ]
    assert len({same, *(other.fingerprint() for other in others)}) == len(others) + 1


def test_rules_read_as_a_sentence():
    assert str(Rule()) == "single query, same person and camera removed, gallery with the queries"
    assert "own visit removed" in str(Rule(exclude_same_visit=True))
