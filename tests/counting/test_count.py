"""The whole way from a video to a count, on small made-up videos."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from made_videos import make

from sticc_lib.counting.boxfile import FromFile
from sticc_lib.counting.calibrate import Cut
from sticc_lib.counting.count import CountOptions, count, recount
from sticc_lib.counting.features import crop_features
from sticc_lib.counting.identify import CountSettings
from sticc_lib.counting.outputs import (
    count_table,
    individuals,
    parameters,
    summary,
    told,
    write_data,
)
from sticc_lib.counting.table import check_intervals, check_samples
from sticc_lib.counting.trained import cut_of, training_crops
from sticc_lib.counting.video import Video
from sticc_lib.tracklets.store import ArrayStore
from sticc_lib.tracklets.table import Rule, TrackletSet
from sticc_lib.values import ConfigError

FRAMES, FPS = 63, 7
PLAIN = CountOptions(features="hsv")


def side_by_side(persons, frames=FRAMES, leave=0):
    """Boxes of people who walk side by side; `leave` of them are gone in the last third."""
    rows = [
        (frame, 3.0 + 20 * person, 4.0 + 0.2 * frame, 12.0, 24.0, person + 1)
        for frame in range(1, frames + 1)
        for person in range(persons)
        if person >= leave or frame <= 2 * frames // 3
    ]
    return pd.DataFrame(rows, columns=["frame", "x", "y", "w", "h", "track"])


@pytest.fixture
def video(tmp_path):
    return Video.open(make(tmp_path / "street.mp4", FRAMES, FPS))


def counted(video, folder, boxes, options=PLAIN, **more):
    return count(video, FromFile.of(boxes, video), folder, options, progress=False, **more)


@pytest.mark.parametrize("persons", [1, 3])
def test_who_is_seen_at_once_or_alone_is_counted(video, tmp_path, persons):
    found = counted(video, tmp_path / "run", side_by_side(persons))
    assert (found.unique, found.short_tracks) == (persons, persons)
    assert found.low <= persons <= found.high
    assert found.intervals["present"].tolist() == [persons] * 3


def test_nobody_is_a_count_of_0_in_every_file(video, tmp_path):
    nobody = side_by_side(1).iloc[:0]
    found = counted(video, tmp_path / "run", nobody)
    write_data(found, PLAIN, tmp_path / "out")
    held = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (held["unique"], held["unique_low"], held["unique_high"]) == (0, 0, 0)
    assert held["present"] == [0, 0, 0]
    assert json.loads((tmp_path / "out" / "individuals.json").read_text()) == []
    assert "0 people" in told(found)


def test_another_way_of_counting_does_not_watch_again(video, tmp_path):
    class Watched(FromFile):
        frames = 0

        def detect(self, frames):
            type(self).frames += len(frames)
            return super().detect(frames)

    detector = Watched.of(side_by_side(3, leave=1), video)
    first = count(video, detector, tmp_path / "run", PLAIN, progress=False)
    apart = CountOptions(features="hsv", settings=CountSettings(threshold=0.0))
    again = count(video, detector, tmp_path / "run", apart, progress=False)
    assert Watched.frames == FRAMES
    assert again.found.cut.value == 0
    assert len(again.observed.boxes) == len(first.observed.boxes)


def test_files_say_what_the_count_says(video, tmp_path):
    found = counted(video, tmp_path / "run", side_by_side(3, leave=1))
    write_data(found, PLAIN, tmp_path / "out", {"detector": "made up"})
    table = pd.read_csv(tmp_path / "out" / "counts.csv", index_col="interval")
    assert table.index.tolist() == [1, 2, 3]
    assert table["present"].tolist() == [3, 3, 2]
    assert table["departures"].tolist() == [0, 0, 1]
    assert table["unique"].iloc[-1] == 3
    assert table["sample_frame"].tolist() == [1, 22, 43]
    assert table["sample_n"].tolist() == [3, 3, 2]
    held = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert held["present"] == table["present"].tolist()
    assert (held["unique"], held["short_tracks"], held["detector"]) == (3, 3, "made up")
    people = json.loads((tmp_path / "out" / "individuals.json").read_text())
    assert [p["person"] for p in people] == [1, 2, 3]
    gone = [p for p in people if p["last_second"] < 8]
    assert [p["visits"] for p in gone] == [[{"start": 0.0, "stop": 6.0}]]
    assert sum(len(p["fragments"]) for p in people) == held["fragments"] == 8
    assert "3 people" in told(found)
    assert len(told(found).splitlines()) == 5 + 3


def test_tables_are_consistent_and_options_are_plain(video, tmp_path):
    found = counted(video, tmp_path / "run", side_by_side(2, leave=1))
    check_intervals(found.intervals)
    check_samples(found.samples)
    plain = parameters(CountOptions(stop=math.inf))
    assert plain["stop"] is None
    json.dumps(summary(found, PLAIN), allow_nan=False)
    json.dumps(individuals(found), allow_nan=False)
    assert set(count_table(found)["short"]) == {False}


def test_very_many_fragments_are_described_by_fewer_crops(video, tmp_path, monkeypatch):
    found = counted(video, tmp_path / "run", side_by_side(3))
    monkeypatch.setattr("sticc_lib.counting.count.FRAGMENTS_OF_FEW", 4)
    few = recount(found.observed, PLAIN, progress=False)
    assert len(few.evidence.owner) < len(found.evidence.owner) / 2
    assert set(few.evidence.owner) == set(found.evidence.owner)
    assert few.unique == 3


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"every": -3.0}, "every -3"),
        ({"every": math.nan}, "every nan"),
        ({"start": 5.0, "stop": 2.0}, "start 5"),
        ({"start": -1.0}, "start -1"),
        ({"step": 0}, "step 0"),
        ({"adapt": "all"}, "adapt 'all'"),
        ({"way": "both"}, "way 'both'"),
        ({"settings": CountSettings(threshold=math.nan)}, "threshold nan"),
    ],
)
def test_options_that_make_no_sense_are_refused(wrong, told):
    with pytest.raises(ConfigError, match=told):
        CountOptions(**wrong)


def test_without_a_fit_the_threshold_of_training_persons_counts(video, tmp_path):
    given = Cut(0.25, 0.05, "training persons", np.array([0.1]), np.array([0.9]), 0.0)
    plain = CountOptions(features="hsv", adapt="none")
    found = counted(video, tmp_path / "run", side_by_side(3), plain, trained=given)
    assert found.found.cut is given
    assert found.unique == 3


def test_the_threshold_of_training_persons_parts_their_colours():
    """Persons of one plain colour each: all pairs of one person are nearer than all others."""
    rng = np.random.default_rng(0)
    rows, pixels = [], []
    for person, color in enumerate(np.array([(200, 30, 30), (30, 200, 30), (30, 30, 200)]), 1):
        for camera in (1, 2):
            rows.append((person, camera))
            noise = rng.integers(-9, 9, (5, 128, 64, 3))
            pixels.append(np.clip(color + noise, 0, 255).astype(np.uint8))
    tracklets = pd.DataFrame(rows, columns=["person", "camera"]).rename_axis("tracklet")
    tracklets = tracklets.assign(
        label=tracklets["person"].astype(str), split="train", query=True, gallery=True,
        num_frames=5, source="made up",
    ).astype({"camera": "Int64"})  # fmt: skip
    frames = pd.DataFrame({"tracklet": np.repeat(np.arange(6), 5), "time": np.tile(np.arange(5), 6),
                           "row": np.arange(30)})  # fmt: skip
    store = ArrayStore(np.concatenate(pixels))
    made = TrackletSet("plain", tracklets, frames, store, Rule()).check()
    crops, owner, _ = training_crops(made)
    assert np.bincount(owner).tolist() == [5] * 6
    found = cut_of(crop_features(crops, owner, "hsv"), owner, made)
    assert found.same.max() < found.value < found.different.min()
    assert found.error == 0
