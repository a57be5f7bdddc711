"""Frames looked at side by side come back in order, with their own boxes."""

import threading
import time

import numpy as np
import pytest
from made_videos import make

from sticc_lib.counting.ahead import EACH, ahead
from sticc_lib.counting.video import Video

FRAMES = 20


class Slow:
    """Even frames take longer; notes how many were looked at at a time."""

    name = "slow"

    def __init__(self, workers, dies=0):
        self.workers, self.dies, self.now, self.most = workers, dies, 0, 0
        self.lock = threading.Lock()

    def detect(self, frames):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.01 * (1 + frames[0].number % 2))
        with self.lock:
            self.now -= 1
        if frames[0].number == self.dies:
            raise RuntimeError("the detector failed")
        return [np.full((1, 5), f.number, np.float32) for f in frames]


@pytest.fixture
def video(tmp_path):
    return Video.open(make(tmp_path / "a.mp4", FRAMES))


@pytest.mark.parametrize("workers", [1, 3])
def test_frames_come_in_order_with_their_own_boxes(video, workers):
    detector = Slow(workers)
    for number, (frame, boxes) in enumerate(ahead(video.frames(), detector), 1):
        assert frame.number == number == boxes[0, 0]
    assert number == FRAMES
    assert (detector.most > 1) == (workers > 1)
    assert detector.most <= workers


def test_only_a_few_frames_are_held(video):
    read = []

    def frames():
        for frame in video.frames():
            read.append(frame.number)
            yield frame

    for frame, _ in ahead(frames(), Slow(2)):
        assert len(read) - frame.number <= 2 * EACH


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failure_comes_with_its_frame(video, workers):
    watched = ahead(video.frames(), Slow(workers, dies=7))
    assert [next(watched)[0].number for _ in range(6)] == [1, 2, 3, 4, 5, 6]
    with pytest.raises(RuntimeError, match="detector failed"):
        next(watched)
