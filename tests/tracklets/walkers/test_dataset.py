"""The drawn set: deterministic, cached whole or not at all, and honest about who is in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sticc_lib.config import ConfigError, DataConfig
from sticc_lib.tracklets import walkers
from sticc_lib.tracklets.table import TrackletSet
from sticc_lib.tracklets.walkers import dataset, occluders

SMALL = DataConfig(train_persons=4, val_persons=2, test_persons=3, cameras=2, frames=4)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STICC_CACHE", str(folder))
        patch.setenv("TQDM_DISABLE", "1")
        yield folder


@pytest.fixture(autouse=True)
def own_cache(cache, monkeypatch):
    """One cache for this file: what one test drew, the next may open."""
    monkeypatch.setenv("STICC_CACHE", str(cache))


@pytest.fixture(scope="module")
def standard(cache) -> TrackletSet:
    return walkers.load(SMALL)


def pixels(data: TrackletSet) -> np.ndarray:
    return np.array(data.pixels.array)


def test_set_passes_its_own_check_and_has_the_sizes_asked_for(standard):
    standard.check()
    assert len(standard) == 9 * 2 * 2
    assert pixels(standard).shape == (9 * 2 * 2 * 4, 64, 32, 3)
    assert standard.describe()["persons"].to_dict() == {"train": 4, "val": 2, "test": 3}


def test_splits_share_no_person_and_every_scored_tracklet_is_query_and_gallery(standard):
    table = standard.tracklets
    assert table.groupby("person")["split"].nunique().max() == 1
    assert (table["query"] == (table["split"] != "train")).all()
    assert (table["gallery"] == table["query"]).all()
    assert standard.rule.same_camera_junk
    assert standard.rule.queries_in_gallery


def test_drawing_again_gives_the_same_bits(standard, tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_CACHE", str(tmp_path))
    again = walkers.load(SMALL)
    assert np.array_equal(pixels(again), pixels(standard))
    assert again.fingerprint() == standard.fingerprint()
    pd.testing.assert_frame_equal(again.tracklets, standard.tracklets)


def test_version_1_still_looks_as_it_did_when_its_difficulty_was_frozen(standard):
    # Means, not bits: another processor may round a pixel otherwise. Whoever changes the drawing
    # raises WALKERS_VERSION, sets the anchors anew, and then these numbers.
    assert walkers.WALKERS_VERSION == 1
    labels = np.array(standard.masks.array)
    shares = np.bincount(labels.ravel(), minlength=5) / labels.size
    assert pixels(standard).mean((0, 1, 2)) == pytest.approx([154.333, 139.725, 119.236], abs=0.05)
    assert shares == pytest.approx([0.6224, 0.1879, 0.0497, 0.0951, 0.0449], abs=5e-4)
    assert standard.tracklets["visibility"].mean() == pytest.approx(0.7663, abs=1e-3)


def test_another_seed_gives_other_pictures(standard):
    other = walkers.load(replace(SMALL, seed=1))
    assert (pixels(other) != pixels(standard)).mean() > 0.5
    assert other.fingerprint() != standard.fingerprint()


def test_a_picture_depends_on_nothing_drawn_with_it(standard):
    more = walkers.load(replace(SMALL, train_persons=6, val_persons=1, cameras=3,
                                tracklets_per_camera=3))  # fmt: skip
    seen = standard.tracklets
    assert set(seen["label"]) & set(more.tracklets["label"])
    for label, camera in (("train-004", 2), ("test-002", 1)):
        rows = [
            data.tracklets.index[(data.tracklets["label"] == label)
                                 & (data.tracklets["camera"] == camera)][1]
            for data in (standard, more)
        ]  # fmt: skip
        pictures = [
            data.read(data.frame_positions()[row])
            for data, row in zip((standard, more), rows, strict=True)
        ]
        assert np.array_equal(*pictures)


def test_visibility_is_the_share_of_the_persons_pixels_that_show(standard):
    labels = np.array(standard.masks.array)
    shown = (labels == walkers.LABELS["target visible"]).sum((1, 2))
    hidden = (labels == walkers.LABELS["target hidden"]).sum((1, 2))
    kind = standard.frames["tracklet"].map(standard.tracklets["occlusion"])
    whole = (kind != "crop").to_numpy()
    share = shown / np.maximum(shown + hidden, 1)
    assert np.allclose(standard.frames["visibility"][whole], share[whole], atol=1e-4)
    # what a cropping box leaves out is hidden although no map shows it
    assert (standard.frames["visibility"] <= share + 1e-4).all()
    assert standard.frames.groupby("tracklet")["visibility"].mean().to_numpy() == pytest.approx(
        standard.tracklets["visibility"].to_numpy(), abs=1e-4
    )


def test_label_maps_hold_only_named_labels_and_agree_with_the_kind(standard):
    labels = np.array(standard.masks.array)
    assert set(np.unique(labels)) <= set(walkers.LABELS.values())
    kinds = standard.tracklets["occlusion"]
    assert set(kinds) <= {"none", *occluders.SEEN}
    clear = standard.tracklets.loc[kinds == "none", "visibility"]
    assert (clear == 1).all()
    rows = standard.frames["tracklet"].map(kinds).to_numpy()
    for kind in ("pole", "car", "bush"):
        assert (labels[rows == kind] != walkers.LABELS["other person"]).mean() > 0.5
        assert (labels[rows == kind] == walkers.LABELS["occluder"]).any()
    things = ("pole", "car", "bush")
    assert not (labels[~np.isin(rows, things)] == walkers.LABELS["occluder"]).any()


def test_second_call_opens_the_cache_and_draws_nothing(standard, monkeypatch):
    def refuse(*_):
        raise AssertionError("drew again")

    monkeypatch.setattr(dataset, "film", refuse)
    again = walkers.load(SMALL)
    assert again.fingerprint() == standard.fingerprint()
    assert isinstance(again.pixels.array, np.memmap)
    assert not again.pixels.array.flags.writeable


@pytest.mark.parametrize("damage", ["marker", "pixels", "table"])
def test_half_a_cache_is_drawn_again(damage, tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_CACHE", str(tmp_path))
    tiny = DataConfig(train_persons=1, val_persons=1, test_persons=1, cameras=1, frames=2)
    before = walkers.load(tiny)
    kept = before.fingerprint()
    (folder,) = tmp_path.iterdir()
    if damage == "marker":
        (folder / "complete.json").unlink()
    elif damage == "table":
        (folder / "frames.csv").unlink()
    else:
        (folder / "pixels.npy").write_bytes((folder / "pixels.npy").read_bytes()[:-10])
    assert walkers.load(tiny).check().fingerprint() == kept


def test_a_drawing_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_CACHE", str(tmp_path))

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(dataset, "film", full)
    with pytest.raises(OSError, match="space"):
        walkers.load(DataConfig(train_persons=1, val_persons=1, test_persons=1))
    assert list(tmp_path.iterdir()) == []


def test_unseen_cameras_show_the_test_persons_under_cameras_of_their_own(standard):
    other = walkers.load(SMALL, "unseen_cameras").check()
    test = standard.split("test").tracklets
    assert set(other.tracklets["label"]) == set(test["label"])
    assert not set(other.tracklets["camera"]) & set(standard.tracklets["camera"])
    assert (other.tracklets["split"] == "test").all()
    assert set(other.tracklets["occlusion"]) <= {"none", *occluders.SEEN}


def test_unseen_occluders_exchange_the_occluder_and_nothing_else(standard):
    other = walkers.load(SMALL, "unseen_occluders").check()
    test = standard.split("test")
    columns = ["label", "camera", "split", "query", "gallery"]
    assert (other.tracklets[columns].to_numpy() == test.tracklets[columns].to_numpy()).all()
    before, after = test.tracklets["occlusion"].array, other.tracklets["occlusion"].array
    assert set(after) <= {"none", *occluders.UNSEEN}
    assert not set(occluders.SEEN) & set(occluders.UNSEEN)
    clear = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a == b == "none"]
    assert clear
    for place in clear:
        frames = [list(data.frame_positions().values())[place] for data in (test, other)]
        assert np.array_equal(test.read(frames[0]), other.read(frames[1]))


def test_levels_have_the_stated_thresholds():
    shown = [1.0, 0.97, 0.9699, 0.65, 0.6499, 0.0]
    expected = ["none", "none", "medium", "medium", "heavy", "heavy"]
    assert walkers.occlusion_level(np.array(shown)).tolist() == expected


def test_what_cannot_be_drawn_is_refused_by_name():
    with pytest.raises(ConfigError, match="'foggy' is none of standard"):
        walkers.load(SMALL, "foggy")
    with pytest.raises(ConfigError, match=r"data.frames: expected 1 or more, got 0.*"):
        walkers.load(replace(SMALL, frames=0))


@pytest.mark.long
def test_mean_visibility_of_the_whole_test_split_is_what_the_difficulty_was_set_at(cache):
    data = walkers.load(DataConfig(train_persons=1, val_persons=1)).split("test")
    assert 0.72 <= data.tracklets["visibility"].mean() <= 0.82
    levels = pd.Series(walkers.occlusion_level(data.tracklets["visibility"]))
    assert levels.value_counts(normalize=True).min() > 0.15
