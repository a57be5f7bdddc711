"""Packs: what goes in comes out, an interrupted one goes on, a damaged one does not open."""

import contextlib
import io
import os
import signal
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sticc_lib.locks import BusyError, alone
from sticc_lib.tracklets import pack as module
from sticc_lib.tracklets import packed
from sticc_lib.tracklets.pack import estimate, pack
from sticc_lib.tracklets.sources import packed as source
from sticc_lib.tracklets.store import ArrayStore, FileStore, PixelError
from sticc_lib.tracklets.table import DataError, Rule, TrackletSet


def picture(number, height=20, width=10):
    y, x = np.mgrid[:height, :width]
    return np.stack([(y * 6 + number) % 256, x * 9 % 200, (x + y) * 4], 2).astype(np.uint8)


@pytest.fixture
def data(tmp_path):
    """Three tracklets, 9 frames: JPEG files, and one PNG."""
    paths = [f"{t}/{f}.jpg" for t in range(3) for f in range(3)]
    paths[4] = "1/1.png"
    for number, name in enumerate(paths):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        options = {"quality": 95} if name.endswith("jpg") else {}
        Image.fromarray(picture(20 * number)).save(tmp_path / "in" / name, **options)
    tracklets = pd.DataFrame(
        {"person": [1, 1, -1], "label": ["é", "é", "none"],
         "camera": pd.array([1, None, 3], "Int64"), "split": ["test", "test", "ignore"],
         "query": [True, False, False], "gallery": [True, True, False], "num_frames": 3,
         "source": "tiny", "visibility": [0.5, 1.0, 0.25]},
        index=pd.Index([4, 7, 9], name="tracklet"))  # fmt: skip
    frames = pd.DataFrame({"tracklet": np.repeat([4, 7, 9], 3), "time": [1, 2, 3] * 3,
                           "path": paths})  # fmt: skip
    rule = Rule(queries_in_gallery=False)
    return TrackletSet("tiny", tracklets, frames, FileStore(tmp_path / "in"), rule,
                       facts={"licence": "ours"})  # fmt: skip


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out" / "tiny.pack"


def test_a_pack_holds_tables_rule_facts_and_pixels(data, out):
    back = pack(data, out, size=(16, 8), quality=95)
    pd.testing.assert_frame_equal(back.tracklets, data.tracklets)
    pd.testing.assert_frame_equal(
        back.frames, data.frames.drop(columns="path").assign(row=range(9))
    )
    assert (back.name, back.rule, back.facts) == (data.name, data.rule, data.facts)
    assert back.check() is back
    before, after = data.read(np.arange(9), (16, 8)), back.read(np.arange(9))
    assert after.shape == (9, 3, 16, 8)
    assert np.abs(before.astype(int) - after).mean() < 6
    assert [p.name for p in out.parent.iterdir()] == ["tiny.pack"]


def test_frames_kept_as_they_are_are_the_files_to_the_byte(data, out):
    back = pack(data, out)
    whole = out.read_bytes()
    jpegs = [p for p in data.frames["path"] if p.endswith("jpg")]
    assert all((data.pixels.root / p).read_bytes() in whole for p in jpegs)
    same = [0, 1, 2, 3, 5, 6, 7, 8]
    assert (back.read(np.array(same)) == data.read(np.array(same))).all()


def test_raw_frames_are_exact_and_their_size_is_known_before(data, out):
    back = pack(data, out, size=(20, 10), raw=True)
    assert (back.read(np.arange(9)) == data.read(np.arange(9))).all()
    assert estimate(data, (20, 10), raw=True) == 9 * 20 * 10 * 3
    assert back.read(np.array([2]), (40, 20)).shape == (1, 3, 40, 20)


def test_boxes_are_cut_out_and_pixel_arrays_are_packed_too(data, out, tmp_path):
    boxed = data.frames.assign(x=1, y=2, w=[4, 5, 6] * 3, h=8)
    whole = TrackletSet("boxed", data.tracklets, boxed, data.pixels, data.rule)
    back = pack(whole, out)
    assert "x" not in back.frames
    assert [back.read(np.array([i])).shape[2:] for i in range(3)] == [(8, 4), (8, 5), (8, 6)]
    array = np.stack([picture(n) for n in range(9)])
    rows = data.frames.drop(columns="path").assign(row=range(9)[::-1])
    stored = TrackletSet("array", data.tracklets, rows, ArrayStore(array), data.rule)
    again = pack(stored, tmp_path / "array.pack", (20, 10), raw=True)
    assert (again.read(np.arange(9)) == stored.read(np.arange(9))).all()


def test_the_size_is_told_before_work_and_is_about_right(data, out, capsys):
    expected = estimate(data, (16, 8))
    pack(data, out, size=(16, 8))
    said = capsys.readouterr().err
    assert said.startswith(f"{out}: 9 frames at 16x8, JPEG of quality 90: about ")
    entries = packed.load(out).pixels.ends[-1]
    assert abs(entries - expected) / entries < 0.01  # all nine were sampled


def interrupt(data, after):
    """The set, whose store fails like a pulled plug after so many frames."""
    seen = []
    real = data.pixels.read

    def read(where, size=None, boxes=None):
        seen.append(where)
        if len(seen) > after:
            raise KeyboardInterrupt
        return real(where, size, boxes)

    data.pixels.read = read
    return seen


@pytest.mark.parametrize("torn", [0, 5])
def test_an_interrupted_pack_goes_on_and_ends_the_same(
    data, out, tmp_path, monkeypatch, torn, capsys
):
    whole = pack(data, tmp_path / "whole.pack", size=(16, 8))
    monkeypatch.setattr(module, "BATCH", 2)
    interrupt(data, 9 + 5)  # nine for the estimate
    with pytest.raises(KeyboardInterrupt):
        pack(data, out, size=(16, 8), workers=1)
    assert not out.exists()
    if torn:  # a crash in the middle of a write leaves half a frame
        part = out.with_name("tiny.pack.part")
        part.write_bytes(part.read_bytes() + b"\xff\xd8" * torn)
    del data.pixels.read
    seen = interrupt(data, 100)
    back = pack(data, out, size=(16, 8), workers=1)
    assert "goes on after 4 frames" in capsys.readouterr().err
    assert len(seen) == 9 + 5  # the estimate, and what was missing
    assert (back.read(np.arange(9)) == whole.read(np.arange(9))).all()
    assert out.read_bytes() == (tmp_path / "whole.pack").read_bytes()


def test_a_log_ahead_of_its_frames_is_cut_back(data, out, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    interrupt(data, 9 + 5)
    with pytest.raises(KeyboardInterrupt):
        pack(data, out, size=(16, 8), workers=1)
    part = out.with_name("tiny.pack.part")
    part.write_bytes(part.read_bytes()[:-3])
    del data.pixels.read
    back = pack(data, out, size=(16, 8))
    assert back.pixels.problems(back.frames, decode=True) == []


@pytest.mark.parametrize("torn", ["log zeros", "frames zeros", "log begun", "log gone", "one byte"])
def test_what_a_power_failure_leaves_is_found_and_packed_again(
    data, out, tmp_path, monkeypatch, torn
):
    pack(data, tmp_path / "whole.pack", size=(16, 8))
    monkeypatch.setattr(module, "BATCH", 2)
    interrupt(data, 9 + 5)
    with pytest.raises(KeyboardInterrupt):
        pack(data, out, size=(16, 8), workers=1)
    del data.pixels.read
    part, log = out.with_name("tiny.pack.part"), out.with_name("tiny.pack.part.log")
    frames, notes = part.read_bytes(), log.read_bytes()
    damage = {
        "log zeros": (frames, notes + bytes(3 * module.ENTRY.itemsize)),
        "frames zeros": (frames[:-50] + bytes(50), notes),
        "log begun": (frames, notes[:5]),
        "log gone": (frames, b""),
        "one byte": (frames[:40] + bytes([frames[40] ^ 1]) + frames[41:], notes),
    }
    for path, content in zip((part, log), damage[torn], strict=True):
        path.write_bytes(content)
    pack(data, out, size=(16, 8))
    assert out.read_bytes() == (tmp_path / "whole.pack").read_bytes()
    assert [p.name for p in out.parent.iterdir()] == ["tiny.pack"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_again_and_again_it_ends_as_if_nothing_had_been(data, out, tmp_path, monkeypatch):
    pack(data, tmp_path / "whole.pack", size=(16, 8))
    monkeypatch.setattr(module, "BATCH", 1)
    log = out.with_name("tiny.pack.part.log")
    random = np.random.default_rng(0)
    killed, limit = 0, time.monotonic() + 60
    real = data.pixels.read

    def slow(*arguments):
        time.sleep(0.02)
        return real(*arguments)

    data.pixels.read = slow
    while not out.exists():
        size = log.stat().st_size if log.exists() else 0
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                pack(data, out, size=(16, 8), workers=1)
            os._exit(0)
        goal = size + int(random.integers(0, 40))
        while (log.stat().st_size if log.exists() else 0) <= goal and not out.exists():
            assert time.monotonic() < limit
            time.sleep(0.002)
        os.kill(child, signal.SIGKILL)
        ended = os.waitpid(child, 0)[1]
        killed += os.WIFSIGNALED(ended)
        if not out.exists():
            with pytest.raises(PixelError, match="cannot be read"):
                packed.load(out)
    assert killed >= 3
    assert out.read_bytes() == (tmp_path / "whole.pack").read_bytes()
    assert packed.load(out).pixels.problems(data.frames.assign(row=range(9)), decode=True) == []


def test_a_second_process_packing_into_the_same_file_is_refused(data, out):
    with alone(out, "a pack"), pytest.raises(BusyError, match="a pack is being written there"):
        pack(data, out)
    assert not out.parent.exists()


def test_a_full_disk_keeps_what_is_packed(data, out, tmp_path, monkeypatch):
    pack(data, tmp_path / "whole.pack", size=(16, 8))
    monkeypatch.setattr(module, "BATCH", 2)
    real, calls = os.fsync, []

    def full(handle):
        calls.append(handle)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        pack(data, out, size=(16, 8))
    assert not out.exists()
    pack(data, out, size=(16, 8))
    assert out.read_bytes() == (tmp_path / "whole.pack").read_bytes()


def test_an_unfinished_pack_of_other_settings_and_a_finished_are_refused(data, out, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    interrupt(data, 9 + 5)
    with pytest.raises(KeyboardInterrupt):
        pack(data, out, size=(16, 8), workers=1)
    del data.pixels.read
    with pytest.raises(DataError, match=r"unfinished pack of another set or other"):
        pack(data, out, size=(32, 16))
    pack(data, out, size=(16, 8))
    with pytest.raises(DataError, match="is there already; remove it or choose another name"):
        pack(data, out, size=(16, 8))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"raw": True}, "raw frames need a size"), ({"quality": 0}, "quality 0: expected 1 to 100"),
     ({"size": (0, 5)}, "expected height and width of at least 1")],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused(data, out, options, message):
    with pytest.raises(DataError, match=message):
        pack(data, out, **options)
    assert not out.parent.exists()


def test_too_little_room_is_said_before_work(data, out, monkeypatch):
    usage = type("usage", (), {"free": 1000})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"needs .* more, but 1 KB are free"):
        pack(data, out, size=(64, 32), raw=True)


def test_a_damaged_picture_stops_the_packing_by_name(data, out):
    (data.pixels.root / "2/0.jpg").write_bytes(b"\xff\xd8 broken")
    with pytest.raises(PixelError, match=r"2/0\.jpg: cannot be decoded"):
        pack(data, out)


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.5, 0.99])
def test_a_pack_that_is_cut_short_does_not_open(data, out, share):
    pack(data, out)
    whole = out.read_bytes()
    out.write_bytes(whole[: int(len(whole) * share) or 1])
    with pytest.raises(PixelError, match=r"k: (not a pack|the pack is cut short; copy it)"):
        packed.load(out)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 some zip", b"\x93NUMPY"])
def test_a_foreign_file_is_no_pack(out, content):
    out.parent.mkdir()
    out.write_bytes(content)
    with pytest.raises(PixelError, match=r"not a pack \(sticc pack makes one\)"):
        packed.load(out)
    (told,) = source.read(out).problems
    assert told.fatal
    with pytest.raises(PixelError, match="cannot be read"):
        packed.load(out.parent)


def test_tables_that_were_altered_do_not_open(data, out):
    pack(data, out)
    whole = bytearray(out.read_bytes())
    whole[-packed.TAIL.size - 400] ^= 1
    out.write_bytes(whole)
    with pytest.raises(PixelError, match="the tables of the pack are damaged; copy it again"):
        packed.load(out)


def test_a_pack_of_another_make_is_refused_and_nothing_is_unpickled(data, out):
    pack(data, out)
    for arrays in ({"about": np.frombuffer(b"{}", np.uint8)}, {"about": np.array([{}], object)}):
        stream = io.BytesIO()
        np.savez(stream, **arrays)
        content = stream.getvalue()
        digest = packed.hashlib.sha256(content).digest()
        tail = packed.TAIL.pack(16, len(content), digest, packed.MAGIC)
        out.write_bytes(packed.MAGIC + content + tail)
        with pytest.raises(PixelError, match="not a pack of this version"):
            packed.load(out)


def test_a_frame_that_was_altered_is_named_and_the_rest_is_read(data, out):
    back = pack(data, out)
    whole = bytearray(out.read_bytes())
    whole[len(packed.MAGIC) + int(back.pixels.ends[3]) + 30] ^= 1
    out.write_bytes(whole)
    again = packed.load(out)
    assert (again.read(np.array([3])) == data.read(np.array([3]))).all()
    with pytest.raises(PixelError, match=r"tiny\.pack: frame 4 is damaged"):
        again.read(np.array([4]))
    (told,) = again.pixels.problems(again.frames, decode=True)
    assert "frames row 4" in told


def test_rows_outside_and_boxes_are_refused(data, out):
    store = pack(data, out).pixels
    assert "is outside" in store.problems(pd.DataFrame({"row": [0, 9]}))[0]
    assert "row is missing" in store.problems(pd.DataFrame({"path": ["a"]}))[0]
    with pytest.raises(PixelError, match="need whole images"):
        store.read(np.array([0]), boxes=np.ones((1, 4)))
    assert store.read(np.array([], int), (4, 2)).shape == (0, 3, 4, 2)


def test_a_pack_is_a_source_like_any_other(data, out):
    pack(data, out, size=(16, 8))
    reading = source.read(out)
    assert (reading.problems, reading.name, reading.found["images"]) == ([], "tiny", 9)
    assert len(reading.to_set()) == 3
    assert "split 1 does not exist" in source.read(out, split=1).problems[0].what
    other = reading.pixels.identity(reading.frames)
    (data.pixels.root / "0/0.jpg").write_bytes((data.pixels.root / "0/1.jpg").read_bytes())
    changed = pack(data, out.with_name("changed.pack"), size=(16, 8))
    assert changed.pixels.identity(changed.frames) != other
