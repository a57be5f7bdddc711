"""Blurred heads: nothing but a few means is left of them, and nothing else is touched."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from made_videos import make

from sticc_lib.counting import anonymise
from sticc_lib.counting.anonymise import blur_crops, blur_frame, blur_kept, covering, heads
from sticc_lib.counting.boxfile import FromFile
from sticc_lib.counting.observe import observe
from sticc_lib.counting.video import Video
from sticc_lib.run import RunError
from sticc_lib.tracklets.store import resize

RNG = np.random.default_rng(0)
BOX = np.array([[60.5, 32.75, 45, 97.5]])
"""Its region is 60 x 45: four cells of 15 pixels by three."""


def face(seed, size=40):
    """Eyes, nose and mouth at random places, uint8 [size, size, 3]."""
    rng = np.random.default_rng(seed)
    picture = np.full((size, size, 3), rng.integers(120, 200), np.uint8)
    for _ in range(8):
        y, x = rng.integers(0, size - 8, 2)
        picture[y : y + rng.integers(3, 8), x : x + rng.integers(3, 8)] = rng.integers(0, 256, 3)
    return picture


def part(image, region):
    x, y, w, h = region
    low, high = np.floor([x, y]).astype(int), np.ceil([x + w, y + h]).astype(int)
    return image[max(low[1], 0) : max(high[1], 0), max(low[0], 0) : max(high[0], 0)]


def inside(shape, boxes):
    mask = np.zeros(shape[:2], bool)
    for region in heads(boxes):
        part(mask, region)[...] = True
    return mask


def likeness(one, other):
    return np.corrcoef(one.astype(float).ravel(), other.astype(float).ravel())[0, 1]


def test_faces_of_the_same_cell_means_cannot_be_told_apart():
    region = heads(BOX)[0]
    low, high = np.floor(region[:2]).astype(int), np.ceil(region[:2] + region[2:]).astype(int)
    cell = (high - low).max() / anonymise.CELLS
    assert cell == int(cell)
    across, down = (high - low) // int(cell)
    one = RNG.integers(0, 256, (160, 180, 3), dtype=np.uint8)
    other = one.copy()
    edges_x = [low[0] + round((high - low)[0] * k / across) for k in range(across + 1)]
    edges_y = [low[1] + round((high - low)[1] * k / down) for k in range(down + 1)]
    assert np.ptp(np.diff(edges_x)) == np.ptp(np.diff(edges_y)) == 0
    for top, bottom in pairwise(edges_y):
        for left, right in pairwise(edges_x):
            block = other[top:bottom, left:right]
            shuffled = block.reshape(-1, 3).copy()
            RNG.shuffle(shuffled)
            block[...] = shuffled.reshape(block.shape)
    assert likeness(part(one, region), part(other, region)) < 0.2
    apart = blur_frame(one, BOX).astype(int) - blur_frame(other, BOX)
    assert np.abs(part(apart, region)).max() <= 1  # means are rounded in two steps


def test_what_is_left_of_a_face_does_not_tell_whose_it_was():
    """Of ten faces, the blurred picture does not find its own by what is fine in it."""
    region, hits = heads(BOX)[0], 0
    for seed in range(10):
        image = np.full((160, 180, 3), 128, np.uint8)
        image[22:62, 62:102] = face(seed)
        left = part(blur_frame(image, BOX), region).astype(float)
        fine = left - 0.25 * sum(np.roll(left, s, a) for s in (3, -3) for a in (0, 1))
        sharp = part(image, region).astype(float)
        sharp = sharp - 0.25 * sum(np.roll(sharp, s, a) for s in (3, -3) for a in (0, 1))
        inner = np.s_[4:-4, 4:-4]
        assert fine[inner].std() < 0.06 * sharp[inner].std()
        hits += likeness(left[inner], sharp[inner]) > 0.5
    assert hits == 0


def test_pixels_outside_the_heads_stay_and_the_input_is_left_alone():
    image = RNG.integers(0, 256, (160, 180, 3), dtype=np.uint8)
    before = image.copy()
    boxes = np.array([[60.0, 30, 40, 100, 0.9], [70, 40, 40, 100, 0.8], [5, 60, 12, 30, 0.7]])
    blurred = blur_frame(image, boxes)
    np.testing.assert_array_equal(image, before)
    mask = inside(image.shape, boxes)
    np.testing.assert_array_equal(blurred[~mask], image[~mask])
    assert (blurred[mask] != image[mask]).any(axis=1).mean() > 0.9


@pytest.mark.parametrize(
    "box", [(-20, -5, 40, 90), (150, 100, 60, 120), (0, 0, 1, 1), (90, 1, 3, 6), (0, 0, 180, 160)]
)
def test_edges_and_tiny_boxes_are_blurred_as_coarsely(box):
    image = RNG.integers(0, 256, (160, 180, 3), dtype=np.uint8)
    boxes = np.array([box], float)
    blurred = part(blur_frame(image, boxes), heads(boxes)[0])
    was = part(image, heads(boxes)[0])
    assert blurred.size
    steps = np.abs(np.diff(blurred.astype(int), axis=1)).mean()
    assert steps < 0.3 * np.abs(np.diff(was.astype(int), axis=1)).mean()


def test_a_head_that_is_cut_by_the_edge_has_no_smaller_cells():
    image = RNG.integers(0, 256, (160, 180, 3), dtype=np.uint8)
    boxes = np.array([[-36.0, 40, 40, 100]])  # some pixels of it are in the picture
    region = heads(boxes)[0]
    left = part(blur_frame(image, boxes), region)
    assert 0 < left.shape[1] < region[3] / anonymise.CELLS * 1.5
    assert (left == left[:, :1]).all()  # one cell across


def test_no_boxes_or_boxes_outside_change_nothing():
    image = RNG.integers(0, 256, (60, 80, 3), dtype=np.uint8)
    np.testing.assert_array_equal(blur_frame(image, np.empty((0, 5))), image)
    np.testing.assert_array_equal(blur_frame(image, np.array([[200, 200, 20, 40.0]])), image)


def test_the_region_grows_where_boxes_are_small_or_wide():
    tall, small, wide = heads(np.array([[50, 50, 40, 100], [50, 50, 8, 20], [50, 50, 80, 100.0]]))
    assert small[3] / 20 > tall[3] / 100
    assert wide[3] > tall[3]  # a box that ends at the hips
    assert heads(np.array([[0, 0, 300, 50.0]]))[0][3] <= 50 * 1.1 + 6 + 1e-9


def test_crops_lose_their_heads_and_keep_their_feet():
    crops = RNG.integers(0, 256, (3, 3, 128, 64), dtype=np.uint8)
    blurred = blur_crops(crops)
    assert blurred.shape == crops.shape
    np.testing.assert_array_equal(blurred[:, :, 50:], crops[:, :, 50:])
    assert np.abs(np.diff(blurred[:, :, :30].astype(int), axis=2)).mean() < 20
    assert blur_crops(crops[:0]).shape == (0, 3, 128, 64)


def test_a_track_is_covered_in_its_gaps_and_beyond_its_ends():
    frames = [10, 11, 12, 13, 20]
    boxes = pd.DataFrame({"frame": frames, "track": 1, "x": np.array(frames) * 2.0, "y": 30.0,
                          "w": 10.0, "h": 25.0})  # fmt: skip
    found = covering(boxes, fps=6)
    assert found["frame"].tolist() == list(range(4, 27))
    np.testing.assert_allclose(found["x"][:17], 2.0 * found["frame"][:17])  # moved on, and between
    assert (found[["y", "w", "h"]] == [30, 10, 25]).all(axis=None)
    assert len(covering(boxes[:0], 6)) == 0


SIZE = (64, 32)


def crowd(frames=30):
    rows = [(f, x, 10.0, 14.0, 30.0) for f in range(1, frames + 1) for x in (4.0, 15.0, 40.0)]
    return pd.DataFrame(rows, columns=["frame", "x", "y", "w", "h"])


def test_what_is_kept_on_disk_never_had_a_head(tmp_path):
    video = Video.open(make(tmp_path / "a.mp4", 30))
    plain = observe(video, FromFile.of(crowd(), video), tmp_path / "plain", size=SIZE)
    seen = observe(video, FromFile.of(crowd(), video), tmp_path / "run", size=SIZE, anonymise=True)
    pd.testing.assert_frame_equal(seen.crops, plain.crops)
    frames = {f.number: f.pixels for f in video.frames()}
    rows = seen.crops["row"].to_numpy()
    kept = dict(zip(rows.tolist(), seen.pixels.read(rows), strict=True))
    for crop in seen.crops.itertuples():
        boxes = seen.boxes[seen.boxes["frame"] == crop.frame]
        corners = boxes[["x", "y", "w", "h"]].to_numpy()
        whole = blur_frame(frames[crop.frame], corners)
        x, y, w, h = corners[(boxes["fragment"] == crop.fragment).to_numpy()][0].astype(int)
        expected = whole[y : y + h, x : x + w]  # the neighbour's head is in it, and blurred
        wanted = resize(np.moveaxis(expected, 2, 0)[None], SIZE)[0]
        np.testing.assert_array_equal(kept[crop.row], wanted)
    with pytest.raises(RunError, match="anonymise"):
        observe(video, FromFile.of(crowd(), video), tmp_path / "run", size=SIZE)


def test_kept_crops_lose_the_heads_of_neighbours_too(tmp_path):
    video = Video.open(make(tmp_path / "a.mp4", 30))
    seen = observe(video, FromFile.of(crowd(), video), tmp_path / "run", size=SIZE)
    rows = seen.crops["row"].to_list()
    before, after = seen.pixels.read(np.array(rows)), blur_kept(seen, rows)
    assert after.shape == before.shape
    track = seen.crops["fragment"].map(seen.fragments["track"]).to_numpy()
    left = track == seen.boxes.loc[seen.boxes["x"] == 4.0, "track"].iloc[0]
    # the second person's head reaches into the first one's box; all heads end above row 45
    np.testing.assert_array_equal(after[:, :, 45:], before[:, :, 45:])
    rough = [
        np.abs(np.diff(c[left][:, :, :25].astype(int), axis=2)).mean() for c in (before, after)
    ]
    assert left.any()
    assert rough[1] < 0.5 * rough[0]
