"""Any folder tree: read by a pattern to the expected tables, and refused where it does not fit."""

import numpy as np
import pytest
from planting import picture, plant, refused, rows, times, told, warned

from sticc_lib.tracklets.sources import folder
from sticc_lib.tracklets.sources.pattern import compile_pattern
from sticc_lib.tracklets.table import DataError

IMAGES = ["train/anna/3/0002.jpg", "train/anna/3/0010.jpg", "train/anna/5/0001.jpg",
          "test/ben/3/0001.jpg", "test/ben/4/0001.jpg", "test/cleo/3/0001.jpg"]  # fmt: skip


@pytest.fixture
def root(tmp_path, own_cache):
    return plant(tmp_path, *IMAGES, content=picture())


def test_folders_are_split_person_and_camera_and_names_are_frames(root):
    reading = folder.read(root)
    assert not reading.problems
    assert sorted(rows(reading, "label", "camera", "split", "query", "gallery")) == [
        ("anna", 3, "train", False, False), ("anna", 5, "train", False, False),
        ("ben", 3, "test", True, True), ("ben", 4, "test", True, True),
        ("cleo", 3, "test", False, True),
    ]  # fmt: skip
    assert [2, 10] in times(reading)
    data = reading.to_set().check()
    assert data.rule.same_camera_junk
    assert data.rule.queries_in_gallery
    assert data.read(np.arange(2)).shape == (2, 3, 24, 12)


def test_camera_and_split_and_frame_may_be_absent(tmp_path, own_cache):
    plant(tmp_path, "anna/b.png", "anna/a.png", "ben/x.jpg", content=picture())
    reading = folder.read(tmp_path, pattern="{person}/{}")
    assert rows(reading, "label", "split", "query", "num_frames") == [
        ("anna", "test", False, 2), ("ben", "test", False, 1)
    ]  # fmt: skip
    assert reading.frames["path"].tolist() == ["anna/a.png", "anna/b.png", "ben/x.jpg"]
    assert reading.tracklets["camera"].isna().all()
    assert not reading.to_set().rule.same_camera_junk


def test_tracklets_of_one_person_without_cameras_ask_for_each_other(tmp_path, own_cache):
    plant(tmp_path, "anna/1/1.jpg", "anna/2/1.jpg", "ben/3/1.jpg")
    reading = folder.read(tmp_path, pattern="{person}/{tracklet}/{frame}")
    assert rows(reading, "label", "query") == [("anna", True), ("anna", True), ("ben", False)]


def test_query_and_gallery_folders_set_the_rule(tmp_path, own_cache):
    plant(tmp_path, "query/a_c1_1.jpg", "gallery/a_c2_1.jpg", "gallery/a_c1_7.jpg")
    data = folder.load(tmp_path, pattern="{split}/{person}_c{camera}_{frame}.jpg")
    assert data.tracklets["query"].sum() == 1
    assert data.tracklets["gallery"].sum() == 2
    assert not data.rule.queries_in_gallery


def test_cameras_with_names_are_numbered_and_the_facts_say_how(tmp_path, own_cache):
    plant(tmp_path, "train/a/yard/1.jpg", "train/a/gate/1.jpg")
    data = folder.load(tmp_path)
    assert sorted(data.tracklets["camera"]) == [1, 2]
    assert data.facts["cameras"] == "1 is gate, 2 is yard"


def test_names_of_nobody_are_told_by_the_caller(tmp_path, own_cache):
    plant(tmp_path, "test/0000/1/1.jpg", "test/-1/1/1.jpg", "test/a/1/1.jpg", "test/a/2/1.jpg")
    data = folder.load(tmp_path, distractor="0000", junk="-1").tracklets.set_index("label")
    assert data.loc["0000", ["person", "query", "gallery"]].tolist() == [0, False, True]
    assert data.loc["-1", ["person", "split", "gallery"]].tolist() == [-1, "ignore", False]
    assert set(folder.load(tmp_path).tracklets["person"]) == {1, 2, 3}


def test_the_pattern_of_mars_names_reads_mars_names(tmp_path, own_cache):
    plant(tmp_path, "bbox_test/00-1/00-1C1T0003F002.jpg", "bbox_test/0002/0002C1T0001F001.jpg")
    form = "bbox_test/{}/{person:4}C{camera:1}T{tracklet:4}F{frame:3}.jpg"
    data = folder.load(tmp_path, pattern=form, junk="00-1")
    assert rows(folder.read(tmp_path, pattern=form, junk="00-1"), "label", "camera") == [
        ("00-1", 1), ("0002", 1)
    ]  # fmt: skip
    assert data.tracklets["person"].tolist() == [-1, 1]


BROKEN = {
    "nothing fits": (lambda r: [(r / p).unlink() for p in IMAGES] and plant(r, "a/1.jpg"),
                     r"no image has the form \{split\}.*there are 1, such as 'a/1.jpg'"),
    "no image": (lambda r: [(r / p).unlink() for p in IMAGES], "there is none"),
    "strange split": (lambda r: plant(r, "probe/anna/3/1.jpg"), "split 'probe' is none of train"),
    "frame twice": (lambda r: plant(r, "train/anna/3/2.jpg"), "frame 2 of its tracklet is there t"),
    "huge frame": (lambda r: plant(r, f"train/anna/3/{'9' * 30}.jpg"), "is no sensible number"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told_with_its_place_and_refused(root, name):
    breaking, message = BROKEN[name]
    breaking(root)
    refused(folder.read(root), message)


def test_images_of_another_form_are_counted_and_told_with_an_example(root):
    plant(root, "train/anna/cover.jpg", "notes/readme.png")
    warned(folder.read(root), r"2 of 8 images have another form, such as 'notes/readme.png'")


def test_a_person_in_train_and_test_is_told(root):
    plant(root, "test/anna/9/1.jpg", "test/anna/8/1.jpg", content=picture())
    warned(folder.read(root), "person anna is both in train and in test")


def test_an_absent_folder_and_split_are_told(tmp_path, own_cache):
    found = told(folder.read(tmp_path / "nowhere", 1))
    assert "split 1 does not exist" in found
    assert "nowhere: the folder is missing" in found


PATTERNS = {
    "": "0 characters", "{frame}.jpg": r"\{person\} is missing", "{person": "a brace is not closed",
    "{person}/{who}/{frame}": r"\{who\} is no field", "{person:0}": "the width is 1 to 99",
    "{person:x}": "the width is", "{person}{camera}": r"nothing stands after \{person\}",
    "/{person}/{frame}": "a path below the data folder", "../{person}/{frame}": "a path below",
    "{person}\\{frame}": "a path below", "{person}//{frame}": "a path below", "a" * 300: "300 char",
    "{person}}": "a brace is not closed",
}  # fmt: skip


@pytest.mark.parametrize("text", PATTERNS)
def test_a_pattern_that_is_none_is_refused_with_how_it_is_written(root, text):
    with pytest.raises(DataError, match=PATTERNS[text]):
        compile_pattern(text)
    refused(folder.read(root, pattern=text), PATTERNS[text])


def test_a_field_ends_where_the_character_after_it_first_appears():
    form = compile_pattern("{person}_{camera}/{frame}.jpg")
    assert form.match("a_b/1.jpg") == {"person": "a", "camera": "b", "frame": "1"}
    assert form.match("a_b_c/1.jpg") == {"person": "a", "camera": "b_c", "frame": "1"}
    assert form.match("a/b/1.jpg") is None
    assert form.match("a_b/x.jpg") is None
    assert compile_pattern("{person}/{person}_{frame}").match("a/b_1.PNG") is None
    assert compile_pattern("{person}/{person}_{frame}").match("a/a_1.PNG") == {
        "person": "a", "frame": "1"
    }  # fmt: skip
