"""Streaming: times, numbers, several files, and everything a file can be instead of a video."""

import numpy as np
import pytest
from made_videos import cut, make
from PIL import Image

from sticc_lib.counting.video import Video, VideoError


def numbers(video, **span):
    return [frame.number for frame in video.frames(**span)]


@pytest.mark.parametrize(("suffix", "codec"), [("mp4", "libx264"), ("mkv", "libx264"),
                                               ("avi", "mpeg4"), ("ts", "libx264"),
                                               ("webm", "libvpx")])  # fmt: skip
def test_every_container_yields_the_frames_in_order_with_their_times(tmp_path, suffix, codec):
    video = Video.open(make(tmp_path / f"a.{suffix}", 21, codec=codec))
    frames = list(video.frames())
    assert [f.number for f in frames] == list(range(1, 22))
    np.testing.assert_allclose([f.seconds for f in frames], np.arange(21) / 7, atol=1e-3)
    assert (video.count, video.width, video.height, video.variable) == (21, 64, 48, False)
    assert video.fps == pytest.approx(7)
    assert video.seconds == pytest.approx(3, abs=2e-3)
    levels = [float(f.pixels.mean()) for f in frames]
    assert (np.diff(levels) > 1).all()  # brighter and brighter: nothing swapped or dropped
    assert frames[0].pixels.dtype == np.uint8
    assert frames[0].pixels.shape == (48, 64, 3)


def test_a_given_rate_overrules_the_file_s(tmp_path):
    video = Video.open(make(tmp_path / "a.mp4", 20, fps=10), fps=7)
    assert [round(f.seconds * 7, 6) for f in video.frames()] == list(range(20))
    assert video.seconds == pytest.approx(20 / 7)


def test_start_stop_and_every_choose_by_time(tmp_path):
    video = Video.open(make(tmp_path / "a.mkv", 28))  # stamps of milliseconds
    assert numbers(video, start=1, stop=2) == list(range(8, 15))
    assert numbers(video, start=1, stop=2, every=3) == [8, 11, 14]
    assert numbers(video, start=1, stop=2, every=3, after=8) == [11, 14]
    with pytest.raises(VideoError, match="0 <= start < stop"):
        next(video.frames(start=2, stop=1))


def test_a_variable_rate_keeps_the_file_s_own_times(tmp_path):
    stamps = [0, 100, 200, 500, 600, 1000, *range(1100, 2500, 100)]
    video = Video.open(make(tmp_path / "a.mkv", 20, stamps=stamps))
    assert video.variable
    np.testing.assert_allclose([f.seconds * 1000 for f in video.frames()], stamps, atol=1e-6)
    assert not Video.open(tmp_path / "a.mkv", fps=7).variable


def test_two_files_in_order_are_one_stretch_of_time(tmp_path):
    first, second = make(tmp_path / "a.mp4", 10), make(tmp_path / "b.avi", 11, codec="mpeg4")
    video = Video.open([first, second])
    frames = list(video.frames())
    assert [f.number for f in frames] == list(range(1, 22))
    np.testing.assert_allclose([f.seconds for f in frames], np.arange(21) / 7, atol=1e-6)
    assert not video.variable
    other = make(tmp_path / "c.mp4", 5, shape=(32, 64))
    with pytest.raises(VideoError, match=r"different sizes .*c\.mp4 64 x 32"):
        Video.open([first, other])


@pytest.mark.parametrize("name", ["a.avi", "a.mkv", "faststart.mp4"])
def test_a_truncated_file_is_refused_before_work_and_read_when_accepted(tmp_path, name):
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    options = {"movflags": "faststart"} if name.endswith("mp4") else {}
    whole = make(tmp_path / name, 60, codec=codec, options=options)
    short = cut(whole, 0.5)
    with pytest.raises(VideoError, match=rf"{short.name}: truncated, ends near frame \d+"):
        Video.open(short)
    kept = numbers(Video.open(short, accept_truncated=True))
    assert 0 < len(kept) < 50
    assert kept == list(range(1, len(kept) + 1))


def test_a_file_that_is_still_being_written_is_read_to_its_end(tmp_path):
    growing = cut(make(tmp_path / "a.ts", 60), 0.5)  # promises no length
    assert 10 < len(numbers(Video.open(growing))) < 50


def test_a_packet_that_cannot_be_decoded_names_the_last_good_frame(tmp_path):
    path = make(tmp_path / "a.avi", 20, codec="mjpeg")
    content = path.read_bytes()
    starts = [n for n in range(len(content)) if content[n : n + 4] == b"00dc"][:20]  # its packets
    broken = bytearray(content)
    broken[starts[12] + 8 : starts[13]] = bytes(starts[13] - starts[12] - 8)
    path.write_bytes(broken)
    video = Video.open(path)
    with pytest.raises(VideoError, match=r"a\.avi: cannot be decoded after frame (9|1[012]) "):
        numbers(video)
    assert numbers(Video.open(path, accept_truncated=True)) == list(range(1, 20))


def test_what_is_no_video_is_refused_with_its_reason(tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "junk.mp4").write_bytes(b"hello" * 500)
    Image.new("RGB", (64, 48)).save(tmp_path / "still.png")
    make(tmp_path / "raw.h264")
    for name, reason in {
        "absent.mp4": "no such file",
        "empty.mp4": "is empty",
        "junk.mp4": "not readable as a video",
        "still.png": "a still picture",
        "raw.h264": "give fps",
    }.items():
        with pytest.raises(VideoError, match=reason):
            Video.open(tmp_path / name)
    assert len(numbers(Video.open(tmp_path / "raw.h264", fps=7))) == 21
    with pytest.raises(VideoError, match="above 0"):
        Video.open(tmp_path / "raw.h264", fps=-1)


def test_a_file_without_frames_is_refused(tmp_path):
    import av

    path = tmp_path / "none.mkv"
    with av.open(str(path), "w") as writer:
        stream = writer.add_stream("mpeg4", rate=7)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        writer.start_encoding()
    with pytest.raises(VideoError, match=r"no frames|not readable"):
        Video.open(path)
