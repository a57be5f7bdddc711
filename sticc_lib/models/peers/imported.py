"""An official checkpoint file of a compared method becomes one of ours."""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sticc_lib.config import Config, ConfigError, EvalConfig
from sticc_lib.models import zoo
from sticc_lib.models.peers import official
from sticc_lib.models.peers.methods import build
from sticc_lib.presets import preset
from sticc_lib.run import environment, write_json

MARK = 9973
"""As many persons as no other axis of a model has numbers, so that classifiers can be told."""


def import_weights(
    name: str, file: Path | str, out: Path | str = "", persons: int = 0, **options: Any
) -> Path:
    """Reads an official checkpoint without running anything in it, and writes ours.

    The folder holds `model.safetensors` and `config.json`, which `zoo.load` reads, and
    `manifest.json`: method, persons, the source's name and sha256, versions. Its config is the
    preset `paper` with the method's published sizes and test clips.

    Args:
        name: one of zoo.PEERS.
        file: what torch.save wrote; tensors only, as a state dict or in one.
        out: the folder; by default beside the file, under its name without the ending.
        persons: it was trained on; 0 takes the number from its classifier. GRL's checkpoints do
            not say; they count as trained on 1, which changes no embedding.
        options: settings that differ from the published ones, as in `official.load_official`.

    Returns:
        The folder.

    Raises:
        ConfigError: no such file, one that holds more than tensors, or that does not fit.
    """
    path = Path(file)
    state = read(path)
    count = persons or guess_persons(name, state)
    try:
        model = official.load_official(name, state, count, **options)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    spec = model.spec
    config: Config = dataclasses.replace(
        preset("paper"), model=model.settings, evaluate=EvalConfig("published")
    )
    source = {
        "method": name, "persons": count, "persons_given": bool(persons), "file": path.name,
        "sha256": _sha256(path), "options": options, "policy": spec.policy, "flip": spec.flip,
        "distance": spec.distance,
    }  # fmt: skip
    folder = Path(out) if out else path.with_suffix("")
    if folder == path or folder.is_file():
        raise ConfigError(f"{folder} is a file; name a folder with --out")
    zoo.save(folder, model, config, count, imported=source)
    write_json(folder / "manifest.json", {**source, **environment()})
    return folder


def read(path: Path) -> Mapping[str, Any]:
    """What torch.save wrote: tensors and plain values, numpy's numbers among them.

    Raises:
        ConfigError: no file, a damaged one, or one that would run code or holds other things.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    try:
        with torch.serialization.safe_globals(_numbers()):
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, zipfile.BadZipFile, EOFError, ValueError,
            KeyError, AttributeError, IndexError, TypeError) as error:  # fmt: skip
        raise ConfigError(
            f"{path}: {_reason(path, error)}. Expected what torch.save(model.state_dict()) writes; "
            "if you trust the file, save that from it"
        ) from None
    if not isinstance(state, Mapping):
        raise ConfigError(f"{path}: expected a state dict, found {type(state).__name__}")
    return state


def guess_persons(name: str, state: Mapping[str, Any]) -> int:
    """How many persons a checkpoint was trained on, by the rows of its classifiers.

    Returns:
        1 where no classifier says so: the method has none, or it is another method's.

    Raises:
        ConfigError: its classifiers do not agree.
    """
    method = official.known(name)
    with torch.device("meta"):
        model = build(method, method.paper(name), MARK)
    rows = [k for k, s in official.official_shapes(method, model).items() if s[:1] == (MARK,)]
    given = dict(official.entries(state))
    found = {given[key].shape[0] for key in rows if _has_rows(given.get(key))}
    if len(found) > 1:
        counts = ", ".join(map(str, sorted(found)))
        raise ConfigError(f"classifiers of {counts} persons in one checkpoint; give --persons")
    return found.pop() if found else 1


def _numbers() -> list[Any]:
    """What builds numpy's numbers, which training scripts save beside their weights: accuracies."""
    scalar, (dtype, _) = np.float64(0).__reduce__()  # type: ignore[misc]
    names = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
    kinds = {type(np.dtype(kind)) for kind in ("f4", "f8", "i4", "i8", "?")}
    return [*((scalar, name) for name in names), type(dtype), np.dtype, *kinds]


def _reason(path: Path, error: Exception) -> str:
    """Why a file was not read: what it holds that could run, or that it is damaged."""
    try:
        unsafe = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # not a file of that kind at all
        unsafe = []
    if unsafe or isinstance(error, pickle.UnpicklingError):
        held = f": {', '.join(unsafe[:5])}" if unsafe else ""
        return f"it holds more than weights, and nothing in it is run{held}"
    return f"damaged, or no file of torch.save ({type(error).__name__})"


def _has_rows(value: Tensor | None) -> bool:
    return value is not None and value.ndim > 0 and len(value) > 0


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
