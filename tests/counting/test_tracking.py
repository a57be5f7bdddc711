"""Short tracks on planted paths: of one person each, however people cross, leave and return."""

import numpy as np
import pandas as pd
import pytest

from sticc_lib.counting.boxes import clip, covered, hits, iou, suppress
from sticc_lib.counting.tracking import Tracker, short_tracks

FPS = 7


def path(person, frames, x, y=100.0, pace=0.0, w=30.0, h=80.0):
    """Boxes of somebody who walks at `pace` pixels a frame."""
    steps = np.asarray(list(frames))
    moved = x + pace * (steps - steps[0])
    return pd.DataFrame({"frame": steps, "x": moved, "y": y, "w": w, "h": h, "person": person})


def tracked(*paths, fps=FPS, seed=0):
    """All boxes, shuffled within frames, trembling a little, with their tracks."""
    boxes = pd.concat(paths).sample(frac=1, random_state=seed).sort_values("frame", kind="stable")
    boxes = boxes.reset_index(drop=True)
    trembling = np.random.default_rng(seed).normal(0, 0.7, (len(boxes), 4))
    boxes[["x", "y", "w", "h"]] += trembling
    return boxes.assign(track=short_tracks(boxes, fps)["track"])


def test_people_apart_are_one_track_each():
    boxes = tracked(*(path(p, range(1, 40), 100 * p, pace=2 * p) for p in range(5)))
    assert (boxes.groupby("track")["person"].nunique() == 1).all()
    assert boxes["track"].nunique() == 5


@pytest.mark.parametrize("pace", [4.0, 8.0, 15.0])
def test_two_who_cross_are_never_one_track_on_both_sides(pace):
    right = path("right", range(1, 60), 100, pace=pace)
    left = path("left", range(1, 60), 100 + 60 * pace, y=104, pace=-pace)
    boxes = tracked(right, left)
    together = iou(right[["x", "y", "w", "h"]], left[["x", "y", "w", "h"]]).diagonal() > 0.1
    meeting = right["frame"].to_numpy()[together]
    before, after = boxes["frame"] < meeting.min(), boxes["frame"] > meeting.max()
    assert (boxes[before | after].groupby("track")["person"].nunique() == 1).all()
    assert boxes["track"].nunique() <= 8


def test_one_who_is_swallowed_by_another_cuts_the_track_of_both():
    front = path("front", range(1, 60), 200)
    behind = path("behind", [*range(1, 20), *range(40, 60)], 70, pace=6.0)  # unseen in between
    behind["x"] = 80 + 6.0 * behind["frame"]
    boxes = tracked(front, behind)
    assert (boxes.groupby("track")["person"].nunique() == 1).all()
    of_front = boxes[boxes["person"] == "front"].groupby("track")["frame"].agg(["min", "max"])
    assert not ((of_front["min"] < 15) & (of_front["max"] > 45)).any()


def test_a_short_gap_is_bridged_and_a_long_one_is_not():
    def seen(gap):
        frames = [*range(1, 15), *range(15 + gap, 35)]
        boxes = path("one", frames, 50)
        boxes["x"] = 50 + 5.0 * boxes["frame"]
        return tracked(boxes)["track"].nunique()

    assert seen(2) == 1
    assert seen(8) == 2


def test_who_leaves_and_whoever_comes_next_are_two():
    boxes = tracked(path("a", range(1, 20), 100), path("b", range(26, 40), 105))
    assert (boxes.groupby("track")["person"].nunique() == 1).all()


def test_a_box_that_jumps_in_size_begins_another_track():
    small, large = path("a", range(1, 10), 100), path("b", range(10, 20), 90, y=60, w=50, h=160)
    boxes = tracked(small, large)
    assert (boxes.groupby("track")["person"].nunique() == 1).all()


def test_half_the_frame_rate_gives_the_same_people():
    paths = [path(p, range(1, 60), 140 * p, pace=6) for p in range(4)]
    half = pd.concat(paths)
    half = half[half["frame"] % 2 == 1]
    assert tracked(half)["track"].nunique() == 4


def test_going_on_from_a_state_changes_nothing():
    boxes = tracked(path("a", range(1, 30), 10, pace=5), path("b", range(1, 30), 160, pace=-5))
    values = boxes[["x", "y", "w", "h"]].to_numpy()
    groups = boxes.groupby("frame").indices
    whole, broken = Tracker(FPS), Tracker(FPS)
    for frame, rows in groups.items():
        if frame == 14:
            state, broken = broken.state(), Tracker(FPS)
            broken.restore(state)
        wanted = whole.update(frame, values[rows])
        assert wanted.tolist() == broken.update(frame, values[rows]).tolist()


def test_no_boxes_and_thousands_are_both_tracked():
    tracker, rng = Tracker(FPS), np.random.default_rng(0)
    assert tracker.update(1, np.empty((0, 5))).tolist() == []
    many = np.column_stack([rng.uniform(0, 4000, (5000, 2)), np.full((5000, 2), 30.0)])
    first = tracker.update(2, many)
    assert len(set(first.tolist())) == 5000
    assert tracker.update(3, np.empty((0, 5))).tolist() == []
    assert len(tracker.update(4, many[:10])) == 10


def test_overlap_is_what_it_is_by_hand():
    left, right = (
        np.array([[0, 0, 10, 10.0]]),
        np.array([[5, 0, 10, 10.0], [0, 0, 5, 10], [20, 0, 1, 1]]),
    )
    np.testing.assert_allclose(iou(left, right), [[50 / 150, 0.5, 0]])
    np.testing.assert_allclose(covered(right, left), [[0.5], [1], [0]])
    assert iou(left, np.empty((0, 4))).shape == (1, 0)


def test_suppression_keeps_the_best_of_each_heap():
    boxes = np.array([[0, 0, 10, 10, 0.5], [1, 0, 10, 10, 0.9], [40, 0, 10, 10, 0.7]])
    assert suppress(boxes, 0.5).tolist() == [1, 2]


def test_boxes_are_cut_at_the_image_and_those_outside_go():
    boxes = np.array(
        [[-5, -5, 10, 10, 1.0], [90, 40, 30, 30, 1], [200, 0, 5, 5, 1], [10, 10, 5, 5, 1]]
    )
    cut = clip(boxes, 100, 50)[:, :4].tolist()
    assert cut == [[0, 0, 5, 5], [90, 40, 10, 10], [10, 10, 5, 5]]


def test_hits_pair_as_many_boxes_as_can_be():
    wanted = np.array([[0, 0, 10, 10.0], [3, 0, 10, 10]])
    found = np.array([[2, 0, 10, 10.0], [3.5, 0, 10, 10]])  # the first is nearer to the second
    assert hits(found, wanted) == [(0, 0), (1, 1)]
    assert hits(found[:0], wanted) == []
