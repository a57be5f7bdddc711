"""The drawn set as a TrackletSet: drawn once, then read from its cache."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib import run
from sticc_lib.config import ConfigError, DataConfig
from sticc_lib.locks import one_at_a_time
from sticc_lib.tracklets.table import TrackletSet
from sticc_lib.tracklets.walkers import appearance, cameras, lensed, occluders, plan
from sticc_lib.tracklets.walkers.cameras import Eye
from sticc_lib.tracklets.walkers.kept import complete, finish, opened, tables
from sticc_lib.tracklets.walkers.plan import SPLIT_KEYS, Shot
from sticc_lib.tracklets.walkers.scene import SIZE, film

WALKERS_VERSION = 1
"""Raised by any change that changes a pixel; the difficulty is frozen with it."""
LENSED_VERSION = 1
"""The same, of what the rendered walkers' cameras record."""
OPTIONS = {"cameras": "own", "cameras_each": 0}
"""Of `data.options`: whose cameras, `own` or `lens`, those of the rendered walkers (lensed.py); of
which each person passes so many, drawn by the seed (0: all of them)."""
LEVELS = {"none": 0.97, "medium": 0.65, "heavy": 0.0}
"""Least mean visibility of each level of occlusion."""


def load(config: DataConfig, condition: str = "standard") -> TrackletSet:
    """The drawn walkers, from the cache where they are there, else drawn (under a minute).

    Persons, cameras and tracklets are the same whatever the number of others. Test and validation
    tracklets are queries and gallery at once.

    Args:
        config: sizes, the seed of the drawing, and options (see OPTIONS).
        condition: `standard`: all splits under all cameras. `unseen_cameras`: test persons under
            cameras that training never meets. `unseen_occluders`: the standard test tracklets,
            drawn again with kinds of occluders that training never meets.

    Raises:
        ConfigError: an unknown condition or option, or a size below 1.
    """
    options = {**OPTIONS, **config.options}
    problems = plan.problems(config, condition) + plan.option_problems(options, OPTIONS)
    if options["cameras"] not in ("own", "lens"):
        problems.append(f"data.options.cameras: {options['cameras']!r}; expected own or lens")
    if problems:
        raise ConfigError("walkers: " + "; ".join(problems))
    shots = plan.shots(config, condition, plan.passing(config, int(options["cameras_each"])))
    parameters: dict[str, object] = {"shots": [len(shots), config.frames, condition, config.seed],
                  "sizes": [config.train_persons, config.val_persons, config.test_persons,
                            config.cameras, config.tracklets_per_camera]}  # fmt: skip
    if options != OPTIONS:  # came later: what is drawn without them keeps its place
        parameters["options"] = [options["cameras"], options["cameras_each"], LENSED_VERSION]
    name = f"walkers-v{WALKERS_VERSION}-{run.fingerprint(parameters)}"
    folder = run.cache_dir() / name
    if not complete(folder, len(shots) * config.frames):
        with one_at_a_time(folder):  # whoever comes second finds it drawn
            if not complete(folder, len(shots) * config.frames):
                _draw(folder, shots, config, condition)
    facts = {"kind": "synthetic (drawn people)", "version": str(WALKERS_VERSION),
             "seed": str(config.seed)}  # fmt: skip
    if options["cameras"] == "lens":
        facts["cameras"] = "those of the rendered walkers"
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
    lens = config.options.get("cameras") == "lens"
    size = lensed.SIZE if lens else SIZE
    eye = _eyes(config, unseen_cameras, lens)
    total, length = len(shots) * config.frames, config.frames
    pixels = np.lib.format.open_memmap(
        folder / "pixels.npy", mode="w+", dtype=np.uint8, shape=(total, *size, 3)
    )
    masks = np.lib.format.open_memmap(
        folder / "masks.npy", mode="w+", dtype=np.uint8, shape=(total, *size)
    )
    visibility, kinds_met = np.empty(total), []
    meter = run.bar(iterable=shots, desc="drawing walkers", unit="tracklet")
    for number, shot in enumerate(meter):
        who = [config.seed, SPLIT_KEYS[shot.split], shot.person]
        look = appearance.sample(np.random.default_rng([21, *who]))
        key = [31, *who, int(unseen_cameras), shot.camera, shot.repeat]
        made = film(look, eye(shot.camera, key), key, length, kinds)
        rows = slice(number * length, (number + 1) * length)
        pixels[rows], visibility[rows] = made.pixels, made.visibility
        masks[rows] = np.kron(made.labels, np.ones((1, *np.floor_divide(size, SIZE)), np.uint8))
        kinds_met.append(made.occlusion)
    pixels.flush()
    masks.flush()
    return tables(shots, visibility.reshape(-1, length), kinds_met, unseen_cameras, "walkers")


def _eyes(config: DataConfig, unseen: bool, lens: bool) -> Callable[[int, list[int]], Eye]:
    """(number, key of a tracklet) -> the camera as it records the tracklet."""
    if lens:
        return lensed.Lenses(config.seed, config.cameras, unseen, SIZE).at
    own = {n: cameras.camera(config.seed, n, unseen, SIZE) for n in range(1, config.cameras + 1)}
    return lambda number, key: own[number]
