"""What the two decoder memories store: patterns over slots and over frames, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sticc_lib.explain.capture import CaptureError
from sticc_lib.models.base import VideoModel
from sticc_lib.models.memory import Memory, largest_address


@dataclass(frozen=True)
class Stored:
    """One memory.

    Attributes:
        values: float32 [M, width], as stored: over slots or frames, or, with `spatial=subtract`,
            vectors of C.
        patterns: float32 [M, width], what reading this item alone would give: softmax of the
            values, rows sum to 1; None for vectors.
        kappa: scale of the address, as learned.
        largest: largest address that kappa and M allow.
    """

    values: np.ndarray
    patterns: np.ndarray | None
    kappa: float
    largest: float


@dataclass(frozen=True)
class MemoryContents:
    """The memories of a model, as far as it has them.

    Attributes:
        spatial: patterns over slots, V_sp.
        temporal: patterns over the T0 frames of a training clip, V_tm.
    """

    spatial: Stored | None
    temporal: Stored | None


def contents(model: VideoModel) -> MemoryContents:
    """What the memories of M4 store.

    Raises:
        CaptureError: the model has no memory.
    """
    decoder = getattr(model, "abstraction", None)
    spatial = getattr(decoder, "spatial_memory", None)
    temporal = getattr(decoder, "temporal_memory", None)
    if spatial is None and temporal is None:
        raise CaptureError(
            f"{type(model).__name__} has no memory; take a STICC with decoders=both or mg and "
            "spatial=attend or temporal=memory"
        )
    vectors = spatial is not None and decoder is not None and decoder.spatial == "subtract"
    return MemoryContents(
        None if spatial is None else _stored(spatial, vectors),
        None if temporal is None else _stored(temporal, False),
    )


def _stored(memory: Memory, vectors: bool) -> Stored:
    values = memory.values.detach().float().cpu()
    kappa = float(memory.kappa.detach())
    patterns = None if vectors else values.softmax(-1).numpy()
    return Stored(values.numpy(), patterns, kappa, largest_address(kappa, len(values)))
