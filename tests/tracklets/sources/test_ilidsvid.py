"""iLIDS-VID: four persons planted in its layout, read by split, then broken."""

import numpy as np
import pytest
from planting import plant, refused, rows, times, told
from scipy import io

from sticc_lib.tracklets.sources import ilidsvid
from sticc_lib.tracklets.table import DataError

PERSONS = ["person001", "person002", "person010", "person319"]
LIST = "train-test people splits/train_test_splits_ilidsvid.mat"
SPLITS = np.array([[3, 1, 4, 2], [4, 2, 1, 3]], np.uint8)  # first half test, second train


def save(root, table=SPLITS, key="ls_set"):
    (root / LIST).parent.mkdir(parents=True, exist_ok=True)
    io.savemat(root / LIST, {key: table})


@pytest.fixture
def root(tmp_path, own_cache):
    for number, person in enumerate(PERSONS):
        for camera in (1, 2):
            for frame in (98, 100, 99)[: 2 + (number + camera) % 2]:
                name = f"i-LIDS-VID/sequences/cam{camera}/{person}/cam{camera}_{person}_{frame:05}"
                plant(tmp_path, name + ".png")
    save(tmp_path)
    return tmp_path


def test_a_split_names_the_sorted_folders_first_half_test_second_train(root):
    reading = ilidsvid.read(root)
    assert not reading.problems
    expected = {"person001": "test", "person002": "train", "person010": "test",
                "person319": "train"}  # fmt: skip
    assert dict(rows(reading, "label", "split")) == expected
    assert rows(reading, "person", "camera") == [(p, c) for p in (1, 2, 3, 4) for c in (1, 2)]
    other = ilidsvid.load(root, 1).tracklets
    assert set(other.loc[other["split"] == "test", "label"]) == {"person319", "person002"}


def test_query_is_camera_one_gallery_camera_two_and_frames_are_in_order(root):
    data = ilidsvid.load(root)
    test = data.tracklets[data.tracklets["split"] == "test"]
    assert test["query"].tolist() == (test["camera"] == 1).tolist()
    assert test["gallery"].tolist() == (test["camera"] == 2).tolist()
    assert not data.tracklets.loc[data.tracklets["split"] == "train", ["query", "gallery"]].any(
        axis=None
    )
    assert times(ilidsvid.read(root))[:2] == [[98, 99, 100], [98, 100]]
    assert data.frames["path"][0] == "sequences/cam1/person001/cam1_person001_00098.png"
    assert data.rule.same_camera_junk
    assert not data.rule.queries_in_gallery


def test_counts_stand_beside_the_expected_ones_and_differ_without_harm(root):
    reading = ilidsvid.read(root)
    table = reading.overview().set_index("quantity")
    assert table.loc["persons", ["found", "expected"]].tolist() == [4, 300]
    assert table.loc["shortest", "found"] == 2
    assert "found 2, the documents say 10" in table.loc["splits", "note"]
    assert reading.splits == 2
    assert ilidsvid.num_splits == 10


def test_the_folder_of_the_sequences_may_be_given_itself(root):
    assert len(ilidsvid.read(root / "i-LIDS-VID").tracklets) == 8


BROKEN = {
    "no list": (lambda r: (r / LIST).unlink(), "the file is missing.*copy train-test people"),
    "list damaged": (lambda r: (r / LIST).write_bytes(b"MATLAB 5.0 nonsense"), "not readable as"),
    "another variable": (lambda r: save(r, key="sets"), "no variable ls_set; it holds sets"),
    "index outside": (lambda r: save(r, SPLITS + 1), r"row 1: index 5 is outside 1\.\.4"),
    "index from zero": (lambda r: save(r, SPLITS - 1), "row 1: index 0 is outside"),
    "person twice": (lambda r: save(r, np.array([[1, 1, 2, 3]])), "person 1 stands there twice"),
    "too few columns": (lambda r: save(r, SPLITS[:, :2]), "a column for each of 4 persons"),
    "no whole number": (lambda r: save(r, SPLITS + 0.5), "row 1: 3.5 is not a whole number"),
    "no camera": (lambda r: (r / "i-LIDS-VID/sequences/cam2").rename(r / "away"),
                  "cam2: the folder is missing.*\n.*person001 has no frame"),
    "person lost": (lambda r: [f.unlink() for f in r.glob("*/*/cam2/person010/*")],
                    "person010 has no frame in .*cam2.person010"),
    "strange name": (lambda r: plant(r, "i-LIDS-VID/sequences/cam1/person001/copy.png"),
                     "copy.png: expected a name like .*cam1_person001_00317.png"),
    "stray image": (lambda r: plant(r, "i-LIDS-VID/sequences/cam1/00001.png"), "expected a name"),
    "frame twice": (lambda r: plant(r, "i-LIDS-VID/sequences/cam1/person001/98.png"),
                    "frame 98 of its tracklet is there twice"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told_with_its_place_and_refused(root, name):
    breaking, message = BROKEN[name]
    breaking(root)
    refused(ilidsvid.read(root), message)


def test_a_split_that_does_not_exist_is_refused(root):
    with pytest.raises(DataError, match="split 2 does not exist; there are 0 to 1"):
        ilidsvid.load(root, 2)
    with pytest.raises(DataError, match="split -1 does not exist"):
        ilidsvid.load(root, -1)


def test_an_empty_or_absent_folder_is_told_not_crashed_on(tmp_path, own_cache):
    assert "missing" in told(ilidsvid.read(tmp_path))
    assert "missing" in told(ilidsvid.read(tmp_path / "nowhere"))
