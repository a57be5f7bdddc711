"""From tracklets to embeddings: cut into clips, run the model, average the clips of a tracklet."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from sticc_lib.config import ConfigError, EvalConfig
from sticc_lib.models.base import Output, VideoModel, normalise
from sticc_lib.models.zoo import weights_fingerprint
from sticc_lib.retrieval.embeddings import EmbeddingError, Embeddings
from sticc_lib.run import bar, cache_dir, fingerprint, stderr
from sticc_lib.tracklets.sampling import test_clips
from sticc_lib.tracklets.table import TrackletSet

__all__ = ["Embeddings", "Maps", "embed", "embed_cached", "model_fingerprint"]


class Maps(Protocol):
    """Maps of a trunk's frozen half, row i for row i of the set's `frames`."""

    def read(self, positions: np.ndarray) -> Tensor:
        """int [n] -> float [n C' H' W']."""
        ...


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

    Args:
        model: runs in eval mode, on the device where its weights are; its mode is put back.
        data: all of its tracklets are embedded; take a split first.
        config: policy, flip, and frames at a time (at least one clip).
        maps: what the model's frozen half gives for the frames of `data`, if it was kept. Pixels
            are then not read, and flipping mirrors the maps.
        progress: show a bar.

    Raises:
        ConfigError: fewer than one frame at a time, or re-ranking asked for where the model is
            compared by inner products.
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
    owner = np.repeat(np.arange(len(counts)), counts)
    was_training, total = model.training, None
    model.eval()
    try:
        meter = bar(progress, total=len(rows), desc=f"embed {data.name}", unit="clip")
        with torch.inference_mode(), meter:
            for batch in batches(counts, max(1, config.batch_frames // model.spec.clip_length)):
                source = maps if maps is not None else data
                forward = ready(model, source, rows[batch], masks[batch])
                vectors = forward(False).embedding
                if config.flip:
                    vectors = (vectors + forward(True).embedding) / 2
                if total is None:
                    total = torch.zeros(len(counts), vectors.shape[1], dtype=torch.float64)
                total.index_add_(0, torch.from_numpy(owner[batch]), vectors.double().cpu())
                meter.update(len(vectors))
    finally:
        model.train(was_training)
    assert total is not None
    mean = total / torch.from_numpy(counts)[:, None]
    for part in model.blocks.values() if model.spec.unit_parts else ():
        mean[:, part] = torch.nn.functional.normalize(mean[:, part], dim=1)
    if model.spec.distance == "cosine":
        mean = torch.nn.functional.normalize(mean, dim=1)
    facts = _facts(model, data, config, maps is not None)
    return Embeddings(mean.float().numpy(), data.tracklets, data.rule, facts)


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
    if path.exists():
        try:
            found = Embeddings.load(path)
            stderr(f"embeddings of {data.name} by {name or 'this model'}: loaded from {path.name}")
            return dataclasses.replace(found, facts={**found.facts, "origin": "loaded from cache"})
        except EmbeddingError as error:
            stderr(f"{error}; embedding again")
    made = embed(model, data, config, maps, progress)
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
    return {
        "model": type(model).__name__,
        "model_fingerprint": model_fingerprint(model),
        "data": data.name,
        "data_fingerprint": data.fingerprint(),
        "policy": f"{config.policy}, T = {model.spec.clip_length}{flip}",
        "distance": model.spec.distance,
        "input": "cached maps" if from_maps else "pixels",
    }


def resolved(model: VideoModel, config: EvalConfig) -> EvalConfig:
    """The same settings, with the model's own policy and flipping for `published`."""
    if config.policy != "published":
        return config
    spec = model.spec
    return dataclasses.replace(config, policy=spec.policy, flip=config.flip or spec.flip)


def clips_of(
    data: TrackletSet, clip_length: int, config: EvalConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frame rows int [n, T] and masks bool [n, T] of all clips, and clips a tracklet int [N].

    `published` must have been `resolved` before.
    """
    rows, masks, counts = [], [], []
    for tracklet, frames in data.frame_positions().items():
        if len(frames) == 0:
            raise EmbeddingError(f"{data.name}: tracklet {tracklet} has no frames; run check()")
        positions, mask = test_clips(len(frames), clip_length, config.policy)  # type: ignore[arg-type]
        rows.append(frames[positions])
        masks.append(mask)
        counts.append(len(positions))
    return np.concatenate(rows), np.concatenate(masks), np.array(counts)


def batches(counts: Sequence[int] | np.ndarray, limit: int) -> Iterator[slice]:
    """Runs of at most `limit` clips; a tracklet is only divided if it is longer than that."""
    start = size = 0
    for count in map(int, counts):
        if size and size + count > limit:
            yield slice(start, start + size)
            start, size = start + size, 0
        size += count
        while size > limit:
            yield slice(start, start + limit)
            start, size = start + limit, size - limit
    if size:
        yield slice(start, start + size)


def ready(
    model: VideoModel, source: Maps | TrackletSet, rows: np.ndarray, mask: np.ndarray
) -> Callable[[bool], Output]:
    """Reads clips; what it returns runs the model on them, on their mirror images with True.

    Args:
        source: cached maps, or the set itself for its pixels.
        rows: int [n, T], rows of the set's `frames`; each frame is read once.
        mask: bool [n, T].
    """
    device = next(iter(model.parameters()), torch.empty(0)).device
    numbers, places = np.unique(rows, return_inverse=True)
    real = torch.from_numpy(mask).to(device)
    index = torch.from_numpy(places.reshape(-1)).to(device)
    # a frame that fills a short clip goes through the frozen half once, where there is one
    halves = len(numbers) < rows.size and type(model).forward is VideoModel.forward
    if isinstance(source, TrackletSet):
        pixels = torch.from_numpy(source.read(numbers, model.spec.image_size)).to(device)
        frames = normalise(pixels, model.spec).contiguous(memory_format=torch.channels_last)
    else:
        frames, halves = source.read(numbers).to(device), False

    def run(mirrored: bool) -> Output:
        shown = frames.flip(-1) if mirrored else frames
        shown = model.trunk.frozen(shown) if halves else shown
        clips = shown[index].unflatten(0, rows.shape)  # [n T C H W]
        whole = isinstance(source, TrackletSet) and not halves
        return model(clips, real) if whole else model.forward_maps(clips, real)

    return run
