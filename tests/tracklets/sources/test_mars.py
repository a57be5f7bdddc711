"""MARS: a tiny tree reads back to its tables, and each way of breaking it is told with a remedy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import io
from tiny_mars import index, listed, real_shape, write_tree

from sticc_lib.tracklets.sources import mars, mars_index
from sticc_lib.tracklets.sources.scan import Tree
from sticc_lib.tracklets.table import DataError, Rule

TRAIN = [(1, 1, 3), (1, 2, 2), (7, 3, 2)]
TEST = [(-1, 1, 2), (0, 2, 2), (2, 1, 3), (2, 4, 2), (5, 6, 2), (5, 6, 2), (5, 1, 2)]
QUERIES = [3, 7, 5]


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_CACHE", str(tmp_path / "cache"))
    return write_tree(tmp_path / "MARS", TRAIN, TEST, QUERIES)


def said(root, **options):
    return [str(p) for p in mars.read(root, **options).problems]


def names_of(root, part="test"):
    return (root / "info" / f"{part}_name.txt").read_text().splitlines()


def write_names(root, names, part="test"):
    (root / "info" / f"{part}_name.txt").write_text("\n".join(names))


def write_table(root, rows, part="test", key=None):
    io.savemat(root / "info" / f"tracks_{part}_info.mat", {key or f"track_{part}_info": rows})


def test_a_tiny_tree_reads_back_to_its_tables(root):
    reading = mars.read(root)
    assert reading.problems == []
    data = reading.to_set()
    table = data.tracklets
    assert table["label"].tolist() == ["0001", "0001", "0007", "00-1", "0000", "0002", "0002",
                                       "0005", "0005", "0005"]  # fmt: skip
    assert table["person"].tolist() == [1, 1, 4, -1, 0, 2, 2, 3, 3, 3]
    assert table["camera"].tolist() == [1, 2, 3, 1, 2, 1, 4, 6, 6, 1]
    assert table["split"].tolist() == ["train"] * 3 + ["ignore"] + ["test"] * 6
    assert table.index[table["query"]].tolist() == [5, 7, 9]
    assert table["gallery"].tolist() == [False] * 4 + [True] * 6
    assert table["num_frames"].tolist() == [n for *_, n in TRAIN + TEST]
    assert data.rule == Rule(queries_in_gallery=True)
    first = data.frames[data.frames["tracklet"] == 0]
    assert first["path"].tolist() == [f"bbox_train/0001/0001C1T0001F00{n}.jpg" for n in (1, 2, 3)]
    assert first["time"].tolist() == [1, 2, 3]
    assert data.frames["path"].iloc[7] == "bbox_test/00-1/00-1C1T0001F001.jpg"
    assert data.check() is data
    assert data.read(np.array([0, 5]), (16, 8)).shape == (2, 3, 16, 8)


def test_the_folder_above_will_do_and_the_overview_sets_found_beside_expected(root):
    table = mars.read(root.parent).overview().set_index("quantity")
    assert (table.loc["train tracklets", "found"], table.loc["queries", "found"]) == (3, 3)
    assert table.loc["test tracklets", "note"] == "found 7, the documents say 12180"
    assert table.loc["queries without a match", "expected"] == ""


def test_what_the_queries_in_the_gallery_are_worth_is_counted_either_way(root):
    # 2 has one other tracklet; 5 is asked for under 6 (its match is the query under 1) and under 1
    kept, out = mars.read(root), mars.read(root, queries_in_gallery=False)
    assert kept.facts["queries in the gallery"] == (
        "kept, 0 of 3 queries have no match; taken out, 1. Here they are kept"
    )
    assert out.facts["queries in the gallery"].endswith("1. Here they are taken out")
    assert (kept.found["gallery"], out.found["gallery"]) == (6, 3)
    (told,) = out.problems
    assert not told.fatal
    assert "1 of 3 queries have no match under another camera" in told.what
    assert "queries_in_gallery=True" in told.remedy
    assert out.to_set().tracklets["query"].sum() == 3  # the evaluation leaves it out and counts it


def test_index_files_of_the_real_shape_give_the_counts_of_the_field(tmp_path, monkeypatch):
    """This tests the reader, not MARS: the files are made up, their numbers of rows are not."""
    train, test, queries = real_shape()
    write_tree(tmp_path, [], [], [1])
    for part, tracklets in (("train", train), ("test", test)):
        names, rows = index(tracklets)
        write_names(tmp_path, names, part)
        write_table(tmp_path, rows, part)
    io.savemat(tmp_path / "info" / "query_IDX.mat", {"query_IDX": queries[None]})
    tree = Tree(tmp_path, listed(train, test), "")
    monkeypatch.setattr(mars, "scan", lambda *_, **__: tree)
    kept = mars.read(tmp_path)
    without = mars.read(tmp_path, queries_in_gallery=False)
    assert kept.problems == []
    assert (kept.found["queries"], kept.found["gallery"]) == (1980, 11_310)
    assert (without.found["queries"], without.found["gallery"]) == (1980, 9330)
    assert without.found["queries without a match"] == 140
    table = without.to_set().split("test").tracklets
    assert (len(table), int(table["query"].sum()), int(table["gallery"].sum())) == (
        11310,
        1980,
        9330,
    )
    counted = ("train tracklets", "train persons", "test tracklets", "junk tracklets (-1)",
               "distractor tracklets (0)", "query persons", "cameras")  # fmt: skip
    assert {n: kept.found[n] for n in counted} == {n: mars.EXPECTED[n] for n in counted}


def test_an_empty_or_missing_folder_is_one_sentence(tmp_path):
    (only,) = said(tmp_path / "nowhere")
    assert "the folder is missing; give the folder" in only
    (only,) = said(tmp_path)
    assert "holds no MARS" in only
    with pytest.raises(DataError, match=r"mars in .*: 1 problem"):
        mars.load(tmp_path)


@pytest.mark.parametrize(
    "name", ["train_name.txt", "test_name.txt", "tracks_train_info.mat", "tracks_test_info.mat",
             "query_IDX.mat"]
)  # fmt: skip
def test_a_missing_index_file_is_named_with_where_to_get_it(root, name):
    (root / "info" / name).unlink()
    (told,) = [p for p in mars.read(root).fatal if name in p.where]
    assert (told.what, told.remedy) == ("the file is missing", mars.LISTS)


def test_all_problems_are_told_at_once_in_one_error(root):
    (root / "info" / "query_IDX.mat").unlink()
    write_names(root, ["junk.png", *names_of(root, "train")[1:]], "train")
    next((root / "bbox_test" / "0002").iterdir()).unlink()
    with pytest.raises(DataError) as caught:
        mars.load(root)
    text = str(caught.value)
    assert "3 problem(s)" in text
    for part in ("query_IDX.mat: the file is missing", "train_name.txt line 1: name 'junk.png'",
                 "is not there"):  # fmt: skip
        assert part in text


@pytest.mark.parametrize("row", [[0, 1, 2, 1], [16, 99, 2, 1], [3, 2, 2, 1]])
def test_images_outside_the_name_list_are_told_by_row(root, row):
    write_table(root, np.array([*index(TEST)[1][:6], row]))
    (told,) = [t for t in said(root) if "mat row 7" in t]
    assert f"images {row[0]} to {row[1]}, but the list has lines 1 to 15" in told


def test_persons_and_cameras_that_cannot_be_are_told(root):
    rows = index(TEST)[1]
    rows[2, 2], rows[3, 3] = -7, 0
    write_table(root, rows)
    assert "row 3: person -7, camera 1; expected" in "\n".join(said(root))
    assert "row 4: person 2, camera 0; expected" in "\n".join(said(root))


def test_a_row_whose_names_say_another_person_or_camera_is_told_once(root):
    rows = index(TEST)[1]
    rows[2, 2], rows[3, 3] = 3, 5
    write_table(root, rows)
    told = [t for t in said(root) if "but the name of image" in t]
    assert len(told) == 2
    assert "row 3: person 3, camera 1, but the name of image 5 says 2, 1" in told[0]


def test_an_image_in_two_tracklets_and_images_in_none_are_told(root):
    rows = index(TEST)[1]
    rows[3, 0] -= 1  # the last image of the tracklet before
    rows[6, 1] -= 1
    write_table(root, rows)
    text = "\n".join(said(root))
    assert "row 3: image 7 is in 2 tracklets" in text
    assert "row 4: image 7 is in 2 tracklets" in text
    assert "1 of 15 names are in no tracklet; they are not used" in text


def test_a_table_that_claims_far_too_much_is_given_up_before_it_fills_memory(root):
    write_table(root, np.tile([1, 15, 2, 1], (5000, 1)))
    assert "claim 75000 images, the name list has 15" in "\n".join(said(root))


@pytest.mark.parametrize(
    "name", ["0002C1T0001F01.png", "2C1T0001F001.jpg", "0002c1T0001F001.jpg", "",
             "0002C1T0001F001é", "../../etc/passwd", "/etc/passwd", "0002C1T0001F001.jpg\0",
             "..\\0002C1T0001F001.jpg"]
)  # fmt: skip
def test_a_name_that_does_not_parse_is_told_by_line_and_leads_nowhere(root, name):
    names = names_of(root)
    names[4] = name
    write_names(root, names)
    reading = mars.read(root)
    (told,) = [p for p in reading.fatal if p.where.endswith("test_name.txt line 5")]
    assert "is not of the form 0001C1T0001F001.jpg" in told.what
    assert not reading.frames["path"].str.contains(r"\.\.|^/|\0", regex=True).any()


def test_a_list_in_another_encoding_is_told_by_line(root):
    path = root / "info" / "test_name.txt"
    path.write_bytes(path.read_bytes().replace(b"0000C2T0001F001", b"\xff\xfe00C2T0001F001"))
    assert "test_name.txt line 3: not UTF-8" in "\n".join(said(root))


def test_names_of_other_widths_are_read_too(root):
    old, new = "0005C1T0001F002.jpg", "0005C1T00012F1002.jpg"
    write_names(root, [new if n == old else n for n in names_of(root)])
    (root / "bbox_test" / "0005" / old).rename(root / "bbox_test" / "0005" / new)
    data = mars.load(root)
    assert data.frames["time"].iloc[-1] == 1002


def test_a_frame_number_that_stands_twice_gives_way_to_the_order_of_the_list(root):
    old, new = "0005C1T0001F002.jpg", "0005C1T0002F001.jpg"
    write_names(root, [new if n == old else n for n in names_of(root)])
    (root / "bbox_test" / "0005" / old).rename(root / "bbox_test" / "0005" / new)
    data = mars.load(root)
    assert data.frames["path"].iloc[-2:].str[-12:].tolist() == ["0001F001.jpg", "0002F001.jpg"]
    assert data.frames["time"].iloc[-2:].is_monotonic_increasing


def test_a_name_that_stands_twice_is_told(root):
    names = names_of(root)
    names[6] = names[5]
    write_names(root, names)
    assert f"line 7: {names[5]} stands in the list a second time" in "\n".join(said(root))


def test_listed_but_absent_images_are_told_by_folder_with_their_number(root):
    for path in (root / "bbox_test" / "0005").iterdir():
        path.unlink()
    told = [t for t in said(root) if "is not there" in t]
    assert len(told) == 1
    assert "test_name.txt line 10: bbox_test/0005/0005C6T0001F001.jpg is not there" in told[0]
    assert "the first of 6 in this folder" in told[0]
    assert "unpack bbox_train.zip and bbox_test.zip again" in told[0]


def test_images_in_no_list_are_told_and_lived_with(root):
    (root / "bbox_test" / "0005" / "0005C9T0001F001.jpg").touch()
    reading = mars.read(root)
    (told,) = reading.problems
    assert "1 of 16 images in bbox_test are in no line" in told.what
    assert len(reading.to_set()) == 10


@pytest.mark.parametrize(
    ("queries", "message"),
    [([[8]], "entry 1: row 8 is not one of 1 to 7"), ([[0, 3]], "entry 1: row 0 is not one of"),
     ([[3, 5, 3]], "entry 3: row 3 stands there twice"), ([[2, 3]], "a query is 0000: junk or a"),
     ([[1.5]], "1.5 is not a whole number"), ([["a"]], "expected a table of numbers"),
     ([[1, 2], [3, 4]], r"got the shape (2, 2)")],
)  # fmt: skip
def test_queries_that_cannot_be_are_told_by_entry(root, queries, message):
    io.savemat(root / "info" / "query_IDX.mat", {"query_IDX": np.array(queries)})
    assert message in "\n".join(said(root))


def test_a_column_of_queries_is_as_good_as_a_row(root):
    io.savemat(root / "info" / "query_IDX.mat", {"query_IDX": np.array(QUERIES)[:, None]})
    assert mars.read(root).found["queries"] == 3


def test_a_query_without_any_match_is_told_and_lived_with(root):
    io.savemat(root / "info" / "query_IDX.mat", {"query_IDX": np.array([[3]])})
    write_table(root, index([*TEST[:3], (3, 4, 2), *TEST[4:]])[1])
    write_names(root, index([*TEST[:3], (3, 4, 2), *TEST[4:]])[0])
    (root / "bbox_test" / "0003").mkdir()
    for path in sorted((root / "bbox_test" / "0002").glob("*C4*")):
        path.rename(root / "bbox_test" / "0003" / path.name.replace("0002", "0003"))
    reading = mars.read(root)
    assert [p.fatal for p in reading.problems] == [False]
    assert "1 of 1 queries have no match" in reading.problems[0].what


@pytest.mark.parametrize(
    ("rows", "key", "message"),
    [(np.ones((3, 5)), None, "expected rows of 4 columns, got the shape (3, 5)"),
     (index(TEST)[1], "other", "no variable track_test_info; it holds other"),
     (index(TEST)[1] + 0.5, None, "row 1: 1.5 is not a whole number"),
     (index(TEST)[1] * np.nan, None, "nan is not a whole number"),
     (index(TEST)[1] * 1j, None, "expected a table of numbers, got complex128"),
     (np.array([[{"a": 1}]], object), None, "expected a table of numbers, got object")],
)  # fmt: skip
def test_a_mat_file_with_something_else_in_it_is_told(root, rows, key, message):
    write_table(root, rows, key=key)
    assert message in "\n".join(said(root))


@pytest.mark.parametrize("content", [b"", b"no matlab", b"MATLAB 7.3 MAT-file, but it is not"])
def test_a_mat_file_that_is_none_is_told(root, content):
    (root / "info" / "tracks_test_info.mat").write_bytes(content)
    assert "tracks_test_info.mat: not readable as a .mat file" in "\n".join(said(root))


def test_a_split_that_does_not_exist_is_told(root):
    assert "split 3 does not exist; there is only split 0" in said(root, split=3)[0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=24) | st.from_regex(mars_index.NAME, fullmatch=True), max_size=8))
def test_any_names_parse_to_what_the_pattern_says(names):
    found = mars_index.parse(names)
    for name, good, person in zip(names, found.good, found.person, strict=True):
        match = mars_index.NAME.fullmatch(name)
        assert good == (match is not None and len(match[4]) < 10)
        if good:
            assert person == int(match[1].replace("00-1", "-1"))
