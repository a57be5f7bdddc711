"""A trained model as one file that runs without this library: ONNX, or a program of torch.export.

Input `frames` [batch time 3 H W] and `mask` bool [batch time] (True: a real frame; at least one in
every clip), output `embedding` [batch D]. Batch and time are free, from 1 on; methods that
step through frames, or are built for one T, keep that one. `describe` says what else stands in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sticc_lib.config import ConfigError
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel
from sticc_lib.models.deployed import Deployed, without_lstm
from sticc_lib.models.exported import describe, difference, run_with, sample
from sticc_lib.run import atomic

OPSET = 18
"""CHOICE: the exporter writes it without converting, and runtimes since early 2023 read it."""
TOLERANCE = 1e-4
"""max|a-b| / max|b| of embeddings by which a file may differ from the model it was made from."""


@dataclass(frozen=True)
class Written:
    """What is known of a file that was written.

    Attributes:
        difference: of its embeddings to the model's, max|a-b| / max|b|.
        any_length: whether it takes clips of any T, or of the model's own only.
    """

    difference: float
    any_length: bool


def export_checkpoint(
    checkpoint: Path | str, onnx: str = "", program: str = "", normalised: bool = False
) -> dict[str, Written]:
    """Writes a checkpoint as ONNX, as a program (.pt2), or both; each file whole or not at all.

    Every file is run before it gets its name, and refused where it does not agree with the model.

    Args:
        checkpoint: a folder or a .safetensors file, as `zoo.load` takes it.
        onnx: file to write, ending in .onnx; empty for none.
        program: file to write, ending in .pt2; empty for none.
        normalised: see `Deployed`.

    Returns:
        File -> what is known of it.

    Raises:
        ConfigError: no file asked for, another ending, packages missing, no such checkpoint, or a
            model that cannot be exported; before anything is written.
    """
    wanted = {onnx: ".onnx", program: ".pt2"}
    wanted = {Path(file): suffix for file, suffix in wanted.items() if file}
    if not wanted:
        raise ConfigError("nothing to write; give --onnx FILE.onnx, --program FILE.pt2, or both")
    for file, suffix in wanted.items():
        if file.suffix != suffix:
            raise ConfigError(f"{file}: expected a name that ends in {suffix}")
    missing = [name for name in ("onnx", "onnxscript") if not importlib.util.find_spec(name)]
    if onnx and missing:
        names = " and ".join(missing)
        raise ConfigError(f"--onnx needs {names}; install them: pip install 'sticc-lib[export]'")
    model, config, _ = zoo.load(checkpoint)
    facts = describe(model, config, normalised) | {"checkpoint_sha256": _sha256(Path(checkpoint))}
    write = {".onnx": to_onnx, ".pt2": to_program}
    return {str(f): write[s](model, f, facts, normalised) for f, s in wanted.items()}


def to_onnx(
    model: VideoModel, file: Path, facts: dict[str, Any], normalised: bool = False
) -> Written:
    """Writes a model as ONNX; `facts` become its metadata, JSON by name.

    Raises:
        ConfigError: the model cannot be exported, or the file does not agree with it.
    """

    def make(free: bool, temporary: Path) -> Any:
        made = torch.onnx.export(
            _traced(without_lstm(Deployed(model, normalised)), free),
            dynamo=True, opset_version=OPSET, verbose=False,
            input_names=["frames", "mask"], output_names=["embedding"],
        )  # fmt: skip
        assert made is not None
        said = facts | {"any_length": free}
        made.model.metadata_props.update({k: json.dumps(v) for k, v in said.items()})
        made.save(temporary, external_data=False)
        return run_with(temporary)

    return _written(model, file, normalised, make, "ONNX, --program may work")


def to_program(
    model: VideoModel, file: Path, facts: dict[str, Any], normalised: bool = False
) -> Written:
    """Writes a model as a program: `torch.export.load(file).module()(frames, mask)` runs it.

    Raises: as `to_onnx`. `facts` lie in the archive as `sticc.json`.
    """

    def make(free: bool, temporary: Path) -> Any:
        with _any_time():
            made = _traced(Deployed(model, normalised), free)
        said = json.dumps(facts | {"any_length": free})
        torch.export.save(made, temporary, extra_files={"sticc.json": said})
        return torch.export.load(temporary).module()

    return _written(model, file, normalised, make, "a program")


def _traced(deployed: Deployed, free: bool) -> torch.export.ExportedProgram:
    """What a model computes, for any T or for the T that it was made for."""
    model, axes = deployed.model, {0: torch.export.Dim("batch", min=1)}
    length = model.spec.clip_length
    if free:
        axes[1], length = torch.export.Dim("time", min=1), max(2, length)
    given = sample(model, 2, length, deployed.normalised)
    return torch.export.export(deployed, given, dynamic_shapes={"frames": axes, "mask": axes})


def _written(
    model: VideoModel, file: Path, normalised: bool, make: Callable[..., Any], target: str
) -> Written:
    """Writes and runs a file, for any T; what cannot be had so, for one T.

    CHOICE: what steps from frame to frame in Python (GRL) is traced for the T that it was made
    for; such a file is of more use than none.
    """
    for free in (True, False) if model.any_length else (False,):
        try:
            with _one_line(model, target), atomic(file) as temporary:
                return Written(_agreed(model, normalised, free, make(free, temporary)), free)
        except ConfigError:
            if not free:
                raise
    raise AssertionError("not reached")


def _agreed(model: VideoModel, normalised: bool, free: bool, run: Any) -> float:
    """The largest difference at one clip and at three, of other lengths than the traced one."""
    own = model.spec.clip_length
    lengths = (1, own + 1) if free else (own, own)
    tried = [sample(model, n, t, normalised, n) for n, t in zip((1, 3), lengths, strict=True)]
    worst = max(difference(model, run, given, normalised) for given in tried)
    if not worst <= TOLERANCE:
        raise ValueError(f"what it gives differs by {worst:.2g}")
    return worst


@contextlib.contextmanager
def _any_time() -> Iterator[None]:
    """An LSTM is traced as a loop, else a program would hold one T; older torch cannot."""
    try:
        from torch.export import _patches

        loop = _patches.register_lstm_while_loop_decomposition()
    except (ImportError, AttributeError):
        loop = contextlib.nullcontext()
    with loop:
        yield


@contextlib.contextmanager
def _one_line(model: VideoModel, target: str) -> Iterator[None]:
    """Whatever a tracer raises over what it cannot follow becomes one line."""
    try:
        with warnings.catch_warnings(), torch.no_grad(), _quiet():
            warnings.simplefilter("ignore")
            yield
    except OSError:
        raise
    except Exception as error:  # tracers have no common class of errors
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        said = next((line.strip() for line in str(cause).splitlines() if line.strip()), "")
        said = f"{type(cause).__name__}: {said[:200]}"
        raise ConfigError(
            f"{model.settings.name} cannot become {target} (the exporter stopped at {said})"
        ) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Exporters log what they could not simplify; the file is compared with the model instead."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _sha256(checkpoint: Path) -> str:
    file = checkpoint / "model.safetensors" if checkpoint.is_dir() else checkpoint
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
