"""A model whose embedding is brought to fewer numbers by a PCA: a control of width."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sticc_lib.config import Config
from sticc_lib.models.base import Output, VideoModel
from sticc_lib.models.cache import frozen_maps
from sticc_lib.retrieval.embed import embed
from sticc_lib.tracklets.table import TrackletSet


class Reduced(VideoModel):
    """Another model's embedding, centred and projected [B D] -> [B width].

    Args:
        model: a trained model; used as it is.
        mean: [D].
        axes: [D width], orthonormal columns.
    """

    mean: Tensor
    axes: Tensor

    def __init__(self, model: VideoModel, mean: np.ndarray, axes: np.ndarray):
        super().__init__()
        self.model, self.spec, self.trunk = model, model.spec, model.trunk
        self.settings, self.persons = model.settings, model.persons
        self.register_buffer("mean", torch.from_numpy(np.asarray(mean, np.float32)))
        self.register_buffer("axes", torch.from_numpy(np.asarray(axes, np.float32)))

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frozen maps [B T C' H W] -> Output with the projected embedding alone."""
        full = self.model.forward_maps(maps, mask).embedding
        return Output((full - self.mean) @ self.axes)


def reduce(model: VideoModel, data: TrackletSet, width: int, config: Config) -> Reduced:
    """Fits the PCA on a set's embeddings.

    Args:
        model: trained, in eval mode.
        data: training persons.
        width: numbers that are left; fewer than the embedding has and than there are tracklets.
        config: its test policy.

    Raises:
        ValueError: a width that cannot be.
    """
    maps = frozen_maps(model, data)
    values = embed(model, data, config.evaluate, maps=maps, progress=False).values
    if not 0 < width <= min(values.shape):
        raise ValueError(f"width {width}; expected 1..{min(values.shape)}")
    mean = values.mean(0)
    _, _, axes = np.linalg.svd(values - mean, full_matrices=False)
    return Reduced(model, mean, axes[:width].T).eval()
