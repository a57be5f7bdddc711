"""An exported file from its user's side: what it says of itself, how it runs, what it gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sticc_lib import __version__
from sticc_lib.config import Config
from sticc_lib.models.base import VideoModel, normalise


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
        return float((run(frames, mask) - wanted).abs().max() / wanted.abs().max().clamp_min(1e-12))
