"""Drawn scenes: people cross and come back, boxes lie on them, the same seed is the same scene."""

import dataclasses

import numpy as np
import pytest

from sticc_lib.counting import scenes
from sticc_lib.counting.evidence import fragments_of, out_of_reach, places, seen_at_once
from sticc_lib.counting.video import Video

TINY = scenes.SceneConfig(
    seed=2, persons=4, seconds=45, fps=3, size=(120, 160), returns=2, gap=(1, 2)
)


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_CACHE", str(tmp_path))
    return scenes.load(TINY)


def test_a_scene_is_its_seeds_and_comes_back_from_the_cache(drawn, monkeypatch, tmp_path):
    again = scenes.load(TINY)
    assert again.boxes.equals(drawn.boxes)
    monkeypatch.setenv("STICC_CACHE", str(tmp_path / "other"))
    anew = scenes.load(TINY)
    assert np.array_equal(anew.crops, drawn.crops)
    other = scenes.load(dataclasses.replace(TINY, seed=6))
    assert not other.boxes.equals(drawn.boxes)


def test_tracks_are_of_one_person_and_people_come_back(drawn):
    boxes = drawn.boxes
    assert (boxes.groupby("track")["person"].nunique() == 1).all()
    assert boxes["visit"].nunique() > boxes["person"].nunique()
    assert len(drawn.crops) == len(boxes)


def test_cannot_link_and_speed_limit_never_part_a_person(drawn):
    boxes, _ = fragments_of(drawn.boxes, 9)
    names, number = np.unique(boxes["track"], return_inverse=True)
    person = boxes.groupby("track")["person"].first().to_numpy()
    same = person[:, None] == person[None]
    apart = seen_at_once(boxes, number, len(names))
    assert apart.any()
    assert not (apart & same).any()
    assert not (out_of_reach(places(boxes, number), drawn.fps) & same).any()


def test_mixed_tracks_hold_two_people(tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_CACHE", str(tmp_path))
    config = dataclasses.replace(TINY, persons=8, mixed=50.0)
    boxes = scenes.load(config).boxes
    assert (boxes.groupby("track")["person"].nunique() > 1).any()


def test_a_box_lies_on_what_was_painted():
    for number, (image, shown) in enumerate(scenes.frames(TINY)):
        table = shown
        if number == 0:
            empty = image.astype(int)
        if number == 20:
            break
    changed = np.abs(image.astype(int) - empty).sum(0) > 90
    inside = np.zeros_like(changed)
    for row in table.itertuples():
        y, x = int(max(row.y, 0)), int(max(row.x, 0))
        inside[y : int(row.y + row.h), x : int(row.x + row.w)] = True
    assert len(table) > 0
    assert changed[inside].mean() > 3 * changed[~inside].mean()


def test_a_scene_can_be_written_as_a_video(tmp_path):
    path = scenes.write_video(dataclasses.replace(TINY, seconds=3), tmp_path / "scene.mp4")
    video = Video.open(path)
    assert (video.count, round(video.fps)) == (9, 3)
