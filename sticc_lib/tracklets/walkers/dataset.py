"""The drawn set as a TrackletSet: who is drawn for which condition, and the cache that holds it."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib import run
from sticc_lib.config import ConfigError, DataConfig
from sticc_lib.locks import one_at_a_time
from sticc_lib.tracklets.store import ArrayStore
from sticc_lib.tracklets.table import Rule, TrackletSet
from sticc_lib.tracklets.walkers import appearance, cameras, occluders
from sticc_lib.tracklets.walkers.scene import SIZE, film

WALKERS_VERSION = 1
"""Raised by any change that changes a pixel; the difficulty is frozen with it."""
CONDITIONS = ("standard", "unseen_cameras", "unseen_occluders")
SPLIT_KEYS = {"train": 0, "val": 1, "test": 2}
LEVELS = {"none": 0.97, "medium": 0.65, "heavy": 0.0}
"""Least mean visibility of each level of occlusion."""


@dataclass(frozen=True)
class Shot:
    """One tracklet to be drawn."""

    split: str
    person: int
    camera: int
    repeat: int


def load(config: DataConfig, condition: str = "standard") -> TrackletSet:
    """The drawn walkers, from the cache where they are there, else drawn (under a minute).

    Persons, cameras and tracklets are the same whatever the number of others. Test and validation
    tracklets are queries and gallery at once.

    Args:
        config: sizes and the seed of the drawing.
        condition: `standard`: all splits under all cameras. `unseen_cameras`: test persons under
            cameras that training never meets. `unseen_occluders`: the standard test tracklets,
            drawn again with kinds of occluders that training never meets.

    Raises:
        ConfigError: an unknown condition, or a size below 1.
    """
    _refuse(config, condition)
    shots = _shots(config, condition)
    parameters = {"shots": [len(shots), config.frames, condition, config.seed],
                  "sizes": [config.train_persons, config.val_persons, config.test_persons,
                            config.cameras, config.tracklets_per_camera]}  # fmt: skip
    name = f"walkers-v{WALKERS_VERSION}-{run.fingerprint(parameters)}"
    folder = run.cache_dir() / name
    if not complete(folder, len(shots) * config.frames):
        with one_at_a_time(folder):  # whoever comes second finds it drawn
            if not complete(folder, len(shots) * config.frames):
                _draw(folder, shots, config, condition)
    # "none" is the name of a kind here, not a missing value
    tracklets = pd.read_csv(folder / "tracklets.csv", index_col="tracklet", keep_default_na=False)
    return TrackletSet(
        name="walkers" if condition == "standard" else f"walkers_{condition}",
        tracklets=tracklets.astype({"camera": "Int64"}),
        frames=pd.read_csv(folder / "frames.csv"),
        pixels=ArrayStore.open(folder / "pixels.npy"),
        masks=ArrayStore.open(folder / "masks.npy"),
        rule=Rule(same_camera_junk=True, queries_in_gallery=True),
        facts={"kind": "synthetic (drawn people)", "version": str(WALKERS_VERSION),
               "seed": str(config.seed), "condition": condition},
    )  # fmt: skip


def occlusion_level(visibility: pd.Series | np.ndarray) -> np.ndarray:
    """Mean visibility of tracklets, 0..1, to `none`, `medium` or `heavy` (see LEVELS).

    CHOICE: heavy is below 0.65, where about a third of the person is missing all the time; none
    is from 0.97, so that a brush with a pole in one frame does not count.
    """
    shown = np.asarray(visibility, float)
    conditions = [shown >= LEVELS["none"], shown >= LEVELS["medium"]]
    return np.select(conditions, ["none", "medium"], default="heavy")


def _refuse(config: DataConfig, condition: str) -> None:
    problems = [] if condition in CONDITIONS else [
        f"condition {condition!r} is none of {', '.join(CONDITIONS)}"
    ]  # fmt: skip
    sizes = ("train_persons", "val_persons", "test_persons", "cameras", "tracklets_per_camera",
             "frames")  # fmt: skip
    problems += [f"data.{name}: expected 1 or more, got {getattr(config, name)}"
                 for name in sizes if getattr(config, name) < 1]  # fmt: skip
    if problems:
        raise ConfigError("walkers: " + "; ".join(problems))


def _shots(config: DataConfig, condition: str) -> list[Shot]:
    counts = {"train": config.train_persons, "val": config.val_persons, "test": config.test_persons}
    return [
        Shot(split, person, camera, repeat)
        for split, count in counts.items()
        if condition == "standard" or split == "test"
        for person in range(1, count + 1)
        for camera in range(1, config.cameras + 1)
        for repeat in range(1, config.tracklets_per_camera + 1)
    ]


def complete(folder: Path, frames: int) -> bool:
    """Whether a cache folder holds everything: its marker is written last."""
    marker = folder / "complete.json"
    if not marker.is_file():
        return False
    sizes = run.read_json(marker)["bytes"]
    return run.read_json(marker)["frames"] == frames and all(
        (folder / name).is_file() and (folder / name).stat().st_size == size
        for name, size in sizes.items()
    )


def _draw(folder: Path, shots: list[Shot], config: DataConfig, condition: str) -> None:
    """Draws into a temporary folder beside `folder` and renames it when it is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        tracklets, frames = _paint(temporary, shots, config, condition)
        tracklets.to_csv(temporary / "tracklets.csv")
        frames.to_csv(temporary / "frames.csv", index=False)
        sizes = {path.name: path.stat().st_size for path in sorted(temporary.iterdir())}
        run.write_json(temporary / "complete.json", {"frames": len(frames), "bytes": sizes})
        temporary.chmod(0o755)
        if not complete(folder, len(frames)):  # another process may have been first
            shutil.rmtree(folder, ignore_errors=True)
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _paint(folder: Path, shots: list[Shot], config: DataConfig, condition: str
           ) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    unseen_cameras = condition == "unseen_cameras"
    kinds = occluders.UNSEEN if condition == "unseen_occluders" else occluders.SEEN
    eyes = {n: cameras.camera(config.seed, n, unseen_cameras, SIZE)
            for n in range(1, config.cameras + 1)}  # fmt: skip
    total, length = len(shots) * config.frames, config.frames
    pixels = np.lib.format.open_memmap(
        folder / "pixels.npy", mode="w+", dtype=np.uint8, shape=(total, *SIZE, 3)
    )
    masks = np.lib.format.open_memmap(
        folder / "masks.npy", mode="w+", dtype=np.uint8, shape=(total, *SIZE)
    )
    visibility, kinds_met = np.empty(total), []
    meter = run.bar(iterable=shots, desc="drawing walkers", unit="tracklet")
    for number, shot in enumerate(meter):
        who = [config.seed, SPLIT_KEYS[shot.split], shot.person]
        look = appearance.sample(np.random.default_rng([21, *who]))
        key = [31, *who, int(unseen_cameras), shot.camera, shot.repeat]
        made = film(look, eyes[shot.camera], key, length, kinds)
        rows = slice(number * length, (number + 1) * length)
        pixels[rows], masks[rows], visibility[rows] = made.pixels, made.labels, made.visibility
        kinds_met.append(made.occlusion)
    pixels.flush()
    masks.flush()
    return tables(shots, visibility.reshape(-1, length), kinds_met, unseen_cameras)


def tables(
    shots: list[Shot],
    visibility: np.ndarray,
    occlusion: list[str],
    unseen_cameras: bool,
    source: str = "walkers",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tracklets and frames of drawn shots; visibility is float [shots, frames]."""
    count, length = visibility.shape
    table = pd.DataFrame([vars(shot) for shot in shots])
    label = table["split"] + "-" + table["person"].map("{:03d}".format)
    scored = table["split"] != "train"
    tracklets = pd.DataFrame(
        {
            "person": pd.factorize(label)[0] + 1,
            "label": label,
            # unseen cameras are other cameras: their numbers never meet those of training
            "camera": table["camera"] + (100 if unseen_cameras else 0),
            "split": table["split"],
            "query": scored,
            "gallery": scored,
            "num_frames": length,
            "source": source,
            "occlusion": occlusion,
            "visibility": visibility.mean(1).round(4),
        }
    )
    tracklets.index.name = "tracklet"
    frames = pd.DataFrame(
        {
            "tracklet": np.repeat(np.arange(count), length),
            "time": np.tile(np.arange(length), count),
            "row": np.arange(count * length),
            "visibility": visibility.ravel(),
        }
    )
    return tracklets, frames
