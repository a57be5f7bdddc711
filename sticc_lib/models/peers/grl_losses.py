"""What GRL is trained with: a table of persons in place of a classifier, and pairs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, cross_entropy, normalize


class InstanceTable(nn.Module):
    """OIM (arXiv 1604.01850): one slowly moving feature a person, in place of a classifier.

    Args:
        width: C.
        persons: rows of the table; they start at 0.
        scale: what cosines are multiplied by.
        momentum: share of the old row that an update keeps.
    """

    table: Tensor

    def __init__(self, width: int, persons: int, scale: float = 30.0, momentum: float = 0.5):
        super().__init__()
        self.scale, self.momentum = scale, momentum
        self.register_buffer("table", torch.zeros(persons, width))

    def forward(self, features: Tensor, persons: Tensor) -> Tensor:
        """Cross-entropy of features [n C] of length one against the table as it is, int64 [n]."""
        # a copy: backward works with the table as it is now, whenever the update comes
        return cross_entropy(self.scale * features @ self.table.clone().T, persons)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *given: Any) -> None:
        """A state dict without the table (every official one) leaves it at zero."""
        state_dict.setdefault(f"{prefix}table", torch.zeros(self.table.shape))
        super()._load_from_state_dict(state_dict, prefix, *given)

    @torch.no_grad()
    def update(self, features: Tensor, persons: Tensor) -> None:
        """Moves the rows, one feature after the other in batch order.

        CHOICE: the official update happens inside backward, so that the order of its two calls was
        autograd's; whoever trains calls this for the frames, then for the clip.
        """
        for feature, person in zip(features.detach().float(), persons.tolist(), strict=True):
            row = self.momentum * self.table[person] + (1 - self.momentum) * feature
            self.table[person] = normalize(row, dim=0)


def pair_loss(scores: Tensor, probes: Tensor, gallery: Tensor, faithful: bool = True) -> Tensor:
    """Binary cross-entropy of "same person" scores.

    Args:
        scores: [P G] in (0, 1), row a probe.
        probes: int64 [P], persons.
        gallery: int64 [G].
        faithful: the mask is transposed as in the official code, so that P must equal G; the same
            where probe i and gallery i are one person, as in training.
    """
    same = probes.unsqueeze(1) == gallery.unsqueeze(0)  # [P G]
    same = same.T if faithful else same
    return binary_cross_entropy(scores, same.to(scores.dtype))
