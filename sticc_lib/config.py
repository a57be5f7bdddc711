"""Every setting of the workbench, as frozen dataclasses. Presets live in `presets.py`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from sticc_lib.recipe import LossConfig, TrainConfig
from sticc_lib.values import ConfigError, flatten, from_dict, to_dict

__all__ = [
    "Config",
    "ConfigError",
    "DataConfig",
    "EvalConfig",
    "HeadConfig",
    "LossConfig",
    "ModelConfig",
    "TrainConfig",
    "TrunkConfig",
    "check_model",
    "flatten",
    "from_dict",
    "identity",
    "run_name",
    "to_dict",
    "without_later",
]


@dataclass(frozen=True)
class DataConfig:
    """Which tracklets. Sizes apply to walkers only; real sets bring their own."""

    name: str = "walkers"
    """Source: `walkers` (drawn, embedded), `walkers3d` (rendered from a folder of assets), `worlds`
    (both, before the same cameras), `pets2009` (real, embedded), or one on disk: any of
    tracklets.sources.SOURCES."""
    root: str = ""
    """Folder of a data set on disk; empty for the embedded ones."""
    split: int = 0
    """Which of a source's splits, from 0 (iLIDS-VID and PRID2011 have ten)."""
    options: dict[str, Any] = field(default_factory=dict)
    """Options of the source's `read`, such as `data.options.queries_in_gallery=False`."""
    val_share: float = 0.0
    """Share of the training persons set aside for validation where a source has none (MARS), drawn
    by `seed`. CHOICE: none, so that published splits are trained on whole; 0.1 is a good share for
    choosing settings."""
    seed: int = 0
    """Seed of the drawing. Independent of the training seed, so that seeds share one data set."""
    train_persons: int = 300
    val_persons: int = 50
    test_persons: int = 100
    cameras: int = 4
    tracklets_per_camera: int = 2
    frames: int = 8
    """Frames in each drawn tracklet."""


@dataclass(frozen=True)
class TrunkConfig:
    """The convolutional or transformer trunk in front of the head."""

    name: Literal["mobilenet_v2", "resnet50", "resnet18", "vit_b16", "small"] = "mobilenet_v2"
    weights: Literal["embedded", "imagenet", "none"] = "embedded"
    """`embedded`: the file in data/weights (MobileNetV2 only); `imagenet`: torchvision's hub."""
    trainable_blocks: int = 1
    """Last blocks that learn; the rest is frozen and its maps are cached. -1: all of them. CHOICE:
    one at `quick`, so that a step is cheap enough for two cores without bf16."""


@dataclass(frozen=True)
class HeadConfig:
    """What stands on the trunk. Fields a method has no use for are ignored by it."""

    channels: int = 128
    """C, width of a token. 512 at `paper`: at 2048 the head would cost as much as the trunk."""
    heads: int = 2
    """h, attention heads of M1 and M2; relevance is taken head by head."""
    ffn_ratio: int = 2
    """Hidden width of a feed-forward block over C."""
    slots: int = 4
    """S, rows of the query memory Q_ST."""
    spatial_items: int = 4
    """M_s. Far more items than clips in a batch would put the spread loss out of reach."""
    temporal_items: int = 4
    """M_t; keep it at or below P*K/2, for the same reason."""
    kappa: float = 5.0
    """Initial scale of the memory addresses: at 1, ten items cap an address at 0.45."""
    score_kappa: float = 5.0
    """Initial scale of the slot weights pi (M3)."""
    encoder: Literal["parallel", "serial", "none"] = "parallel"
    """How M1 meets M2. Parallel is the only reading in which the figure's arrows hold."""
    encoder_frames: int = 1
    """Frames a clip that M1 sees while training; 0 means all. One gave the same for half the
    time."""
    decoders: Literal["both", "rg", "mg"] = "both"
    """Relevance-guided (M3), memory-guided (M4), or both."""
    rg_pool: Literal["sum", "concat"] = "sum"
    """How slots are condensed: weighted sum, or a narrow projection of each, side by side."""
    rg_score: Literal["lse", "agreement", "uniform"] = "lse"
    """Relevance from the slot's evidence, from agreement between frames, or none."""
    spatial: Literal["attend", "subtract", "off"] = "attend"
    """Spatial memory: stored slot attention, or STMN's stored distractors."""
    temporal: Literal["memory", "mean", "off"] = "memory"
    """Temporal memory: a stored pattern of frames, their plain mean, or no such part."""
    position: Literal["none", "learned"] = "none"
    """Learned position added to keys only. Off: STICC claims to need no alignment."""
    width: int = 0
    """Embedding width of a floor, and of STICC with M3 alone; 0 means C. Set to STICC's 3C as a
    control."""
    faithful: bool = True
    """Compared methods: with what is odd in their official code, as their class describes it."""


@dataclass(frozen=True)
class ModelConfig:
    name: str = "sticc"
    """A name of `models.zoo.names()`."""
    clip_length: int = 4
    """T, frames of a clip."""
    height: int = 128
    width: int = 64
    trunk: TrunkConfig = field(default_factory=TrunkConfig)
    head: HeadConfig = field(default_factory=HeadConfig)


Policy = Literal[
    "all_frames", "restricted", "dense",
    "wrapped", "strided", "swung", "ordered", "interval", "first", "first_of_blocks",
]  # fmt: skip
"""Ways to cut a tracklet into clips: ours (tracklets/sampling.py), then those that compared methods
were published with (tracklets/published_clips.py)."""


@dataclass(frozen=True)
class EvalConfig:
    policy: Literal[Policy, "published"] = "all_frames"
    """How a tracklet is cut into clips at test time. CHOICE: the same way for every method, so that
    a table compares methods and not protocols; `published` is the method's own, mirrored frames
    included where it has them."""
    flip: bool = False
    """Average with the mirrored frames: twice the time."""
    batch_frames: int = 512
    """Frames embedded at a time; bounds memory."""
    bf16: Literal["auto", "on", "off"] = "off"
    """Embed in bf16; auto: where GPU or cores have units for it. Off, so that scores are the same
    numbers on every machine. It moves mAP of the shipped STICC on walkers by less than 0.001; the
    worst cosine to fp32 is 0.97 (`python benchmarks/embedding.py`)."""
    compile: bool = False
    """Run the trunk through torch.compile: takes a C++ compiler and a minute or more at first."""
    rerank: bool = False
    """Re-rank by k-reciprocal neighbours (k1 20, k2 6, lambda 0.3). Scores then use all queries and
    the whole gallery at once; validation while training never does."""


@dataclass(frozen=True)
class Config:
    preset: str = "quick"
    seed: int = 0
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps."""
    threads: int = 0
    """Torch threads; 0 leaves torch's own choice. Part of what makes a run repeat bitwise."""
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluate: EvalConfig = field(default_factory=EvalConfig)


def check_model(config: ModelConfig, found: Iterable[str] = ()) -> None:
    """Refuses a model that could not be built, before anything is written or loaded.

    Args:
        config: the model's settings.
        found: problems that the caller knows of; they join the one message.

    Raises:
        ConfigError: lists every size that does not fit.
    """
    head, problems = config.head, list(found)
    if config.clip_length < 1:
        problems.append(f"clip_length: {config.clip_length}; a clip needs at least one frame")
    for name in ("channels", "heads", "ffn_ratio", "slots", "spatial_items", "temporal_items"):
        if getattr(head, name) < 1:
            problems.append(f"{name}: {getattr(head, name)}; expected at least 1")
    for name in ("encoder_frames", "width"):
        if getattr(head, name) < 0:
            problems.append(f"head.{name}: {getattr(head, name)}; expected 0 or more")
    if head.channels % max(head.heads, 1):
        problems.append(f"heads: {head.heads} does not divide channels {head.channels}")
    if head.rg_pool == "concat" and head.channels % max(head.slots, 1):
        problems.append(f"rg_pool concat: slots {head.slots} do not divide C {head.channels}")
    if config.height < 16 or config.width < 16:
        problems.append(f"frames of {config.height}x{config.width}: the least is 16x16")
    if head.position == "learned" and (config.height % 16 or config.width % 16):
        problems.append(f"frames of {config.height}x{config.width}: position needs multiples of 16")
    if problems:
        raise ConfigError("model: " + "; ".join(problems))


_LATER: dict[str, Any] = {
    "data.split": 0, "data.val_share": 0.0, "model.head.faithful": True, "loss.contrast": False,
    "train.sampler": "pk", "train.clips": "restricted", "train.lr_scales": {},
    "train.decay_vectors": False, "train.warmup_from": 0.0, "train.gamma": 0.1,
    "train.erase_rule": "frame", "train.erase_fill": (124, 116, 104),
    "train.clip_lengths": (), "train.cached": True, "train.shrink": 0.0, "train.jpeg": 0.0,
    "evaluate.rerank": False, "evaluate.bf16": "off", "evaluate.compile": False,
}  # fmt: skip
"""Settings that came later, and the values at which a run is what it was without them."""


def identity(config: Config) -> dict[str, Any]:
    """What makes a run this run: every setting but those that say where it is computed."""
    every = flatten(to_dict(config)).items()
    here = ("device", "threads")
    return {k: v for k, v in every if k not in here and not (k in _LATER and v == _LATER[k])}


def without_later(plain: dict[str, Any]) -> dict[str, Any]:
    """A nested dict of a config without the later settings that stand at their old values."""
    for name, value in _LATER.items():
        *parents, leaf = name.split(".")
        group = plain
        for parent in parents:
            group = group.get(parent, {})
        if leaf in group and group[leaf] == value:
            del group[leaf]
    return plain


def run_name(config: Config) -> str:
    """The folder of a run that was given no name: `quick`, `quick-seed1`."""
    return config.preset if config.seed == 0 else f"{config.preset}-seed{config.seed}"
