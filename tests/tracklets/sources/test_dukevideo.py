"""DukeMTMC-VideoReID and its occluded sister: planted, read back, then broken."""

import pytest
from planting import plant, refused, rows, times, told, warned

from sticc_lib.tracklets.sources import dukevideo, occluded_duke_video

FRAMES = {  # tracklet: (name of its images, frames)
    "train/0001/0001": ("0001_C1_F{:04}_X{:05}.jpg", (2, 3, 9)),
    "train/0001/0002": ("0001_C5_F{:04}_X{:05}.jpg", (1, 2)),
    "query/0002/0003": ("0002_C1_F{:04}_X{:05}.jpg", (1, 2)),
    "gallery/0002/0004": ("0002_C1_F{:04}_X{:05}.jpg", (1, 2)),
    "gallery/0002/0005": ("0002C6F{:04}X{:05}.jpg", (1, 10, 2)),
    "gallery/0007/0006": ("0007_C2_F{:04}_D{:05}.jpg", (1,)),
}


@pytest.fixture
def root(tmp_path, own_cache):
    for folder, (name, frames) in FRAMES.items():
        plant(tmp_path, *(f"{folder}/{name.format(f, 30000 + f)}" for f in frames))
    return tmp_path


def test_folders_become_splits_and_names_persons_cameras_and_times(root):
    reading = dukevideo.read(root)
    assert not reading.problems
    columns = ("label", "camera", "split", "query", "gallery")
    assert sorted(rows(reading, *columns)) == [
        ("0001", 1, "train", False, False), ("0001", 5, "train", False, False),
        ("0002", 1, "test", False, True), ("0002", 1, "test", True, False),
        ("0002", 6, "test", False, True), ("0007", 2, "test", False, True),
    ]  # fmt: skip
    data = reading.to_set()
    assert data.tracklets.set_index("label")["person"].to_dict() == {"0001": 1, "0002": 2,
                                                                    "0007": 0}  # fmt: skip
    assert sorted(times(reading)) == [[1], [1, 2], [1, 2], [1, 2], [1, 2, 10], [2, 3, 9]]
    assert not data.rule.queries_in_gallery
    assert data.rule.same_camera_junk


def test_the_older_names_are_read_like_the_newer(root):
    data = dukevideo.load(root)
    old = data.frames[data.frames["path"].str.contains("0002C6")]
    assert old["time"].tolist() == [1, 2, 10]
    assert data.tracklets.loc[old["tracklet"], "camera"].unique().tolist() == [6]


def test_who_is_in_the_gallery_without_a_query_is_counted_as_distractor(root):
    table = dukevideo.read(root).overview().set_index("quantity")
    assert table.loc["distractor persons", ["found", "expected"]].tolist() == [1, 408]
    assert table.loc["distractor tracklets (0)", "found"] == 1
    assert table.loc["train images", ["found", "expected"]].tolist() == [5, 369_656]


@pytest.mark.parametrize("source", [dukevideo, occluded_duke_video])
def test_the_withdrawal_of_2019_is_among_the_facts(root, source):
    facts = source.load(root).facts
    assert "withdrew in 2019" in facts["ethics"]
    assert ("unverified" in facts) == (source is occluded_duke_video)


def test_the_data_set_may_lie_one_folder_deeper(root, tmp_path):
    below = tmp_path / "all" / "DukeMTMC-VideoReID"
    below.mkdir(parents=True)
    for name in ("train", "query", "gallery"):
        (root / name).rename(below / name)
    assert len(dukevideo.load(tmp_path / "all")) == 6


IMAGE = "0001_C1_F0005_X30005.jpg"
BROKEN = {
    "no query folder": (lambda r: (r / "query").rename(r / "q"), "query: the folder is missing"),
    "empty gallery": (lambda r: [f.unlink() for f in r.glob("gallery/*/*/*")], "holds no image"),
    "strange name": (lambda r: plant(r, "train/0001/0001/1.jpg"), "1.jpg: expected a name like "
                     "train/0001/0003/0001_C6_F0099_X30823.jpg"),
    "half new, half old": (lambda r: plant(r, "train/0001/0001/0001_C1F0005_X30005.jpg"),
                           "expected a name like"),
    "stray image": (lambda r: plant(r, f"train/{IMAGE}"), "expected a name like"),
    "person in another's folder": (lambda r: plant(r, f"train/0003/0009/{IMAGE}"),
                                   "person 0001 in the folder of person 0003"),
    "two cameras": (lambda r: plant(r, f"train/0001/0002/{IMAGE}"),
                    "camera 1 in a tracklet of camera 5"),
    "frame twice": (lambda r: plant(r, "train/0001/0001/0001_C1_F0002_X99999.jpg"),
                    "frame 2 of its tracklet is there twice"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("source", [dukevideo, occluded_duke_video])
def test_what_is_broken_is_told_with_its_place_and_refused(root, source, name):
    breaking, message = BROKEN[name]
    breaking(root)
    refused(source.read(root), message)


def test_marks_that_disagree_and_queries_without_a_match_are_told_but_read(root):
    plant(root, "gallery/0002/0008/0002_C3_F0001_D30001.jpg")
    reading = dukevideo.read(root)
    warned(reading, "person 0002 is marked D .distractor., but also X or a query")
    assert set(reading.tracklets.loc[reading.tracklets["label"] == "0002", "person"]) == {2}
    plant(root, "query/0009/0010/0009_C3_F0001_X30001.jpg")
    warned(dukevideo.read(root), "1 of 2 queries have no match .*the first of them person 0009")


def test_a_person_in_train_and_in_test_is_told(root):
    plant(root, "gallery/0001/0008/0001_C3_F0001_X30001.jpg")
    warned(dukevideo.read(root), "person 0001 is both in train and in test; scores would be too go")


def test_other_splits_and_absent_folders_are_told(root, tmp_path):
    assert "split 1 does not exist; there is only split 0" in told(dukevideo.read(root, 1))
    found = told(occluded_duke_video.read(tmp_path / "nowhere"))
    assert "none of train, query and gallery is there; its lists were not found" in found
