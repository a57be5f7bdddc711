"""Planted truths: what was put into a set is what its survey counts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sticc_lib.tracklets import survey
from sticc_lib.tracklets.crops import video_crops
from sticc_lib.tracklets.store import ArrayStore, FileStore, PixelError
from sticc_lib.tracklets.table import TrackletSet

COLUMNS = ["person", "label", "camera", "split", "query", "gallery", "num_frames", "source"]


def a_set(rows, pixels=None, frames_of=1):
    """A set of (person, camera, split) rows; one frame of a tracklet after the other."""
    table = pd.DataFrame(
        [(p, f"p{p}", c, s, False, True, frames_of, "t") for p, c, s in rows], columns=COLUMNS
    ).rename_axis("tracklet").astype({"camera": "Int64"})  # fmt: skip
    count = len(rows) * frames_of
    frames = pd.DataFrame({"tracklet": np.repeat(np.arange(len(rows)), frames_of),
                           "time": np.tile(np.arange(frames_of), len(rows)),
                           "row": np.arange(count)})  # fmt: skip
    if pixels is None:
        pixels = np.zeros((count, 8, 4, 3), np.uint8)
    return TrackletSet("planted", table, frames, ArrayStore(pixels))


def test_cameras_are_counted_by_split_and_junk_is_nobody():
    rows = [(1, 2, "train"), (1, 2, "train"), (2, 10, "test"), (-1, 10, "test"), (0, 2, "ignore")]
    found = survey.by_camera(a_set(rows, frames_of=3).tracklets)
    assert found.astype({"camera": str}).to_numpy().tolist() == [
        ["2", "train", 1, 2, 6], ["2", "ignore", 0, 1, 3], ["10", "test", 1, 2, 6],
    ]  # fmt: skip
    assert found["frames"].sum() == 15


def test_tracklets_without_a_camera_are_a_camera_of_their_own_and_in_no_pair():
    rows = [(1, None, "test"), (1, 1, "test"), (2, None, "test"), (2, None, "test")]
    data = a_set(rows)
    assert survey.camera_names(data.tracklets).tolist() == ["none", "1", "none", "none"]
    assert survey.by_camera(data.tracklets)["camera"].astype(str).tolist() == ["1", "none"]
    assert survey.camera_pairs(data.tracklets).to_numpy().tolist() == [[1]]
    nowhere = a_set([(1, None, "test"), (2, None, "test")]).tracklets
    assert survey.camera_pairs(nowhere).shape == (0, 0)
    assert survey.cameras_a_person(nowhere).empty


def test_pairs_of_cameras_hold_the_persons_that_both_saw():
    rows = [(1, 1, "train"), (1, 2, "train"), (2, 1, "test"), (2, 3, "test"), (3, 1, "test"),
            (0, 2, "test"), (0, 3, "test"), (-1, 1, "test"), (1, 1, "train")]  # fmt: skip
    table = a_set(rows).tracklets
    found = survey.camera_pairs(table)
    assert found.index.tolist() == [1, 2, 3]
    assert found.to_numpy().tolist() == [[3, 1, 1], [1, 1, 0], [1, 0, 1]]
    assert survey.cameras_a_person(table).to_dict() == {1: 1, 2: 2}


def test_a_person_in_two_splits_is_found_by_the_sources_own_name():
    rows = [(1, 1, "train"), (2, 1, "train"), (3, 1, "test"), (4, 1, "val"), (0, 1, "train"),
            (0, 1, "test")]  # fmt: skip
    table = a_set(rows).tracklets
    assert survey.shared_labels(table) == {}
    table.loc[2, "label"] = "p2"  # renumbered, but the source calls both p2
    assert survey.shared_labels(table) == {("train", "test"): ["p2"]}
    found = survey.split_overlap(table)
    assert found.index.tolist() == ["train", "val", "test"]
    assert found.to_numpy().tolist() == [[2, 0, 1], [0, 1, 0], [1, 0, 1]]


def test_the_dark_camera_is_the_dark_one_and_cameras_are_sampled_alike():
    rng = np.random.default_rng(0)
    rows = [(n + 1, 1 + (n >= 80) + (n >= 90), "train") for n in range(100)]
    pixels = rng.integers(100, 140, (100, 8, 4, 3))
    pixels[80:90] -= 60
    pixels[90:, ..., 0] += 50
    data = a_set(rows, pixels.astype(np.uint8))
    found = survey.light(data, most=45)
    assert found.groupby("camera", observed=True).size().to_dict() == {"1": 15, "2": 10, "3": 10}
    luma = found.groupby("camera", observed=True)["luma"].mean()
    assert luma.idxmin() == "2"
    assert luma["1"] == pytest.approx(120, abs=3)
    assert luma["3"] == pytest.approx(120 + 50 * survey.LUMA[0], abs=3)
    assert survey.light(data, most=45).equals(found)
    assert not survey.light(data, most=45, seed=1).equals(found)


def test_light_is_taken_from_the_frames_of_the_tracklet_itself():
    pixels = np.zeros((30, 8, 4, 3), np.uint8)
    pixels += (8 * np.arange(30) // 3).astype(np.uint8)[:, None, None, None]
    data = a_set([(n + 1, 1, "train") for n in range(10)], pixels, frames_of=3)
    kept = data.subset([n % 2 == 1 for n in range(10)])
    for part in (data, kept):
        found = survey.light(part)
        at = found["tracklet"].to_numpy()
        assert at.tolist() == part.tracklets.index.tolist()
        assert ((8 * 3 * at // 3 <= found["red"]) & (found["red"] <= 8 * (3 * at + 2) // 3)).all()


def test_sizes_of_files_come_from_their_headers(tmp_path):
    sizes = [(20, 10), (40, 16), (33, 21)]
    for number, (high, wide) in enumerate(sizes):
        noise = np.random.default_rng(0).integers(0, 256, (high, wide, 3)).astype(np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{number}.jpg")
    content = (tmp_path / "1.jpg").read_bytes()
    (tmp_path / "1.jpg").write_bytes(content[: len(content) - 40])  # no use decoding it
    data = a_set([(n + 1, 1, "train") for n in range(3)])
    frames = data.frames.drop(columns="row").assign(path=[f"{n}.jpg" for n in range(3)])
    data = replace(data, frames=frames, pixels=FileStore(tmp_path))
    found = survey.crop_sizes(data)[["height", "width"]].to_numpy()
    assert [tuple(row) for row in found.tolist()] == sizes
    assert len(survey.crop_sizes(data, most=2)) == 2
    boxed = replace(data, frames=frames.assign(x=0, y=0, w=[3, 4, 5], h=[7, 8, 9]))
    assert survey.crop_sizes(boxed)["height"].tolist() == [7, 8, 9]
    (tmp_path / "2.jpg").write_bytes(b"nothing")
    with pytest.raises(PixelError, match=r"2\.jpg: cannot be opened .*copy the file again"):
        survey.crop_sizes(data)


def test_sizes_of_crops_from_a_video_are_those_of_the_boxes(tmp_path, own_cache):
    import av

    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width = stream.height = 64
        for _ in range(2):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    boxes = pd.DataFrame({"frame": [1, 2], "x": [1.0, 2], "y": [0.0, 3], "w": [20.0, 11],
                          "h": [40.0, 31], "where": ["a", "b"]})  # fmt: skip
    for _ in range(2):  # cut, and from the cache
        store = video_crops(path, boxes, (32, 16), "mend it")
        assert store.sizes(np.array([1, 0])).tolist() == [[31, 11], [40, 20]]
        assert store.read(np.array([0])).shape == (1, 3, 32, 16)
    assert ArrayStore(np.zeros((2, 5, 3, 3), np.uint8)).sizes(np.array([1])).tolist() == [[5, 3]]


def test_a_few_persons_are_shown_in_every_place_once():
    rows = [(-1, 1, "train"), (9, 1, "train"), (1, 1, "train"), (1, 1, "train"), (1, 2, "train"),
            (2, 2, "train"), (2, 3, "train"), (3, 1, "test"), (3, 2, "test")]  # fmt: skip
    table = a_set(rows).tracklets
    assert survey.few_persons(table, 12) == [2, 4, 5, 6]
    assert survey.few_persons(table, 3) == [2, 4, 5]
    alone = a_set([(1, None, "test"), (2, None, "test")]).tracklets
    assert survey.few_persons(alone, 12) == [0, 1]
    assert survey.few_persons(alone.assign(visit=["a", "b"], person=1), 12) == [0, 1]
    assert survey.few_persons(alone.assign(person=-1), 1) == [0]
