"""Which tracklets each of several processes embeds: whole ones, side by side, about as many clips.

Under `accelerate launch`, or wherever a process group of torch.distributed stands, `embed` is a
collective: all processes call it with the same model and set, each reads and embeds its own
tracklets, and each gets the embeddings of all in the set's order, as one process would have them.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from sticc_lib import processes


def share(
    parts: Iterable[slice], counts: np.ndarray, many: int = 0, place: int = -1
) -> tuple[list[slice], slice]:
    """The batches of clips that are one process' own, and the tracklets that they make up.

    The set is cut where one process would begin a batch with a new tracklet, so that the batches
    are the same as there; what came out of them is then, too.

    Args:
        parts: batches of clips of the whole set, in order.
        counts: clips a tracklet, int [N].
        many: processes; by default those of the group.
        place: which of them, from 0; by default this one.
    """
    many = many or processes.count()
    place = processes.number() if place < 0 else place
    every, ends = list(parts), np.concatenate([[0], np.cumsum(counts)])
    starts = np.array([part.start for part in every])
    cuts = np.append(starts[np.isin(starts, ends)], ends[-1])  # clips before which one may cut
    wanted = ends[-1] * np.arange(many + 1) / many
    low, high = cuts[np.abs(cuts[:, None] - wanted).argmin(0)][place : place + 2]
    own = [part for part in every if low <= part.start < high]
    first, last = np.searchsorted(ends, [low, high])
    return own, slice(int(first), int(last))


def joined(rows: Tensor | None) -> Tensor:
    """Rows [n D] of all processes in order; None where one had nothing to do."""
    if processes.count() == 1:
        assert rows is not None
        return rows
    width = processes.largest(0 if rows is None else rows.shape[1])
    mine = torch.zeros(0, width, dtype=torch.float32) if rows is None else rows.clone()
    return processes.gathered(mine.to(processes.device())).cpu()
