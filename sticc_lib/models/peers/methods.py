"""Name -> compared method: how it is built, at which sizes it was published, its official keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn

from sticc_lib.config import ConfigError, HeadConfig, ModelConfig, Policy, TrunkConfig
from sticc_lib.models.base import ModelSpec, VideoModel
from sticc_lib.models.peers import ap3d, bicnet_tks, grl, msinet, pat, psta, sinet, stmn, tclnet
from sticc_lib.models.peers.common import HOSTS, refuse
from sticc_lib.models.trunk import Trunk, build_trunk

IMAGES = "an image model, its features averaged over frames"
Axes = tuple[tuple[str, tuple[int, ...]], ...]
Builder = Callable[[ModelConfig, ModelSpec, int], VideoModel]


@dataclass(frozen=True)
class Method:
    """A compared method."""

    build: Builder
    keys: Callable[[Any], dict[str, str]] | None = None
    """A model's official keys -> our keys; None where there is no official code."""
    single_axes: Axes = ()
    """Axes of length one that official weights have beside ours, by the beginning of their key."""
    clip_length: int = 8
    """T, as published."""
    head: HeadConfig = field(default_factory=HeadConfig)
    """Sizes as published."""
    sizes: tuple[str, ...] = ()
    """Fields of `head` that the method has a use for."""
    distance: Literal["cosine", "euclidean", "dot"] = "cosine"
    policy: Policy = "all_frames"
    """How a tracklet is cut into clips at test time, as published (on MARS)."""
    flip: bool = False
    """Published with mirrored clips."""
    unit_parts: bool = False
    """Published with embeddings whose parts have length one (not with `faithful=False`)."""
    own: str = ""
    """What of it is ours at any size."""

    def paper(self, name: str) -> ModelConfig:
        """The published sizes; weights come from elsewhere."""
        trunk = TrunkConfig("resnet50", "none", -1)
        return ModelConfig(name, self.clip_length, 256, 128, trunk, self.head)


def build(method: Method, config: ModelConfig, persons: int) -> VideoModel:
    """A method at the sizes of a config.

    Raises:
        ConfigError: sizes or a trunk that it cannot take.
    """
    spec = ModelSpec(
        config.clip_length, (config.height, config.width), policy=method.policy,
        distance=method.distance, flip=method.flip,
        unit_parts=method.unit_parts and config.head.faithful,
    )  # fmt: skip
    model = method.build(config, spec, persons).to(memory_format=torch.channels_last)
    model.settings, model.persons = config, persons
    return model


def adapted(name: str, config: ModelConfig) -> str:
    """How a method at these sizes differs from the published one; empty if it does not.

    Weights that the trunk starts from, and how much of it learns, belong to training.
    """
    method = METHODS[name]
    paper, found = method.paper(name), [method.own] if method.own else []
    if not name.startswith("msinet"):  # which has its own
        found += _other("trunk", config.trunk.name, paper.trunk.name)
    if paper.clip_length > 1:  # an image model takes any
        found += _other("T", config.clip_length, paper.clip_length)
    found += _other("frames", *(f"{c.height}x{c.width}" for c in (config, paper)))
    for size in method.sizes:
        found += _other(size, getattr(config.head, size), getattr(paper.head, size))
    if not config.head.faithful:
        found.append("without its oddities")
    return "; ".join(found)


def _other(what: str, here: object, published: object) -> list[str]:
    return [] if here == published else [f"{what} {here}, published {published}"]


def _trunk(config: ModelConfig) -> Trunk:
    return build_trunk(config.trunk, (config.height, config.width))


def _rectified(config: ModelConfig, make: Callable[[Trunk], VideoModel]) -> VideoModel:
    """A method that counts on a ResNet's maps, which are nowhere negative, on the trunk at hand.

    CHOICE: maps that end in a linear layer (MobileNetV2's, ViT's) are brought to `channels` by a
    convolution, BatchNorm and ReLU, as PSTA does by itself and STICC's stem does: the trunk's last
    block, then, and one that is new and learns at the full rate.
    """
    trunk = _trunk(config)
    if config.trunk.name not in ("mobilenet_v2", "vit_b16"):
        return make(trunk)
    width, old = config.head.channels, len(trunk.trainable)
    conv = nn.Conv2d(trunk.channels, width, 1, bias=False)
    trunk.trainable.append(nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU()))
    trunk.channels = width
    model = make(trunk)
    model.trunk_parts = tuple(f"trunk.trainable.{i}." for i in range(old))
    return model


def _host(config: ModelConfig) -> tuple[str, str]:
    """Weights and name of the ResNet that a method lives in."""
    trunk, problem = config.trunk, ""
    if trunk.name not in HOSTS:
        problem = f"trunk.name: {trunk.name}; {config.name} lives between the stages of a ResNet"
    elif trunk.trainable_blocks != -1:
        problem = f"trunk.trainable_blocks: {trunk.trainable_blocks}; {config.name} learns whole"
    if problem:
        raise ConfigError(
            f"{problem}. Set trunk.name to {' or '.join(HOSTS)}, trunk.weights to none or "
            "imagenet and trunk.trainable_blocks to -1"
        )
    return trunk.weights, trunk.name


def _msinet(spec: ModelSpec, persons: int, aligned: bool = False) -> VideoModel:
    few = [f"frames of {spec.image_size[0]} rows; expected 32 at least"]
    refuse("msinet", few * (spec.image_size[0] < 32))  # else its upper half has no row
    return msinet.MsiNet(spec, persons, aligned)


def _sinet(variant: sinet.Variant) -> Method:
    return Method(
        lambda c, spec, n: sinet.SiNet(spec, n, variant, c.head.faithful, *_host(c)),
        sinet.official_keys, sinet.SINGLE_AXES, 4, policy="ordered",
    )  # fmt: skip


METHODS: dict[str, Method] = {
    "bicnet_tks": Method(
        lambda c, spec, n: bicnet_tks.BicnetTks(spec, n, c.head.faithful, *_host(c)),
        bicnet_tks.official_keys, bicnet_tks.SINGLE_AXES, policy="wrapped",
    ),
    "psta": Method(
        lambda c, spec, n: psta.Psta(_trunk(c), spec, c.head, n),
        psta.official_keys, head=HeadConfig(channels=1024), sizes=("channels",),
        policy="interval",
    ),
    "stmn": Method(
        lambda c, spec, n: _rectified(
            c, lambda trunk: stmn.Stmn(trunk, spec, c.head, n, c.head.faithful)
        ),
        stmn.official_keys, clip_length=6, head=HeadConfig(spatial_items=10, temporal_items=5),
        sizes=("spatial_items", "temporal_items"), policy="swung", flip=True,
    ),
    "grl": Method(
        lambda c, spec, n: _rectified(c, lambda trunk: grl.Grl(trunk, spec, n, c.head.faithful)),
        grl.official_keys, distance="dot", policy="dense",
    ),
    "msinet": Method(
        lambda c, spec, n: _msinet(spec, n), msinet.official_keys, clip_length=1, own=IMAGES,
    ),
    "msinet_sam": Method(
        lambda c, spec, n: _msinet(spec, n, True), msinet.official_keys, clip_length=1,
        own=IMAGES,
    ),
    "sinet": _sinet("sinet"),
    "sbnet": _sinet("sbnet"),
    "idnet": _sinet("idnet"),
    "sanet": _sinet("sanet"),
    "c2d": _sinet("c2d"),
    "tclnet": Method(
        lambda c, spec, n: tclnet.TclNet(spec, n, *_host(c)),
        tclnet.official_keys, tclnet.SINGLE_AXES, 4, policy="dense", unit_parts=True,
    ),
    "ap3d": Method(
        lambda c, spec, n: ap3d.Ap3d(spec, n, *_host(c)),
        # CHOICE: a last clip that lacks frames is filled with repeats of its own; officially it
        # is a shorter clip, whose frames no longer see what the others see
        ap3d.official_keys, ap3d.SINGLE_AXES, 4, policy="dense",
    ),
    # no official code was found, so that there are no checkpoints to load. CHOICE: widths as
    # STICC's at `paper`; only the number of parts is known, and from memory
    "pat": Method(
        lambda c, spec, n: pat.Pat(_trunk(c), spec, c.head, n), clip_length=1,
        head=HeadConfig(channels=512, heads=8, slots=14), sizes=("channels", "heads", "slots"),
        own=f"partly recalled, no reproduction; {IMAGES}",
    ),
}  # fmt: skip
