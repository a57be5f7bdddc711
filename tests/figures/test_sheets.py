import dataclasses

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from sticc_lib.figures import sheets

LABELS = {"background": 0, "target visible": 1, "target hidden": 2, "occluder": 3}


def pictures(figure):
    return [image for axes in figure.axes for image in axes.images]


def test_a_sheet_shows_every_frame_that_was_asked_for(people, texts):
    figure = sheets.contact_sheet(people, [0, 1, 5], frames=4)
    shown = texts(figure)
    assert len(pictures(figure)) == 12
    assert [t for t in shown if t.startswith("person")] == ["person 1", "person 1", "person 3"]
    assert "3 tracklets of walkers (synthetic)" in shown
    first = np.moveaxis(people.read(np.array([0]))[0], 0, -1)
    assert (pictures(figure)[0].get_array() == first).all()


def test_visibility_stands_as_a_bar_of_its_share(people):
    figure = sheets.contact_sheet(people, [2], frames=6)
    bars = [p.get_width() for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    full, shown = np.array(bars[0::2]), np.array(bars[1::2])
    expected = people.frames.loc[people.frames["tracklet"] == 2, "visibility"]
    assert shown / full == pytest.approx(expected.to_numpy())


def test_masks_tint_their_labels_only_and_are_named(people, texts):
    figure = sheets.contact_sheet(people, [0], masks=LABELS)
    shown = texts(figure)
    assert {"target visible", "target hidden", "occluder"} <= {t.strip() for t in shown}
    plain, labels = people.read(np.array([0]))[0], people.read(np.array([0]), masks=True)[0]
    tinted = np.moveaxis(np.asarray(pictures(figure)[0].get_array()), -1, 0)
    assert (tinted[:, labels == 0] == plain[:, labels == 0]).all()
    assert (tinted[:, labels == 3] != plain[:, labels == 3]).any()


@pytest.mark.parametrize("frames", [1, 2, 6])
def test_headings_of_neighbours_do_not_run_into_each_other(people, texts, frames):
    figure = sheets.contact_sheet(people, frames=frames)
    texts(figure)
    boxes = [t.get_window_extent() for t in figure.axes[0].texts if "%" in t.get_text()]
    starts = [t.get_window_extent() for t in figure.axes[0].texts if "person" in t.get_text()]
    for box in boxes:
        for start in starts:
            same_line = abs(start.y0 - box.y0) < 4
            assert not (same_line and box.x0 < start.x0 < box.x1)


def test_sets_without_visibility_camera_or_visits_are_shown_too(people, texts):
    table = people.tracklets.drop(columns=["visibility", "occlusion"])
    table = table.assign(camera=pd.array([pd.NA] * 8, dtype="Int64"), person=[0, -1] * 4)
    bare = dataclasses.replace(
        people, tracklets=table, frames=people.frames.drop(columns="visibility")
    )
    assert {"distractor", "junk"} <= set(texts(sheets.contact_sheet(bare)))


def test_a_visit_is_called_by_its_name(people, texts):
    table = people.tracklets.assign(visit=[f"A{n}" for n in range(8)])
    shown = texts(sheets.contact_sheet(dataclasses.replace(people, tracklets=table), [3]))
    assert "visit A3" in shown


def test_an_empty_choice_is_refused(people):
    with pytest.raises(ValueError, match="nothing to show"):
        sheets.contact_sheet(people, [])


def test_a_video_frame_has_a_box_and_a_name_for_everybody(texts):
    boxes = pd.DataFrame({"x": [5.0, 60], "y": [10.0, 40], "w": 20.0, "h": 50.0,
                          "person": ["A", "$B"]})  # fmt: skip
    figure = sheets.video_frame(np.zeros((3, 120, 160), np.uint8), boxes, "a frame")
    assert {"A", "$B", "a frame"} <= set(texts(figure))
    held = [p for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    assert [(p.get_x(), p.get_y(), p.get_width()) for p in held] == [(5, 10, 20), (60, 40, 20)]
    assert len({p.get_edgecolor() for p in held}) == 2


def test_a_frame_with_nobody_in_it_is_drawn(texts):
    none = pd.DataFrame(columns=["x", "y", "w", "h", "person"])
    texts(sheets.video_frame(np.zeros((3, 60, 80), np.uint8), none))
