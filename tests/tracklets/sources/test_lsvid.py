"""LS-VID: a tiny tree reads back to its tables, and each way of breaking it is told."""

import h5py
import numpy as np
import pytest
from PIL import Image
from scipy import io

from sticc_lib.tracklets.sources import lsvid
from sticc_lib.tracklets.table import DataError

LISTS = {
    "train": ["train/0000/0000_001_ 0", "train/0000/0000_002_ 0", "train/0004/0004_003_ 4"],
    "val": ["val/0001/0001_001_ 1", "val/0001/0001_002_ 1"],
    "test": ["test/0007/0007_001_ 7", "test/0007/0007_014_ 7", "test/0007/0007_015_ 7",
             "test/junk/0009_001_ -1", "test/0000/0000_003_ 0", "test/0000/0000_004_ 0"],
}  # fmt: skip
QUERIES = [1, 6]


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "LS-VID"
    (root / "list_sequence").mkdir(parents=True)
    for which, lines in LISTS.items():
        write_list(root, which, lines)
        for prefix in (line.split()[0] for line in lines):
            (root / prefix).parent.mkdir(parents=True, exist_ok=True)
            camera = prefix[-3:-1]
            for frame in (30, 4):
                name = f"{prefix}{camera}_{frame:04d}.png"
                Image.fromarray(np.full((16, 8, 3), frame, np.uint8)).save(root / name)
    write_queries(root, np.array(QUERIES, float)[:, None])
    return root


def write_list(root, which, lines):
    (root / "list_sequence" / f"list_seq_{which}.txt").write_text("\n".join(lines) + "\n")


def write_queries(root, stored, key="query"):
    """As MATLAB does in version 7.3: HDF5 with the axes the other way round."""
    path = root / "test" / "data" / "info_test.mat"
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file[key] = stored.T
    return path


def said(root, **options):
    return [str(p) for p in lsvid.read(root, **options).problems]


def test_a_tiny_tree_reads_back_to_its_tables(root):
    reading = lsvid.read(root.parent)
    assert reading.problems == []
    data = reading.to_set()
    table = data.tracklets
    assert table["label"].tolist() == [
        "train/0", "train/0", "train/4", "val/1", "val/1", "test/7", "test/7", "test/7", "-1",
        "test/0", "test/0"]  # fmt: skip
    assert table["person"].tolist() == [3, 3, 4, 5, 5, 2, 2, 2, -1, 1, 1]
    assert table["camera"].tolist() == [1, 2, 3, 1, 2, 1, 14, 15, 1, 3, 4]
    assert table["split"].tolist() == ["train"] * 3 + ["val"] * 2 + ["test"] * 3 + [
        "ignore", "test", "test"]  # fmt: skip
    assert table.index[table["query"]].tolist() == [5, 10]
    assert table.index[table["gallery"]].tolist() == [6, 7, 9]
    assert data.frames["path"].iloc[:2].tolist() == [
        "train/0000/0000_001_01_0004.png", "train/0000/0000_001_01_0030.png"]  # fmt: skip
    assert data.check() is data
    assert data.read(np.array([0]), (8, 8)).shape == (1, 3, 8, 8)
    assert lsvid.load(root, queries_in_gallery=True).tracklets["gallery"].sum() == 5


def test_train_and_test_do_not_share_persons_by_their_numbers(root):
    table = lsvid.load(root).tracklets
    train, test = (set(table.loc[table["split"] == s, "person"]) for s in ("train", "test"))
    assert not train & test


def test_a_missing_validation_list_is_lived_with(root):
    (root / "list_sequence" / "list_seq_val.txt").unlink()
    reading = lsvid.read(root)
    assert [p.fatal for p in reading.problems] == [False]
    assert len(reading.to_set()) == 9


@pytest.mark.parametrize("which", ["train", "test"])
def test_a_missing_or_empty_list_is_named(root, which):
    path = root / "list_sequence" / f"list_seq_{which}.txt"
    path.write_text("")
    assert f"list_seq_{which}.txt: the list is empty" in "\n".join(said(root))
    path.unlink()
    with pytest.raises(DataError, match=f"list_seq_{which}.txt: the file is missing"):
        lsvid.load(root)


def test_an_absent_folder_and_an_empty_one_are_told(tmp_path):
    assert "the folder is missing" in said(tmp_path / "no")[0]
    assert "list_seq_train.txt: the file is missing" in "\n".join(said(tmp_path))


@pytest.mark.parametrize(
    ("line", "message"),
    [("test/0007/0007_014_", "is not a path prefix and a person"),
     ("test/0007/0007_014_ seven", "is not a path prefix and a person"),
     ("", "'' is not a path prefix"),
     ("/test/0007/0007_014_ 7", "is absolute"),
     ("../LS-VID/test/0007/0007_014_ 7", "leads out of the folder"),
     (r"test\0007\0007_014_ 7", "holds a backslash"),
     ("C:/test/0007/0007_014_ 7", "is absolute"),
     ("test/0007/0007_01\0 7", "holds a NUL"),
     ("test/0007/0007_099_ 7", "no image begins with test/0007/0007_099_")],
)  # fmt: skip
def test_a_line_that_cannot_be_used_is_told_by_number(root, line, message):
    lines = list(LISTS["test"])
    lines[1] = line
    write_list(root, "test", lines)
    told = [t for t in said(root) if "list_seq_test.txt line 2" in t]
    assert len(told) == 1
    assert message in told[0]


def test_images_that_two_lines_claim_are_told(root):
    write_list(root, "train", [*LISTS["train"], "train/0004/0004_ 4"])
    text = "\n".join(said(root))
    assert "list_seq_train.txt line 4: train/0004/0004_003_03_0004.png belongs to another" in text


def test_a_prefix_of_two_cameras_is_told(root):
    write_list(root, "train", [LISTS["train"][2], "train/0000/0000_00 0"])
    text = "\n".join(said(root))
    assert "line 2: the images of train/0000/0000_00 are of 2 cameras" in text


def test_a_prefix_does_not_reach_into_folders(root):
    (root / "train/0004/0004_003_x").mkdir()
    Image.new("RGB", (8, 16)).save(root / "train/0004/0004_003_x/0_0_99.png")
    assert said(root) == []


def test_a_frame_name_without_a_camera_is_told(root):
    path = root / "test" / "0007" / "0007_014_14_0004.png"
    path.rename(path.with_name("0007_014_left.png"))
    assert "0007_014_left.png: the third part of the name" in "\n".join(said(root))


@pytest.mark.parametrize(
    ("stored", "message"),
    [([[7.0]], "query entry 1: row 7 is not one of 1 to 6"), ([[1.0], [1.0]], "stands there twice"),
     ([[4.0]], "test line 4 is a query, but junk"), ([[1.5]], "1.5 is not a whole number"),
     ([[0.0]], "row 0 is not one of")],
)  # fmt: skip
def test_queries_that_cannot_be_are_told(root, stored, message):
    write_queries(root, np.array(stored))
    assert message in "\n".join(said(root))


def test_a_query_file_without_the_variable_or_of_another_kind_is_told(root):
    path = write_queries(root, np.array([[1.0]]), key="other")
    assert "no variable query; it holds other" in "\n".join(said(root))
    path.unlink()
    with h5py.File(path, "w") as file:
        file["query"] = h5py.ExternalLink("/etc/passwd", "x")
    assert "not readable as a .mat file" in "\n".join(said(root))
    path.write_bytes(path.read_bytes()[:40])
    assert "not readable as a .mat file" in "\n".join(said(root))
    io.savemat(path, {"query": np.array([QUERIES])})
    assert said(root) == []  # the older format will do
    path.unlink()
    assert "info_test.mat: the file is missing" in "\n".join(said(root))


def test_queries_without_a_match_are_counted_and_lived_with(root):
    write_queries(root, np.array([[5.0], [6.0]]))
    reading = lsvid.read(root)
    assert [p.fatal for p in reading.problems] == [False]
    assert reading.found["queries without a match"] == 2
    assert reading.to_set().tracklets["query"].sum() == 2
    assert lsvid.read(root, queries_in_gallery=True).problems == []
