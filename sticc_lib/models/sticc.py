"""STICC, whole: trunk, four modules, three necks, one embedding.

No equation of the paper is public; this follows our own specification of it (sticc.md), which the
paper's figure and overview constrain but do not fix.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sticc_lib.config import HeadConfig
from sticc_lib.floats import at_least_fp32
from sticc_lib.models.base import ModelSpec, Output, VideoModel
from sticc_lib.models.decoder import AbstractionDecoder, DetailDecoder
from sticc_lib.models.encoder import CommonEncoder, IndividualEncoder
from sticc_lib.models.pooling import Neck, Stem
from sticc_lib.models.trunk import Trunk


class Sticc(VideoModel):
    """Spatiotemporal Information Complementary Condensation.

    Args:
        trunk: frames to maps.
        spec: T, frame size, test policy.
        config: options of the four modules.
        persons: classes of the identity loss.
    """

    def __init__(self, trunk: Trunk, spec: ModelSpec, config: HeadConfig, persons: int):
        super().__init__()
        self.trunk, self.spec, self.config = trunk, spec, config
        tokens = (spec.image_size[0] // trunk.stride) * (spec.image_size[1] // trunk.stride)
        self.stem = Stem(trunk.channels, config, tokens)
        self.common = CommonEncoder(config)  # M1
        self.individual = IndividualEncoder(config)  # M2
        channels = config.channels
        if config.encoder != "none":
            self.common_neck = Neck(channels, persons)
        if config.decoders in ("both", "rg"):
            self.detail = DetailDecoder(config)  # M3
            wide = config.width if config.decoders == "rg" else 0  # the control of STICC's width
            self.widen = nn.Linear(channels, wide) if wide else nn.Identity()
            self.detail_neck = Neck(wide or channels, persons)
        if config.decoders in ("both", "mg"):
            self.abstraction = AbstractionDecoder(config, spec.clip_length)  # M4
            self.abstraction_neck = Neck(self.abstraction.width * channels, persons)

    @property
    def blocks(self) -> dict[str, slice]:
        """`RV_FG`, `r_sp` and `r_tm`, as far as the decoders are there; C numbers each."""
        names = ["RV_FG"] if self.config.decoders in ("both", "rg") else []
        if self.config.decoders in ("both", "mg"):
            names += ["r_sp", "r_tm"][: self.abstraction.width]
        alone = self.config.decoders == "rg"
        width = (alone and self.config.width) or self.config.channels
        return {name: slice(i * width, (i + 1) * width) for i, name in enumerate(names)}

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frozen maps [B T C' H W], mask [B T] -> Output with a 3C embedding.

        `features` and `logits` have `common` (c), `detail` (RV_FG) and `abstraction` (RV_SA).
        `extras`: `slots` z [B S C], `addresses` name -> [rows M].
        """
        tokens = self.stem(self.trunk.trainable(maps.flatten(0, 1)), maps.shape[0])  # [B T N C]
        keys, values, common = self.common(tokens, self.stem.position, mask)
        evidence = self.individual(keys, values, mask)
        out = Output(tokens.new_empty(0))
        blocks: list[Tensor] = []
        if self.config.decoders in ("both", "rg"):
            detail, out.extras["slots"] = self.detail(evidence)
            blocks.append(self._branch(out, "detail", self.widen(detail)))
        if self.config.decoders in ("both", "mg"):
            parts, out.extras["addresses"] = self.abstraction(evidence, mask)
            normal = self._branch(out, "abstraction", torch.cat(parts, dim=1))
            blocks.extend(normal.chunk(self.abstraction.width, dim=1))
        if common is not None:
            self._branch(out, "common", common)
        # CHOICE: each block to length one, so that the memory's 2C do not get twice the weight
        blocks = [nn.functional.normalize(at_least_fp32(block), dim=1) for block in blocks]
        out.embedding = nn.functional.normalize(torch.cat(blocks, dim=1), dim=1)
        return out

    def _branch(self, out: Output, name: str, feature: Tensor) -> Tensor:
        """One branch through its neck; returns the vector after BatchNorm."""
        out.features[name] = feature
        normal, logits = getattr(self, f"{name}_neck")(feature)
        if logits is not None:
            out.logits[name] = logits
        return normal
