"""How fast people are rendered: milliseconds a crop on one core, and a set on all cores.

A crop is 128 x 64 with everything on: place, things, passers-by, occluders, lens and JPEG. Prints
process CPU time and wall time; with a number of persons, also renders that many under four cameras,
eight frames each (32 crops a person), into a folder that is thrown away.

    OMP_NUM_THREADS=1 python benchmarks/render_walkers3d.py [persons]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import numpy as np

from sticc_lib.config import DataConfig
from sticc_lib.tracklets.walkers import plan
from sticc_lib.tracklets.walkers3d import assets, cameras, dataset, look, person, props, scene

PERSONS, CAMERAS, FRAMES, STRANGERS = 12, 6, 8, 6


def one_core() -> None:
    """Building a person, and a crop."""
    library = assets.library(assets.folder())

    def built(*key: int) -> person.Person:
        return person.build(look.sample(np.random.default_rng([21, *key]), library), library)

    stranger = cache(lambda number: built(9, 9, number))
    eyes = [cameras.camera(0, number, False) for number in range(1, CAMERAS + 1)]
    for number in range(STRANGERS):
        stranger(number)
    start = time.process_time()
    people = [built(0, 0, number) for number in range(PERSONS)]
    print(f"a person: {1000 * (time.process_time() - start) / PERSONS:.0f} ms CPU")
    scene.film(people[0], eyes[0], [0], 1, props.SEEN, lambda n: stranger(n % STRANGERS))
    start, wall = time.process_time(), time.perf_counter()
    for number, who in enumerate(people):
        for eye in eyes[:3] if number % 2 else eyes[3:]:
            key = [31, 0, 0, number, eye.number]
            scene.film(who, eye, key, FRAMES, props.SEEN, lambda n: stranger(n % STRANGERS))
    crops = PERSONS * 3 * FRAMES
    cpu, wall = time.process_time() - start, time.perf_counter() - wall
    print(f"a crop: {1000 * cpu / crops:.1f} ms CPU, {1000 * wall / crops:.1f} ms by the clock")


def whole(persons: int) -> None:
    """A set as `load` renders it."""
    config = DataConfig(name="walkers3d", train_persons=persons, val_persons=1, test_persons=1,
                        cameras=4, tracklets_per_camera=1, frames=8)  # fmt: skip
    shots = plan.shots(config, "standard", plan.passing(config, 4))[: persons * 4]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        dataset._render(Path(folder), assets.folder(), shots, config, "standard", 0)
        taken = time.perf_counter() - start
    print(f"{persons} persons x 32 crops on {os.cpu_count()} cores: {taken / 60:.1f} minutes")


if __name__ == "__main__":
    one_core()
    if len(sys.argv) > 1:
        whole(int(sys.argv[1]))
