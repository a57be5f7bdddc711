"""Name -> compared method: how it is built, at which sizes it was published, its official keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from sticc_lib.config import ConfigError, HeadConfig, ModelConfig, TrunkConfig
from sticc_lib.models.base import ModelSpec, VideoModel
from sticc_lib.models.peers import ap3d, bicnet_tks, grl, msinet, psta, sinet, stmn, tclnet
from sticc_lib.models.trunk import Trunk, build_trunk

Axes = tuple[tuple[str, tuple[int, ...]], ...]
Builder = Callable[[ModelConfig, ModelSpec, int], VideoModel]


@dataclass(frozen=True)
class Method:
    """A compared method."""

    build: Builder
    keys: Callable[[Any], dict[str, str]]
    """A model's official keys -> our keys."""
    single_axes: Axes = ()
    """Axes of length one that official weights have beside ours, by the beginning of their key."""
    clip_length: int = 8
    """T, as published."""
    head: HeadConfig = field(default_factory=HeadConfig)
    """Sizes as published."""
    distance: Literal["cosine", "euclidean", "dot"] = "cosine"

    def paper(self, name: str) -> ModelConfig:
        """The published sizes; weights come from elsewhere."""
        trunk = TrunkConfig("resnet50", "none", -1)
        return ModelConfig(name, self.clip_length, 256, 128, trunk, self.head)


def build(method: Method, config: ModelConfig, persons: int) -> VideoModel:
    """A method at the sizes of a config.

    Raises:
        ConfigError: sizes or a trunk that it cannot take.
    """
    spec = ModelSpec(config.clip_length, (config.height, config.width), distance=method.distance)
    model = method.build(config, spec, persons).to(memory_format=torch.channels_last)
    model.settings, model.persons = config, persons
    return model


def _trunk(config: ModelConfig) -> Trunk:
    return build_trunk(config.trunk, (config.height, config.width))


def _weights(config: ModelConfig) -> str:
    """Where the ResNet-50 of a method that lives in one has its weights from."""
    if config.trunk.name != "resnet50":
        raise ConfigError(
            f"trunk.name: {config.trunk.name}; {config.name} lives inside a resnet50 and takes "
            "no other trunk"
        )
    return config.trunk.weights


def _sinet(variant: sinet.Variant) -> Method:
    return Method(
        lambda c, spec, n: sinet.SiNet(spec, n, variant, c.head.faithful, _weights(c)),
        sinet.official_keys, sinet.SINGLE_AXES, 4,
    )  # fmt: skip


METHODS: dict[str, Method] = {
    "bicnet_tks": Method(
        lambda c, spec, n: bicnet_tks.BicnetTks(spec, n, c.head.faithful, _weights(c)),
        bicnet_tks.official_keys, bicnet_tks.SINGLE_AXES,
    ),
    "psta": Method(
        lambda c, spec, n: psta.Psta(_trunk(c), spec, c.head, n),
        psta.official_keys, head=HeadConfig(channels=1024),
    ),
    "stmn": Method(
        lambda c, spec, n: stmn.Stmn(_trunk(c), spec, c.head, n, c.head.faithful),
        stmn.official_keys, clip_length=6, head=HeadConfig(spatial_items=10, temporal_items=5),
    ),
    "grl": Method(
        lambda c, spec, n: grl.Grl(_trunk(c), spec, n, c.head.faithful),
        grl.official_keys, distance="dot",
    ),
    "msinet": Method(
        lambda c, spec, n: msinet.MsiNet(spec, n), msinet.official_keys, clip_length=1,
    ),
    "msinet_sam": Method(
        lambda c, spec, n: msinet.MsiNet(spec, n, aligned=True),
        msinet.official_keys, clip_length=1,
    ),
    "sinet": _sinet("sinet"),
    "sbnet": _sinet("sbnet"),
    "idnet": _sinet("idnet"),
    "sanet": _sinet("sanet"),
    "c2d": _sinet("c2d"),
    "tclnet": Method(
        lambda c, spec, n: tclnet.TclNet(spec, n, _weights(c)),
        tclnet.official_keys, tclnet.SINGLE_AXES, 4,
    ),
    "ap3d": Method(
        lambda c, spec, n: ap3d.Ap3d(spec, n, _weights(c)),
        ap3d.official_keys, ap3d.SINGLE_AXES, 4,
    ),
}  # fmt: skip
"""PAT is not here: no official code was found, so that there are no checkpoints to load."""
