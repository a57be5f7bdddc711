"""What a part is worth: copies of a model in which one weighting is made uniform."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import torch

from sticc_lib.explain.capture import CaptureError
from sticc_lib.models.base import VideoModel
from sticc_lib.models.sticc import Sticc
from sticc_lib.retrieval.embeddings import Embeddings

PARTS = {
    "attention": "alpha: every token of a frame alike",
    "relevance": "rho: every frame alike",
    "slots": "pi: every slot alike",
    "spatial": "beta: every slot of a frame alike",
    "temporal": "gamma: every frame alike",
}
"""What can be made uniform, and what that is."""


def parts_of(model: VideoModel) -> list[str]:
    """The names of PARTS that a model has."""
    return [name for name in PARTS if _switch(model, name) is not None]


def without(model: VideoModel, part: str) -> VideoModel:
    """A copy in which a part weighs all alike at inference; everything else stays.

    Nothing is trained again: it says what the trained model takes from the part, not how good a
    model without it could be (the ablations of `sticc compare` say that).

    Args:
        model: a STICC; is left as it is.
        part: of PARTS. Values of zero make a memory's read-out, and so its softmax, uniform;
            `attention` makes rho uniform too, because then no frame has more evidence.

    Raises:
        ValueError: no such part.
        CaptureError: the model has no such part; names those it has.
    """
    if part not in PARTS:
        raise ValueError(f"part {part!r} is none of {', '.join(PARTS)}")
    changed = copy.deepcopy(model)
    switch = _switch(changed, part)
    if switch is None:
        known = ", ".join(parts_of(model)) or "none of them"
        raise CaptureError(f"{type(model).__name__} has no {part} to make uniform; it has {known}")
    with torch.no_grad():
        switch()
    return changed


def _switch(model: VideoModel, part: str) -> Callable[[], None] | None:
    """What makes a part of this very model uniform; None where it has none."""
    if not isinstance(model, Sticc):
        return None
    config, encoder = model.config, model.individual
    detail, memory = config.decoders != "mg", config.decoders != "rg"

    def uniform_relevance() -> None:
        encoder.score = "uniform"

    def zero(*weights: torch.Tensor) -> None:
        for weight in weights:
            weight.zero_()

    if part == "attention":
        return lambda: zero(encoder.to_query.weight, encoder.to_query.bias)
    if part == "relevance" and detail and encoder.score != "uniform":
        return uniform_relevance
    if part == "slots" and detail and config.rg_pool == "sum":
        return lambda: zero(model.detail.kappa)
    if part == "spatial" and memory and config.spatial == "attend":
        return lambda: zero(model.abstraction.spatial_memory.values)
    if part == "spatial" and memory and config.spatial == "subtract":  # nothing is subtracted
        norm = model.abstraction.distractor if model.abstraction.spatial == "subtract" else None
        return None if norm is None else lambda: zero(norm.weight, norm.bias)
    if part == "temporal" and memory and config.temporal == "memory":
        return lambda: zero(model.abstraction.temporal_memory.values)
    return None


def keep_blocks(
    embeddings: Embeddings, blocks: dict[str, slice], names: Sequence[str]
) -> Embeddings:
    """Embeddings cut to some blocks, to be ranked by those alone.

    Args:
        embeddings: of a model with these blocks.
        blocks: `model.blocks`.
        names: which to keep, in this order.

    Raises:
        ValueError: no name, or one that is no block; names those there are.
    """
    unknown = [name for name in names if name not in blocks]
    if unknown or not names:
        raise ValueError(f"blocks {unknown or 'none'}: expected some of {', '.join(blocks)}")
    values = np.concatenate([embeddings.values[:, blocks[name]] for name in names], axis=1)
    facts = {**embeddings.facts, "blocks": ", ".join(names)}
    return dataclasses.replace(embeddings, values=values, facts=facts)
