"""Pixel stores: what is read, and what is said about files that cannot be."""

import io
import struct
import zlib

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sticc_lib.tracklets.store import ArrayStore, FileStore, PixelError, resize


def picture(height=48, width=24, seed=0):
    """A smooth picture, so that JPEG changes it little."""
    y, x = np.mgrid[:height, :width]
    channels = [(y * 3 + seed) % 256, (x * 5 + seed) % 200, (x + y + seed) % 256]
    return np.stack(channels, 2).astype(np.uint8)


def encoded(image, kind):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return stream.getvalue()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "0.png").write_bytes(encoded(picture(), "PNG"))
    (tmp_path / "a" / "1.jpg").write_bytes(encoded(picture(seed=9), "JPEG"))
    return tmp_path


def test_array_store_gives_rows_channels_first_and_resized():
    array = np.random.default_rng(0).integers(0, 256, (5, 16, 8, 3), np.uint8)
    store = ArrayStore(array)
    assert (store.read(np.array([3, 1])) == np.moveaxis(array[[3, 1]], 3, 1)).all()
    assert store.read(np.array([0]), (32, 16)).shape == (1, 3, 32, 16)


def test_label_maps_are_resized_by_nearest_neighbour_only():
    labels = np.array([[[0, 4], [2, 3]]], np.uint8)
    larger = ArrayStore(labels).read(np.array([0]), (4, 4))
    assert larger.tolist() == [[[0, 0, 4, 4], [0, 0, 4, 4], [2, 2, 3, 3], [2, 2, 3, 3]]]
    fine = np.random.default_rng(0).integers(0, 5, (1, 64, 32), np.uint8) * 50
    assert set(np.unique(ArrayStore(fine).read(np.array([0]), (24, 12)))) <= {0, 50, 100, 150, 200}


@pytest.mark.parametrize("array", [np.zeros((2, 4, 4, 3)), np.zeros((2, 4, 4, 4), np.uint8),
                                   np.zeros((4, 4), np.uint8)])  # fmt: skip
def test_array_of_another_kind_is_refused(array):
    with pytest.raises(PixelError, match="expected uint8"):
        ArrayStore(array)


def test_memory_map_is_read_only_and_a_damaged_one_is_named(tmp_path):
    path = tmp_path / "pixels.npy"
    np.save(path, np.zeros((3, 4, 2, 3), np.uint8))
    store = ArrayStore.open(path)
    assert not store.array.flags.writeable
    whole = path.read_bytes()
    for broken in (whole[:-5], whole[:20], b"", b"not numpy at all"):
        path.write_bytes(broken)
        with pytest.raises(PixelError, match=r"pixels\.npy.*delete it"):
            ArrayStore.open(path)
    np.save(path, np.zeros((3, 4, 2, 3), np.float32))
    with pytest.raises(PixelError, match=r"pixels\.npy: expected uint8"):
        ArrayStore.open(path)


def test_array_store_names_rows_outside_and_frames_it_cannot_serve():
    store = ArrayStore(np.zeros((2, 4, 2, 3), np.uint8))
    found = store.problems(pd.DataFrame({"row": [0, 2, -1]}))
    assert [f.partition(" is")[0] for f in found] == ["frames row 1: pixel row 2",
                                                      "frames row 2: pixel row -1"]  # fmt: skip
    assert "row is missing" in store.problems(pd.DataFrame({"path": ["a"]}))[0]
    assert "drop the columns" in store.problems(pd.DataFrame({"row": [0], "x": [1]}))[0]
    with pytest.raises(PixelError, match="need whole images"):
        store.read(np.array([0]), boxes=np.ones((1, 4)))


def test_file_store_decodes_png_exactly_and_jpeg_closely(folder):
    store = FileStore(folder)
    exact, close = store.read(np.array(["a/0.png", "a/1.jpg"]))
    assert (exact == np.moveaxis(picture(), 2, 0)).all()
    wanted = np.moveaxis(picture(seed=9), 2, 0).astype(int)
    assert np.abs(close - wanted).mean() < 4


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1"])
def test_pictures_of_other_colour_modes_become_rgb(folder, mode):
    Image.fromarray(picture()).convert(mode).save(folder / "other.png")
    Image.fromarray(picture()).convert("L").save(folder / "grey.jpg")
    read = FileStore(folder).read(np.array(["other.png", "grey.jpg"]))
    assert read.shape == (2, 3, 48, 24)
    assert (read[1, 0] == read[1, 2]).all()


def test_boxes_cut_the_picture_and_are_clipped_to_it(folder):
    whole = np.moveaxis(picture(), 2, 0)
    names, boxes = np.array(["a/0.png"] * 2), np.array([[2.0, 4, 6, 8], [-3, 40, 10, 20]])
    one, other = (FileStore(folder).read(names[[i]], boxes=boxes[[i]])[0] for i in (0, 1))
    assert (one == whole[:, 4:12, 2:8]).all()
    assert (other == whole[:, 40:48, 0:7]).all()
    assert FileStore(folder).read(names, (16, 8), boxes).shape == (2, 3, 16, 8)


@pytest.mark.parametrize("box", [[24, 0, 5, 5], [0, 48, 5, 5], [-9, 0, 9, 9], [3, 3, 0.2, 9]])
def test_a_box_outside_the_picture_is_refused_by_name(folder, box):
    with pytest.raises(PixelError, match=r"a/0\.png: the box .* lies outside"):
        FileStore(folder).read(np.array(["a/0.png"]), boxes=np.array([box], float))


def test_frames_of_different_size_need_a_size(folder):
    (folder / "b.png").write_bytes(encoded(picture(20, 10), "PNG"))
    names = np.array(["a/0.png", "b.png"])
    with pytest.raises(PixelError, match=r"give size=\(height, width\)"):
        FileStore(folder).read(names)
    assert FileStore(folder).read(names, (32, 16)).shape == (2, 3, 32, 16)
    assert FileStore(folder).read(names[:0], (32, 16)).shape == (0, 3, 32, 16)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.995])
@pytest.mark.parametrize(("name", "kind"), [("a/1.jpg", "JPEG"), ("a/0.png", "PNG")])
def test_a_truncated_picture_is_refused_rather_than_filled_with_grey(folder, name, kind, share):
    whole = encoded(picture(), kind)
    (folder / name).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(PixelError, match=rf"{name}: cannot be decoded \(.+\); copy the file again"):
        FileStore(folder).read(np.array([name]))


def damaged_png():
    """A PNG whose rows name a filter that does not exist (it ends torchvision's process)."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 24, 48, 8, 2, 0, 0, 0))
    rows = zlib.compress((bytes([9]) + bytes(24 * 3)) * 48)
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def flipped_png():
    content = bytearray(
        encoded(np.random.default_rng(0).integers(0, 256, (48, 24, 3), np.uint8), "PNG")
    )
    content[len(content) // 2] ^= 0x5A
    return bytes(content)


@pytest.mark.parametrize("content", [damaged_png(), flipped_png(), b"no picture", b"\xff\xd8junk"])
def test_a_damaged_picture_is_refused_by_name_and_ends_nothing(folder, content):
    (folder / "bad.png").write_bytes(content)
    with pytest.raises(PixelError, match=r"bad\.png: cannot be decoded") as caught:
        FileStore(folder).read(np.array(["bad.png"]))
    assert ".cpp" not in str(caught.value)


def test_file_problems_name_every_missing_empty_and_unreadable_file(folder):
    (folder / "empty.jpg").touch()
    (folder / "cut.jpg").write_bytes(encoded(picture(), "JPEG")[:300])
    frames = pd.DataFrame({"path": ["a/0.png", "gone.jpg", "empty.jpg", "cut.jpg"]})
    store = FileStore(folder)
    missing, empty = store.problems(frames)
    assert missing.startswith("frames row 1")
    assert "gone.jpg is missing" in missing
    assert "empty.jpg is empty; copy it again" in empty
    assert "cut.jpg: cannot be decoded" in store.problems(frames, decode=True)[2]
    assert "path is missing" in store.problems(pd.DataFrame({"row": [0]}))[0]
    with pytest.raises(PixelError, match=r"empty\.jpg: cannot be decoded \(the file is empty\)"):
        store.read(np.array(["empty.jpg"]))


def test_identity_follows_the_content_and_not_the_place(folder, tmp_path_factory):
    frames = pd.DataFrame({"path": ["a/0.png", "a/1.jpg"]})
    before = FileStore(folder).identity(frames)
    other = tmp_path_factory.mktemp("elsewhere")
    (other / "a").mkdir()
    for name in frames["path"]:
        (other / name).write_bytes((folder / name).read_bytes())
    assert FileStore(other).identity(frames) == before
    (other / "a" / "1.jpg").write_bytes(encoded(picture(seed=8), "JPEG"))
    assert FileStore(other).identity(frames) != before
    array = np.zeros((3, 4, 2, 3), np.uint8)
    rows = pd.DataFrame({"row": [0, 1, 2]})
    changed = array.copy()
    changed[1, 0, 0, 0] = 1
    assert ArrayStore(array).identity(rows) != ArrayStore(changed).identity(rows)


def test_resize_keeps_what_fits_and_averages_what_shrinks():
    pixels = np.tile(np.array([0, 100], np.uint8), (1, 3, 8, 4))
    assert resize(pixels, (8, 8)) is pixels
    assert resize(pixels, None) is pixels
    small = resize(pixels, (4, 4)).astype(int)
    assert np.abs(small - 50).max() <= 13  # antialiased: no column is picked alone
