"""How a method is trained, as settings: its losses, batches, optimiser, schedule, augmentation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class LossConfig:
    """Weights of the terms; see `losses.py` for each.

    Compared methods bring their own terms with their published weights (models/peers); of what
    stands here BiCnet-TKS takes `contrast`, and what is built after PAT `smoothing` and `margin`.
    """

    smoothing: float = 0.1
    margin: float = 0.3
    common: float = 0.5
    """Weight of the identity and triplet terms of the common branch (M1)."""
    diversity: float = 0.1
    """Weight of what sets slots apart."""
    spread: float = 1.0
    spread_delta: float = 0.3
    contrast: bool = False
    """BiCnet-TKS: supervised contrast in place of the triplet, as published for LS-VID."""


@dataclass(frozen=True)
class TrainConfig:
    steps: int = 0
    """Optimiser steps; 0 takes the preset's calibrated number for the method (presets.py)."""
    persons: int = 8
    """P of a P x K batch."""
    tracklets: int = 4
    """K of a P x K batch."""
    sampler: Literal["pk", "rep", "once", "dict", "pair", "id"] = "pk"
    """Which tracklets make a batch (tracklets/batches.py): ours, or one of the published ones."""
    clips: Literal["restricted", "strided", "window"] = "restricted"
    """Which frames make a training clip (tracklets/sampling.py)."""
    clip_lengths: tuple[int, ...] = ()
    """Lengths T that clips take in turn, one drawn a batch; empty: always the model's own. Single
    frames (1) among them keep a model useful where a track has one."""
    optimizer: Literal["adam", "adamw", "sgd", "nesterov"] = "adamw"
    """The last two: stochastic gradient descent with momentum 0.9, plain or Nesterov's."""
    lr: float = 2e-3
    trunk_lr_scale: float = 0.3
    lr_scales: dict[str, float] = field(default_factory=dict)
    """Part of the model (first word of its parameters' names) -> what its rate is multiplied by."""
    weight_decay: float = 5e-3
    decay_vectors: bool = False
    """Whether biases and scales of norms decay too, as in every published recipe but ours."""
    warmup: float = 0.1
    """Share of the steps over which the rate rises to `lr`."""
    warmup_from: float = 0.0
    """Share of `lr` at which it starts to rise."""
    schedule: Literal["cosine", "step"] = "cosine"
    milestones: tuple[float, ...] = (0.27, 0.53, 0.8)
    """Shares of the steps at which the rate falls by `gamma`, for `step`."""
    gamma: float = 0.1
    """What the rate is multiplied by at a milestone."""
    grad_clip: float = 5.0
    bf16: Literal["auto", "on", "off"] = "auto"
    """Autocast of trunk and head. Auto: on a GPU, or a CPU whose cores compute in bf16."""
    flip: float = 0.5
    erase: float = 0.5
    """Chance that a frame (or a clip, by the rule) loses a random part."""
    erase_rule: Literal["frame", "each", "clip", "place", "corner"] = "frame"
    """What is erased (tracklets/erasing.py): ours, or a published one, on pixels only."""
    erase_fill: tuple[int, ...] = (124, 116, 104)
    """RGB of what is erased or padded; ImageNet's mean, near zero once normalised."""
    cached: bool = True
    """Train on the cached maps of the trunk's frozen half, where it has one; else pixels are read
    and augmented, as they are for a trunk that learns as a whole."""
    shrink: float = 0.0
    """Chance that a clip loses resolution (tracklets/degrade.py); pixels only."""
    jpeg: float = 0.0
    """Chance that a clip's frames are saved as JPEG; pixels only."""
    crop: int = 10
    """Padding of the random crop, pixels; only where pixels are augmented."""
    validate_every: int = 0
    """Steps between validations; 0 means a tenth of the run, from 40 % of it on."""
    checkpoint_every: int = 0
    """Steps between resumable checkpoints; 0 means ten over the run."""
