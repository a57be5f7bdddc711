"""MOT Challenge and Milan's XML: tiny sequences read from images and from a video, then broken."""

import numpy as np
import pytest
from planting import film, plant, refused, rows, stills, times, told, warned

from sticc_lib.run import project_root
from sticc_lib.tracklets.sources import motchallenge
from sticc_lib.tracklets.table import DataError

SHARED = project_root().parent / "shared" / "data" / "pets2009"
GT = [
    "1,1,10,5,12,30,1,-4.1,-7.3,0", "2,1,12,5,12,30,1,-1,-1,-1", "3,1,14,5,12,30,0,-1,-1,-1",
    "1,2,40,5,12,30,1,-1,-1,-1", "5,3,20.5,5,12,30,1,-1,-1,-1", "6,3,22,5,12,30,1,-1,-1,-1",
]  # fmt: skip
OBJECT = '<object id="{}"><orientation>1</orientation><box h="30" w="12" xc="{}" yc="20"/></object>'
XML = (
    '<?xml version="1.0" encoding="utf-8"?><dataset name="x">'
    f'<frame number="0"><objectlist>{OBJECT.format(1, 16)}{OBJECT.format(2, 46)}</objectlist>'
    f'</frame><frame number="1"><objectlist>{OBJECT.format(1, 18)}</objectlist></frame>'
    '<frame number="2"><objectlist/></frame><frame number="4"><objectlist>'
    f'{OBJECT.format(3, 26.5)}</objectlist></frame><frame number="5"><objectlist>'
    f"{OBJECT.format(3, 28)}</objectlist></frame></dataset>"
)
MAP = "track_id,person,note\n1,A,a man, tall\n2,B,\n3,A,comes back\n"


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def root(tmp_path, own_cache):
    stills(tmp_path / "img1", "{:06}.png", range(1, 7))
    write(tmp_path / "gt" / "gt.txt", GT)
    (tmp_path / "persons.csv").write_text(MAP)
    return tmp_path


def read(root, **options):
    return motchallenge.read(root, **({"persons": "persons.csv"} | options))


def test_tracks_of_one_person_are_visits_and_those_who_return_are_queries(root):
    reading = read(root)
    assert not reading.problems
    assert rows(reading, "label", "visit", "camera", "split", "query", "gallery", "num_frames") == [
        ("A", "1", 1, "test", True, True, 2), ("A", "3", 1, "test", True, True, 2),
        ("B", "2", 1, "test", False, True, 1),
    ]  # fmt: skip
    assert times(reading) == [[1, 2], [5, 6], [1]]
    rule = reading.to_set().rule
    assert (rule.exclude_same_visit, rule.same_camera_junk) == (True, False)


def test_boxes_are_cut_from_the_frames_they_name(root):
    data = motchallenge.load(root, persons="persons.csv")
    brightness = data.read(np.arange(5), (30, 12)).mean((1, 2, 3))
    assert brightness == pytest.approx([30, 60, 150, 180, 30])
    assert data.frames.loc[2, ["path", "x", "w"]].tolist() == ["img1/000005.png", 20.5, 12]


def test_lines_to_ignore_are_counted_and_left_out(root):
    found = read(root).found
    assert [found[k] for k in ("pictures", "lines", "lines to ignore", "tracks")] == [6, 6, 1, 3]


def test_without_a_map_every_track_is_its_own_and_nothing_is_scored(root):
    reading = motchallenge.read(root)
    assert rows(reading, "label", "query") == [(f"track {n}", False) for n in (1, 2, 3)]
    assert "not known which tracks are the same" in reading.to_set().facts["scored by"]


def test_halves_ask_with_the_first_part_of_a_track_for_the_later(root):
    reading = motchallenge.read(root, halves=True)
    assert rows(reading, "label", "query", "gallery") == [
        ("track 1", True, False), ("track 1", False, True), ("track 2", False, True),
        ("track 3", True, False), ("track 3", False, True),
    ]  # fmt: skip
    assert times(reading) == [[1], [2], [1], [5], [6]]
    assert not reading.to_set().rule.same_camera_junk


def test_tracks_of_one_visit_are_joined(root):
    (root / "persons.csv").write_text("track,person,visit\n1,A,A1\n2,B,\n3,A,A1\n")
    reading = read(root)
    assert rows(reading, "visit", "num_frames", "query") == [("A1", 4, False), ("2", 1, False)]


def test_the_xml_gives_the_same_boxes_counting_frames_from_zero(root):
    (root / "gt").rename(root / "away")
    by_text = read(root, labels="away/gt.txt")
    (root / "labels.xml").write_text(XML)
    by_xml = read(root)
    columns = ["time", "path", "x", "y", "w", "h"]
    assert by_xml.frames[columns].astype(str).equals(by_text.frames[columns].astype(str))
    assert by_xml.tracklets["label"].equals(by_text.tracklets["label"])
    assert by_xml.found["labelled frames"] == 5


def test_images_numbered_from_zero_are_frames_from_one(tmp_path, own_cache):
    stills(tmp_path, "frame_{:04}.png", range(6))
    write(tmp_path / "gt.txt", GT)
    data = motchallenge.load(tmp_path)
    assert data.frames["path"].tolist()[:2] == ["frame_0000.png", "frame_0001.png"]
    assert data.read(np.array([0]))[0].mean() == 30


@pytest.mark.parametrize("given", ["folder", "file", "option"])
def test_a_video_serves_as_well_as_images_and_is_cut_only_when_asked(root, monkeypatch, given):
    for image in (root / "img1").iterdir():
        image.unlink()
    film(root / "view.mp4")
    options = {"video": "view.mp4"} if given == "option" else {}
    reading = read(root / "view.mp4" if given == "file" else root, **options)
    assert not reading.problems
    data = reading.to_set()
    assert not list(root.rglob("*.npy"))
    brightness = data.read(np.arange(5), (32, 16)).mean((1, 2, 3))
    assert brightness == pytest.approx([30, 60, 150, 180, 30], abs=6)
    assert data.check().read(np.array([0])).shape == (1, 3, 256, 128)


def test_nine_fields_hold_a_class_and_pedestrians_are_kept(root):
    write(root / "gt" / "gt.txt", ["1,1,10,5,12,30,1,1,0.9", "1,2,40,5,12,30,1,3,1.0"])
    reading = motchallenge.read(root)
    assert rows(reading, "label") == [("track 1",)]
    assert reading.found["lines of other classes"] == 1


def add(line, name="gt/gt.txt", lines=None):
    return lambda root: write(root / name, [*(GT if lines is None else lines), line])


def put(name, content):
    return lambda root: plant(root, name, content=content)


BROKEN = {
    "no labels": (lambda r: (r / "gt/gt.txt").unlink(), "gt.txt: the file is missing; give the la"),
    "empty": (put("gt/gt.txt", b"\n"), "gt.txt: the file is empty"),
    "not UTF-8": (put("gt/gt.txt", b"1,1,1,1,9,9\n1,\xff,1,1,9,9"), "line 2: not UTF-8"),
    "text": (add("2,x,1,1,5,5,1,-1,-1,-1"), "line 7: track is 'x', expected a whole number"),
    "half a track": (add("2,1.5,1,1,5,5,1,-1,-1,-1"), "line 7: track is '1.5', expected a whole"),
    "not finite": (add("2,4,nan,1,5,5,1,-1,-1,-1"), "line 7: x is 'nan', expected a number"),
    "huge": (add("99999999999,4,1,1,5,5,1,-1,-1,-1"), "line 7: frame is '9+', expected a whole"),
    "a field less": (add("2,4,1,1,5,5,1,-1,-1"), "line 7: 9 fields, expected 10"),
    "few fields": (put("gt/gt.txt", b"1 1 10 5 12 30\n"), r"line 1: 1 field\(s\) with commas"),
    "no area": (add("2,4,1,1,0,5,1,-1,-1,-1"), "line 7: a box without area"),
    "beyond the end": (add("7,4,1,1,5,5,1,-1,-1,-1"), "line 7: frame 7 has no picture: there"),
    "before the start": (add("0,4,1,1,5,5,1,-1,-1,-1"), "line 7: frame 0 has no picture"),
    "box twice": (add("2,1,12,5,12,30,1,-1,-1,-1"), "line 7: a second box in frame 2 for visit 1"),
    "detections": (put("gt/gt.txt", b"1,-1,1,1,5,5,0.9,-1,-1,-1\n"), "every track is -1: detec"),
    "no map": (lambda r: (r / "persons.csv").unlink(), "persons.csv: the file is missing"),
    "map without header": (put("persons.csv", b"1,A\n"), "line 1: no header track,person"),
    "map twice": (put("persons.csv", b"track,person\n1,A\n1,B\n2,B\n3,C"), "line 3: track 1 is th"),
    "map with a hole": (put("persons.csv", b"track,person\n1,A\n2,\n3,C\n"), "line 3: person is"),
    "track not in map": (put("persons.csv", b"track,person\n1,A\n3,B\n"), r"track 2 .first in .*gt"
                         r"\.txt line 4. is not in the map"),
    "visit of two": (put("persons.csv", b"track,person,visit\n1,A,v\n2,B,v\n3,B,w\n"),
                     "line 3: visit v is of two persons"),
    "map of a header": (put("persons.csv", b"track,person\n\n"), "no line after the header"),
    "empty map": (put("persons.csv", b""), "persons.csv: the file is empty"),
    "no pictures": (lambda r: (r / "img1").rename(r.parent / "gone"), "holds no frames .* and no"),
    "image lost": (lambda r: (r / "img1/000005.png").unlink(), "line 5: frame 5 has no picture"),
    "image without number": (put("img1/last.png", b"x"), "last.png: no number at the end"),
    "image twice": (put("img1/2.png", b"x"), "frame 2 is there twice"),
    "image damaged": (put("img1/000001.png", b"x"), "000001.png: cannot be opened"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told_with_its_place_and_refused(root, name, request):
    breaking, message = BROKEN[name]
    breaking(root)
    refused(read(root), message)


BAD_XML = {
    "cut off": (XML[:200], "not readable as XML"),
    "entities": ('<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + XML[38:], "document ty"),
    "no frames": ("<dataset/>", "no frame/objectlist/object/box in it"),
    "no number": (XML.replace('number="1"', ""), "frame element 2: number is None"),
    "below zero": (XML.replace('number="1"', 'number="-1"'), "frame element 2: number is '-1'"),
    "frame twice": (XML.replace('number="1"', 'number="0"'), "frame 0 is there twice"),
    "no id": (XML.replace('id="3"', 'id="x"', 1), "frame 4 object 'x': expected a whole id"),
    "no box": (XML.replace('xc="26.5"', ""), "frame 4 object '3': expected a whole id and a box"),
    "not finite": (XML.replace('"26.5"', '"inf"'), "frame 4 object '3': expected a whole id and"),
    "no area": (XML.replace('w="12" xc="26.5"', 'w="0" xc="26.5"'), "object '3': a box without"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_XML)
def test_broken_xml_is_told_by_frame_and_object_and_refused(root, name):
    content, message = BAD_XML[name]
    (root / "labels.xml").write_text(content)
    refused(read(root, labels="labels.xml"), message)


def test_a_box_beside_the_picture_and_a_line_too_many_in_the_map_are_told_but_read(root):
    add("2,1,70,5,12,30,1,-1,-1,-1", lines=[g for g in GT if not g.startswith("2,1")])(root)
    warned(read(root), "line 6: the box lies outside the picture; nothing to do: it is left out")
    (root / "persons.csv").write_text(MAP + "9,C,\n")
    warned(read(root), "persons.csv line 5: track 9 has no box")


def test_videos_that_are_none_missing_or_too_many_are_told(root):
    film(root / "view.mp4", frames=4)
    refused(read(root, video="view.mp4"), "line 5: frame 5 has no picture: view.mp4 has 1 to 4")
    refused(read(root, video="other.mp4"), "other.mp4: the video is missing")
    plant(root, "bad.mp4", content=b"no video")
    refused(read(root, video="bad.mp4"), "bad.mp4: not readable as a video")
    (root / "img1").rename(root / "away")
    refused(read(root), "holds 2 videos .bad.mp4, view.mp4.; say which")


def test_problems_of_all_files_are_told_at_once(root):
    add("2,4,1,1,0,5,1,-1,-1,-1")(root)
    (root / "persons.csv").write_text("track,person\n1,A\n3,B\n4,B\n")
    (root / "img1/000005.png").unlink()
    with pytest.raises(DataError, match="3 problem") as error:
        motchallenge.load(root, persons="persons.csv")
    assert all(text in str(error.value) for text in ("line 7", "track 2", "frame 5"))


def test_an_absent_folder_and_split_are_told(tmp_path, own_cache):
    found = told(motchallenge.read(tmp_path / "nowhere", 1))
    assert "split 1 does not exist" in found
    assert "gt.txt: the file is missing" in found


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared folder is not beside the project")
def test_the_real_sequence_has_the_expected_lines_tracks_persons_and_queries():
    reading = motchallenge.read(SHARED, persons="track_to_person.csv")
    assert not reading.problems
    expected = motchallenge.EXPECTED["PETS09-S2L1"]
    assert {k: reading.found[k] for k in expected} == expected
    assert (reading.found["gallery persons"], reading.found["queries"]) == (10, 16)
