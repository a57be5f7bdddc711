"""Boxes from files: the forms there are, and each way in which they can be wrong."""

import numpy as np
import pandas as pd
import pytest
from made_videos import make

from sticc_lib.counting.boxfile import FromFile
from sticc_lib.counting.video import Video
from sticc_lib.tracklets.table import DataError


@pytest.fixture
def video(tmp_path):
    return Video.open(make(tmp_path / "a.mp4", 10))  # 64 x 48


def read(tmp_path, video, text, **options):
    path = tmp_path / "boxes.csv"
    path.write_text(text)
    return FromFile(path, video, **options)


def boxes_of(source, video):
    frames = list(video.frames())
    return {f.number: b.tolist() for f, b in zip(frames, source.detect(frames), strict=True)}


@pytest.mark.parametrize("text", [
    "frame,x,y,w,h,score\n2,1,2,10,20,.5\n5,3,4,10,20,.25\n",
    "score,h,note,frame,x,y,w\n.25,20,b,5,3,4,10\n.5,20,a,2,1,2,10\n",
    "frame,x_min,y_min,x_max,y_max,confidence\n2,1,2,11,22,.5\n5,3,4,13,24,.25\n",
    "2,-1,1,2,10,20,.5,-1,-1,-1\n5,-1,3,4,10,20,.25,-1,-1,-1\n",
    "2,1,2,10,20,.5\n5,3,4,10,20,.25\n",
])  # fmt: skip
def test_every_form_says_the_same(tmp_path, video, text):
    source = read(tmp_path, video, text)
    held = boxes_of(source, video)
    assert held.pop(2) == [[1, 2, 10, 20, 0.5]]
    assert held.pop(5) == [[3, 4, 10, 20, 0.25]]
    assert all(boxes == [] for boxes in held.values())
    assert not source.tracked


def test_tracks_of_the_file_are_handed_out_with_their_boxes(tmp_path, video):
    source = read(
        tmp_path, video, "frame,track,x,y,w,h\n2,7,1,2,10,20\n2,9,30,2,10,20\n3,7,1,2,9,20\n"
    )
    assert source.tracked
    assert [source.update(n, source.detect([])).tolist() for n in (1, 2, 3)] == [[], [7, 9], [7]]
    plain = read(tmp_path, video, "2,7,1,2,10,20\n2,9,30,2,10,20\n")  # frame, track, x, y, w, h
    assert plain.update(2, np.empty((0, 5))).tolist() == [7, 9]


def test_frames_may_count_from_0_and_weak_boxes_can_be_left_out(tmp_path, video):
    text = "frame,x,y,w,h,score\n0,1,2,10,20,.9\n1,1,2,10,20,.1\n"
    held = boxes_of(read(tmp_path, video, text, score=0.5), video)
    assert (len(held[1]), len(held[2])) == (1, 0)
    text = "frame,x,y,w,h\n1,1,2,10,20\n"
    assert len(boxes_of(read(tmp_path, video, text, first_frame=0), video)[2]) == 1


def test_boxes_beyond_the_image_are_cut_or_left_out_with_a_note(tmp_path, video):
    source = read(
        tmp_path, video, "frame,x,y,w,h\n1,-5,-5,15,15\n1,60,40,30,30\n1,90,1,9,9\n1,5,5,9,9\n"
    )
    assert [b[:4] for b in boxes_of(source, video)[1]] == [
        [0, 0, 10, 10], [60, 40, 4, 8], [5, 5, 9, 9]]  # fmt: skip
    assert source.notes == [
        "boxes.csv: 1 box(es) outside the image, left out",
        "boxes.csv: 2 box(es) cut at its edge",
    ]


@pytest.mark.parametrize(("text", "told"), [
    ("frame,x,y,w,h\n1,1,2,nan,20\n", "line 2: w is 'nan', expected a number"),
    ("frame,x,y,w,h\n1,1,2,-3,20\n", "line 2: a box without area"),
    ("frame,x,y,w,h\n1,1,2,3\n", "line 2: 4 fields, expected 5"),
    ("frame,x,y,w,h\n11,1,2,3,20\n", r"line 2: a frame the video has not \(1 to 10\)"),
    ("frame,x,y,w,h\n-1,1,2,3,20\n", "line 2: a frame the video has not"),
    ("frame,track,x,y,w,h\n1,4,1,2,3,4\n1,4,9,9,3,4\n", "line 3: its track is twice"),
    ("frame;x;y;w;h\n1;1;2;3;4\n", "no comma in 'frame;x;y;w;h'"),
    ("1 1 2 3 4\n", "no comma in '1 1 2 3 4'"),
    ("frame,x,y\n1,1,2\n", "no column w, h"),
    ("frame,x,y,w,h\n", "no boxes in it"),
    ("", "the file is empty"),
])  # fmt: skip
def test_what_cannot_be_used_is_told_by_line(tmp_path, video, text, told):
    with pytest.raises(DataError, match=told):
        read(tmp_path, video, text)


def test_a_missing_file_is_told(tmp_path, video):
    with pytest.raises(DataError, match=r"none\.csv.*missing"):
        FromFile(tmp_path / "none.csv", video)


def test_other_boxes_have_another_name(video):
    table = pd.DataFrame({"frame": [1, 2], "x": 1.0, "y": 2.0, "w": 9.0, "h": 20.0})
    first, same = FromFile.of(table, video), FromFile.of(table.iloc[::-1], video)
    assert first.name == same.name
    assert FromFile.of(table.assign(x=2.0), video).name != first.name
