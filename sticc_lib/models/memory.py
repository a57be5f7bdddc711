"""A decoder memory: items of key and value, addressed by cosine (after STMN, ICCV 2021)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sticc_lib.floats import at_least_fp32

DEAD = 0.1
"""Nats of I(item; input) below which a memory is called dead. CHOICE: memories that gave one
address whatever they saw had 0.0 to 0.07, working ones 0.4 (embedded_data.md)."""


class Memory(nn.Module):
    """M items; a read-out is the mean of their values under the address.

    Every key is normalised along C (sticc.md, section 3, tells of code that does it along items),
    and the cosine is scaled: without a scale ten items can never give an address above 0.45.

    Args:
        items: M.
        channels: C of the address query.
        value_width: width of a stored value.
        kappa: initial scale; learned.
    """

    def __init__(self, items: int, channels: int, value_width: int, kappa: float):
        super().__init__()
        self.keys = nn.Parameter(torch.randn(items, channels))
        self.values = nn.Parameter(0.02 * torch.randn(items, value_width))
        self.kappa = nn.Parameter(torch.tensor(float(kappa)))
        # CHOICE: BatchNorm on the address query. Without it a common offset makes all queries
        # alike, and the memory gives one address whatever it sees (seen: 0.0-0.07 nats).
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, query: Tensor) -> tuple[Tensor, Tensor]:
        """Queries [n C] -> read-out [n value_width], address [n M] (sums to 1)."""
        query = self.norm(query)
        with torch.autocast(query.device.type, enabled=False):  # bf16 blurs a scaled cosine
            query = nn.functional.normalize(at_least_fp32(query), dim=-1)
            keys = nn.functional.normalize(self.keys, dim=-1)
            address = (self.kappa * query @ keys.mT).softmax(-1)
            return address @ self.values, address


def largest_address(kappa: float, items: int) -> float:
    """The largest address that a scale and a number of items allow (cosines 1 and -1)."""
    return float(1 / (1 + (items - 1) * torch.tensor(-2.0 * kappa).exp()))


def information(address: Tensor) -> float:
    """I(item; input) = H(mean a) - mean H(a) of addresses [n M], in nats; 0: a dead memory."""
    address = at_least_fp32(address.detach())
    return float(_entropy(address.mean(0)) - _entropy(address).mean())


def _entropy(p: Tensor) -> Tensor:
    return -(p * p.clamp_min(1e-12).log()).sum(-1)
