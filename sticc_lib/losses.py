"""Every loss, each a few lines, each with its source; and their weighted sum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize, relu

from sticc_lib.config import LossConfig
from sticc_lib.floats import at_least_fp32


def identity(logits: Tensor, persons: Tensor, smoothing: float = 0.1) -> Tensor:
    """Cross-entropy with label smoothing: (1-e) onehot + e/K (arXiv 1512.00567).

    Args:
        logits: [B K].
        persons: int64 [B], 0..K-1.
    """
    return cross_entropy(at_least_fp32(logits), persons, label_smoothing=smoothing)


def batch_hard_triplet(features: Tensor, persons: Tensor, margin: float | None = 0.3) -> Tensor:
    """Batch-hard triplet on Euclidean distances (arXiv 1703.07737).

    Each row against its farthest mate and its nearest stranger.

    Args:
        features: [B C], as they come (not normalised).
        persons: int64 [B].
        margin: None for the soft margin log(1 + exp(.)).

    Raises:
        ValueError: a batch of one person has no stranger.
    """
    features = at_least_fp32(features)
    same = persons.unsqueeze(0) == persons.unsqueeze(1)
    if bool(same.all()):
        raise ValueError("a batch of one person has no negatives; draw at least two persons")
    square = (features.unsqueeze(0) - features.unsqueeze(1)).square().sum(-1)
    distance = (square + 1e-12).sqrt()  # [B B]; the offset keeps the gradient finite at 0
    farthest = distance.masked_fill(~same, -torch.inf).amax(1)
    nearest = distance.masked_fill(same, torch.inf).amin(1)
    gap = farthest - nearest
    return torch.nn.functional.softplus(gap).mean() if margin is None else relu(gap + margin).mean()


def cosine_triplet(features: Tensor, persons: Tensor, margin: float = 0.3) -> Tensor:
    """Batch-hard triplet on cosines, as PSTA, BiCnet-TKS and SINet train with.

    Each row against its least like mate and its most like stranger.

    Args:
        features: [B C]; brought to length one here.
        persons: int64 [B], two different ones at least.
        margin: how much liker the mate should be.
    """
    unit = normalize(at_least_fp32(features), dim=-1)
    likeness = unit @ unit.mT  # [B B]
    same = persons.unsqueeze(0) == persons.unsqueeze(1)
    mate = likeness.masked_fill(~same, torch.inf).amin(1)
    stranger = likeness.masked_fill(same, -torch.inf).amax(1)
    return relu(stranger - mate + margin).mean()


def diversity(slots: Tensor) -> Tensor:
    """Mean cosine between different slots of a clip (PAT, arXiv 2106.04095).

    Args:
        slots: z [B S C]; 0 for S = 1.
    """
    slots, count = at_least_fp32(slots), slots.shape[1]
    if count < 2:
        return slots.new_zeros(())
    unit = normalize(slots, dim=-1)
    likeness = unit @ unit.mT  # [B S S]
    own = likeness.diagonal(dim1=1, dim2=2).sum(-1)
    return ((likeness.sum((1, 2)) - own) / (count * (count - 1))).mean()


def memory_spread(address: Tensor, delta: float = 0.3) -> Tensor:
    """Each item should be wanted by some rows and not by others (STMN, ICCV 2021).

    mean over items of [delta - (largest - smallest address)]_+.

    Args:
        address: [rows M]; with fewer than two rows the loss is 0.
    """
    address = at_least_fp32(address)
    if len(address) < 2:
        return address.new_zeros(())
    return relu(delta - (address.amax(0) - address.amin(0))).mean()


def summed(terms: Mapping[str, tuple[float, Tensor]]) -> tuple[Tensor, dict[str, Tensor]]:
    """The weighted sum of terms, and the unweighted terms (detached).

    Args:
        terms: name -> (weight, value).
    """
    loss = torch.stack([weight * at_least_fp32(value) for weight, value in terms.values()]).sum()
    return loss, {name: value.detach() for name, (_, value) in terms.items()}


def total(
    features: Mapping[str, Tensor],
    logits: Mapping[str, Tensor],
    extras: Mapping[str, Any],
    persons: Tensor,
    config: LossConfig,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The weighted sum of all terms a model gives rise to (sticc.md, Losses).

    Args:
        features: name -> [B C], each to identity and triplet loss.
        logits: name -> [B K], same names.
        extras: `slots` [B S C] and `addresses` name -> [rows M], where a model has them.
        persons: int64 [B], 0..K-1.

    Returns:
        The sum, and every unweighted term by name (detached), such as `id/detail`.
    """
    terms: dict[str, Tensor] = {}
    parts: list[Tensor] = []

    def add(name: str, value: Tensor, weight: float) -> None:
        terms[name] = value.detach()
        parts.append(weight * value)

    for name, feature in features.items():
        weight = config.common if name == "common" else 1.0
        if weight:
            add(f"id/{name}", identity(logits[name], persons, config.smoothing), weight)
            add(f"triplet/{name}", batch_hard_triplet(feature, persons, config.margin), weight)
    if config.diversity and "slots" in extras:
        add("diversity", diversity(extras["slots"]), config.diversity)
    if config.spread:
        for name, address in extras.get("addresses", {}).items():
            add(f"spread/{name}", memory_spread(address, config.spread_delta), config.spread)
    return torch.stack(parts).sum(), terms
