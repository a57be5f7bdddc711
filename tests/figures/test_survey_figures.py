from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from sticc_lib.figures import copies as copy_figures
from sticc_lib.figures import survey as figures
from sticc_lib.figures.captions import words
from sticc_lib.figures.theme import FALSE
from sticc_lib.tracklets import survey
from sticc_lib.tracklets.copies import LIMIT, Copies


@pytest.fixture
def apart(people):
    """Persons 1 and 2 in train, 3 and 4 in test; one pair of frames that are copies, one not."""
    table = people.tracklets.assign(split=["train"] * 4 + ["test"] * 4)
    pairs = pd.DataFrame(
        {"first": [0, 7], "second": [30, 31], "bits": [3, 40], "colour": [1.0, 30.0],
         "copy": [True, False]}
    )  # fmt: skip
    found = Copies(pairs, 1, np.array([3, 40, 90, 3]), {"train": 2, "test": 2}, 48)
    return table, found


def test_bars_of_cameras_hold_all_frames_by_split(people, texts):
    table = people.tracklets.assign(split=["train"] * 4 + ["test"] * 4)
    figure = figures.cameras(survey.by_camera(table), of="mars")
    shown = texts(figure)
    assert [b.get_width() for b in figure.axes[0].patches] == [12, 12, 12, 12]
    assert {"camera 1", "24 in 4 tracklets", "train (24)", "test (24)"} <= set(shown)
    assert "Frames of each camera: MARS" in shown


def test_a_set_without_cameras_is_one_bar(people, texts):
    table = people.tracklets.assign(camera=pd.array([pd.NA] * 8, dtype="Int64"))
    assert "no camera" in texts(figures.cameras(survey.by_camera(table)))


@pytest.mark.parametrize("count", [2, 6, 15, 24])
def test_pairs_of_cameras_are_written_out_where_there_is_room(count, texts):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"person": rng.integers(1, 300, 900), "camera": rng.integers(0, count, 900)}
    )
    shared = survey.camera_pairs(table)
    figure = figures.pairs(shared, survey.cameras_a_person(table))
    shown = texts(figure)
    assert np.asarray(figure.axes[0].images[0].get_array()).tolist() == shared.to_numpy().tolist()
    written = len(figure.axes[0].texts)
    assert written == (count**2 if count <= figures.WRITTEN else 0)
    assert len(shown) > written


def test_sizes_are_all_in_the_picture_and_small_crops_are_counted(texts):
    sizes = pd.DataFrame({"height": [40, 80, 300, 300], "width": [20, 30, 90, 200]})
    figure = figures.crop_sizes(sizes, (128, 64), 10)
    assert "fed to the model: 128 x 64" in texts(figure)
    held = words(figure)
    assert held is not None
    assert "4 of 10 frames" in held.caption
    assert "50 % are lower" in held.caption
    counts = np.ma.filled(figure.axes[0].collections[0].get_array(), 0)
    assert counts.sum() == 4


def test_each_tracklet_is_a_dot_in_its_own_colour(texts):
    means = np.array([[255.0, 0, 0], [0, 255, 0], [10, 20, 250]])
    table = pd.DataFrame(means, columns=["red", "green", "blue"]).assign(camera=["1", "1", "none"])
    figure = figures.camera_colours(table)
    assert {"camera 1", "no camera"} <= set(texts(figure))
    dots = [c for c in figure.axes[1].collections if len(c.get_offsets())]
    colours = np.concatenate([c.get_facecolors()[:, :3] for c in dots])
    assert colours == pytest.approx(means / 255)


def test_shared_persons_stand_out_and_distances_are_all_drawn(apart, texts):
    table, found = apart
    table.loc[4, "label"] = "p$1"
    figure = copy_figures.separation(survey.split_overlap(table), found, of="mars")
    shown = texts(figure)
    assert "What splits have in common: MARS" in shown
    colours = [to_hex(p.get_facecolor()).upper() for p in figure.axes[0].patches]
    assert colours.count(FALSE) == 2
    heights = [p.get_height() for p in figure.axes[1].patches if p.get_width() < LIMIT]
    assert sum(heights) == 4


def test_copies_are_framed_and_named(people, apart, texts):
    table, found = apart
    figure = copy_figures.nearest(replace(people, tracklets=table), found)
    shown = texts(figure)
    assert {"3 bits, 1 levels", "40 bits, 30 levels", "train\nperson 1", "test\nperson 3"} <= set(
        shown
    )
    assert len(figure.axes[0].patches) == 1
