"""Official checkpoints of the compared methods: in, and out again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from sticc_lib.config import ConfigError, HeadConfig, ModelConfig, from_dict
from sticc_lib.models.base import VideoModel
from sticc_lib.models.peers.methods import METHODS, Method, build

SHOWN = 8
"""Problems of one kind that an error lists; the rest is counted."""


def load_official(
    name: str, state_dict: Mapping[str, Any], num_classes: int, **options: Any
) -> VideoModel:
    """Builds a method at its published sizes with the weights of an official checkpoint.

    Args:
        name: one of `methods.METHODS`.
        state_dict: official key -> tensor; as it lies in the file, with `module.` before the keys,
            under `state_dict`, or in parts by name, as GRL has `cnn` and `siamese`.
        num_classes: persons it was trained on.
        options: settings that differ from the published ones: fields of ModelConfig and HeadConfig
            by their plain name, such as `clip_length=8` or `faithful=False`.

    Returns:
        The model in eval mode; it holds copies of the weights.

    Raises:
        ConfigError: an unknown name or option, or a checkpoint that does not fit; lists what is
            missing, surplus, of another shape or not finite, and says whose it may be instead.
    """
    method = known(name)
    config = _settings(method, name, options)
    with torch.device("meta"):  # nothing is drawn that would be overwritten
        model = build(method, config, num_classes)
    given = dict(entries(state_dict))
    problems = compare(method, model, given)
    if problems:
        raise ConfigError(f"not a checkpoint of {name}: {problems}{_guess(name, given)}")
    ours = model.state_dict()
    ready = {}
    for official, key in official_keys(method, model).items():
        if official in given:
            value = given[official].detach().to(ours[key].dtype).reshape(ours[key].shape)
        else:  # a counter of batches
            value = torch.zeros(ours[key].shape, dtype=ours[key].dtype)
        ready[key] = value.clone(memory_format=torch.contiguous_format)
    model.load_state_dict(ready, assign=True)
    return model.to(memory_format=torch.channels_last).eval()


def export_official(model: VideoModel) -> dict[str, Tensor]:
    """The weights of a compared method under official keys, in official shapes; copies.

    Raises:
        ConfigError: a model without official code.
    """
    method, ours = known(model.settings.name), model.state_dict()
    shapes = official_shapes(method, model)
    return {
        official: ours[key].detach().reshape(shapes[official]).clone()
        for official, key in official_keys(method, model).items()
    }


def official_keys(method: Method, model: VideoModel) -> dict[str, str]:
    """Official key -> our key."""
    assert method.keys is not None
    return method.keys(model)


def official_shapes(method: Method, model: VideoModel) -> dict[str, tuple[int, ...]]:
    """Official key -> official shape, in the model's order."""
    ours, shapes = model.state_dict(), {}
    for official, key in official_keys(method, model).items():
        shape = list(ours[key].shape)
        if len(shape) > 1:
            fits = (axes for start, axes in method.single_axes if official.startswith(start))
            for axis in next(fits, ()):
                shape.insert(axis, 1)
        shapes[official] = tuple(shape)
    return shapes


def compare(method: Method, model: VideoModel, given: Mapping[str, Tensor]) -> str:
    """What keeps a state dict from being the model's; empty if nothing does.

    Counters of batches may be missing: old versions of torch wrote none.
    """
    wanted = official_shapes(method, model)
    missing = [k for k in wanted if k not in given and not k.endswith("num_batches_tracked")]
    surplus = [k for k in given if k not in wanted]
    both = [k for k in wanted if k in given]
    shapes = [
        f"{k} {tuple(given[k].shape)}, not {wanted[k]}"
        for k in both if tuple(given[k].shape) != wanted[k]
    ]  # fmt: skip
    wild = [k for k in both if not bool(torch.isfinite(given[k]).all())]
    kinds = {"missing": missing, "surplus": surplus, "other shape": shapes, "not finite": wild}
    return "; ".join(f"{len(v)} {kind}: {_listed(v)}" for kind, v in kinds.items() if v)


def entries(state: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Keys and tensors of an official checkpoint, whatever they are wrapped in.

    Raises:
        ConfigError: something among them is no tensor.
    """
    wrapped = state.get("state_dict")
    if isinstance(wrapped, Mapping):
        yield from entries(wrapped, prefix)
        return
    for key, value in state.items():
        name = prefix + str(key).removeprefix("module.")
        if isinstance(value, Mapping):
            yield from entries(value, f"{name}.")
        elif isinstance(value, Tensor):
            yield name, value
        else:
            raise ConfigError(f"{name}: expected a tensor, found {type(value).__name__}")


def _guess(name: str, given: Mapping[str, Tensor]) -> str:
    """Says which other method's keys and shapes these are, if most of them are."""
    shares = {}
    for other, method in METHODS.items():
        if method.keys is None:
            continue
        with torch.device("meta"):
            model = build(method, method.paper(other), 1)
        wanted = official_shapes(method, model)
        same = sum(k in given and tuple(given[k].shape) == s for k, s in wanted.items())
        shares[other] = same / max(len(wanted.keys() | given.keys()), 1)
    best = max(shares, key=lambda other: shares[other])
    if best == name or shares[best] < max(0.5, shares[name] + 1e-9):
        return ""
    return f". It looks like one of {best}: {shares[best]:.0%} of all entries fit"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def known(name: str) -> Method:
    """A method that has official checkpoints.

    Raises:
        ConfigError: an unknown name, or a method without official code.
    """
    names = [other for other, method in METHODS.items() if method.keys]
    if name not in METHODS:
        raise ConfigError(f"unknown method {name!r}; official code is known of {', '.join(names)}")
    if name not in names:
        raise ConfigError(
            f"no official code of {name!r} was found, so there are no checkpoints of it; there is "
            f"of {', '.join(names)}"
        )
    return METHODS[name]


def _settings(method: Method, name: str, options: Mapping[str, Any]) -> ModelConfig:
    """The published sizes, changed by options under their plain names."""
    top = {f.name for f in dataclasses.fields(ModelConfig)}
    head = {f.name for f in dataclasses.fields(HeadConfig)} - top
    placed = {f"head.{k}" if k in head else k: v for k, v in options.items()}
    return from_dict(ModelConfig, placed, method.paper(name))
