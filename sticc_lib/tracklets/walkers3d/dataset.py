"""The rendered set as a TrackletSet: who is rendered for which condition, in parallel, cached.

An interrupted rendering goes on where it stopped: each person's frames lie in the folder, and what
is done of them in `done/`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from sticc_lib import run
from sticc_lib.config import ConfigError, DataConfig
from sticc_lib.locks import one_at_a_time
from sticc_lib.tracklets.table import TrackletSet
from sticc_lib.tracklets.walkers import plan
from sticc_lib.tracklets.walkers.kept import complete, finish, opened, tables
from sticc_lib.tracklets.walkers.plan import SPLIT_KEYS, Shot
from sticc_lib.tracklets.walkers3d import assets, cameras, look, person, props, scene

WALKERS3D_VERSION = 1
"""Raised by any change that changes a pixel."""
STRANGERS = 32
"""CHOICE: how many other people there are. They are built once a process and belong to no split."""
OPTIONS = {"assets": "", "cameras_each": 0, "workers": 0}
"""Of `data.options`: folder of the assets; cameras that each person passes (0: all of them), drawn
by the seed; processes (0: one a core)."""


@dataclass(frozen=True)
class Job:
    """Everything about one person's tracklets; what a process is given."""

    assets: str
    folder: str
    seed: int
    cameras: int
    condition: str
    frames: int
    first: int
    """Row of the first frame."""
    shots: tuple[Shot, ...]

    @property
    def done(self) -> Path:
        """The file that says that they are rendered."""
        return Path(self.folder) / "done" / f"{self.first:09d}.json"


def load(config: DataConfig, condition: str = "standard") -> TrackletSet:
    """The rendered walkers, from the cache where they are there, else rendered.

    Splits, columns, masks and conditions are those of the drawn walkers (`walkers.load`); frames
    are 128 x 64. Persons, cameras and tracklets are the same whatever the number of others.

    Args:
        config: sizes, the seed, and options (see OPTIONS).
        condition: one of walkers.CONDITIONS.

    Raises:
        ConfigError: an unknown condition or option, or a size below 1.
        DataError: the assets are missing or damaged; says where to get them.
    """
    options = _options(config, condition)
    where = assets.folder(str(options["assets"]))
    shots = plan.shots(config, condition, plan.passing(config, int(options["cameras_each"])))
    sizes = (getattr(config, name) for name in plan.SIZES)
    key = [assets.VERSION, assets.identity(where), condition, config.seed,
           options["cameras_each"], *sizes]  # fmt: skip
    folder = run.cache_dir() / f"walkers3d-v{WALKERS3D_VERSION}-{run.fingerprint(key)}"
    if not complete(folder, len(shots) * config.frames):
        with one_at_a_time(folder):  # whoever comes second finds it rendered
            if not complete(folder, len(shots) * config.frames):
                _render(folder, where, shots, config, condition, int(options["workers"]))
    facts = {"kind": "synthetic (rendered people, MakeHuman's assets, CC0)",
             "version": str(WALKERS3D_VERSION), "seed": str(config.seed)}  # fmt: skip
    return opened(folder, "walkers3d", condition, facts)


def _options(config: DataConfig, condition: str) -> dict[str, Any]:
    options = {**OPTIONS, **config.options}
    problems = plan.problems(config, condition) + plan.option_problems(options, OPTIONS)
    if problems:
        raise ConfigError("walkers3d: " + "; ".join(problems))
    return options


def _render(folder: Path, where: Path, shots: list[Shot], config: DataConfig, condition: str,
            workers: int) -> None:  # fmt: skip
    """Renders what is missing into the folder; its marker is written last."""
    (folder / "done").mkdir(parents=True, exist_ok=True)
    total = len(shots) * config.frames
    _arrays(folder, total)
    jobs = list(_jobs(folder, where, shots, config, condition))
    missing = [job for job in jobs if not job.done.exists()]
    assets.library(where)  # reads and checks the assets once, before there are processes
    bar = run.bar(total=len(jobs), initial=len(jobs) - len(missing), desc="rendering walkers",
                  unit="person")  # fmt: skip
    with bar as shown:
        for _ in _all(missing, workers or os.cpu_count() or 1):
            shown.update()
    notes = [run.read_json(job.done) for job in jobs]
    visibility = np.concatenate([np.array(note["visibility"]) for note in notes])
    kinds = [kind for note in notes for kind in note["occlusion"]]
    tracklets, frames = tables(shots, visibility, kinds, condition == "unseen_cameras", "walkers3d")
    finish(folder, tracklets, frames)


def _all(jobs: list[Job], workers: int) -> Iterator[None]:
    """Runs the jobs; few of them in this process."""
    if workers == 1 or len(jobs) <= 4:
        yield from map(render, jobs)
        return
    # a fresh process each: a fork would carry over threads of torch
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(render, jobs, chunksize=4)


def _arrays(folder: Path, total: int) -> None:
    """The files of pixels and masks, as they are if they were begun before."""
    for name, shape in (("pixels", (total, *scene.SIZE, 3)), ("masks", (total, *scene.SIZE))):
        path = folder / f"{name}.npy"
        if not path.exists():
            with run.atomic(path) as temporary:
                np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape).flush()


def _jobs(folder: Path, where: Path, shots: list[Shot], config: DataConfig, condition: str
          ) -> Iterator[Job]:  # fmt: skip
    first = 0
    for _, group in groupby(shots, key=lambda shot: (shot.split, shot.person)):
        own = tuple(group)
        yield Job(str(where), str(folder), config.seed, config.cameras, condition, config.frames,
                  first, own)  # fmt: skip
        first += len(own) * config.frames


@dataclass(frozen=True)
class Studio:
    """What a process needs to render: assets, cameras, and other people as they are asked for."""

    library: assets.Library
    cameras: dict[int, cameras.Camera]
    seed: int

    @lru_cache(maxsize=STRANGERS)  # noqa: B019 - a studio lives as long as its process
    def stranger(self, number: int) -> person.Person:
        """One of the STRANGERS."""
        rng = np.random.default_rng([22, self.seed, number])
        return person.build(look.sample(rng, self.library), self.library)

    def __hash__(self) -> int:
        return id(self)


@lru_cache(maxsize=1)
def _studio(where: str, seed: int, count: int, unseen: bool) -> Studio:
    eyes = {n: cameras.camera(seed, n, unseen) for n in range(1, count + 1)}
    return Studio(assets.library(Path(where)), eyes, seed)


def render(job: Job) -> None:
    """Renders one person's tracklets into the folder and notes that they are there."""
    unseen = job.condition == "unseen_cameras"
    studio = _studio(job.assets, job.seed, job.cameras, unseen)
    kinds = props.UNSEEN if job.condition == "unseen_occluders" else props.SEEN
    arrays = [
        np.load(Path(job.folder) / f"{name}.npy", mmap_mode="r+") for name in ("pixels", "masks")
    ]
    own = [job.seed, SPLIT_KEYS[job.shots[0].split], job.shots[0].person]
    who = person.build(
        look.sample(np.random.default_rng([21, *own]), studio.library), studio.library
    )
    visibility, met = [], []
    for k, shot in enumerate(job.shots):
        key = [31, *own, int(unseen), shot.camera, shot.repeat]
        made = scene.film(who, studio.cameras[shot.camera], key, job.frames, kinds,
                          lambda number: studio.stranger(number % STRANGERS))  # fmt: skip
        rows = slice(job.first + k * job.frames, job.first + (k + 1) * job.frames)
        arrays[0][rows], arrays[1][rows] = made.pixels, made.labels
        visibility.append(made.visibility.tolist())
        met.append(made.occlusion)
    for array in arrays:
        array.flush()
    run.write_json(job.done, {"visibility": visibility, "occlusion": met})
