"""Image sets in Market-1501's layout: planted, read back, then broken."""

import pytest
from planting import plant, refused, rows, told, warned

from sticc_lib.tracklets.sources import market

TRAIN, QUERY, GALLERY = "bounding_box_train", "query", "bounding_box_test"
IMAGES = [
    f"{TRAIN}/0002_c1s1_000451_03.jpg", f"{TRAIN}/0002_c2s1_000301_01.jpg",
    f"{QUERY}/0001_c1s1_001051_00.jpg", f"{GALLERY}/0001_c3s1_000151_01.jpg",
    f"{GALLERY}/0000_c1s1_000151_02.jpg", f"{GALLERY}/-1_c1s1_000401_03.jpg",
]  # fmt: skip


@pytest.fixture
def root(tmp_path, own_cache):
    return plant(tmp_path, *IMAGES)


def test_every_image_is_a_tracklet_and_0000_and_minus_1_are_nobody(root):
    reading = market.read(root)
    assert not reading.problems
    columns = ("label", "person", "camera", "split", "query", "gallery", "num_frames")
    assert sorted(rows(reading, *columns)) == [
        ("-1", -1, 1, "ignore", False, False, 1), ("0000", 0, 1, "test", False, True, 1),
        ("0001", 1, 1, "test", True, False, 1), ("0001", 1, 3, "test", False, True, 1),
        ("0002", 2, 1, "train", False, False, 1), ("0002", 2, 2, "train", False, False, 1),
    ]  # fmt: skip
    data = reading.to_set()
    assert data.rule.same_camera_junk
    assert not data.rule.queries_in_gallery


def test_0000_may_be_a_person_where_a_set_has_no_distractors(root):
    reading = market.read(root, distractor="")
    assert (reading.tracklets["person"] == 0).sum() == 0
    assert reading.tracklets["person"].max() == 3


def test_names_of_other_sets_in_this_layout_are_read_too(root):
    plant(root, f"{TRAIN}/0101_c14_0012.png", f"{TRAIN}/7_c3-x.JPEG")
    cameras = market.load(root).tracklets.set_index("label")["camera"].to_dict()
    assert (cameras["0101"], cameras["7"]) == (14, 3)


BROKEN = {
    "no gallery": (lambda r: (r / GALLERY).rename(r / "g"), f"{GALLERY}: the folder is missing"),
    "no query": (lambda r: (r / QUERY).rename(r / "q"), f"{QUERY}: the folder is missing"),
    "empty": (lambda r: [f.unlink() for f in (r / TRAIN).iterdir()], "train: holds no image"),
    "no person": (lambda r: plant(r, f"{TRAIN}/c1s1_000451_03.jpg"), "expected a name like"),
    "no camera": (lambda r: plant(r, f"{TRAIN}/0002_000451.jpg"), "expected a name like"),
    "minus 2": (lambda r: plant(r, f"{TRAIN}/-2_c1s1_000451_03.jpg"), "expected a name like"),
    "deeper": (lambda r: plant(r, f"{TRAIN}/a/0002_c1s1_000451_03.jpg"), "expected a name like"),
    "query is junk": (lambda r: plant(r, f"{QUERY}/-1_c1s1_000451_03.jpg"), "03.jpg: -1 is junk"),
    "query is nobody": (lambda r: plant(r, f"{QUERY}/0000_c1s1_000451_03.jpg"), "0000 is junk"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told_with_its_place_and_refused(root, name):
    breaking, message = BROKEN[name]
    breaking(root)
    refused(market.read(root), message)


def test_a_thousand_strange_names_are_told_briefly(root):
    plant(root, *(f"{TRAIN}/{n}.jpg" for n in range(1000)))
    found = told(market.read(root))
    assert found.count("expected a name like") == 20
    assert "(and 980 more like this)" in found


def test_a_query_without_a_match_is_told_but_read(root):
    plant(root, f"{QUERY}/0077_c1s1_000451_03.jpg")
    warned(market.read(root), "1 of 2 queries have no match .*person 0077")
