"""What the settings come to: rates, optimiser, device, precision, how often to look and save."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from sticc_lib.config import Config, ConfigError, TrainConfig
from sticc_lib.models.base import VideoModel

LOG_LINES = 100
"""Lines of a run's log, apart from validations."""

FIRST_LOOK = 0.4
"""Share of the steps before which nothing is validated, unless the settings say how often.

CHOICE: while the rate is high no weights are worth keeping; looking earlier only costs time."""


MOMENTUM = 0.9
"""Of stochastic gradient descent, in every published recipe that has it."""


def rate(step: int, total: int, settings: TrainConfig) -> float:
    """Share of the peak learning rate at a step: linear warm-up, then cosine or steps.

    CHOICE: the warm-up rises with every step, also for recipes that were published with one value
    an epoch: what the value of each epoch was is not recorded.
    """
    warm = max(1, round(settings.warmup * total))
    if step < warm:
        low = settings.warmup_from
        return low + (1 - low) * ((step + 1) / warm)
    if settings.schedule == "step":
        return settings.gamma ** sum(step >= share * total for share in settings.milestones)
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))


def optimizer_for(model: VideoModel, settings: TrainConfig) -> torch.optim.Optimizer:
    """Over what learns; the trunk at its own rate, no decay on vectors and scales by default.

    Raises:
        ConfigError: nothing in the model learns, or `lr_scales` names what it does not have.
    """
    groups: dict[tuple[float, float], list[Tensor]] = {}
    unused = set(settings.lr_scales)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            in_trunk = name.startswith(model.trunk_parts)
            peak = settings.lr * (settings.trunk_lr_scale if in_trunk else 1.0)
            part = name.partition(".")[0]
            unused.discard(part)
            peak *= settings.lr_scales.get(part, 1.0)
            decays = settings.decay_vectors or parameter.ndim > 1
            decay = settings.weight_decay if decays else 0.0
            groups.setdefault((peak, decay), []).append(parameter)
    if not groups:
        raise ConfigError(f"{type(model).__name__} has nothing to train; it is a floor without it")
    if unused:
        raise ConfigError(
            f"train.lr_scales: {type(model).__name__} has no part that learns and is called "
            f"{', '.join(sorted(unused))}"
        )
    every = [{"params": p, "lr": peak, "peak": peak, "weight_decay": decay}
             for (peak, decay), p in groups.items()]  # fmt: skip
    if settings.optimizer in ("sgd", "nesterov"):
        return torch.optim.SGD(
            every, settings.lr, momentum=MOMENTUM, nesterov=settings.optimizer == "nesterov"
        )
    return (torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam)(every)


def check_augmentation(settings: TrainConfig, from_maps: bool) -> None:
    """Refuses what cannot be erased or filled.

    Raises:
        ConfigError: a rule for pixels where maps are cached, or a colour that is none.
    """
    fill = settings.erase_fill
    if len(fill) != 3 or not all(0 <= value <= 255 for value in fill):
        raise ConfigError(f"train.erase_fill: {fill}; expected three numbers from 0 to 255")
    if any(length < 1 for length in settings.clip_lengths):
        raise ConfigError(f"train.clip_lengths: {settings.clip_lengths}; expected 1 or more each")
    if from_maps and (settings.shrink or settings.jpeg):
        raise ConfigError(
            "train.shrink and train.jpeg change pixels, and the trunk's frozen maps are trained "
            "on; set train.cached to False"
        )
    if from_maps and settings.erase_rule != "frame":
        raise ConfigError(
            f"train.erase_rule: {settings.erase_rule!r} erases pixels, and the trunk's frozen maps "
            "are trained on; set it to frame, or model.trunk.trainable_blocks to -1"
        )


def intervals(settings: TrainConfig, total: int) -> dict[str, int]:
    """Steps between log rows and between checkpoints; the latter a multiple of the first, so that
    no half-counted row is lost with an interruption."""
    log = max(1, total // LOG_LINES)
    checkpoint = settings.checkpoint_every or max(1, total // 10)
    return {"log": log, "checkpoint": max(log, checkpoint // log * log)}


def looks(settings: TrainConfig, step: int, total: int) -> bool:
    """Whether to validate after a step: at the interval and at the end, not early by default."""
    if settings.validate_every:
        return step == total or step % settings.validate_every == 0
    return step == total or (step >= FIRST_LOOK * total and step % max(1, total // 10) == 0)


def placed(model: VideoModel, config: Config, accelerator: Any) -> tuple[VideoModel, torch.device]:
    """The model on the config's device; of several processes each has its own from Accelerate.

    Raises:
        ConfigError: no such device, here or at all.
    """
    try:
        device = torch.device(config.device) if config.device != "auto" else accelerator.device
        device = accelerator.device if accelerator.num_processes > 1 else device
        return model.to(device), device
    except (RuntimeError, AssertionError) as error:  # torch without CUDA: AssertionError
        reason = str(error).partition("\n")[0]
        raise ConfigError(
            f"device: {config.device!r} cannot be used here ({reason}); use auto or cpu"
        ) from None
