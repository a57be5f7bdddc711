"""MSINet's cross-domain loss (SAM): where a person is looked at shall not depend on the image."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Positions(nn.Module):
    """Which positions of a map matter to some other one, learnt beside the map's own likeness."""

    def __init__(self, width: int):
        super().__init__()
        query, key = nn.Conv2d(width, width // 8, 1), nn.Conv2d(width, width // 8, 1)
        self.pos_pam = nn.ModuleDict({"query_conv": query, "key_conv": key})

    def forward(self, maps: Tensor) -> Tensor:
        """X [n C H W] -> P [n N]."""
        query, key = (self.pos_pam[k](maps).flatten(2) for k in ("query_conv", "key_conv"))
        return (query.mT @ key).amax(-1)


def correlations(maps: Tensor) -> Tensor:
    """S [n n N]: how like each position of image g is to the likest of image p, X [n C H W]."""
    flat = maps.flatten(2)
    # CHOICE: one image against all at a time; all at once would hold n*n maps of N x N
    return torch.stack([torch.einsum("ci,pcj->pij", g, flat).amax(-1) for g in flat])


def alignment(pairs: Tensor, positions: Tensor, persons: Tensor) -> Tensor:
    """The cross-domain loss (SAM): same persons are matched where the position attention says.

    Args:
        pairs: S [n n N], first axis g, second p.
        positions: P [n N].
        persons: int64 [n].

    Returns:
        Mean over g of: the mean cosine distance of P_g to S[g, p] over p of the same person (g
        among them), plus the mean over all pairs of S[g, q] with q of others (itself included).
    """
    unit = nn.functional.normalize(pairs, dim=2)
    guide = nn.functional.normalize(positions, dim=1)
    parts = []
    for g, mates in enumerate(persons.unsqueeze(0) == persons.unsqueeze(1)):
        near, far = unit[g, mates], unit[g, ~mates]
        parts.append(1 - (near @ guide[g]).mean() + (1 - far @ far.T).mean())
    return torch.stack(parts).mean()
