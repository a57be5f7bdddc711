"""Name -> model: the one place where models are built, saved and loaded."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from sticc_lib.config import (
    Config,
    ConfigError,
    ModelConfig,
    check_model,
    flatten,
    from_dict,
    to_dict,
)
from sticc_lib.machine import without_places
from sticc_lib.models.base import ModelSpec, VideoModel
from sticc_lib.models.options import placed
from sticc_lib.models.pooling import AttentionPool, MeanPool, StripePool
from sticc_lib.models.rungs import CommonPool, EvidencePool
from sticc_lib.models.sticc import Sticc
from sticc_lib.models.trunk import build_trunk
from sticc_lib.models.untrained import STRIPES, FrozenTrunk, HsvHistogram
from sticc_lib.presets import preset as preset_named
from sticc_lib.run import fingerprint
from sticc_lib.sealed import SealError, sealed, usable

Builder = Callable[[ModelConfig, ModelSpec, int], VideoModel]


def _trunk(config: ModelConfig):
    return build_trunk(config.trunk, (config.height, config.width))


BUILDERS: dict[str, Builder] = {
    "sticc": lambda c, spec, persons: Sticc(_trunk(c), spec, c.head, persons),
    "mean_pool": lambda c, spec, persons: MeanPool(_trunk(c), spec, c.head, persons),
    "attention_pool": lambda c, spec, persons: AttentionPool(_trunk(c), spec, c.head, persons),
    "attention_pool_joint": lambda c, spec, persons: AttentionPool(
        _trunk(c), spec, c.head, persons, joint=True
    ),
    "stripe_pool": lambda c, spec, persons: StripePool(_trunk(c), spec, c.head, persons),
    "common_pool": lambda c, spec, persons: CommonPool(_trunk(c), spec, c.head, persons),
    "evidence_pool": lambda c, spec, persons: EvidencePool(_trunk(c), spec, c.head, persons),
    "frozen": lambda c, spec, persons: FrozenTrunk(_trunk(c), spec),
    "stripes": lambda c, spec, persons: FrozenTrunk(_trunk(c), spec, STRIPES),
    "hsv_histogram": lambda c, spec, persons: HsvHistogram(spec),
}
PEERS = (
    "psta", "stmn", "grl", "pat", "bicnet_tks", "sinet", "sbnet", "idnet", "sanet", "c2d",
    "msinet", "msinet_sam", "tclnet", "ap3d",
)  # fmt: skip
"""Compared methods; their files are read when one is built."""
UNTRAINED = ("frozen", "stripes", "hsv_histogram")


def names() -> list[str]:
    """Names that `build` knows."""
    return [*BUILDERS, *PEERS]


def build(
    name: str,
    num_classes: int,
    preset: str | None = "quick",
    config: ModelConfig | None = None,
    **options: Any,
) -> VideoModel:
    """Builds a model by name.

    Args:
        name: one of `names()`.
        num_classes: persons of the identity loss (training persons).
        preset: where settings start from, unless `config` is given.
        config: a whole ModelConfig instead.
        options: fields of ModelConfig and HeadConfig by their plain name (`slots=8`,
            `clip_length=8`), and `trunk`, `weights`, `trainable_blocks` of the trunk. `height`
            and `width` are the frame's; a floor's own width is `**{"head.width": 384}`.

    Raises:
        ConfigError: an unknown name, option, or a value of the wrong type.
    """
    if name not in names():
        raise ConfigError(f"unknown model {name!r}; known: {', '.join(names())}")
    start = config or preset_named(preset or "quick").model
    built = from_dict(ModelConfig, placed(options), dataclasses.replace(start, name=name))
    few = [f"num_classes: {num_classes}; expected at least 1"] if num_classes < 1 else []
    check_model(built, few)
    if name in PEERS:
        from sticc_lib.models.peers import methods

        return methods.build(methods.METHODS[name], built, num_classes)
    spec = ModelSpec(built.clip_length, (built.height, built.width))
    # channels_last: faster on CPUs too, in training and in the folded trunk
    model = BUILDERS[name](built, spec, num_classes).to(memory_format=torch.channels_last)
    model.settings, model.persons = built, num_classes
    return model


def adapted(config: ModelConfig) -> str:
    """How a compared method with these settings differs from the published one.

    Returns:
        Words for a table or a caption; empty for what is built as published, and for models that
        are not compared methods.
    """
    if config.name not in PEERS:
        return ""
    from sticc_lib.models.peers import methods

    return methods.adapted(config.name, config)


def load_official(
    name: str, state_dict: Mapping[str, Any], num_classes: int, **options: Any
) -> VideoModel:
    """A compared method with the weights of an official checkpoint, in eval mode.

    See `peers.official.load_official`, which tells all of it; `sticc import-weights` does the same
    from a file into a checkpoint of ours.

    Args:
        name: one of PEERS but `pat`, which has no official code.
        state_dict: official keys, also with `module.` before them or in parts by name.
        num_classes: persons it was trained on.
        options: settings that differ from the published ones (`faithful=False`).

    Raises:
        ConfigError: lists what does not fit, and says whose checkpoint it may be.
    """
    from sticc_lib.models.peers import official

    return official.load_official(name, state_dict, num_classes, **options)


def save(folder: Path, model: VideoModel, config: Config, persons: int, **facts: Any) -> Path:
    """Writes a checkpoint folder: `model.safetensors` and `config.json`, weights first.

    Args:
        folder: made when needed; a checkpoint in it is replaced file by file, atomically. The
            weights' hash stands in `hashes.json`, the weights before in `previous.safetensors`.
        persons: classes of the identity loss.
        facts: what else should be known of the weights (metric, step, data fingerprint).

    Raises:
        ConfigError: the model was built from other settings; `load` would build another one.
    """
    from safetensors.torch import save_file

    from sticc_lib.run import write_json

    check_settings(model, config, persons)
    state = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    plain = without_places(to_dict(config))  # who gets it need not know whose machine it was
    description = {"config": plain, "persons": persons, **facts}
    with sealed(Path(folder) / "model.safetensors") as temporary:
        save_file(state, temporary, {"sticc": json.dumps(description, default=str)})
    write_json(Path(folder) / "config.json", description)
    return Path(folder)


def load(path: Path | str, device: str = "cpu") -> tuple[VideoModel, Config, dict[str, Any]]:
    """Reads a checkpoint: a folder, or its .safetensors file, which is complete in itself.

    Where the file is not as it was written, the one before it is used and a warning says so.

    Returns:
        The model in eval mode, its config, and what else was noted with it.

    Raises:
        ConfigError: not a checkpoint of this project, or one of another configuration.
    """
    from safetensors import SafetensorError, safe_open

    file = Path(path)
    file = file / "model.safetensors" if file.is_dir() else file
    if not file.exists():
        raise ConfigError(f"{file}: no such checkpoint; train one with sticc train")
    try:
        file = usable(file)
    except SealError as error:
        raise ConfigError(f"{file}: damaged checkpoint ({error}); train it anew") from None
    try:
        with safe_open(file, framework="pt") as stored:
            description = json.loads((stored.metadata() or {}).get("sticc", "null"))
            state = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise ConfigError(f"{file}: damaged checkpoint ({error}); use an earlier one") from None
    if not isinstance(description, dict) or not {"config", "persons"} <= set(description):
        raise ConfigError(f"{file}: not a checkpoint of this project (no description in it)")
    try:
        config = from_dict(Config, description.pop("config"))
    except ConfigError as error:
        raise ConfigError(f"{file}: made by another version? {error}") from None
    persons = int(description.pop("persons"))
    start = dataclasses.replace(config.model.trunk, weights="none")  # they come from the file
    model = build(config.model.name, persons, config=dataclasses.replace(config.model, trunk=start))
    full = model.state_dict()
    wrong = sorted(
        name for name in full.keys() | state.keys()
        if name not in full or name not in state or full[name].shape != state[name].shape
    )  # fmt: skip
    if wrong:
        raise ConfigError(f"{file}: does not fit its config: {', '.join(wrong[:5])}")
    model.load_state_dict({k: v.to(full[k].dtype) for k, v in state.items()})
    model.settings = config.model
    return model.eval().to(device), config, {**description, "persons": persons}


def check_settings(model: VideoModel, config: Config, persons: int) -> None:
    """Refuses a config that does not describe a model.

    Raises:
        ConfigError: names the settings that differ.
    """
    wanted = flatten({"persons": persons, "model": to_dict(config.model)})
    built = flatten({"persons": model.persons, "model": to_dict(model.settings)})
    differs = [f"{n} {built[n]!r}, not {v!r}" for n, v in wanted.items() if built[n] != v]
    if differs:
        raise ConfigError(f"the model was built from other settings: {'; '.join(differs[:5])}")


def weights_fingerprint(model: torch.nn.Module) -> str:
    """Twelve hex digits over all parameters and buffers."""
    import hashlib

    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return fingerprint(digest.hexdigest())
