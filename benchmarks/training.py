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

from sticc_lib.experiments.compare import method_config
from sticc_lib.experiments.session import load_data, new_model
from sticc_lib.models.cache import frozen_maps
from sticc_lib.presets import preset
from sticc_lib.training import Loop

LABELS = ("sticc", "mean_pool")
MODEL = ("forward", "backward")
WARM, STEPS = 5, 40
LIMIT = 0.15


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
    loop.model.forward = timed("forward", loop.model.forward)
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
    parts = ", ".join(f"{name} {seconds / whole:.1%}" for name, seconds in spent.items())
    most = max(seconds / whole for name, seconds in spent.items() if name not in MODEL)
    print(
        f"profile, {label}: {1e3 * whole / epoch:.0f} ms a step, {epoch} steps: {parts}; "
        f"beside the model at most {most:.1%}, "
        f"target <= {LIMIT:.0%} {'reached' if most <= LIMIT else 'MISSED'}",
        flush=True,
    )


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


def kept(label: str, repeats: int) -> None:
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
    ratios = [b / a for a, b in zip(*seconds.values(), strict=True)]
    sides_ms = " against ".join(f"{1e3 * statistics.median(s):.0f}" for s in seconds.values())
    print(
        f"freed memory kept, {label}: {statistics.median(ratios):.2f}x ({sides_ms} cpu-ms a step, "
        f"median of {repeats}); losses {'equal' if len(losses) == 1 else 'DIFFER'}",
        flush=True,
    )


def main(repeats: int = 5) -> None:
    torch.set_num_threads(1)
    for label in LABELS:
        profile(label)
    for label in LABELS:
        kept(label, max(1, repeats))


if __name__ == "__main__":
    if sys.argv[1:2] == ["steps"]:
        steps(sys.argv[2])
    else:
        main(*map(int, sys.argv[1:2]))
