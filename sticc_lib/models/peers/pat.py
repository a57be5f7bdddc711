"""After PAT (CVPR 2021): learnt part prototypes ask a frame's tokens. Partly recalled."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sticc_lib import losses
from sticc_lib.config import HeadConfig, LossConfig
from sticc_lib.models.attention import SelfAttention, Tap
from sticc_lib.models.base import ModelSpec, Output, VideoModel, frame_mean
from sticc_lib.models.pooling import Neck
from sticc_lib.models.trunk import Trunk


class Pat(VideoModel):
    """A part-prototype decoder after the Part-Aware Transformer (specs/peers/PAT.md).

    Not a reproduction: no official code was found and only the abstract could be read. Sure are
    the encoder of pixel context, the prototypes as queries of a cross-attention, and the loss that
    sets parts apart. What is marked "recalled" below is memory of the paper and may be wrong.

    An image model: each frame by itself, features averaged over the clip's frames (CHOICE: the
    plainest way from images to video).

    Args:
        trunk: frames to maps.
        spec: T, frame size.
        config: `channels` d, `slots` K prototypes (about 14, recalled), `heads` of the encoder,
            `ffn_ratio`.
        persons: classes of the identity losses.
    """

    def __init__(self, trunk: Trunk, spec: ModelSpec, config: HeadConfig, persons: int):
        super().__init__()
        self.trunk, self.spec = trunk, spec
        width, self.parts = config.channels, config.slots
        self.reduce = nn.Conv2d(trunk.channels, width, 1)  # recalled
        self.encoder = ContextEncoder(width, config.heads, config.ffn_ratio)
        self.decoder = PartDecoder(width, config.slots, config.ffn_ratio)
        # CHOICE: a neck for the whole and one for each part, "classification and triplet on part
        # features" (recalled) being all that is known of how parts are trained
        self.necks = nn.ModuleList(Neck(width, persons) for _ in range(1 + config.slots))

    @property
    def blocks(self) -> dict[str, slice]:
        """`whole` and `part1` to `partK`, d numbers each."""
        width = self.reduce.out_channels
        return {name: slice(i * width, (i + 1) * width) for i, name in enumerate(self._names())}

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frozen maps [B T C' H' W'], mask [B T] -> Output with a (1+K)d embedding (recalled).

        `features` and `logits` have `whole` and `part1` to `partK`; `extras.slots` the parts
        [B K d], which the diversity loss keeps apart.
        """
        batch, time = maps.shape[:2]
        tokens = self.reduce(self.trunk.trainable(maps.flatten(0, 1))).flatten(2).mT  # [B*T N d]
        tokens = self.encoder(tokens)
        found = torch.cat([tokens.mean(1, keepdim=True), self.decoder(tokens)], 1)  # [B*T 1+K d]
        found = frame_mean(found.unflatten(0, (batch, time)), mask)  # [B 1+K d]
        features = dict(zip(self._names(), found.unbind(1), strict=True))
        out = Output(found.flatten(1), features, extras={"slots": found[:, 1:]})
        if self.training:
            for neck, (name, feature) in zip(self.necks, features.items(), strict=True):
                out.logits[name] = neck(feature)[1]
        return out

    def objective(
        self, out: Output, persons: Tensor, settings: LossConfig
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Identity and triplet of the whole and of the parts, and what sets parts apart.

        Weights are not known. CHOICE: all parts together count as much as the whole, so that their
        number does not matter, and diversity as much as either: at STICC's 0.1 all parts became one
        (mean cosine 1.00 after 150 steps of `quick`), at 1 they stayed apart (-0.3).
        """
        terms = {}
        for name, feature in out.features.items():
            share = 1.0 if name == "whole" else 1 / self.parts
            found = losses.identity(out.logits[name], persons, settings.smoothing)
            terms[f"id/{name}"] = share, found
            found = losses.batch_hard_triplet(feature, persons, settings.margin)
            terms[f"triplet/{name}"] = share, found
        terms["diversity"] = 1.0, losses.diversity(out.extras["slots"])
        return losses.summed(terms)

    def _names(self) -> list[str]:
        return ["whole", *(f"part{i + 1}" for i in range(self.parts))]


class ContextEncoder(nn.Module):
    """One transformer layer over a frame's tokens; where its norms stand is recalled."""

    def __init__(self, width: int, heads: int, ratio: int):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.attention = SelfAttention(heads)
        self.mlp = _mlp(width, ratio)
        self.after_attention, self.after_mlp = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """[n N d] -> [n N d]."""
        mixed = self.attention(self.query(tokens), self.key(tokens), self.value(tokens))
        tokens = self.after_attention(tokens + mixed)
        return self.after_mlp(tokens + self.mlp(tokens))


class PartDecoder(nn.Module):
    """Prototypes first see each other, then each takes its share of the frame's tokens."""

    def __init__(self, width: int, parts: int, ratio: int):
        super().__init__()
        self.prototypes = nn.Parameter(torch.randn(parts, width))
        self.among = nn.ModuleList(nn.Linear(width, width) for _ in range(3))
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.mlp = _mlp(width, ratio)
        # CHOICE: Xavier's initialisation: under PyTorch's own all masks start near uniform, and so
        # all parts near equal
        for layer in (*self.among, self.query, self.key, self.value, self.mlp[0], self.mlp[2]):
            nn.init.xavier_normal_(layer.weight)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        self.masks = Tap("clip*frame part token")

    def forward(self, tokens: Tensor) -> Tensor:
        """[n N d] -> parts [n K d]."""
        query, key, value = (layer(self.prototypes) for layer in self.among)
        # the same for every frame: no map of the frame, so no tap. CHOICE: with a residual, so
        # that prototypes stay different from each other
        scale = query.shape[-1] ** -0.5
        asked = self.prototypes + (scale * query @ key.T).softmax(-1) @ value  # [K d]
        masks = (scale * self.query(asked) @ self.key(tokens).mT).softmax(-1)  # m [n K N]
        return self.mlp(self.masks(masks) @ self.value(tokens))


def _mlp(width: int, ratio: int) -> nn.Sequential:
    hidden = ratio * width
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))
