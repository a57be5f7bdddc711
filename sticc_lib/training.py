"""The training loop: counted steps, exact resume, a log of every term.

Every draw of a step (batch, frames, augmentation, the model's own) is a function of (seed, step)
alone. So an interrupted run goes on from its last checkpoint as if nothing had happened: same
log, same final weights, bit for bit on one machine with one thread count and dtype.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sticc_lib import losses
from sticc_lib.config import Config, TrainConfig, to_dict
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel, normalise
from sticc_lib.models.cache import FrozenMaps
from sticc_lib.models.memory import information
from sticc_lib.presets import steps_for
from sticc_lib.run import atomic, fingerprint, stderr, write_text
from sticc_lib.tracklets.augment import augment_clips, augment_maps
from sticc_lib.tracklets.sampling import PKSampler, draw_clips, draw_positions
from sticc_lib.tracklets.table import TrackletSet

Validate = Callable[[VideoModel], dict[str, float]]
LOG_LINES = 100
"""Lines of a run's log, apart from validations."""


class TrainingError(RuntimeError):
    """Training that cannot go on; the message says what is left and what to do."""


@dataclass
class Trained:
    """What training gives back.

    Attributes:
        model: in eval mode, with the weights that validated best.
        folder: holds `best/`, `last/`, `state.pt` and `log.jsonl`.
        log: the log's rows.
        best: the best validation (empty without one).
        cpu_seconds: process time of all its steps, over every start; validation left out.
        resumed_at: step this call started from.
    """

    model: VideoModel
    folder: Path
    log: list[dict[str, float]]
    best: dict[str, float] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    resumed_at: int = 0


@dataclass
class _Progress:
    """What changes while training, beside weights: everything a checkpoint holds."""

    step: int = 0
    cpu_seconds: float = 0.0
    best: dict[str, float] = field(default_factory=dict)
    rows: list[dict[str, float]] = field(default_factory=list)


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

    Args:
        model: as built by the zoo.
        data: training tracklets.
        config: all settings; the method's steps come from `presets.steps_for`.
        folder: checkpoints and log. One that was trained to the end is only loaded.
        validate: called on the model in eval mode; returns numbers, of which `mAP` picks the best.
        maps: cached maps of the trunk's frozen half for `data`, if it has one.
        stop_at: stop before this step, as an interruption would (for tests and for trying out).

    Raises:
        TrainingError: the loss is no longer a number; the last checkpoint is kept.
        TrainingError: `folder` holds a training with other settings.
    """
    loop = _Loop(model, data, config, Path(folder), maps)
    progress = loop.resume()
    started_at, total = progress.step, steps_for(config)
    last = total if stop_at is None else min(stop_at, total)
    every = _intervals(config.train, total)
    with _Meter(config.model.name, started_at, total) as meter:
        while progress.step < last:
            clock = time.process_time()
            loop.step(progress.step)
            progress.step += 1
            due = {name: progress.step % n == 0 or progress.step == total
                   for name, n in every.items()}  # fmt: skip
            if due["log"]:
                progress.rows.append(loop.log_row(progress.step))
            progress.cpu_seconds += time.process_time() - clock
            if due["validate"] and validate is not None:
                loop.validate(validate, progress)
            if due["checkpoint"]:
                loop.checkpoint(progress)
            meter.advance(progress)
    if progress.step >= total:
        model = loop.finish(progress)
    return Trained(
        model.eval(), Path(folder), progress.rows, progress.best, progress.cpu_seconds, started_at
    )


class _Loop:
    """One training: model, optimiser, batches and where it is written."""

    def __init__(
        self,
        model: VideoModel,
        data: TrackletSet,
        config: Config,
        folder: Path,
        maps: FrozenMaps | None,
    ):
        from accelerate import Accelerator

        settings = config.train
        self.config, self.settings, self.data, self.folder = config, settings, data, folder
        self.maps, self.total = maps, steps_for(config)
        self.accelerator = Accelerator(
            mixed_precision="bf16" if _bf16(settings, config.device) else "no",
            cpu=config.device == "cpu",
        )
        self.plain = model
        self.model, self.optimizer = self.accelerator.prepare(model, _optimizer(model, settings))
        self.sampler = PKSampler(data.tracklets, settings.persons, settings.tracklets, config.seed)
        persons = sorted(data.tracklets.loc[data.tracklets["person"] > 0, "person"].unique())
        self.classes = {person: number for number, person in enumerate(persons)}
        self.terms: dict[str, Tensor] = {}
        self.count = 0
        self.addresses: dict[str, Tensor] = {}
        self.key = fingerprint([_lasting(config), data.fingerprint()])

    def step(self, step: int) -> None:
        """One optimiser step; every draw is a function of (seed, step)."""
        rng = np.random.default_rng([self.config.seed, 2, step])
        torch.manual_seed(int(rng.integers(2**62)))
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * rate(step, self.total, self.settings)
        clips, mask, persons = self._batch(step, rng)
        self.model.train()
        with self.accelerator.autocast():
            out = self.model(clips, mask, from_maps=self.maps is not None)
        loss, terms = losses.total(out.features, out.logits, out.extras, persons, self.config.loss)
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)
        if self.settings.grad_clip:
            self.accelerator.clip_grad_norm_(self.model.parameters(), self.settings.grad_clip)
        self.optimizer.step()
        for name, value in {"loss": loss.detach(), **terms}.items():
            self.terms[name] = self.terms.get(name, torch.zeros_like(value)) + value
        self.addresses = {n: a.detach() for n, a in out.extras.get("addresses", {}).items()}
        self.count += 1

    def _batch(self, step: int, rng: np.random.Generator) -> tuple[Tensor, Tensor | None, Tensor]:
        """Clips (or their frozen maps), a mask where a frame is padding, and class numbers."""
        spec, settings, device = self.plain.spec, self.settings, self.accelerator.device
        numbers = self.sampler.batch(step)
        if self.maps is not None:
            positions, valid = draw_positions(self.data, numbers, spec.clip_length, rng)
            maps = self.maps.read(positions.ravel()).to(device)
            maps = maps.unflatten(0, positions.shape)
            clips, mask = (
                augment_maps(maps, rng, settings.flip, settings.erase),
                torch.tensor(valid),
            )
        else:
            batch = draw_clips(self.data, numbers, spec.clip_length, rng, spec.image_size)
            pixels = augment_clips(batch.pixels, rng, settings.flip, settings.crop, settings.erase)
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
            kept = self.folder / "state.pt"
            where = f"the last good weights are in {kept}" if kept.exists() else "nothing was saved"
            raise TrainingError(
                f"step {step}: the loss is {row['loss']}; {where}. Lower train.lr or look at the data"
            )
        self.terms, self.count = {}, 0
        row |= {f"information/{n}": information(a.float()) for n, a in self.addresses.items()}
        return {"step": step, "lr": self.optimizer.param_groups[0]["lr"], **row}

    def validate(self, validate: Validate, progress: _Progress) -> None:
        """Scores the model, logs it, and keeps the weights if they are the best so far."""
        self.plain.eval()
        scores = validate(self.plain)
        progress.rows.append(
            {"step": progress.step, **{f"val/{name}": value for name, value in scores.items()}}
        )
        if not progress.best or scores["mAP"] > progress.best["mAP"]:
            progress.best = {"step": progress.step, **scores}
            self._save("best", progress)

    def checkpoint(self, progress: _Progress) -> None:
        """Writes all that a resume needs, whole or not at all, then the log."""
        state = {
            "key": self.key,
            "model": self.plain.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": progress.step,
            "cpu_seconds": progress.cpu_seconds,
            "best": progress.best,
            "rows": progress.rows,
        }
        with atomic(self.folder / "state.pt") as temporary:
            torch.save(state, temporary)
        lines = "".join(json.dumps(row) + "\n" for row in progress.rows)
        write_text(self.folder / "log.jsonl", lines)

    def resume(self) -> _Progress:
        """The state of an earlier start in this folder, or a fresh one."""
        path = self.folder / "state.pt"
        if not path.exists():
            return _Progress()
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise TrainingError(f"{path}: damaged ({error}); delete it to start anew") from None
        if state["key"] != self.key:
            raise TrainingError(
                f"{path} belongs to a training with other settings or data; choose another folder "
                "or pass --overwrite"
            )
        self.plain.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        return _Progress(state["step"], state["cpu_seconds"], state["best"], state["rows"])

    def finish(self, progress: _Progress) -> VideoModel:
        """Writes `last`; the model that goes on is the best one."""
        if not (self.folder / "last" / "config.json").exists():
            self._save("last", progress)
        if not (self.folder / "best" / "config.json").exists():
            self._save("best", progress)
        return zoo.load(self.folder / "best", str(self.accelerator.device))[0]

    def _save(self, name: str, progress: _Progress) -> None:
        zoo.save(
            self.folder / name,
            self.plain,
            self.config,
            len(self.classes),
            step=progress.step,
            validation=progress.best,
            data=self.data.fingerprint(),
            classes=[int(p) for p in self.classes],
        )


class _Meter:
    """A progress bar where somebody watches, one line a minute where nobody does."""

    def __init__(self, name: str, start: int, total: int):
        from tqdm.auto import tqdm

        self.name, self.total = name, total
        self.bar = tqdm(total=total, initial=start, desc=f"train {name}", unit="step")
        self.said = time.monotonic()

    def __enter__(self) -> _Meter:
        return self

    def __exit__(self, *_: Any) -> None:
        self.bar.close()

    def advance(self, progress: _Progress) -> None:
        """Moves on by one step."""
        self.bar.update(1)
        if self.bar.disable and time.monotonic() - self.said >= 60:
            self.said = time.monotonic()
            loss = progress.rows[-1].get("loss") if progress.rows else None
            shown = "" if loss is None else f", loss {loss:.3f}"
            stderr(f"train {self.name}: step {progress.step} of {self.total}{shown}")


def rate(step: int, total: int, settings: TrainConfig) -> float:
    """Share of the peak learning rate at a step: linear warm-up, then cosine or steps."""
    warm = max(1, round(settings.warmup * total))
    if step < warm:
        return (step + 1) / warm
    if settings.schedule == "step":
        return 0.1 ** sum(step >= share * total for share in settings.milestones)
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))


def _optimizer(model: VideoModel, settings: TrainConfig) -> torch.optim.Optimizer:
    """Adam(W) over what learns; the trunk at its own rate, no decay on vectors and scales."""
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            peak = settings.lr * (settings.trunk_lr_scale if name.startswith("trunk.") else 1.0)
            decay = settings.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((peak, decay), []).append(parameter)
    if not groups:
        raise TrainingError("this model has nothing to train (a floor without training?)")
    kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    return kind(
        [{"params": p, "lr": peak, "peak": peak, "weight_decay": decay}
         for (peak, decay), p in groups.items()]
    )  # fmt: skip


def _intervals(settings: TrainConfig, total: int) -> dict[str, int]:
    """Steps between log rows, validations and checkpoints; the latter a multiple of the first,
    so that no half-counted row is lost with an interruption."""
    log = max(1, total // LOG_LINES)
    tenth = max(1, total // 10)
    checkpoint = settings.checkpoint_every or tenth
    return {
        "log": log,
        "validate": settings.validate_every or tenth,
        "checkpoint": max(log, checkpoint // log * log),
    }


def _bf16(settings: TrainConfig, device: str) -> bool:
    """Whether to autocast: bf16 pays on GPUs and on cores that compute in it, not elsewhere."""
    if settings.bf16 != "auto":
        return settings.bf16 == "on"
    if torch.cuda.is_available() and device != "cpu":
        return torch.cuda.is_bf16_supported()
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


def _lasting(config: Config) -> dict[str, Any]:
    """Settings that decide the outcome; where it runs and how often it is saved do not."""
    plain = to_dict(config)
    for name in ("device", "threads", "evaluate", "preset"):
        plain.pop(name)
    for name in ("checkpoint_every",):
        plain["train"].pop(name)
    plain["train"]["steps"] = steps_for(config)
    return plain
