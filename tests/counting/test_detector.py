"""The detector: its decoding on planted maps, the shipped file on real frames, its making."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sticc_lib.counting.boxes import hits
from sticc_lib.counting.detector import BINS, DetectorError, NanoDet, decode, grid, shrink
from sticc_lib.counting.video import Frame, Video
from sticc_lib.run import data_dir, project_root

SOURCE = project_root().parent / "shared" / "data" / "weights" / "nanodet_tfjs"


def planted(boxes, shape, scores, stride_of=8):
    """Maps that say these boxes, as a network that is sure would."""
    centres, strides = grid()
    person, bins = np.zeros(len(centres)), np.zeros((len(centres), 4 * BINS))
    scale = np.array([416 / shape[1], 416 / shape[0]])
    for (x, y, w, h), score in zip(boxes, scores, strict=True):
        low, high = np.array([x, y]) * scale, np.array([x + w, y + h]) * scale
        near = np.abs(centres - (low + high) / 2).sum(axis=1) + 1e6 * (strides != stride_of)
        cell = int(near.argmin())
        far = np.concatenate([centres[cell] - low, high - centres[cell]]) / stride_of
        person[cell] = score
        for edge, distance in enumerate(far):  # a mean between two bins
            below = int(distance)
            spread = np.full(BINS, -50.0)
            spread[below] = np.log(max(below + 1 - distance, 1e-20))
            spread[below + 1] = np.log(max(distance - below, 1e-20))
            bins[cell, edge * BINS : (edge + 1) * BINS] = spread
    return person, bins, centres, strides


@pytest.mark.parametrize("stride", [8, 16, 32])
def test_planted_boxes_come_back_in_pixels_of_the_frame(stride):
    shape, scores = (576, 768), [0.9, 0.6]
    boxes = [(100, 200, 4 * stride, 6 * stride), (400, 100, 5 * stride, 8 * stride)]
    found = decode(*planted(boxes, shape, scores, stride), shape)
    np.testing.assert_allclose(found[:, :4], boxes, atol=1e-2)
    np.testing.assert_allclose(found[:, 4], scores)


def test_weak_boxes_doubles_and_what_lies_outside_go():
    shape = (416, 416)
    maps = planted([(100, 100, 40, 60), (104, 100, 40, 60), (300, 300, 40, 60), (-20, 10, 60, 60)],
                   shape, [0.9, 0.8, 0.3, 0.7])  # fmt: skip
    found = decode(*maps, shape)
    np.testing.assert_allclose(found[:, :4], [(100, 100, 40, 60), (0, 10, 40, 60)], atol=1e-2)


def test_the_picture_is_turned_to_blue_green_red_and_resized():
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[..., 0], pixels[:, 100:, 2] = 200, 90  # red everywhere, blue on the right
    small = shrink(pixels)
    assert small.shape == (1, 416, 416, 3)
    assert small[0, 200, 100].tolist() == [0, 0, 200]
    assert small[0, 200, 300].tolist() == [90, 0, 200]


def test_the_shipped_detector_finds_the_people_of_the_embedded_clip():
    video = Video.open(data_dir() / "pets2009" / "s2l1_view1.mp4")
    truth = pd.read_csv(data_dir() / "pets2009" / "boxes.csv")
    frames = list(video.frames(stop=9, every=12))
    found = NanoDet(threads=1).detect(frames[:2]) + NanoDet(threads=1).detect(frames[2:])
    hit = there = 0
    for frame, boxes in zip(frames, found, strict=True):
        wanted = truth.loc[truth["frame"] == frame.number, ["x", "y", "w", "h"]].to_numpy()
        hit, there = hit + len(hits(boxes, wanted)), there + len(wanted)
    assert there > 20
    assert hit / there > 0.95
    assert sum(len(boxes) for boxes in found) < 1.2 * there


def test_a_blank_frame_and_a_tiny_one_hold_nobody():
    blank = [Frame(1, 0.0, np.full((90, 70, 3), 128, np.uint8)),
             Frame(2, 0.1, np.zeros((2, 3, 3), np.uint8))]  # fmt: skip
    assert [boxes.shape for boxes in NanoDet(threads=1).detect(blank)] == [(0, 5), (0, 5)]


def test_a_missing_or_damaged_file_says_what_to_do(tmp_path):
    with pytest.raises(DetectorError, match="make_detector"):
        NanoDet(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    with pytest.raises(DetectorError, match="not readable as a network"):
        NanoDet(tmp_path / "bad.onnx")


@pytest.mark.skipif(not SOURCE.is_dir(), reason="the TensorFlow.js source is not at hand")
def test_the_conversion_gives_the_shipped_file(tmp_path):
    script, target = data_dir() / "scripts" / "make_detector.py", tmp_path / "made.onnx"
    subprocess.run(
        [sys.executable, script, SOURCE, "--target", target], check=True, capture_output=True
    )
    assert target.read_bytes() == (data_dir() / "weights" / "nanodet_416.onnx").read_bytes()
