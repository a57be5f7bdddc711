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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sticc_lib import __version__
from sticc_lib.config import Config, ConfigError
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel, normalise
from sticc_lib.models.deployed import Deployed, without_lstm
from sticc_lib.run import atomic

OPSET = 18
"""CHOICE: the exporter writes it without converting, and runtimes since early 2023 read it."""
TOLERANCE = 1e-4
"""max|a-b| / max|b| of embeddings by which a file may differ from the model it was made from."""


def export_checkpoint(
    checkpoint: Path | str, onnx: str = "", program: str = "", normalised: bool = False
) -> dict[str, float]:
    """Writes a checkpoint as ONNX, as a program (.pt2), or both; each file whole or not at all.

    Every file is run before it gets its name, and refused where it does not agree with the model.

    Args:
        checkpoint: a folder or a .safetensors file, as `zoo.load` takes it.
        onnx: file to write, ending in .onnx; empty for none.
        program: file to write, ending in .pt2; empty for none.
        normalised: see `Deployed`.

    Returns:
        File -> difference to the model, max|a-b| / max|b| of embeddings.

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
) -> float:
    """Writes a model as ONNX; `facts` become its metadata, JSON by name.

    Returns:
        max|a-b| / max|b| of what onnxruntime gives and the model gives.

    Raises:
        ConfigError: the model cannot be exported, or the file does not agree with it.
    """
    with _one_line(model, "ONNX; --program may do"):
        program, free = _traced(without_lstm(Deployed(model, normalised)))
        made = torch.onnx.export(
            program, dynamo=True, opset_version=OPSET, verbose=False,
            input_names=["frames", "mask"], output_names=["embedding"],
        )  # fmt: skip
    assert made is not None
    facts = facts | {"any_length": free}
    made.model.metadata_props.update({k: json.dumps(v) for k, v in facts.items()})
    with atomic(file) as temporary:
        made.save(temporary, external_data=False)
        return _agreed(model, file, normalised, free, run_with(temporary))


def to_program(
    model: VideoModel, file: Path, facts: dict[str, Any], normalised: bool = False
) -> float:
    """Writes a model as a program: `torch.export.load(file).module()(frames, mask)` runs it.

    Raises, returns: as `to_onnx`. `facts` lie in the archive as `sticc.json`.
    """
    with _one_line(model, "a program"), _any_time():
        made, free = _traced(Deployed(model, normalised))
    with atomic(file) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said = json.dumps(facts | {"any_length": free})
        torch.export.save(made, temporary, extra_files={"sticc.json": said})
        return _agreed(model, file, normalised, free, torch.export.load(temporary).module())


def run_with(file: Path | str, threads: int = 0) -> Any:
    """(frames, mask) -> embedding by onnxruntime on the CPU; as many threads as torch has."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or torch.get_num_threads()
    options.log_severity_level = 3  # what it would rather have is no matter of the user's
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(str(file), options, providers=providers)

    def run(frames: Tensor, mask: Tensor) -> Tensor:
        given = {"frames": frames.numpy(), "mask": mask.numpy()}
        return torch.from_numpy(session.run(["embedding"], given)[0])

    return run


def describe(model: VideoModel, config: Config, normalised: bool = False) -> dict[str, Any]:
    """What a user of the file must know: sizes, colours, how to cut clips, how to compare."""
    spec, test = model.spec, config.evaluate
    width = model(torch.zeros(1, spec.clip_length, 3, *spec.image_size)).embedding.shape[1]
    return {
        "model": model.settings.name,
        "input": "normalised float32" if normalised else "uint8 RGB",
        "image_size": list(spec.image_size),
        "mean": list(spec.mean),
        "std": list(spec.std),
        "clip_length": spec.clip_length,
        "clip_policy": spec.policy if test.policy == "published" else test.policy,
        "flip": test.flip or (test.policy == "published" and spec.flip),
        "embedding_width": width,
        "distance": spec.distance,
        "unit_parts": [[p.start, p.stop] for p in model.blocks.values()] if spec.unit_parts else [],
        "made_by": f"sticc-lib {__version__}, torch {torch.__version__}",
    }


def sample(
    model: VideoModel, batch: int, time: int, normalised: bool = False, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Random frames and a mask that pads the last frame of every second clip, where T allows it."""
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, time, 3, *model.spec.image_size)
    frames = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    mask = torch.ones(batch, time, dtype=torch.bool)
    mask[1::2, max(1, time - 1) :] = False
    return (normalise(frames, model.spec) if normalised else frames), mask


def difference(
    model: VideoModel, run: Any, given: tuple[Tensor, Tensor], normalised: bool = False
) -> float:
    """max|a-b| / max|b| of embeddings: b is what the model itself gives."""
    frames, mask = given
    with torch.no_grad():
        clips = frames if normalised else normalise(frames, model.spec)
        wanted = model(clips, mask).embedding
        return float((run(frames, mask) - wanted).abs().max() / wanted.abs().max())


def _traced(deployed: Deployed) -> tuple[torch.export.ExportedProgram, bool]:
    """What a model computes, and whether for any T; else for the T that it was made for."""
    model, batch = deployed.model, torch.export.Dim("batch", min=1)
    length = model.spec.clip_length
    if model.any_length:
        axes = {0: batch, 1: torch.export.Dim("time", min=1)}
        given = sample(model, 2, max(2, length), deployed.normalised)
        # CHOICE: what steps from frame to frame in Python (GRL) is traced for one T; what is wrong
        # in any other way says so there
        with contextlib.suppress(Exception):
            shapes = {"frames": axes, "mask": axes}
            return torch.export.export(deployed, given, dynamic_shapes=shapes), True
    shapes = {"frames": {0: batch}, "mask": {0: batch}}
    given = sample(model, 2, length, deployed.normalised)
    return torch.export.export(deployed, given, dynamic_shapes=shapes), False


def _agreed(model: VideoModel, file: Path, normalised: bool, free: bool, run: Any) -> float:
    """The largest difference at one clip and at three, of other lengths than the traced one."""
    own = model.spec.clip_length
    lengths = (1, own + 1) if free else (own, own)
    tried = [sample(model, n, t, normalised, n) for n, t in zip((1, 3), lengths, strict=True)]
    worst = max(difference(model, run, given, normalised) for given in tried)
    if not worst <= TOLERANCE:
        raise ConfigError(f"{file}: not written; it differs from the model by {worst:.2g}")
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
    except Exception as error:  # tracers have no common class of errors
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        said = next((line.strip() for line in str(cause).splitlines() if line.strip()), "")
        said = f"{type(cause).__name__}: {said[:200]}"
        raise ConfigError(f"{model.settings.name} cannot become {target} ({said})") from error


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
