"""Where a training step at `quick` goes, and what keeping freed memory gives.

One epoch (every training tracklet once on average) of STICC and of the mean-pooled floor, on cached
maps of the frozen trunk: wall time by part, one thread. Nothing but the model (forward and
backward) should exceed 15 %. Then steps with and without `machine.keep_freed_memory`, each side in
processes of its own, alternating; the last losses show that the numbers stay.

Throughput: `paper` with a ResNet-18 at 128x64 (clips of 8 frames), our loop beside a plain one:
channels first, fp32, the whole trunk at every step. Once with a trunk that learns as a whole, where
only bf16 (auto: where the cores have units for it) and channels_last can help, and once with its
last block learning, where ours starts from cached maps of the frozen half.

    OMP_NUM_THREADS=1 python benchmarks/training.py [repeats] [--quick]
"""

from __future__ import annotations

import copy
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

import numpy as np
import torch
from measured import alternate, asked, tell, tell_ratio

from sticc_lib.experiments.compare import method_config
from sticc_lib.experiments.session import load_data, new_model
from sticc_lib.models.base import IMAGENET_MEAN, IMAGENET_STD, normalise
from sticc_lib.models.cache import FrozenMaps, frozen_maps
from sticc_lib.models.precision import wants_bf16
from sticc_lib.presets import preset
from sticc_lib.training import Loop

LABELS = ("sticc", "mean_pool")
MODEL = ("forward", "backward")
WARM, STEPS = 5, 25
LIMIT = 15.0
THROUGHPUT = {"whole": -1, "last_block": 1}
"""Trunk blocks that learn."""
TARGET = 2.5


def loop_of(label: str) -> Loop:
    """A training of a method at `quick`, ready for its first step."""
    base = preset("quick")
    learn = load_data(base).split("train")
    config = method_config(label, 0, base)
    model = new_model(config, learn)
    folder = Path(tempfile.gettempdir()) / "benchmark_training"  # nothing is written
    return Loop(model, learn, config, folder, frozen_maps(model, learn))


def profile(label: str, most: int) -> None:
    """Prints the share of each part in an epoch, or in so many steps if that is less."""
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
    epoch = min(most, len(loop.data) // len(loop.sampler.batch(0)))
    start = time.perf_counter()
    for step in range(WARM, WARM + epoch):
        loop.step(step)
    whole = time.perf_counter() - start
    spent["rest"] = whole - sum(spent.values())  # type: ignore[assignment]
    tell(f"training.{label}.whole", 1e3 * whole / epoch, f"ms, mean of {epoch} steps")
    for name, seconds in spent.items():
        limit = None if name in MODEL else LIMIT
        tell(f"training.{label}.{name}", 100 * seconds / whole, "% of a step", most=limit)


def steps(label: str, count: int) -> None:
    """Milliseconds a step and the last loss; run in a process of its own."""
    torch.set_num_threads(1)
    loop = loop_of(label)
    taken = []
    for step in range(WARM + count):
        start = time.process_time()
        loop.step(step)
        taken.append(time.process_time() - start)
    print(statistics.median(taken[WARM:]), float(loop.terms["loss"]))


def memory(label: str, repeats: int, count: int) -> None:
    """Prints what keeping freed memory gives."""
    command = [sys.executable, __file__, "steps", label, str(count)]
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


def throughput(name: str, repeats: int, quick: bool) -> None:
    """Our loop beside a plain one, images a second of each."""
    config = preset(
        "paper",
        **{"data.name": "walkers", "model.trunk.name": "resnet18", "model.trunk.weights": "none",
           "model.trunk.trainable_blocks": THROUGHPUT[name], "model.height": 64 if quick else 128,
           "model.width": 32 if quick else 64, "train.persons": 2, "train.tracklets": 2,
           "train.steps": 1000},
    )  # fmt: skip
    learn = load_data(preset("quick")).split("train")
    learn = learn.subset(learn.tracklets["person"] <= learn.tracklets["person"].min() + 7)
    torch.manual_seed(0)
    model = new_model(config, learn)
    plain = copy.deepcopy(model).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    folder = Path(tempfile.gettempdir()) / "benchmark_training"
    loop = Loop(model, learn, config, folder, maps_of(model, learn))
    optimizer = torch.optim.Adam([p for p in plain.parameters() if p.requires_grad], 3.5e-4)
    count = {"ours": 0, "plain": 0}

    def ours() -> None:
        loop.step(count["ours"])
        count["ours"] += 1

    def usual() -> None:
        numbers = loop.sampler.batch(count["plain"])
        count["plain"] += 1
        frames = np.stack([learn.frame_positions()[int(n)][:8] for n in numbers])
        pixels = torch.from_numpy(learn.read(frames.ravel(), plain.spec.image_size)).contiguous()
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
        clips = ((pixels / 255 - mean) / std).unflatten(0, frames.shape)
        owners = learn.tracklets.loc[numbers, "person"]
        persons = torch.tensor([loop.classes[p] for p in owners])
        plain.train()
        loss, _ = plain.objective(plain(clips), persons, config.loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    taken = alternate({"ours": ours, "plain": usual}, repeats)
    images = 4 * model.spec.clip_length
    bf16 = "bf16" if wants_bf16("auto", loop.device) else "fp32, no bf16 units here"
    tell_ratio(
        f"training.resnet18.{name}", taken["ours"], taken["plain"], "a plain fp32 loop",
        target=TARGET, note=f"{bf16}; {images} images a step",
    )  # fmt: skip
    for side, each in taken.items():
        tell(f"training.resnet18.{name}.{side}", images / (statistics.median(each) / 1e3),
             "images/s of one core")  # fmt: skip


def maps_of(model: Any, data: Any) -> FrozenMaps | None:
    """What the frozen half gives for every frame, held in memory; None without such a half."""
    if len(model.trunk.frozen) == 0:
        return None
    parts = []
    with torch.inference_mode():
        for start in range(0, len(data.frames), 32):
            rows = np.arange(start, min(start + 32, len(data.frames)))
            pixels = torch.from_numpy(data.read(rows, model.spec.image_size))
            parts.append(model.trunk.frozen(normalise(pixels, model.spec)).half().numpy())
    return FrozenMaps(np.concatenate(parts))


def bound(repeats: int, quick: bool) -> None:
    """What keeps fp32 from more: the rate of products here, of which a step is almost all made."""
    size = 256 if quick else 2048
    for name, kind in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        a, b = torch.randn(2, size, size).to(kind).unbind()
        taken = alternate({"product": functools.partial(torch.mm, a, b)}, repeats)["product"]
        tell(f"training.peak.{name}", 2 * size**3 / min(taken) / 1e6, "GFLOP/s of a product")


def main() -> None:
    repeats, quick = asked(__doc__)
    torch.set_num_threads(1)
    for label in LABELS[:1] if quick else LABELS:
        profile(label, 2 if quick else 75)
    for label in LABELS[:1] if quick else LABELS:
        memory(label, repeats, 1 if quick else STEPS)
    for name in THROUGHPUT:
        throughput(name, repeats, quick)
    bound(repeats, quick)


if __name__ == "__main__":
    if sys.argv[1:2] == ["steps"]:
        steps(sys.argv[2], int(sys.argv[3]))
    else:
        main()
