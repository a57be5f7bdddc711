"""Reading and foreign files: what is refused, what is told, what is let through."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sticc_lib.tracklets.sources.files import read_json, read_lines, read_mat, read_xml, safe
from sticc_lib.tracklets.sources.reading import (
    SHOWN,
    Problem,
    Reading,
    finish,
    lonely_queries,
    no_tables,
    number_persons,
    several,
    told_once,
)
from sticc_lib.tracklets.table import DataError, Rule


def table(rows):
    columns = ["person", "camera", "query", "gallery"]
    return pd.DataFrame(rows, columns=columns).assign(split="test").astype({"camera": "Int64"})


def test_a_problem_prints_as_one_line():
    assert (
        str(Problem("list.txt line 3", "no name", "add it")) == "list.txt line 3: no name; add it"
    )


def test_more_of_the_same_is_counted_not_told():
    told = several(lambda i: f"line {i}", range(SHOWN + 5), lambda i: "wrong", "mend it")
    assert len(told) == SHOWN
    assert told[-1].what == "wrong (and 5 more like this)"
    assert len(several(lambda i: "", range(SHOWN), lambda i: "w", "")) == SHOWN
    assert several(lambda i: "", [], lambda i: "w", "") == []


def test_only_fatal_problems_stand_in_the_way_and_all_of_them_are_told(tmp_path):
    tracklets, frames = finish(
        "x",
        pd.DataFrame({"person": [1], "label": ["a"], "camera": [1], "split": ["train"],
                      "query": [False], "gallery": [False]}),
        pd.DataFrame({"tracklet": [0], "time": [1], "path": ["a.jpg"]}),
    )  # fmt: skip
    notes = [Problem("w", "odd", "leave it", fatal=False)]
    reading = Reading("x", tmp_path, tracklets, frames, Rule(), notes)
    assert len(reading.to_set()) == 1
    bad = [*notes, Problem("w", "one", "r"), Problem("v", "two", "r")]
    with pytest.raises(DataError, match=r"(?s)2 problem\(s\)\n  - w: one; r\n  - v: two; r$"):
        Reading("x", tmp_path, tracklets, frames, Rule(), bad).to_set()
    assert [p.fatal for p in told_once([*bad, *bad])] == [True, True, False]


def test_a_set_without_anything_in_it_is_refused(tmp_path):
    with pytest.raises(DataError, match="the table is empty"):
        Reading("x", tmp_path, *no_tables(), Rule()).to_set()


def test_the_overview_warns_of_a_difference_and_of_what_is_missing(tmp_path):
    reading = Reading("x", tmp_path, *no_tables(), Rule(), [], {"a": 2, "b": 3, "c": "many"},
                      {"a": 2, "c": 5, "d": 6})  # fmt: skip
    assert reading.overview().to_numpy().tolist() == [
        ["a", 2, 2, ""], ["c", 5, "many", ""], ["d", 6, "", ""],
        ["b", "", 3, "found 0, the documents say 3"]]  # fmt: skip


def test_finish_sorts_counts_and_drops_what_belongs_to_nobody():
    tracklets = pd.DataFrame(
        {"person": [1, 2], "label": ["a", "b"], "camera": [1, None], "split": "train",
         "query": False, "gallery": False}, index=[4, 2])  # fmt: skip
    frames = pd.DataFrame({"tracklet": [4, 2, 4, 9], "time": [5, 1, 2, 1], "path": list("abcd")})
    done, sorted_frames = finish("here", tracklets, frames)
    assert sorted_frames["path"].tolist() == ["b", "c", "a"]
    assert done["num_frames"].tolist() == [2, 1]
    assert done["camera"].isna().tolist() == [False, True]
    assert set(done["source"]) == {"here"}


def test_persons_are_numbered_by_their_sorted_names():
    numbers = number_persons(["b", "0", "a", "b", "-1"], distractors=["0"], junk=["-1"])
    assert numbers.tolist() == [2, 0, 1, 2, -1]
    assert number_persons([]).tolist() == []


def test_queries_are_lonely_when_the_rule_leaves_them_no_match():
    rows = [[1, 1, True, True], [1, 2, True, True], [2, 1, True, True], [2, 1, False, True],
            [3, None, True, True], [4, None, True, True], [4, 2, False, True]]  # fmt: skip
    assert lonely_queries(table(rows), Rule()).tolist() == [2, 4]
    assert lonely_queries(table(rows), Rule(same_camera_junk=False)).tolist() == [4]
    apart = [[p, c, q, not q] for p, c, q, _ in rows]
    assert lonely_queries(table(apart), Rule(queries_in_gallery=False)).tolist() == [0, 1, 2, 4]


@pytest.mark.parametrize("name", ["a/b.jpg", "./a/b.jpg", "a//b.jpg", "a b.jpg", "..a/b..jpg", "é"])
def test_a_name_that_stays_inside_is_let_through(name):
    problems = []
    assert safe(name, "list", problems) == name.replace("./a", "a").replace("//", "/")
    assert problems == []


@pytest.mark.parametrize(
    "name",
    [
        "/a.jpg",
        "../a.jpg",
        "a/../../b",
        "a/..",
        "..",
        "a\\b",
        "C:/a",
        "c:a",
        "./C:a",
        "a\0b",
        "",
        " ",
    ],
)
def test_a_name_that_leads_out_is_told_with_its_place(name):
    problems = []
    assert safe(name, "list.txt line 4", problems) is None
    assert problems[0].where == "list.txt line 4"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_whatever_is_let_through_stays_below_the_root(tmp_path_factory, name):
    problems = []
    inside = safe(name, "list", problems)
    assert (inside is None) == bool(problems)
    if inside is not None:
        root = tmp_path_factory.getbasetemp().resolve()
        assert (root / inside).resolve().is_relative_to(root)


def test_lines_come_without_ends_marks_and_trailing_blanks(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbfa\r\n\r\n b \n\n\n")
    assert read_lines(tmp_path / "list.txt", problems := []) == ["a", "", "b"]
    (tmp_path / "list.txt").write_bytes(b"a\n\xff\xfeb\nc")
    assert read_lines(tmp_path / "list.txt", problems) == ["a", "", "c"]
    assert "list.txt line 2: not UTF-8" in str(problems[0])
    assert read_lines(tmp_path, problems) is None
    assert "cannot be read (Is a directory)" in str(problems[1])


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000, b""])
def test_json_that_is_none_is_told(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    assert read_json(tmp_path / "x.json", problems := []) is None
    assert "x.json: not readable as JSON" in str(problems[0])


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'


@pytest.mark.parametrize("content", [BOMB, OUTSIDE, b"<!DOCTYPE x><x/>"])
def test_xml_with_entities_or_a_document_type_is_refused(tmp_path, content):
    (tmp_path / "x.xml").write_bytes(content)
    assert read_xml(tmp_path / "x.xml", problems := []) is None
    assert "holds a document type or an entity" in str(problems[0])


@pytest.mark.parametrize(
    "content", [b"", b"<x>", b"\xff", b'<?xml version="1.0" encoding="no"?><x/>']
)
def test_xml_that_is_none_is_told(tmp_path, content):
    (tmp_path / "x.xml").write_bytes(content)
    assert read_xml(tmp_path / "x.xml", problems := []) is None
    assert "not readable as XML" in str(problems[0])
    (tmp_path / "x.xml").write_bytes(b"<x><y z='1'/></x>")
    assert read_xml(tmp_path / "x.xml", []).find("y").get("z") == "1"


@pytest.mark.parametrize(
    "start", [b"", b"MATLAB 7.3 MAT-file", b"\x89HDF\r\n\x1a\n", b"MATLAB 5.0 MAT"]
)
def test_bytes_that_are_no_mat_file_are_told(tmp_path, start):
    rng = np.random.default_rng(0)
    for size in (0, 60, 200, 2000):
        (tmp_path / "x.mat").write_bytes(start + rng.bytes(size))
        assert read_mat(tmp_path / "x.mat", "key", problems := []) is None
        assert len(problems) == 1
