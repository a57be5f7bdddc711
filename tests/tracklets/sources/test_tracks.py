"""Tracks of one's own video: each form of CSV read to the same tracklets, then broken."""

import numpy as np
import pytest
from planting import film, plant, refused, rows, stills, times, told, warned

from sticc_lib.tracklets.sources import tracks
from sticc_lib.tracklets.table import DataError

BOXES = [(1, 7, 10, 5, 12, 30), (2, 7, 12, 5, 12, 30), (2, 4, 40, 5, 12, 30), (6, 4, 41, 5, 12, 30)]
PLAIN = "frame,track,x,y,w,h"


def text(header=PLAIN, extra=("", "", "", "")):
    lines = [",".join(map(str, box)) + more for box, more in zip(BOXES, extra, strict=True)]
    return "\n".join([header, *lines] if header else lines) + "\n"


def supervision(first=0, frame="frame_index"):
    lines = [f"x_min,y_min,x_max,y_max,class_id,confidence,tracker_id,{frame}"]
    for number, track, x, y, w, h in BOXES:
        lines.append(f"{x},{y},{x + w},{y + h},0,0.9,{track},{number - 1 + first}")
    lines.append(f"1,1,9,9,0,0.4,,{first}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def root(tmp_path, own_cache):
    stills(tmp_path, "{:04}.png", range(1, 7))
    (tmp_path / "tracks.csv").write_text(text())
    return tmp_path


FORMS = {
    "plain": text(),
    "other names": text("Frame_ID, track_id, left, top, width, height"),
    "more columns": text(PLAIN + ",note,score,class", (",a,0.5,person",) * 4),
    "no header": text(""),
    "no header, more": text("", (",0.9,-1,-1",) * 4),
    "supervision from 0": supervision(),
    "supervision from 1": supervision(1, "frame_number"),
    "byte order mark, returns": "\ufeff" + text().replace("\n", "\r\n") + "\r\n\r\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_reads_to_the_same_tracklets_and_crops(root, form):
    (root / "tracks.csv").write_bytes(FORMS[form].encode())
    reading = tracks.read(root)
    assert not told(reading)
    assert rows(reading, "label", "camera", "split", "query", "gallery", "num_frames") == [
        ("track 4", 1, "test", False, True, 2), ("track 7", 1, "test", False, True, 2),
    ]  # fmt: skip
    assert times(reading) == [[2, 6], [1, 2]]
    data = reading.to_set()
    assert data.frames[["x", "y", "w", "h"]].to_numpy().tolist()[0] == [40, 5, 12, 30]
    assert data.read(np.arange(4), (8, 4)).mean((1, 2, 3)) == pytest.approx([60, 180, 30, 60])


def test_lines_without_a_track_are_counted_and_left_out(root):
    (root / "tracks.csv").write_text(supervision())
    assert tracks.read(root).found["lines without a track"] == 1


def test_frames_are_counted_from_one_unless_a_zero_occurs_or_it_is_said(root):
    assert tracks.read(root).facts["frames counted from"] == "1"
    (root / "tracks.csv").write_text(text().replace("\n6,", "\n5,"))
    reading = tracks.read(root, first_frame=0)
    assert times(reading) == [[3, 6], [2, 3]]
    assert reading.to_set().facts["frames counted from"] == "0"


def test_named_persons_are_queries_where_they_come_back(root):
    (root / "tracks.csv").write_text(text(PLAIN + ",person", (",anna",) * 4))
    reading = tracks.read(root)
    assert rows(reading, "label", "visit", "query") == [("anna", "4", True), ("anna", "7", True)]
    assert reading.to_set().rule.exclude_same_visit


def test_with_several_cameras_a_query_ranks_the_others(root):
    extra = (",1,anna", ",1,anna", ",2,anna", ",2,anna")
    (root / "tracks.csv").write_text(text(PLAIN + ",camera,person", extra))
    reading = tracks.read(root)
    assert rows(reading, "camera", "visit", "query") == [(1, "1 7", True), (2, "2 4", True)]
    assert reading.to_set().rule.same_camera_junk
    apart = (",1,anna", ",1,anna", ",2,ben", ",2,ben")
    (root / "tracks.csv").write_text(text(PLAIN + ",camera,person", apart))
    assert not tracks.read(root).tracklets["query"].any()


def test_a_map_of_persons_and_halves_work_as_for_the_mot_challenge(root):
    (root / "who.csv").write_text("track,person\n4,anna\n7,anna\n")
    assert tracks.read(root, persons="who.csv").tracklets["query"].all()
    assert rows(tracks.read(root, halves=True), "query") == [(True,), (False,)] * 2


def test_a_class_can_be_chosen_and_several_are_told(root):
    (root / "tracks.csv").write_text(text(PLAIN + ",class", (",0", ",0", ",2", ",2")))
    warned(tracks.read(root), r"boxes of 2 classes \(0, 2\), all taken as persons; give only_class")
    assert rows(tracks.read(root, only_class="0"), "label") == [("track 7",)]
    refused(tracks.read(root, only_class="9"), "no line of class '9'; there are 0, 2")
    (root / "tracks.csv").write_text(text())
    refused(tracks.read(root, only_class="0"), "no column class")


def test_a_video_file_is_a_root_too(tmp_path, own_cache):
    (tmp_path / "tracks.csv").write_text(text())
    data = tracks.load(film(tmp_path / "walk.mp4"), size=(32, 16))
    assert data.read(np.arange(4)).shape == (4, 3, 32, 16)
    assert data.read(np.arange(4)).mean((1, 2, 3)) == pytest.approx([60, 180, 30, 60], abs=6)


BROKEN = {
    "no file": (None, "tracks.csv: the file is missing; give the file: tracks=NAME"),
    "empty": ("", "the file is empty"),
    "no track column": (text("frame,who,x,y,w,h"), "line 1: no column track"),
    "column twice": (text(PLAIN + ",x", (",1",) * 4), "line 1: columns x twice"),
    "only a header": (PLAIN + "\n", "no box is left"),
    "too few": ("1,2,3\n", "line 1: no column y, w, h"),
    "field missing": (text() + "3,4,1,1,5\n", "line 6: 5 fields, expected 6"),
    "text": (text() + "3,4,1,one,5,5\n", "line 6: y is 'one', expected a number"),
    "half a frame": (text() + "3.5,4,1,1,5,5\n", "line 6: frame is '3.5', expected a whole"),
    "not finite": (text() + "3,4,1,1,inf,5\n", "line 6: w is 'inf', expected a number"),
    "not UTF-8": (text().encode() + b"3,4,1,\xe9,5,5\n", "line 6: not UTF-8"),
    "no area": (text() + "3,4,1,1,5,-5\n", "line 6: a box without area"),
    "beyond the end": (text() + "7,4,1,1,5,5\n", "line 6: frame 7 has no picture"),
    "box twice": (text() + "6,4,1,1,5,5\n", "line 6: a second box in frame 6 for visit 4"),
    "no tracks": (PLAIN + "\n1,-1,1,1,5,5\n", "no line has a track: detections, not tracks"),
    "camera empty": (text(PLAIN + ",camera", (",1", ",", ",1", ",1")), "line 3: camera is ''"),
    "person empty": (text(PLAIN + ",person", (",a", ",", ",a", ",a")), "line 3: person is ''"),
    "corners swapped": ("x_min,y_min,x_max,y_max,tracker_id,frame\n9,1,3,8,1,1\n",
                        "line 2: a box without area"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told_with_its_line_and_refused(root, name):
    content, message = BROKEN[name]
    if content is None:
        (root / "tracks.csv").unlink()
    else:
        (root / "tracks.csv").write_bytes(
            content if isinstance(content, bytes) else content.encode()
        )
    refused(tracks.read(root), message)


def test_many_lines_are_all_read_and_problems_told_briefly(tmp_path):
    count = 60_000  # more than are read at a time
    lines = [PLAIN, *(f"{n},{n % 90},1.5,2,30,60" for n in range(count)), *["x,1,1,1,1,1"] * 999]
    plant(tmp_path, "tracks.csv", content="\n".join(lines).encode())
    problems = []
    table, found = tracks.read_tracks(tmp_path / "tracks.csv", problems)
    assert (len(table), found["tracks"], len(problems)) == (count, 90, 20)
    assert "and 979 more like this" in str(problems[-1])


def test_other_splits_and_first_frames_are_refused(root):
    with pytest.raises(DataError, match="split 1 does not exist"):
        tracks.load(root, 1)
    with pytest.raises(DataError, match="first_frame 3; give 0, 1 or -1"):
        tracks.load(root, first_frame=3)
