"""The training loop: counted steps, exact resume, a log of every term.

Every draw of a step (batch, frames, augmentation, the model's own) is a function of (seed, step)
alone. So an interrupted run goes on from its last checkpoint as if nothing had happened: same
log, same final weights, bit for bit on one machine with one thread count and dtype.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sticc_lib.config import Config, ConfigError
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel, normalise
from sticc_lib.models.cache import FrozenMaps
from sticc_lib.models.memory import information
from sticc_lib.models.precision import wants_bf16
from sticc_lib.presets import steps_for
from sticc_lib.run import fingerprint
from sticc_lib.tracklets.augment import augment_clips, augment_maps
from sticc_lib.tracklets.batches import sampler
from sticc_lib.tracklets.degrade import degrade
from sticc_lib.tracklets.sampling import draw_clips, draw_positions
from sticc_lib.tracklets.table import TrackletSet
from sticc_lib.training.meter import Meter
from sticc_lib.training.settings import (
    check_augmentation,
    intervals,
    looks,
    optimizer_for,
    placed,
    rate,
)
from sticc_lib.training.state import Folder, Progress, Trained, TrainingError, lasting

Validate = Callable[[VideoModel], dict[str, float]]


def train(
    model: VideoModel,
    data: TrackletSet,
    config: Config,
    folder: Path,
    validate: Validate | None = None,
    maps: FrozenMaps | None = None,
    stop_at: int | None = None,
) -> Trained:
    """Trains a model, or goes on where a training in `folder` was interrupted.

    Under `accelerate launch` each process draws its own batches and gradients are averaged; the
    first process writes, and logs its own terms.

    Args:
        model: as built by the zoo from `config.model`.
        data: training tracklets.
        config: all settings; the method's steps come from `presets.steps_for`.
        folder: checkpoints and log. One that was trained to the end is only loaded.
        validate: called on the model in eval mode; returns numbers, of which `mAP` picks the best.
        maps: cached maps of the trunk's frozen half for `data`, if it has one.
        stop_at: stop before this step, as an interruption would (for tests and for trying out).

    Raises:
        ConfigError: model, data and config do not fit each other, or the device is not there.
        TrainingError: the loss is no longer a number, a checkpoint cannot be written, or `folder`
            holds a training with other settings. The last checkpoint is kept.
    """
    loop = Loop(model, data, config, Path(folder), maps)
    progress = loop.resume()
    started_at, total = progress.step, loop.total
    last = total if stop_at is None else min(stop_at, total)
    every = intervals(config.train, total)
    with Meter(config.model.name, started_at, total, loop.writes) as meter:
        while progress.step < last:
            clock = time.process_time()
            loop.step(progress.step)
            progress.step += 1
            due = {name: progress.step % n == 0 or progress.step == total
                   for name, n in every.items()}  # fmt: skip
            if due["log"]:
                progress.rows.append(loop.log_row(progress.step))
            progress.cpu_seconds += time.process_time() - clock
            if validate is not None and looks(config.train, progress.step, total):
                loop.validate(validate, progress)
            if due["checkpoint"]:
                loop.checkpoint(progress)
            meter.advance(progress)
    loop.accelerator.wait_for_everyone()
    if progress.step >= total:
        model = zoo.load(Path(folder) / "best", str(loop.device))[0]
    return Trained(
        model.eval(), Path(folder), progress.rows, progress.best, progress.cpu_seconds, started_at
    )


class Loop:
    """One training: model, optimiser, batches and where it is written. `train` drives it."""

    def __init__(
        self,
        model: VideoModel,
        data: TrackletSet,
        config: Config,
        folder: Path,
        maps: FrozenMaps | None = None,
    ):
        from accelerate import Accelerator

        settings = config.train
        self.config, self.settings, self.data, self.maps = config, settings, data, maps
        self.total = steps_for(config)
        persons = sorted(data.tracklets.loc[data.tracklets["person"] > 0, "person"].unique())
        self.classes = {person: number for number, person in enumerate(persons)}
        zoo.check_settings(model, config, len(persons))
        if maps is not None and len(maps.array) != len(data.frames):
            raise ConfigError(f"maps of {len(maps.array)} frames; {data!r} has {len(data.frames)}")
        check_augmentation(settings, maps is not None)
        self.sampler = sampler(
            settings.sampler, data.tracklets, settings.persons, settings.tracklets, config.seed
        )
        # Accelerate's own device and precision are one choice a process, whoever trains next
        self.accelerator = Accelerator(mixed_precision="no", device_placement=False)
        self.writes = self.accelerator.is_main_process
        self.plain, self.device = placed(model, config, self.accelerator)
        self.bf16 = wants_bf16(settings.bf16, self.device)
        self.model, self.optimizer = self.accelerator.prepare(model, optimizer_for(model, settings))
        key = fingerprint([lasting(config), data.fingerprint(), maps is not None])
        facts = {"data": data.fingerprint(), "classes": [int(p) for p in persons]}
        self.folder = Folder(folder, key, config, facts)
        self.terms: dict[str, Tensor] = {}
        self.count = 0
        self.addresses: dict[str, Tensor] = {}

    def step(self, step: int) -> None:
        """One optimiser step; every draw is a function of (seed, step) and of the process."""
        turn = step * self.accelerator.num_processes + self.accelerator.process_index
        rng = np.random.default_rng([self.config.seed, 2, turn])
        torch.manual_seed(int(rng.integers(2**62)))
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * rate(step, self.total, self.settings)
        clips, mask, persons = self._batch(turn, rng)
        if not self.plain.training:  # asking costs less than telling every module
            self.model.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            out = self.model(clips, mask, from_maps=self.maps is not None)
        loss, terms = self.plain.objective(out, persons, self.config.loss)
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)
        if self.settings.grad_clip:
            self.accelerator.clip_grad_norm_(self.model.parameters(), self.settings.grad_clip)
        self.optimizer.step()
        self.plain.after_step(out, persons)
        for name, value in {"loss": loss.detach(), **terms}.items():
            self.terms[name] = self.terms.get(name, torch.zeros_like(value)) + value
        self.addresses = {n: a.detach() for n, a in out.extras.get("addresses", {}).items()}
        self.count += 1

    def _batch(self, turn: int, rng: np.random.Generator) -> tuple[Tensor, Tensor | None, Tensor]:
        """Clips (or their frozen maps), a mask where a frame is padding, and class numbers."""
        spec, settings, device = self.plain.spec, self.settings, self.device
        numbers = self.sampler.batch(turn)
        length = spec.clip_length
        if settings.clip_lengths:
            length = int(rng.choice(settings.clip_lengths))
        if self.maps is not None:
            positions, valid = draw_positions(self.data, numbers, length, rng, settings.clips)
            maps = self.maps.read(positions.ravel()).to(device).unflatten(0, positions.shape)
            clips = augment_maps(maps, rng, settings.flip, settings.erase)
            mask = torch.from_numpy(valid)
        else:
            batch = draw_clips(self.data, numbers, length, rng, spec.image_size, settings.clips)
            pixels = augment_clips(
                degrade(batch.pixels, rng, settings.shrink, settings.jpeg), rng, settings.flip,
                settings.crop, settings.erase, settings.erase_fill, settings.erase_rule,
            )  # fmt: skip
            clips, mask = normalise(pixels.to(device), spec), batch.mask
        owners = self.data.tracklets.loc[numbers, "person"]
        persons = torch.tensor([self.classes[p] for p in owners], device=device)
        return clips, None if bool(mask.all()) else mask.to(device), persons

    def log_row(self, step: int) -> dict[str, float]:
        """Means of all terms since the last row, the rate, and what the memories tell.

        Raises:
            TrainingError: a loss that is not finite.
        """
        row = {name: float(value) / self.count for name, value in self.terms.items()}
        if not math.isfinite(row["loss"]):
            raise TrainingError(
                f"step {step}: the loss is {row['loss']}; {self.folder.kept()}. Lower train.lr or "
                "look at the data"
            )
        self.terms, self.count = {}, 0
        row |= {f"information/{n}": information(a) for n, a in self.addresses.items()}
        return {
            "step": step,
            "lr": self.settings.lr * rate(step - 1, self.total, self.settings),
            **row,
        }

    def validate(self, validate: Validate, progress: Progress) -> None:
        """Scores the model, logs it, and keeps the weights if they are the best so far."""
        self.plain.eval()
        # plain floats: a numpy number in the state would have to be unpickled
        scores = {name: float(value) for name, value in validate(self.plain).items()}
        if not math.isfinite(scores.get("mAP", math.nan)):
            raise TrainingError(
                f"validation gave no mAP ({scores}); has any validation query a match under the "
                f"set's rule? {self.folder.kept()}"
            )
        progress.rows.append({"step": progress.step, **{f"val/{n}": v for n, v in scores.items()}})
        if not progress.best or scores["mAP"] > progress.best["mAP"]:
            progress.best = {"step": progress.step, **scores}
            if self.writes:
                self.folder.save("best", progress, self.plain)

    def checkpoint(self, progress: Progress) -> None:
        """Writes the state; at the end `last` before it, so that a finished state has its weights.

        Without validation the best weights are the last.
        """
        if not self.writes:
            return
        if progress.step == self.total:
            self.folder.save("last", progress, self.plain)
            if not progress.best:
                self.folder.save("best", progress, self.plain)
        self.folder.write(progress, self.plain, self.optimizer)

    def resume(self) -> Progress:
        """The state of an earlier start in this folder, or a fresh one."""
        return self.folder.read(self.plain, self.optimizer)
