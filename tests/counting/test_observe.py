"""Watching a video: fragments, their crops, intervals; and going on after a kill."""

import numpy as np
import pandas as pd
import pytest
from made_videos import cut, make, picture

from sticc_lib.counting.boxes import iou
from sticc_lib.counting.boxfile import FromFile
from sticc_lib.counting.intervals import Clock, intervals
from sticc_lib.counting.keeper import Keeper, clean
from sticc_lib.counting.observe import fragment_tracklets, observe
from sticc_lib.counting.video import Video, VideoError
from sticc_lib.run import RunError
from sticc_lib.tracklets.table import DataError
from sticc_lib.values import ConfigError

SIZE = (32, 16)
FRAMES = 55


class Blind:
    """Sees nobody; dies at a frame where it is told to."""

    name = "blind"

    def detect(self, frames):
        return [np.empty((0, 5), np.float32) for _ in frames]


class Mortal(FromFile):
    """Boxes of a table, until a frame kills it."""

    dies = 10**9

    def detect(self, frames):
        if any(frame.number >= self.dies for frame in frames):
            raise KeyboardInterrupt
        return super().detect(frames)


def people(frames=FRAMES, persons=3):
    """Some who walk side by side; the last of them leaves halfway."""
    rows = []
    for person in range(persons):
        for frame in range(1, frames + 1):
            if person < persons - 1 or frame < frames // 2:
                rows.append((frame, 5.0 + 18 * person, 4.0 + 0.3 * frame, 12.0, 24.0))
    return pd.DataFrame(rows, columns=["frame", "x", "y", "w", "h"])


@pytest.fixture
def video(tmp_path):
    return Video.open(make(tmp_path / "a.mp4", FRAMES))


def test_every_box_is_in_one_fragment_and_every_fragment_in_one_interval(tmp_path, video):
    seen = observe(video, FromFile.of(people(), video), tmp_path / "run", size=SIZE)
    assert list(seen.boxes) == [
        "frame",
        "track",
        "x",
        "y",
        "w",
        "h",
        "score",
        "interval",
        "fragment",
    ]
    assert len(seen.boxes) == len(people())
    assert (seen.boxes["interval"] == (seen.boxes["frame"] - 1) // 21).all()
    by = seen.boxes.groupby("fragment")
    assert (by["track"].nunique() == 1).all()
    assert (by["interval"].nunique() == 1).all()
    assert by.size().tolist() == seen.fragments["n"].tolist()
    assert by["frame"].min().tolist() == seen.fragments["first_frame"].tolist()
    assert by["frame"].max().tolist() == seen.fragments["last_frame"].tolist()
    assert seen.fragments.index.tolist() == list(range(len(seen.fragments)))
    wanted = intervals(7, FRAMES)
    pd.testing.assert_frame_equal(seen.intervals, wanted, check_dtype=False)
    assert wanted["short"].tolist() == [False, False, True]


def test_crops_are_the_pixels_under_their_boxes(tmp_path, video):
    seen = observe(video, FromFile.of(people(), video), tmp_path / "run", size=(24, 12))
    data = seen.tracklets()
    assert data.tracklets["num_frames"].tolist() == seen.fragments["crops"].tolist()
    frames = {f.number: f.pixels for f in video.frames()}
    for position in range(0, len(data.frames), 7):
        row = data.frames.iloc[position]
        boxes = seen.boxes[seen.boxes["fragment"] == row["tracklet"]]
        x, y, w, h = boxes.loc[boxes["frame"] == row["time"], ["x", "y", "w", "h"]].iloc[0].round()
        part = frames[row["time"]][int(y) : int(y + h), int(x) : int(x + w)]
        np.testing.assert_array_equal(data.read(np.array([position]))[0].transpose(1, 2, 0), part)


def test_other_trackers_tracks_are_taken_as_they_are(video, tmp_path):
    table = people()
    table["track"] = (table["x"] // 18).astype(int) + 40
    data = fragment_tracklets(video, table, SIZE, tmp_path / "run")
    assert sorted(data.tracklets["track"].unique()) == [40, 41, 42]
    assert len(data) == 3 + 3 + 2


@pytest.mark.parametrize("dies", [1, 15, 21, 22, 43, 55])
def test_a_killed_job_goes_on_and_ends_the_same(tmp_path, video, dies):
    whole = observe(video, Mortal.of(people(), video), tmp_path / "whole", size=SIZE)
    detector = Mortal.of(people(), video)
    detector.dies = dies
    with pytest.raises(KeyboardInterrupt):
        observe(video, detector, tmp_path / "run", size=SIZE)
    with (tmp_path / "run" / "crops.u8").open("ab") as stream:
        stream.write(b"half a crop")  # written, its record not yet
    again = Mortal.of(people(), video)
    resumed = observe(video, again, tmp_path / "run", size=SIZE)
    for name in ("boxes", "fragments", "intervals", "crops"):
        pd.testing.assert_frame_equal(getattr(resumed, name), getattr(whole, name))
    if len(whole.fragments):
        assert resumed.tracklets().fingerprint() == whole.tracklets().fingerprint()
    detector.dies = 0
    observe(video, detector, tmp_path / "run", size=SIZE)  # done: nothing is looked at again


def test_a_video_that_has_grown_is_watched_on(tmp_path):
    path = make(tmp_path / "a.ts", 60)
    content = path.read_bytes()
    path.write_bytes(content[: int(0.6 * len(content))])
    part = Video.open(path)
    assert part.count < 55
    boxes = people(60)
    early = observe(part, FromFile.of(boxes, part), tmp_path / "run", size=SIZE)
    assert early.boxes["frame"].max() <= part.count
    path.write_bytes(content)
    full = Video.open(path)
    seen = observe(full, FromFile.of(boxes, full), tmp_path / "run", size=SIZE)
    fresh = observe(full, FromFile.of(boxes, full), tmp_path / "fresh", size=SIZE)
    pd.testing.assert_frame_equal(seen.boxes, fresh.boxes)
    pd.testing.assert_frame_equal(seen.intervals, fresh.intervals)


def test_another_video_or_setting_is_refused(tmp_path, video):
    observe(video, Blind(), tmp_path / "run", size=SIZE)
    with pytest.raises(RunError, match=r"every 3.0 there, 2.0 here"):
        observe(video, Blind(), tmp_path / "run", size=SIZE, every=2.0)
    other = Video.open(make(tmp_path / "b.mp4", 20, first=7))
    with pytest.raises(RunError, match="another observation"):
        observe(other, Blind(), tmp_path / "run", size=SIZE)


def test_nobody_is_an_answer_and_no_tracklets(tmp_path, video):
    seen = observe(video, Blind(), tmp_path / "run", size=SIZE)
    assert (len(seen.boxes), len(seen.fragments), len(seen.intervals)) == (0, 0, 3)
    with pytest.raises(DataError, match="nobody was found"):
        seen.tracklets()


def test_a_stretch_of_the_video_has_its_own_intervals(tmp_path, video):
    seen = observe(
        video, FromFile.of(people(), video), tmp_path / "run", size=SIZE, start=1, stop=6
    )
    assert seen.intervals["first_frame"].tolist() == [8, 29]
    assert seen.intervals["last_frame"].tolist() == [28, 42]
    assert seen.intervals["start"].tolist() == [1, 4]
    assert seen.intervals["short"].tolist() == [False, True]
    with pytest.raises(VideoError, match="no frame from 100 s"):
        observe(video, Blind(), tmp_path / "late", size=SIZE, start=100)


def test_every_second_frame_keeps_the_intervals(tmp_path, video):
    seen = observe(video, FromFile.of(people(), video), tmp_path / "run", size=SIZE, step=2)
    assert set(seen.boxes["frame"] % 2) == {1}
    assert seen.intervals["frames"].tolist() == [11, 10, 7]
    assert (seen.boxes["interval"] == (seen.boxes["frame"] - 1) // 21).all()


def test_where_the_rate_varies_intervals_are_cut_by_time(tmp_path):
    stamps = [*range(0, 2000, 100), 8100, 8200]  # nothing from 2 to 8 s
    video = Video.open(make(tmp_path / "a.mkv", 22, stamps=stamps))
    seen = observe(video, Blind(), tmp_path / "run", size=SIZE)
    assert seen.intervals["frames"].tolist() == [20, 0, 2]
    assert seen.intervals["start"].tolist() == [0, 3, 6]
    assert seen.intervals["short"].tolist() == [False, False, True]


def test_a_truncated_file_leaves_nothing_half_written(tmp_path):
    with pytest.raises(VideoError, match="truncated"):
        Video.open(cut(make(tmp_path / "a.mkv", 60), 0.5))


@pytest.mark.parametrize("every", [0, -3, float("nan"), 0.01])
def test_an_interval_that_is_none_is_refused_before_work(tmp_path, video, every):
    with pytest.raises(ConfigError, match="every"):
        observe(video, Blind(), tmp_path / "run", every=every)
    assert not (tmp_path / "run").exists()


def test_intervals_of_pets_are_37_full_ones_and_a_tail():
    table = intervals(7, 795)
    assert (len(table), int(table["first_frame"].iloc[-1])) == (38, 778)
    assert table["frames"].tolist() == [21] * 37 + [18]
    assert table["short"].tolist() == [False] * 37 + [True]
    clock = Clock(7)
    assert [clock.of(n, 0.0) for n in (1, 21, 22, 795)] == [0, 0, 1, 37]


def test_kept_crops_are_evenly_spaced_and_clean_ones_come_first():
    keeper = Keeper((8, 8), crops=4)
    alone, pair = np.array([[10, 10, 8, 8.0]]), np.array([[10, 10, 8, 8.0], [12, 10, 8, 8]])
    for frame in range(1, 101):
        doubled = frame > 50
        keeper.add(frame, picture(frame), pair if doubled else alone, np.arange(1, 2 + doubled))
    track, frame, tidy, pixels = keeper.take()
    first = frame[track == 1]
    assert tidy[track == 1].all()
    assert len(first) == 4
    assert first.max() <= 50
    assert np.ptp(np.diff(first)) <= 8
    assert not tidy[track == 2].any()
    assert (track == 2).sum() == 2  # unclean ones fill half
    assert pixels.shape == (6, 8, 8, 3)


def test_thousands_of_boxes_are_held_in_bounded_memory(monkeypatch):
    monkeypatch.setattr("sticc_lib.counting.keeper.MOST", 300)
    keeper = Keeper((4, 4), crops=8)
    rng = np.random.default_rng(0)
    boxes = np.column_stack(
        [rng.uniform(1, 50, 250), rng.uniform(1, 30, 250), *np.full((2, 250), 5.0)]
    )
    for frame in range(1, 20):
        keeper.add(frame, picture(frame), boxes, np.arange(250))
        assert keeper._count <= 300
    track = keeper.take()[0]
    assert set(track) == set(range(250))


def test_clean_boxes_are_inside_and_apart():
    boxes = np.array([[5, 5, 10, 10], [0, 5, 10, 10], [30, 5, 10, 10], [32, 5, 10, 10.0]])
    wanted = [max(iou(boxes[[n]], np.delete(boxes, n, 0))[0]) <= 0.15 and n != 1 for n in range(4)]
    assert clean(boxes, 64, 48).tolist() == wanted == [False, False, False, False]
    assert clean(boxes[[0, 2]], 64, 48).tolist() == [True, True]
    assert clean(boxes[:0], 64, 48).tolist() == []
