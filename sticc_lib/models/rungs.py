"""STICC's rungs: what its encoders give before any decoder, pooled; for the ablation only."""

from __future__ import annotations

import dataclasses

from torch import Tensor

from sticc_lib.config import HeadConfig
from sticc_lib.models.base import ModelSpec, Output, frame_mean
from sticc_lib.models.encoder import CommonEncoder, IndividualEncoder
from sticc_lib.models.pooling import MeanPool, Neck
from sticc_lib.models.trunk import Trunk


class CommonPool(MeanPool):
    """M1 alone: the self-attention's tokens G, averaged (row B of sticc.md, section 7).

    M1 sees every frame here, at training and at test time, since nothing else is learnt from.
    """

    def __init__(self, trunk: Trunk, spec: ModelSpec, config: HeadConfig, persons: int):
        super().__init__(trunk, spec, config, persons)
        self.common = CommonEncoder(dataclasses.replace(config, encoder="serial", encoder_frames=0))

    def pool(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        """Tokens [B T N C] -> [B C]."""
        return frame_mean(self.common.attended(tokens, self.stem.position).mean(2), mask)


class EvidencePool(MeanPool):
    """M2 without decoders: what the slots found, averaged over frames and slots (rows C and D).

    With `head.encoder=none` M1 gives keys and values only (C); with `parallel` it has its own
    branch and losses as in STICC (D).
    """

    def __init__(self, trunk: Trunk, spec: ModelSpec, config: HeadConfig, persons: int):
        super().__init__(trunk, spec, config, persons)
        self.common = CommonEncoder(config)
        self.individual = IndividualEncoder(config)
        if config.encoder != "none":
            self.common_neck = Neck(config.channels, persons)

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frozen maps [B T C' H W] -> Output; the embedding is what the BatchNorm gives."""
        tokens = self.stem(self.trunk.trainable(maps.flatten(0, 1)), maps.shape[0])
        keys, values, common = self.common(tokens, self.stem.position, mask)
        grid = self.individual(keys, values, mask).grid  # [B T S C]
        feature = self.widen(frame_mean(grid.mean(2), mask))
        embedding, logits = self.neck(feature)
        out = Output(embedding, {"pooled": feature}, {} if logits is None else {"pooled": logits})
        if common is not None:
            out.features["common"] = common
            _, logits = self.common_neck(common)
            if logits is not None:
                out.logits["common"] = logits
        return out
