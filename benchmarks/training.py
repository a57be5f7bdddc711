"""Where a training step at `quick` goes, and what keeping freed memory gives.

One epoch (every training tracklet once on average) of STICC and of the mean-pooled floor, on cached
maps of the frozen trunk: wall time by part, one thread. Nothing but the model (forward and
backward) should exceed 15 %. Then steps with and without `machine.keep_freed_memory`, each side in
processes of its own, alternating; the last losses show that the numbers stay.

    OMP_NUM_THREADS=1 python benchmarks/training.py [repeats]
"""

from __future__ import annotations

import functools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from measured import tell, tell_ratio

from sticc_lib.experiments.compare import method_config
from sticc_lib.experiments.session import load_data, new_model
from sticc_lib.models.cache import frozen_maps
from sticc_lib.presets import preset
from sticc_lib.training import Loop

LABELS = ("sticc", "mean_pool")
MODEL = ("forward", "backward")
WARM, STEPS = 5, 40
LIMIT = 15.0


def loop_of(label: str) -> Loop:
    """A training of a method at `quick`, ready for its first step."""
    base = preset("quick")
    learn = load_data(base).split("train")
    config = method_config(label, 0, base)
    model = new_model(config, learn)
    folder = Path(tempfile.gettempdir()) / "benchmark_training"  # nothing is written
    return Loop(model, learn, config, folder, frozen_maps(model, learn))


def profile(label: str) -> None:
    """Prints the share of each part in an epoch."""
    loop = loop_of(label)
    spent: Counter[str] = Counter()

    def timed(name: str, work: Callable) -> Callable:
        @functools.wraps(work)
        def run(*inputs: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return work(*inputs, **options)
            finally:
                spent[name] += time.perf_counter() - start  # type: ignore[assignment]

        return run

    loop._batch = timed("data", loop._batch)
    loop.plain.forward = timed("forward", loop.plain.forward)
    loop.plain.objective = timed("losses", loop.plain.objective)
    loop.accelerator.backward = timed("backward", loop.accelerator.backward)
    loop.accelerator.clip_grad_norm_ = timed("clip", loop.accelerator.clip_grad_norm_)
    loop.optimizer.step = timed("step", loop.optimizer.step)
    for step in range(WARM):
        loop.step(step)
    spent.clear()
    epoch = len(loop.data) // len(loop.sampler.batch(0))
    start = time.perf_counter()
    for step in range(WARM, WARM + epoch):
        loop.step(step)
    whole = time.perf_counter() - start
    spent["rest"] = whole - sum(spent.values())  # type: ignore[assignment]
    tell(f"training.{label}.step", 1e3 * whole / epoch, f"ms, mean of {epoch} steps")
    for name, seconds in spent.items():
        limit = None if name in MODEL else LIMIT
        tell(f"training.{label}.{name}", 100 * seconds / whole, "% of a step", most=limit)


def steps(label: str) -> None:
    """Milliseconds a step and the last loss; run in a process of its own."""
    torch.set_num_threads(1)
    loop = loop_of(label)
    taken = []
    for step in range(WARM + STEPS):
        start = time.process_time()
        loop.step(step)
        taken.append(time.process_time() - start)
    print(statistics.median(taken[WARM:]), float(loop.terms["loss"]))


def memory(label: str, repeats: int) -> None:
    """Prints what keeping freed memory gives."""
    command = [sys.executable, __file__, "steps", label]
    plain = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    # any MALLOC_ setting leaves the allocator as it is; this one is glibc's default
    sides = {"kept": plain, "given back": plain | {"MALLOC_PERTURB_": "0"}}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    losses = set()
    for _ in range(repeats):
        for name, environment in sides.items():
            done = subprocess.run(
                command, env=environment, stdout=subprocess.PIPE, text=True, check=True
            )
            taken, loss = map(float, done.stdout.split())
            seconds[name].append(taken)
            losses.add(loss)
    kept, back = ([1e3 * s for s in each] for each in seconds.values())
    same = f"losses {'equal' if len(losses) == 1 else 'DIFFER'}"
    tell_ratio(f"training.{label}.freed_memory_kept", kept, back, "giving it back", note=same)


def main(repeats: int = 5) -> None:
    torch.set_num_threads(1)
    for label in LABELS:
        profile(label)
    for label in LABELS:
        memory(label, max(1, repeats))


if __name__ == "__main__":
    if sys.argv[1:2] == ["steps"]:
        steps(sys.argv[2])
    else:
        main(*map(int, sys.argv[1:2]))
