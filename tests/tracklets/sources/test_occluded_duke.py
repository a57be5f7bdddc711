"""Occluded-Duke as groups and as images: planted, read back both ways, then broken."""

import pytest
from planting import plant, refused, rows, times, warned

from sticc_lib.tracklets.sources import occluded_duke, occluded_duke_images

TRAIN, QUERY, GALLERY = "bounding_box_train", "query", "bounding_box_test"
IMAGES = [
    f"{TRAIN}/0001_c2_f0046182.jpg", f"{TRAIN}/0001_c2_f0046062.jpg",
    f"{TRAIN}/0001_c3_f0046302.jpg", f"{QUERY}/0005_c1_f0000010.jpg",
    f"{QUERY}/0005_c1_f0000009.jpg", f"{GALLERY}/0005_c1_f0000011.jpg",
    f"{GALLERY}/0005_c4_f0000100.jpg", f"{GALLERY}/0005_c4_f0000200.jpg",
    f"{GALLERY}/0009_c8_f0000001.jpg",
]  # fmt: skip
BOTH = pytest.mark.parametrize("source", [occluded_duke, occluded_duke_images])


@pytest.fixture
def root(tmp_path, own_cache):
    return plant(tmp_path, *IMAGES)


def test_images_of_one_person_under_one_camera_are_a_tracklet_in_order(root):
    reading = occluded_duke.read(root)
    assert not reading.problems
    columns = ("label", "camera", "split", "query", "gallery", "num_frames")
    assert sorted(rows(reading, *columns)) == [
        ("0001", 2, "train", False, False, 2), ("0001", 3, "train", False, False, 1),
        ("0005", 1, "test", False, True, 1), ("0005", 1, "test", True, False, 2),
        ("0005", 4, "test", False, True, 2), ("0009", 8, "test", False, True, 1),
    ]  # fmt: skip
    assert [46062, 46182] in times(reading)
    assert [9, 10] in times(reading)
    assert reading.to_set().rule.same_camera_junk


def test_the_image_protocol_has_a_tracklet_for_each_image(root):
    reading = occluded_duke_images.read(root)
    assert not reading.problems
    assert rows(reading, "num_frames") == [(1,)] * len(IMAGES)
    assert sorted(reading.to_set().frames["path"]) == sorted(IMAGES)
    assert reading.tracklets["query"].sum() == 2
    assert set(reading.tracklets.loc[reading.tracklets["label"] == "0005", "person"]) == {2}


def test_groups_and_images_are_counted_beside_what_the_lists_say(root):
    groups, images = (s.read(root).overview().set_index("quantity")
                      for s in (occluded_duke, occluded_duke_images))  # fmt: skip
    assert groups.loc["queries", ["found", "expected"]].tolist() == [1, 858]
    assert groups.loc["gallery", ["found", "expected"]].tolist() == [4 - 1, 2636]
    assert groups.loc["query images", ["found", "expected"]].tolist() == [2, 2210]
    assert images.loc["query images", ["found", "expected"]].tolist() == [2, 2210]


@BOTH
def test_the_withdrawal_of_2019_is_among_the_facts(root, source):
    assert "withdrew in 2019" in source.load(root).facts["ethics"]


@BOTH
def test_the_folder_as_unpacked_is_understood_too(tmp_path, own_cache, source):
    plant(tmp_path / "Occluded_Duke", *IMAGES)
    assert len(source.load(tmp_path).frames) == len(IMAGES)


BROKEN = {
    "no train": (lambda r: (r / TRAIN).rename(r / "t"), f"{TRAIN}: the folder is missing"),
    "no query": (lambda r: (r / QUERY).rename(r / "q"), f"{QUERY}: the folder is missing"),
    "empty": (lambda r: [f.unlink() for f in (r / GALLERY).iterdir()], "holds no image"),
    "Market's names": (lambda r: plant(r, f"{TRAIN}/0002_c1s1_000451_03.jpg"),
                       f"expected a name like {TRAIN}/0001_c2_f0046182.jpg"),
    "no camera": (lambda r: plant(r, f"{QUERY}/0002_f0046182.jpg"), "expected a name like"),
    "deeper": (lambda r: plant(r, f"{QUERY}/0002/0002_c1_f0046182.jpg"), "expected a name like"),
    "no number": (lambda r: plant(r, f"{TRAIN}/0001_c2_f00991{'0' * 9}.jpg"),
                  "frame 009910+ is no sensible number"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
@BOTH
def test_what_is_broken_is_told_with_its_place_and_refused(root, source, name):
    breaking, message = BROKEN[name]
    breaking(root)
    refused(source.read(root), message)


def test_the_same_frame_twice_in_a_group_is_refused(root):
    plant(root, f"{TRAIN}/0001_c2_f46182.jpg")
    refused(occluded_duke.read(root), "frame 46182 of its tracklet is there twice")


@BOTH
def test_a_query_seen_by_its_own_camera_only_is_told_but_read(root, source):
    plant(root, f"{QUERY}/0009_c8_f0000005.jpg")
    warned(source.read(root), "queries have no match in the gallery .*person 0009")
