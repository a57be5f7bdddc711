"""Counting video files into a folder: what is written, and what is refused before anything is."""

import json

import numpy as np
import pandas as pd
import pytest
from made_videos import cut, make

from sticc_lib.cli import main
from sticc_lib.counting.boxes import iou
from sticc_lib.counting.count import CountOptions
from sticc_lib.counting.points import BoxSize
from sticc_lib.experiments.counts import Source, count_videos, embedder
from sticc_lib.values import ConfigError, Refusal

PLAIN = CountOptions(features="hsv")
ROWS = [(f, 3 + 20 * p, 4 + 0.2 * f, 12, 24) for f in range(1, 43) for p in range(2)]


def line(*values):
    return ",".join(f"{v:g}" for v in values) + "\n"


def boxes(path, rows=ROWS, header="frame,x,y,w,h\n"):
    path.write_text(header + "".join(line(*row) for row in rows))
    return path


@pytest.fixture
def street(tmp_path):
    return make(tmp_path / "street.mp4", 42)


def files(folder):
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def test_the_folder_holds_the_count(street, tmp_path):
    source = Source(boxes=str(boxes(tmp_path / "boxes.csv")))
    found, folder = count_videos(
        [street], tmp_path / "out", source, PLAIN, points=True, video=False, progress=False
    )
    assert found.unique == 2
    assert {"counts.csv", "individuals.json", "summary.json", "points/1.txt"} <= files(folder)
    held = json.loads((folder / "summary.json").read_text())
    assert held["detector"].startswith("boxes.csv")
    assert held["unique"] == 2
    assert (folder / "points" / "42.txt").read_text().splitlines()[0] == "9 36.4"


def test_points_are_a_source_like_boxes(street, tmp_path):
    """The points that a count wrote lead back to the boxes it had."""
    source = Source(boxes=str(boxes(tmp_path / "boxes.csv")))
    first, folder = count_videos(
        [street], tmp_path / "out", source, PLAIN, points=True, video=False, progress=False
    )
    size = BoxSize(height=24, aspect=0.5)
    second, _ = count_videos(
        [street], tmp_path / "again", Source(points=str(folder / "points"), person=size), PLAIN,
        video=False, progress=False,
    )  # fmt: skip
    ours, theirs = (f.observed.boxes[["x", "y", "w", "h"]].to_numpy() for f in (second, first))
    assert np.diag(iou(ours, theirs)).min() > 0.9
    assert second.unique == 2


def test_two_files_in_order_are_one_video(tmp_path):
    first, second = make(tmp_path / "1.mp4", 21), make(tmp_path / "2.mp4", 21, first=21)
    source = Source(boxes=str(boxes(tmp_path / "boxes.csv")))
    found, _ = count_videos(
        [first, second], tmp_path / "out", source, PLAIN, video=False, progress=False
    )
    assert found.unique == 2
    assert found.intervals["present"].tolist() == [2, 2]


def crowd(path):
    return boxes(path, [(3, k % 60, k % 40, 3, 5) for k in range(5000)])


BAD = {
    "not a video": (lambda p: (p / "v.mp4").write_text("hello") and {}, "not readable as a video"),
    "truncated": (lambda p: {"video": cut(make(p / "v.mkv", 42), 0.6)}, "cut"),
    "zero frames": (lambda p: (p / "v.mp4").write_bytes(b"") or {}, "empty"),
    "missing": (lambda p: {}, "no such file"),
    "crowd": (lambda p: {"boxes": crowd(p / "b.csv")}, "5,000 boxes"),
    "nan": (lambda p: {"boxes": boxes(p / "b.csv", [(1, 3, float("nan"), 5, 5)])}, "line 2"),
    "separator": (lambda p: {"boxes": boxes(p / "b.csv", [], "1 3 4 12 24\n")}, "comma"),
    "beyond": (lambda p: {"boxes": boxes(p / "b.csv", [(99, 1, 1, 9, 9)])}, "frame the video has"),
    "interval": (lambda p: {"every": -3.0}, "every -3"),
    "both": (lambda p: {"boxes": "b.csv", "points": "p"}, "boxes and points"),
    "features": (lambda p: {"features": "smell"}, "smell"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_counted_is_told_and_nothing_is_written(tmp_path, name, capsys):
    break_it, said = BAD[name]
    given = break_it(tmp_path)
    if name not in ("not a video", "zero frames", "missing"):
        given.setdefault("video", make(tmp_path / "v.mp4", 42))
    video = given.pop("video", tmp_path / "v.mp4")
    before = files(tmp_path)
    options = [f"--{k}={v}" for k, v in {"features": "hsv", **given}.items()]
    assert main(["count", str(video), "--out", str(tmp_path / "out"), *options]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert files(tmp_path) == before


def test_points_with_a_missing_frame_or_a_bad_line_are_refused(street, tmp_path):
    folder = tmp_path / "points"
    folder.mkdir()
    for frame in range(1, 43):
        (folder / f"{frame}.txt").write_text("9 30\n29 30\n")
    (folder / "17.txt").unlink()
    for text, said in ((None, "17.txt is missing"), ("9;30\n", "17.txt line 1"),
                       ("nan 30\n", "17.txt line 1"), ("9\n", "17.txt line 1")):  # fmt: skip
        if text is not None:
            (folder / "17.txt").write_text(text)
        with pytest.raises(Refusal, match=said):
            count_videos([street], tmp_path / "out", Source(points=str(folder)), PLAIN)
        assert not (tmp_path / "out").exists()


def test_boxes_beside_the_picture_are_left_out_and_told(street, tmp_path):
    source = Source(boxes=str(boxes(tmp_path / "b.csv", [*ROWS, (5, 900, 900, 10, 20)])))
    found, _ = count_videos([street], tmp_path / "out", source, PLAIN, video=False, progress=False)
    assert found.unique == 2
    assert "1 box(es) outside the image" in " ".join(found.observed.notes)


def test_a_video_without_a_frame_rate_wants_one(tmp_path, capsys):
    """Raw H.264 has no time stamps."""
    raw = make(tmp_path / "raw.h264", 42)
    source = str(boxes(tmp_path / "boxes.csv"))
    options = ["--boxes", source, "--features", "hsv", "--no-video"]
    assert main(["count", str(raw), "--out", str(tmp_path / "a"), *options]) == 2
    assert "says no frame rate and has no time stamps; give fps" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()
    assert main(["count", str(raw), "--out", str(tmp_path / "b"), "--fps", "7", *options]) == 0
    assert pd.read_csv(tmp_path / "b" / "counts.csv")["present"].tolist() == [2, 2]


def test_a_model_is_loaded_only_where_it_is_asked_for(tmp_path):
    assert embedder("stripes+hsv") is None
    assert embedder("sticc+hsv").spec.image_size == (128, 64)
    with pytest.raises(ConfigError):
        embedder("sticc", tmp_path / "nothing.safetensors")
