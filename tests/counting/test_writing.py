"""Videos and GIFs written: whole, of even sides, or not at all."""

import numpy as np
import pytest
from made_videos import picture
from PIL import Image

from sticc_lib.counting.video import Video
from sticc_lib.counting.writing import AnnotatedWriter, write_gif


def test_what_is_written_is_read_back_with_its_times(tmp_path):
    with AnnotatedWriter(tmp_path / "a.mp4", fps=7) as out:
        for number in range(20):
            out.write(picture(number, (47, 63)))  # odd sides
        assert not (tmp_path / "a.mp4").exists()
    video = Video.open(tmp_path / "a.mp4")
    frames = list(video.frames())
    assert (len(frames), video.width, video.height) == (20, 64, 48)
    assert video.fps == pytest.approx(7, rel=1e-3)
    assert np.abs(frames[5].pixels[:47, :63].mean() - picture(5, (47, 63)).mean()) < 4


def test_times_of_a_variable_rate_are_kept(tmp_path):
    stamps = [0, 0.1, 0.2, 1.0, 1.1]
    with AnnotatedWriter(tmp_path / "a.mp4", fps=10) as out:
        for number, seconds in enumerate(stamps):
            out.write(picture(number), seconds)
    read = [frame.seconds for frame in Video.open(tmp_path / "a.mp4").frames()]
    np.testing.assert_allclose(read, stamps, atol=1e-3)


def test_a_failed_or_empty_video_leaves_nothing(tmp_path):
    def fail_midway():
        with AnnotatedWriter(tmp_path / "a.mp4", fps=7) as out:
            out.write(picture(0))
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        fail_midway()
    with pytest.raises(ValueError, match="no frame"), AnnotatedWriter(tmp_path / "b.mp4", fps=7):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_gif_holds_all_frames_and_repeats(tmp_path):
    path = write_gif(tmp_path / "a.gif", (picture(n, (96, 128)) for n in range(6)), 5, width=64)
    with Image.open(path) as image:
        assert (image.size, image.n_frames) == ((64, 48), 6)
        assert (image.info["duration"], image.info["loop"]) == (200, 0)
    with pytest.raises(ValueError, match="no frames"):
        write_gif(tmp_path / "b.gif", [], 5)
