"""BiCnet-TKS' own terms: attentions that differ, and what stands for the triplet on LS-VID."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize


def part_divergence(parts: list[Tensor]) -> Tensor:
    """Attentions over stripes shall differ: how far from orthogonal their roots are.

    Args:
        parts: three of [rows stripes], each summing to 1; the first gets no gradient.
    """
    first, *others = (part.float() for part in parts)
    roots = [first.detach().sqrt(), *(p.sqrt() for p in others)]
    found = []
    for a, b in ((0, 1), (0, 2), (1, 2)):
        both = torch.stack([roots[a], roots[b]], 1)  # [rows 2 stripes]
        apart = both @ both.mT - torch.eye(2, device=both.device)
        found.append(apart.flatten(1).norm(dim=1).mean() / 4)
    return torch.stack(found).mean()


def supervised_contrast(features: Tensor, persons: Tensor, scale: float = 16.0) -> Tensor:
    """What stands for the triplet on LS-VID: each pair of mates against all strangers.

    Args:
        features: [B C].
        persons: int64 [B].
        scale: what cosines are multiplied by.
    """
    unit = normalize(features.float(), dim=1)
    scores = scale * unit @ unit.T
    same = persons.unsqueeze(0) == persons.unsqueeze(1)
    others = scores.masked_fill(same, -torch.inf).logsumexp(1, keepdim=True)
    lost = torch.logaddexp(scores, others) - scores
    return lost[same & ~torch.eye(len(persons), dtype=torch.bool, device=persons.device)].mean()
