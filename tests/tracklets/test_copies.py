"""A picture in two splits is found, packed anew or resized; one that is only alike is not."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from test_data_survey import a_set

from sticc_lib.tracklets import copies
from sticc_lib.tracklets.copies import BITS, COLOUR, LIMIT, READ, find_copies, picture_hash
from sticc_lib.tracklets.store import FileStore, resize


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Twelve drawn persons in three splits: real enough to be alike and not the same."""
    from sticc_lib.config import DataConfig
    from sticc_lib.tracklets import walkers

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STICC_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield walkers.load(
            DataConfig(train_persons=6, val_persons=2, test_persons=4, cameras=2, frames=4)
        )


def planted(data, changes):
    """The set with the pixels of some frames replaced by those of others."""
    pixels = np.array(data.pixels.array)
    for to, picture in changes.items():
        pixels[to] = picture
    return replace(data, pixels=type(data.pixels)(pixels))


def packed_anew(picture, quality, scale=1.0):
    """uint8 [3, H, W] through JPEG, in another size."""
    image = Image.fromarray(np.moveaxis(picture, 0, -1))
    image = image.resize((round(image.width * scale), round(image.height * scale)))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return np.moveaxis(np.array(Image.open(stream)), -1, 0)


def test_drawn_persons_of_different_splits_are_no_copies(drawn):
    found = find_copies(drawn)
    assert found.found == 0
    assert found.nearest.min() > LIMIT or not found.pairs["copy"].any()
    assert found.compared == {"train": 96, "val": 32, "test": 64}
    assert len(found.pairs) > 0


def test_a_copy_in_another_split_is_found_once_for_two_tracklets(drawn):
    first = drawn.frames.index[drawn.frames["tracklet"] == drawn.split("train").tracklets.index[3]]
    other = drawn.frames.index[drawn.frames["tracklet"] == drawn.split("test").tracklets.index[5]]
    pixels = drawn.pixels.array
    found = find_copies(planted(drawn, {o: pixels[f] for o, f in zip(other, first, strict=True)}))
    assert found.found == 1
    best = found.pairs.iloc[0]
    assert (best["first"] in first, best["second"] in other) == (True, True)
    assert (best["bits"], best["colour"], best["copy"]) == (0, 0, True)
    assert (found.nearest[other] == 0).all()
    assert not found.pairs["copy"].iloc[1:].any()


def test_copies_within_a_split_are_not_asked_for(drawn):
    a, b = drawn.frames.index[[0, 40]]
    assert find_copies(planted(drawn, {b: drawn.pixels.array[a]})).found == 0
    assert find_copies(drawn.split("train")) is None


@pytest.mark.parametrize(("quality", "scale"), [(95, 1), (75, 1), (75, 2), (90, 0.75)])
def test_packing_anew_and_resizing_keep_a_picture_within_the_limit(drawn, quality, scale):
    some = drawn.read(np.arange(0, 192, 4))
    again = np.stack([resize(packed_anew(p, quality, scale)[None], READ)[0] for p in some])
    bits, colours = picture_hash(resize(some, READ))
    other_bits, other_colours = picture_hash(again)
    assert bits.shape == (48, BITS)
    assert ((bits != other_bits).sum(axis=1) <= LIMIT).all()
    assert (np.abs(colours - other_colours).mean(axis=1) <= COLOUR).all()


def test_a_file_copied_into_the_test_is_found_though_smaller_and_packed_anew(drawn, tmp_path):
    for row in range(len(drawn.frames)):
        picture = drawn.read([row], (128, 64))[0]
        Image.fromarray(np.moveaxis(picture, 0, -1)).save(tmp_path / f"{row}.jpg", quality=90)
    source = drawn.split("test").frames["row"].iloc[9]
    again = packed_anew(drawn.read([source], (128, 64))[0], 80, 0.8)
    Image.fromarray(np.moveaxis(again, 0, -1)).save(tmp_path / "17.jpg", quality=80)
    frames = drawn.frames.drop(columns="row").assign(
        path=[f"{row}.jpg" for row in drawn.frames["row"]]
    )
    found = find_copies(replace(drawn, frames=frames, pixels=FileStore(tmp_path), masks=None))
    assert found.found == 1
    assert found.pairs.iloc[0][["first", "second"]].tolist() == [17, source]


def test_flat_pictures_of_different_colour_are_no_copies():
    rows = [(1, 1, "train"), (2, 1, "train"), (3, 1, "test")]
    pixels = np.zeros((3, 16, 8, 3), np.uint8)
    pixels[0], pixels[1], pixels[2] = (200, 20, 20), (20, 20, 200), (200, 22, 20)
    found = find_copies(a_set(rows, pixels))
    assert found.found == 1
    assert found.pairs.loc[found.pairs["copy"], ["first", "second"]].to_numpy().tolist() == [[0, 2]]
    assert (found.nearest == 0).all()


def test_with_too_many_frames_first_ones_are_compared_and_the_draw_repeats(drawn, monkeypatch):
    first = np.flatnonzero(~drawn.frames["tracklet"].duplicated())
    assert copies._chosen(drawn.frames, len(first), 0).tolist() == first.tolist()
    few = copies._chosen(drawn.frames, 10, 0)
    assert set(few) < set(first)
    assert few.tolist() == copies._chosen(drawn.frames, 10, 0).tolist()
    assert few.tolist() != copies._chosen(drawn.frames, 10, 1).tolist()
    more = copies._chosen(drawn.frames, len(first) + 5, 0)
    assert set(first) < set(more)
    assert len(more) == len(first) + 5
    found = find_copies(drawn, most=60)
    assert sum(found.compared.values()) == len(found.nearest) == 60
    assert sum(find_copies(drawn, most=0).compared.values()) == found.frames == 192


def test_the_search_gives_the_same_whatever_its_chunks(drawn, monkeypatch):
    whole = find_copies(drawn)
    monkeypatch.setattr(copies, "CHUNK", 7)
    parts = find_copies(drawn)
    assert parts.pairs.equals(whole.pairs)
    assert (parts.nearest == whole.nearest).all()
    bits, _ = picture_hash(drawn.read(np.arange(192), READ))
    apart = (bits[:, None] != bits[None]).sum(axis=2)
    split = drawn.tracklets["split"].reindex(drawn.frames["tracklet"]).to_numpy()
    apart[split[:, None] == split] = BITS
    assert (whole.nearest == apart.min(axis=1)).all()


def test_a_thousand_blank_frames_are_told_without_every_pair_of_them():
    rows = [(n + 1, 1, "train" if n < 500 else "test") for n in range(1000)]
    found = find_copies(a_set(rows), keep=50)
    assert 1000 / 2 <= found.found <= 1000 * copies.NEIGHBOURS
    assert len(found.pairs) == 50
    assert (found.nearest == 0).all()
