"""The training loop: counted steps, exact resume, a log of every term.

Every draw of a step (batch, frames, augmentation, the model's own) is a function of (seed, step)
alone. So an interrupted run goes on from its last checkpoint as if nothing had happened: same
log, same final weights, bit for bit on one machine with one thread count and dtype. Several
processes share the batches that one would draw (shared.py).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from torch import Tensor

from sticc_lib import processes
from sticc_lib.config import Config, ConfigError
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel
from sticc_lib.models.cache import FrozenMaps
from sticc_lib.models.memory import information
from sticc_lib.models.precision import wants_bf16
from sticc_lib.presets import steps_for
from sticc_lib.run import fingerprint
from sticc_lib.tracklets.batches import sampler
from sticc_lib.tracklets.table import TrackletSet
from sticc_lib.training.draw import Draw
from sticc_lib.training.failed import first_bad, keep_batch
from sticc_lib.training.meter import Meter
from sticc_lib.training.settings import (
    check_augmentation,
    intervals,
    looks,
    optimizer_for,
    placed,
    rate,
)
from sticc_lib.training.shared import Learner, accelerator_for, best_of, made_one, part_of
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

    Under `accelerate launch` processes share each batch (shared.py); the first one writes.

    Args:
        model: as built by the zoo from `config.model`.
        data: training tracklets.
        config: all settings; the method's steps come from `presets.steps_for`.
        folder: checkpoints and log. One that was trained to the end is only loaded.
        validate: called on the model in eval mode; returns numbers, of which `mAP` picks the best.
            Of several processes all call it, and it has to return the same in each.
        maps: cached maps of the trunk's frozen half for `data`, if it has one.
        stop_at: stop before this step, as an interruption would (for tests and for trying out).

    Raises:
        ConfigError: model, data and config do not fit each other, or the device is not there.
        TrainingError: the loss is no longer a number, a checkpoint cannot be written, the folder
            was deleted under way, or it holds a training with other settings. The last checkpoint
            is kept.
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
    if progress.step >= total:
        model = best_of(loop.folder.path, config, loop.plain.persons, loop.device, loop.writes)
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
        self.accelerator = accelerator_for(config)
        self.part, self.writes = part_of(config), self.accelerator.is_main_process
        self.plain, self.device = placed(model, config, self.accelerator)
        made_one(self.plain)
        self.draw = Draw(data, maps, self.sampler, self.classes, model.spec, settings, self.device)
        learner = Learner(self.plain, config, wants_bf16(settings.bf16, self.device),
                          maps is not None)  # fmt: skip
        self.learner, self.optimizer = self.accelerator.prepare(
            learner, optimizer_for(self.plain, settings)
        )
        key = fingerprint([lasting(config), data.fingerprint(), maps is not None])
        facts = {"data": data.fingerprint(), "classes": [int(p) for p in persons]}
        self.folder = Folder(folder, key, config, facts)
        self.terms: dict[str, Tensor] = {}
        self.count = 0
        self.addresses: dict[str, Tensor] = {}

    def step(self, step: int) -> None:
        """One optimiser step; every draw is a function of (seed, step).

        Raises:
            TrainingError: a loss that is no number; nothing was learnt from it, its batch is kept.
        """
        rng = self._rng(step)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * rate(step, self.total, self.settings)
        clips, mask, persons = self._batch(step, rng)
        if not self.plain.training:  # asking costs less than telling every module
            self.learner.train()
        loss, terms, out = self.learner(clips, mask, persons)
        # CHOICE: asked at every step, though it waits for the device (as the triplet loss does
        # anyway): the weights are still those before the step, and the batch is known
        if not math.isfinite(float(loss.detach())):
            self._stop(step, float(loss.detach()), terms)
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)
        if self.settings.grad_clip:
            self.accelerator.clip_grad_norm_(self.plain.parameters(), self.settings.grad_clip)
        self.optimizer.step()
        self.plain.after_step(out, persons)
        for name, value in {"loss": loss.detach(), **terms}.items():
            self.terms[name] = self.terms.get(name, torch.zeros_like(value)) + value
        self.addresses = {n: a.detach() for n, a in out.extras.get("addresses", {}).items()}
        self.count += 1

    def _rng(self, step: int) -> np.random.Generator:
        """The source of a step's draws; torch's own is set, too."""
        rng = np.random.default_rng([self.config.seed, 2, step])
        torch.manual_seed(int(rng.integers(2**62)))
        return rng

    def _batch(self, step: int, rng: np.random.Generator) -> tuple[Tensor, Tensor | None, Tensor]:
        """Own clips (or their frozen maps), a mask if any frame is padding, all class numbers."""
        batch = self.draw.batch(step, rng, self.part)
        return batch.clips, batch.mask, batch.persons

    def _stop(self, step: int, loss: float, terms: dict[str, Tensor]) -> NoReturn:
        """Keeps the batch that did it: the step before where its update broke the weights."""
        bad = ", ".join(n for n, value in terms.items() if not bool(value.isfinite().all()))
        broken = first_bad(self.plain)
        guilty = step - 1 if broken and step else step
        where = ""
        if self.writes:
            batch = self.draw.batch(guilty, self._rng(guilty))
            pixels = self.draw.pixels(batch.rows)
            where = keep_batch(self.folder.path, guilty + 1, batch, pixels)
        since = f"; weights are no longer numbers since the step before ({broken})" * bool(broken)
        raise TrainingError(
            f"step {step + 1}: the loss is {loss}{f' ({bad})' * bool(bad)}{since}; "
            f"{self.folder.kept()}; {where or 'the first process keeps the batch'}. Lower "
            "train.lr or look at the data"
        )

    def log_row(self, step: int) -> dict[str, float]:
        """Means of all terms since the last row, the rate, and what the memories tell."""
        row = {name: float(value) / self.count for name, value in self.terms.items()}
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
        self.folder.check(progress, self.plain)
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
            with processes.together(TrainingError):
                if self.writes:
                    self.folder.save("best", progress, self.plain)

    def checkpoint(self, progress: Progress) -> None:
        """Writes the state; at the end `last` before it, so that a finished state has its weights.

        Without validation the best weights are the last. All wait for the process that writes.
        """
        with processes.together(TrainingError):
            if not self.writes:
                return
            self.folder.check(progress, self.plain)
            if progress.step == self.total:
                self.folder.save("last", progress, self.plain)
                if not progress.best:
                    self.folder.save("best", progress, self.plain)
            self.folder.write(progress, self.plain, self.optimizer)

    def resume(self) -> Progress:
        """The state of an earlier start in this folder, or a fresh one."""
        with processes.together(TrainingError):
            content = self.folder.content() if self.writes else None
        progress = self.folder.put(processes.told(content), self.plain, self.optimizer)
        with processes.together(TrainingError):
            if content is not None:  # a start that died after the state may have left an older log
                self.folder.write_log(progress)
        return progress
