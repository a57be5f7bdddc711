"""STICC's encoders: what pedestrians share in a frame (M1), and what tells one from all (M2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sticc_lib import processes
from sticc_lib.config import HeadConfig
from sticc_lib.floats import at_least_fp32
from sticc_lib.models.attention import (
    FeedForward,
    SelfAttention,
    Tap,
    split_heads,
)
from sticc_lib.models.base import frame_mean


class CommonEncoder(nn.Module):
    """M1: self-attention inside each frame; its keys and values serve M2 too (sticc.md, M1).

    No position code on the keys: the stated aim is not to assume alignment.
    """

    def __init__(self, config: HeadConfig):
        super().__init__()
        channels = config.channels
        self.mode, self.train_frames = config.encoder, config.encoder_frames
        self.norm = nn.LayerNorm(channels)
        self.to_key = nn.Linear(channels, channels)
        self.to_value = nn.Linear(channels, channels)
        if self.mode == "none":  # keys and values for M2, and nothing that would never learn
            return
        self.to_query = nn.Linear(channels, channels)
        self.attention = SelfAttention(config.heads)
        self.out = nn.Linear(channels, channels)
        self.ffn = FeedForward(channels, config.ffn_ratio)

    def forward(
        self, tokens: Tensor, position: Tensor | None, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Tokens FM [B T N C] -> keys, values [B T N C] for M2, and c [B C] where it is needed.

        In parallel mode M2 never reads the self-attention's output G, so G is made only while
        training (it shapes keys and values) or when somebody looks.
        """
        if self.mode == "serial":
            tokens = self.attended(tokens, position, feeds_embedding=True)
            return *self._keys_values(tokens, position), frame_mean(tokens.mean(2), mask)
        common = None
        if self.mode == "parallel" and self.training:
            common = self._common_of_some_frames(tokens, position, mask)
        elif self.mode == "parallel" and self.attention.receive is not None:
            self.attended(tokens, position, feeds_embedding=False)
        return *self._keys_values(tokens, position), common

    def _keys_values(self, tokens: Tensor, position: Tensor | None) -> tuple[Tensor, Tensor]:
        normal = self.norm(tokens)
        keyed = normal if position is None else normal + position
        return self.to_key(keyed), self.to_value(normal)

    def attended(
        self, tokens: Tensor, position: Tensor | None, feeds_embedding: bool = True
    ) -> Tensor:
        """G(t) = FM(t) + attention + feed-forward, every frame for itself: [B T N C]."""
        key, value = self._keys_values(tokens, position)
        query = self.to_query(self.norm(tokens))
        flat = (x.flatten(0, 1) for x in (query, key, value))  # [B*T N C]
        mixed = self.attention(*flat, feeds_embedding=feeds_embedding)
        return self.ffn(tokens + self.out(mixed.unflatten(0, tokens.shape[:2])))

    def _common_of_some_frames(
        self, tokens: Tensor, position: Tensor | None, mask: Tensor | None
    ) -> Tensor:
        """c from `train_frames` random valid frames a clip (0: all)."""
        batch, time = tokens.shape[:2]
        if 0 < self.train_frames < time:
            # drawn for the clips of all processes: each then has what one process would draw
            chance = torch.rand(processes.count() * batch, time, device=tokens.device)
            chance = processes.own(chance)
            if mask is not None:
                chance = chance + mask.to(chance.dtype)  # valid frames come first
            picked = chance.topk(self.train_frames, dim=1).indices  # [B k]
            rows = torch.arange(batch, device=tokens.device).unsqueeze(1)
            tokens, mask = tokens[rows, picked], None if mask is None else mask[rows, picked]
        common = self.attended(tokens, position, feeds_embedding=False)
        return frame_mean(common.mean(2), mask)


@dataclass
class Evidence:
    """What M2 gives the decoders.

    Attributes:
        grid: E' [B T S C], what slot s found in frame t.
        relevance: rho, mean over heads [B T S]; sums to 1 over T.
        attention: alpha, mean over heads [B T S N]; sums to 1 over N.
    """

    grid: Tensor
    relevance: Tensor
    attention: Tensor


class IndividualEncoder(nn.Module):
    """M2: the learned query memory Q_ST looks into every frame (sticc.md, M2).

    A slot's evidence in a frame is the log-sum-exp of its scores; a softmax of that over frames is
    the relevance rho. Then sum_t rho E equals one joint attention over all T*N tokens, which is
    how frames complete each other without alignment.
    """

    def __init__(self, config: HeadConfig):
        super().__init__()
        channels = config.channels
        self.heads, self.score = config.heads, config.rg_score
        self.slots = nn.Parameter(torch.empty(config.slots, channels))  # Q_ST
        nn.init.trunc_normal_(self.slots, std=0.02)
        self.norm = nn.LayerNorm(channels)
        self.to_query = nn.Linear(channels, channels)
        # CHOICE: a small start: attention begins nearly uniform and no slot sticks to a cell
        nn.init.trunc_normal_(self.to_query.weight, std=0.02)
        nn.init.zeros_(self.to_query.bias)
        self.out = nn.Linear(channels, channels)
        self.ffn = FeedForward(channels, config.ffn_ratio)
        self.agreement_kappa = nn.Parameter(torch.tensor(config.score_kappa))
        self.agreement_kappa.requires_grad_(
            config.rg_score == "agreement" and config.decoders != "mg"
        )
        self.alpha, self.rho = Tap("clip frame head slot token"), Tap("clip frame head slot")

    def forward(self, key: Tensor, value: Tensor, mask: Tensor | None) -> Evidence:
        """Keys and values [B T N C], mask [B T] -> Evidence."""
        key, value = split_heads(key, self.heads), split_heads(value, self.heads)  # [B T h N d]
        query = split_heads(self.to_query(self.norm(self.slots)), self.heads)  # [h S d]
        scores = query @ key.mT * query.shape[-1] ** -0.5  # [B T h S N]
        alpha = self.alpha(scores.softmax(-1))
        found = (alpha @ value).transpose(2, 3).flatten(3)  # [B T S C]
        grid = self.ffn(self.out(found))
        rho = self.rho(self._relevance(scores, grid, mask))  # [B T h S]
        return Evidence(grid, rho.mean(2), alpha.mean(2))

    def _relevance(self, scores: Tensor, grid: Tensor, mask: Tensor | None) -> Tensor:
        """rho [B T h S], a softmax over frames; padded frames get none."""
        evidence = at_least_fp32(scores).logsumexp(-1)  # [B T h S]
        if self.score == "uniform":
            evidence = torch.zeros_like(evidence)
        elif self.score == "agreement":
            evidence = self._agreement(grid, mask).unsqueeze(2).expand_as(evidence)
        if mask is not None:
            hidden = ~mask.view(*mask.shape, 1, 1)
            evidence = evidence.masked_fill(hidden, torch.finfo(evidence.dtype).min)
        return evidence.softmax(1).to(grid.dtype)

    def _agreement(self, grid: Tensor, mask: Tensor | None) -> Tensor:
        """kappa times the mean cosine of a slot's find with its finds in other frames [B T S]."""
        unit = nn.functional.normalize(at_least_fp32(grid), dim=-1)
        weight = unit.new_ones(grid.shape[:2]) if mask is None else mask.to(unit.dtype)
        total = (unit * weight[..., None, None]).sum(1, keepdim=True)
        others = (weight.sum(1) - 1).clamp_min(1).view(-1, 1, 1)
        return self.agreement_kappa * ((unit * total).sum(-1) - 1) / others
