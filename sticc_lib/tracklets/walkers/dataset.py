"""The drawn set as a TrackletSet: drawn once, then read from its cache."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib import run
from sticc_lib.config import ConfigError, DataConfig
from sticc_lib.locks import one_at_a_time
from sticc_lib.tracklets.table import TrackletSet
from sticc_lib.tracklets.walkers import appearance, cameras, occluders, plan
from sticc_lib.tracklets.walkers.kept import complete, finish, opened, tables
from sticc_lib.tracklets.walkers.plan import SPLIT_KEYS, Shot
from sticc_lib.tracklets.walkers.scene import SIZE, film

WALKERS_VERSION = 1
"""Raised by any change that changes a pixel; the difficulty is frozen with it."""
LEVELS = {"none": 0.97, "medium": 0.65, "heavy": 0.0}
"""Least mean visibility of each level of occlusion."""


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
    if found := plan.problems(config, condition):
        raise ConfigError("walkers: " + "; ".join(found))
    every = range(1, config.cameras + 1)
    shots = plan.shots(config, condition, lambda split, person: every)
    parameters = {"shots": [len(shots), config.frames, condition, config.seed],
                  "sizes": [config.train_persons, config.val_persons, config.test_persons,
                            config.cameras, config.tracklets_per_camera]}  # fmt: skip
    name = f"walkers-v{WALKERS_VERSION}-{run.fingerprint(parameters)}"
    folder = run.cache_dir() / name
    if not complete(folder, len(shots) * config.frames):
        with one_at_a_time(folder):  # whoever comes second finds it drawn
            if not complete(folder, len(shots) * config.frames):
                _draw(folder, shots, config, condition)
    facts = {"kind": "synthetic (drawn people)", "version": str(WALKERS_VERSION),
             "seed": str(config.seed)}  # fmt: skip
    return opened(folder, "walkers", condition, facts)


def occlusion_level(visibility: pd.Series | np.ndarray) -> np.ndarray:
    """Mean visibility of tracklets, 0..1, to `none`, `medium` or `heavy` (see LEVELS).

    CHOICE: heavy is below 0.65, where about a third of the person is missing all the time; none
    is from 0.97, so that a brush with a pole in one frame does not count.
    """
    shown = np.asarray(visibility, float)
    conditions = [shown >= LEVELS["none"], shown >= LEVELS["medium"]]
    return np.select(conditions, ["none", "medium"], default="heavy")


def _draw(folder: Path, shots: list[Shot], config: DataConfig, condition: str) -> None:
    """Draws into a temporary folder beside `folder` and renames it when it is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        tracklets, frames = _paint(temporary, shots, config, condition)
        finish(temporary, tracklets, frames)
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
    return tables(shots, visibility.reshape(-1, length), kinds_met, unseen_cameras, "walkers")
