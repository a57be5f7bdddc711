"""Attention that can be looked at: fused by default, explicit when a tap is set.

A `Tap` is a module through which a map passes. `explain.capture` sets its `receive`; then the same
forward hands the map over. Unset, nothing is kept and attention runs the fused kernel.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

Receiver = Callable[[Tensor, bool], None]


class Tap(nn.Module):
    """Passes a tensor on; hands it to `receive(tensor, feeds_embedding)` where one is set.

    Args:
        axes: what the tensor's axes are, in words of the project, such as `clip frame slot token`;
            whoever looks at a model it does not know goes by them. `clip*frame`: the two in one.
    """

    def __init__(self, axes: str = "") -> None:
        super().__init__()
        self.axes = tuple(axes.split())
        self.receive: Receiver | None = None

    def forward(self, value: Tensor, feeds_embedding: bool = True) -> Tensor:
        """Any tensor, unchanged."""
        if self.receive is not None:
            self.receive(value, feeds_embedding)
        return value


class SelfAttention(Tap):
    """Multi-head scaled dot product of ready projections (arXiv 1706.03762).

    Args:
        heads: must divide C.
        axes: of its map, as in `Tap`.
    """

    def __init__(self, heads: int, axes: str = "clip*frame head query token"):
        super().__init__(axes)
        self.heads = heads

    def forward(  # type: ignore[override]
        self, query: Tensor, key: Tensor, value: Tensor, feeds_embedding: bool = True
    ) -> Tensor:
        """[n L C], [n N C], [n N C] -> [n L C]; the map it hands over is [n heads L N]."""
        query, key, value = (split_heads(x, self.heads) for x in (query, key, value))
        if self.receive is None:
            mixed = nn.functional.scaled_dot_product_attention(query, key, value)
        else:
            scores = query @ key.mT * query.shape[-1] ** -0.5
            weights = scores.softmax(-1)  # [n h L N]
            self.receive(weights, feeds_embedding)
            mixed = weights @ value
        return join_heads(mixed)


class FeedForward(nn.Module):
    """x + W2 gelu(W1 LN(x)); W2 starts at zero, so the block starts as the identity."""

    def __init__(self, channels: int, ratio: int):
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.rise = nn.Linear(channels, ratio * channels)
        self.fall = nn.Linear(ratio * channels, channels)
        nn.init.zeros_(self.fall.weight)
        nn.init.zeros_(self.fall.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        """[... C] -> [... C]."""
        return tokens + self.fall(nn.functional.gelu(self.rise(self.norm(tokens))))


def split_heads(tokens: Tensor, heads: int) -> Tensor:
    """[... N C] -> [... heads N C/heads]."""
    return tokens.unflatten(-1, (heads, -1)).transpose(-3, -2)


def join_heads(tokens: Tensor) -> Tensor:
    """[... heads N d] -> [... N heads*d]."""
    return tokens.transpose(-3, -2).flatten(-2)


def masked_softmax(scores: Tensor, mask: Tensor | None, dim: int) -> Tensor:
    """Softmax over `dim` where `mask` (broadcastable bool, True: counts) is False gets weight 0."""
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return scores.softmax(dim)
