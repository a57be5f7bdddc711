"""The rendered set: repeats, conditions, errors. What needs the assets is skipped without them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")

from sticc_lib.config import Config, ConfigError, DataConfig, from_dict
from sticc_lib.experiments import session
from sticc_lib.tracklets import walkers3d
from sticc_lib.tracklets.table import DataError
from sticc_lib.tracklets.walkers import plan
from sticc_lib.tracklets.walkers3d import assets, dataset

SMALL = {"name": "walkers3d", "train_persons": 2, "val_persons": 1, "test_persons": 1, "cameras": 2,
         "tracklets_per_camera": 1, "frames": 2}  # fmt: skip


def have_assets() -> bool:
    try:
        return bool(assets.folder())
    except DataError:
        return False


needs_assets = pytest.mark.skipif(not have_assets(), reason="no folder of MakeHuman's assets")


def config(**changes) -> DataConfig:
    return from_dict(Config, {"data": {**SMALL, **changes}}).data


def rendered(folder: Path, condition: str = "standard", **changes) -> dict[str, str]:
    """Hashes of all files of a rendering into a folder of its own."""
    settings, where = config(**changes), assets.folder()
    shots = plan.shots(settings, condition, plan.passing(settings, 0))
    dataset._render(folder, where, shots, settings, condition, workers=1)
    names = ("pixels.npy", "masks.npy", "tracklets.csv", "frames.csv")
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


def test_without_assets_the_message_says_where_to_get_them_and_their_terms(tmp_path):
    with pytest.raises(DataError, match=r"no body/base\.obj.*STICC_HUMANS.*CC0"):
        walkers3d.load(config(options={"assets": str(tmp_path)}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cameras": 0}, r"data\.cameras: expected 1 or more"),
        ({"options": {"colour": 1}}, r"data\.options\.colour: none of assets"),
        ({"options": {"workers": -1}}, r"data\.options\.workers: expected 0 or more"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_work_starts(changes, said):
    with pytest.raises(ConfigError, match=said):
        walkers3d.load(config(**changes))


def test_persons_pass_as_many_cameras_as_asked_for_whatever_the_number_of_persons():
    few, many = (
        plan.shots(c, "standard", plan.passing(c, 3))
        for c in (config(cameras=6, test_persons=n) for n in (2, 5))
    )
    passed = {s.camera for s in few if (s.split, s.person) == ("test", 2)}
    assert len(passed) == 3
    assert {s.camera for s in many if (s.split, s.person) == ("test", 2)} == passed


@needs_assets
@pytest.mark.long
def test_the_same_seed_gives_the_same_pixels_and_another_seed_others(tmp_path):
    first, again, other = (
        rendered(tmp_path / n, seed=s) for n, s in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first == again
    assert first["pixels.npy"] != other["pixels.npy"]


@needs_assets
@pytest.mark.long
def test_an_interrupted_rendering_ends_as_an_uninterrupted_one(tmp_path):
    whole = rendered(tmp_path / "a")
    half = rendered(tmp_path / "b")
    (tmp_path / "b" / "complete.json").unlink()
    notes = sorted((tmp_path / "b" / "done").iterdir())
    pixels = np.load(tmp_path / "b" / "pixels.npy", mmap_mode="r+")
    pixels[: int(notes[1].stem)] = 0  # as it would be had the first person not been rendered
    pixels.flush()
    notes[0].unlink()
    assert rendered(tmp_path / "b") == whole == half


@needs_assets
@pytest.mark.long
def test_a_person_looks_the_same_whatever_the_number_of_others(tmp_path):
    rendered(tmp_path / "a")
    rendered(tmp_path / "b", train_persons=1)
    few, many = (np.load(tmp_path / n / "pixels.npy") for n in "ba")
    np.testing.assert_array_equal(few[:4], many[:4])  # two cameras, two frames each


@needs_assets
@pytest.mark.long
def test_the_set_is_sound_and_its_masks_agree_with_its_visibility(own_cache):
    for condition in session.CONDITIONS:
        data = session.load_data(from_dict(Config, {"data": SMALL}), condition).check()
        assert data.name == condition.replace("walkers", "walkers3d")
        masks = data.read(np.arange(len(data.frames)), masks=True)
        shown, hidden = ((masks == k).sum((1, 2)) for k in (1, 2))
        kind = data.tracklets["occlusion"].loc[data.frames["tracklet"]].to_numpy()
        share = shown / np.maximum(shown + hidden, 1)
        whole = kind != "crop"
        np.testing.assert_allclose(share[whole], data.frames["visibility"][whole], atol=1e-3)


def linked(source: Path, target: Path, but: str) -> Path:
    """A folder of links to the assets, but for one file that a test puts there itself."""
    for file in source.rglob("*"):
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.is_file() and str(file.relative_to(source)) != but:
            os.symlink(file, place)
    return target / but


@needs_assets
@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "hair/bob01/textures/bob01_diffuse.png",
            None,
            r"bob01_diffuse\.png: texture cannot be read",
        ),
        (
            "body/targets/macrodetails/asian-male-old.target.gz",
            b"no gzip",
            r"asian-male-old\.target\.gz: cannot be read",
        ),
        ("clothes/shoes01/shoes01.mhclo", "beyond", r"shoes01\.mhclo, line \d+: vertex 99999 lies"),
    ],
)
def test_a_damaged_asset_is_named(own_cache, tmp_path, name, content, said):
    place = linked(assets.folder(), tmp_path, name)
    if content == "beyond":
        text = (assets.folder() / name).read_text(encoding="utf-8")
        place.write_text(text.replace("verts 0\n", "verts 0\n99999 1 2 1 0 0 0 0 0\n"), "utf-8")
    elif content:
        place.write_bytes(content)
    with pytest.raises(DataError, match=said):
        assets.library(tmp_path)
