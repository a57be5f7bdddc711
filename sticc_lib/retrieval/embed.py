"""From tracklets to embeddings: cut into clips, run the model, average the clips of a tracklet."""

from __future__ import annotations

import dataclasses
import re
from functools import partial
from typing import Any

import numpy as np
import torch

from sticc_lib import processes
from sticc_lib.config import ConfigError, EvalConfig
from sticc_lib.models.base import VideoModel
from sticc_lib.models.precision import wants_bf16
from sticc_lib.models.zoo import weights_fingerprint
from sticc_lib.retrieval.clips import Maps, batches, clips_of, read_ahead, read_frames, resolved
from sticc_lib.retrieval.embeddings import EmbeddingError, Embeddings
from sticc_lib.retrieval.passes import Passes
from sticc_lib.retrieval.sharing import joined, share
from sticc_lib.run import bar, cache_dir, fingerprint, stderr
from sticc_lib.tracklets.table import TrackletSet

__all__ = ["Embeddings", "Maps", "embed", "embed_cached", "model_fingerprint"]


def embed(
    model: VideoModel,
    data: TrackletSet,
    config: EvalConfig,
    maps: Maps | None = None,
    progress: bool = True,
) -> Embeddings:
    """One vector for every tracklet of a set.

    Each tracklet is cut into clips by `config.policy`; its embedding is the mean over its clips
    (and their mirror images with `config.flip`), scaled to length one where the model is compared
    by cosine (and each of its parts, where the model's spec says so). CHOICE: the mean of the
    vectors as they come, as the official code of the compared methods has it, and not of their
    directions.

    Several processes share the set (sharing.py): all call this, and all get the whole.

    Args:
        model: a copy of it runs, in eval mode, on the device where its weights are.
        data: all of its tracklets are embedded; take a split first.
        config: policy, flip, frames at a time (at least one clip), precision, and whether to
            compile the trunk.
        maps: what the model's frozen half gives for the frames of `data`, if it was kept. Pixels
            are then not read, and flipping mirrors the maps.
        progress: show a bar.

    Raises:
        ConfigError: fewer than one frame at a time, or re-ranking asked for where the model is
            compared by inner products; or torch.compile cannot be used here.
        DataError, PixelError: a frame cannot be read; names it.
        EmbeddingError: no tracklets, or the model gives NaN; names the first tracklet.
    """
    if config.batch_frames < 1:
        raise ConfigError(f"evaluate.batch_frames: {config.batch_frames}; expected at least 1")
    if config.rerank and model.spec.distance == "dot":
        raise ConfigError("evaluate.rerank: needs distances, and this model has inner products")
    if len(data) == 0:
        raise EmbeddingError(f"{data.name}: no tracklets to embed; is the split empty?")
    config = resolved(model, config)
    rows, masks, counts = clips_of(data, model.spec.clip_length, config)
    values = None
    with processes.together(EmbeddingError):
        values = _means(model, data, config, maps, (rows, masks, counts), progress)
    facts = _facts(model, data, config, maps is not None)
    return Embeddings(joined(values).numpy(), data.tracklets, data.rule, facts)


def _means(
    model: VideoModel,
    data: TrackletSet,
    config: EvalConfig,
    maps: Maps | None,
    clips: tuple[np.ndarray, np.ndarray, np.ndarray],
    progress: bool,
) -> torch.Tensor | None:
    """Embeddings of this process' tracklets, float32 [n D]; None if it has none of them."""
    (rows, masks, counts), total = clips, None
    parts = batches(counts, max(1, config.batch_frames // model.spec.clip_length))
    parts, mine = share(parts, counts)
    counts = counts[mine]
    owner = torch.from_numpy(np.repeat(np.arange(mine.stop), clips[2][: mine.stop]) - mine.start)
    passes = Passes(model, maps is not None, config.bf16, config.compile)
    source = maps if maps is not None else data

    def read(batch: slice) -> tuple[slice, torch.Tensor, torch.Tensor]:
        return batch, *read_frames(source, rows[batch], model.spec.image_size)

    shown = progress and processes.number() == 0
    meter = bar(shown, total=int(counts.sum()), desc=f"embed {data.name}", unit="clip")
    with torch.inference_mode(), meter:
        for batch, frames, places in read_ahead(read, parts):
            run = partial(passes, frames, places, torch.from_numpy(masks[batch]))
            vectors = (run() + run(True)) / 2 if config.flip else run()
            if total is None:
                total = torch.zeros(len(counts), vectors.shape[1], dtype=torch.float64)
            total.index_add_(0, owner[batch], vectors.double().cpu())
            meter.update(len(vectors))
    if total is None:
        return None
    mean = total / torch.from_numpy(counts)[:, None]
    for part in model.blocks.values() if model.spec.unit_parts else ():
        mean[:, part] = torch.nn.functional.normalize(mean[:, part], dim=1)
    if model.spec.distance == "cosine":
        mean = torch.nn.functional.normalize(mean, dim=1)
    return mean.float()


def embed_cached(
    model: VideoModel,
    data: TrackletSet,
    config: EvalConfig,
    maps: Maps | None = None,
    name: str = "",
    progress: bool = True,
) -> Embeddings:
    """`embed`, kept as one .npz under the fingerprints of model, data and policy.

    What was made before is loaded, and said so: on the error stream, and in `facts["origin"]`.

    Args:
        model, data, config, maps, progress: as in `embed`.
        name: the method's name, for the file name.
    """
    facts = _facts(model, data, resolved(model, config), maps is not None)
    stem = re.sub(r"[^\w.-]+", "_", f"{data.name}-{name or type(model).__name__}")
    path = cache_dir() / "embeddings" / f"{stem}-{fingerprint(facts)}.npz"
    found = None
    if path.exists():
        try:
            found = Embeddings.load(path)
        except EmbeddingError as error:
            stderr(f"{error}; embedding again")
    # of several processes all go the same way: one of another machine may have no such file
    if processes.largest(int(found is None)) == 0 and found is not None:
        stderr(f"embeddings of {data.name} by {name or 'this model'}: loaded from {path.name}")
        return dataclasses.replace(found, facts={**found.facts, "origin": "loaded from cache"})
    made = embed(model, data, config, maps, progress)
    if processes.number() == 0:
        made.save(path)
    return dataclasses.replace(made, facts={**made.facts, "origin": "made now"})


def model_fingerprint(model: VideoModel) -> str:
    """Twelve hex digits over a model's weights, its make-up and its plain settings."""
    parts: dict[str, Any] = {"weights": weights_fingerprint(model), "spec": str(model.spec)}
    for path, module in model.named_modules():
        settings = {
            key: repr(value)
            for key, value in vars(module).items()
            if key != "training"
            and (isinstance(value, (bool, int, float, str, tuple)) or _settings(value))
        }
        parts[path] = [type(module).__name__, settings]
    return fingerprint(parts)


def _settings(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _facts(
    model: VideoModel, data: TrackletSet, config: EvalConfig, from_maps: bool
) -> dict[str, str]:
    flip = ", averaged with the mirrored frames" if config.flip else ""
    device = next(iter(model.parameters()), torch.empty(0)).device
    halved = {"precision": "bfloat16"} if wants_bf16(config.bf16, device) else {}
    return {
        "model": type(model).__name__,
        "model_fingerprint": model_fingerprint(model),
        "data": data.name,
        "data_fingerprint": data.fingerprint(),
        "policy": f"{config.policy}, T = {model.spec.clip_length}{flip}",
        "distance": model.spec.distance,
        "input": "cached maps" if from_maps else "pixels",
        **halved,
    }
