"""PRAI-1581 in its three layouts: planted, recognised and read back, then broken."""

import pytest
from planting import plant, refused, rows, times, told, warned

from sticc_lib.tracklets.sources import prai1581

IMAGES = [  # (part, name)
    ("train", "00000000_0001_00000007.jpg"), ("train", "00000000_0001_00000003.jpg"),
    ("train", "00000000_0002_00000003.jpg"), ("query", "00000003_0001_00000001.jpg"),
    ("gallery", "00000003_0002_00000007.jpg"), ("gallery", "00000003_0002_00000006.jpg"),
]  # fmt: skip
FOLDERS = {
    "flat": dict.fromkeys(("train", "query", "gallery"), "images"),
    "like Market-1501": {"train": "bounding_box_train", "query": "query",
                         "gallery": "bounding_box_test"},
    "train and val": {"train": "train", "query": "val/query", "gallery": "val/gallery"},
}  # fmt: skip


@pytest.fixture(params=FOLDERS)
def layout(request):
    return request.param


@pytest.fixture
def root(tmp_path, own_cache, layout):
    (tmp_path / "train.txt").write_text("0\n")
    return plant(tmp_path, *(f"{FOLDERS[layout][part]}/{name}" for part, name in IMAGES))


def read(root, layout, **options):
    ids = {"train_ids": "train.txt"} if layout == "flat" else {}
    return prai1581.read(root, **(ids | options))


def test_each_layout_is_recognised_and_read_to_the_same_groups(root, layout):
    reading = read(root, layout)
    assert not reading.problems
    assert reading.facts["layout"] == layout
    assert sorted(rows(reading, "label", "camera", "split", "num_frames")) == [
        ("00000000", 1, "train", 2), ("00000000", 2, "train", 1),
        ("00000003", 1, "test", 1), ("00000003", 2, "test", 2),
    ]  # fmt: skip
    assert sorted(times(reading)) == [[1], [3], [3, 7], [6, 7]]
    test = reading.tracklets[reading.tracklets["split"] == "test"].sort_values("camera")
    flat = layout == "flat"
    assert test["query"].tolist() == [True, flat]
    assert test["gallery"].tolist() == [flat, True]
    assert reading.to_set().rule.queries_in_gallery == flat


def test_images_can_be_tracklets_of_their_own(root, layout):
    reading = read(root, layout, images=True)
    assert rows(reading, "num_frames") == [(1,)] * len(IMAGES)
    assert "an image" in reading.to_set().facts["protocol"]


@pytest.mark.parametrize("layout", ["flat"])
def test_the_flat_layout_without_a_list_is_all_train_and_says_so(root):
    reading = prai1581.read(root)
    warned(reading, "does not say who is in train .*: all are train; give train_ids")
    assert set(reading.tracklets["split"]) == {"train"}


@pytest.mark.parametrize("layout", ["like Market-1501"])
def test_a_pickle_of_partitions_is_never_opened(root):
    (root / "partitions.pkl").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    assert len(prai1581.load(root)) == 4


@pytest.mark.parametrize("layout", ["train and val"])
def test_counts_stand_beside_the_expected_ones(root):
    table = prai1581.read(root).overview().set_index("quantity")
    assert table.loc["query images", ["found", "expected"]].tolist() == [1, 4680]
    assert table.loc["train persons", ["found", "expected"]].tolist() == [1, 781]


def first(root, layout):
    return root / FOLDERS[layout]["query"]


BROKEN = {
    "no folder": (lambda r, f: f.rename(r / "away"), "folder is missing|holds no image"),
    "strange name": (lambda r, f: plant(f, "3_c1.jpg"), "3_c1.jpg: expected a name like"),
    "no frame": (lambda r, f: plant(f, "00000003_0002.jpg"), "expected a name like"),
    "frame twice": (lambda r, f: plant(f, "00000003_0001_0000001.jpg"), "frame 1 of its trackl"),
    "no number": (lambda r, f: plant(f, f"00000003_0001_1{'0' * 18}.jpg"), "no sensible number"),
    "two layouts": (lambda r, f: plant(plant(r, "images/00000003_0002_00000009.jpg"),
                                       "query/00000003_0002_00000009.jpg"), "of two layouts"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told_with_its_place_and_refused(root, layout, name):
    breaking, message = BROKEN[name]
    breaking(root, first(root, layout))
    refused(read(root, layout), message)


@pytest.mark.parametrize("layout", ["flat"])
@pytest.mark.parametrize(
    ("content", "message"),
    [(b"0\nx\n", r"train.txt line 2: 'x' is no person number"),
     (b"0\n\n3\n", r"train.txt line 2: '' is no person number"),
     (b"0\n\xff3\n", r"train.txt line 2: not UTF-8"), (b"-1\n", "line 1: '-1' is no person"),
     (b"0 3\n", "line 1: '0 3' is no person number"), (None, "train.txt: the file is missing")],
)  # fmt: skip
def test_a_list_of_persons_that_is_none_is_refused_by_line(root, content, message):
    if content is None:
        (root / "train.txt").unlink()
    else:
        (root / "train.txt").write_bytes(content)
    refused(read(root, "flat"), message)


@pytest.mark.parametrize("layout", ["flat"])
def test_a_listed_person_without_images_is_told_but_read(root):
    (root / "train.txt").write_text("0\n1580\n")
    warned(read(root, "flat"), "train.txt line 2: person 1580 has no image")
    assert "1580" not in told(read(root, "flat"), fatal=True)
