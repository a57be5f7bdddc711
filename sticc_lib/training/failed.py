"""The batch at which a training went wrong, kept for inspection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from sticc_lib.run import atomic
from sticc_lib.training.draw import Batch


def keep_batch(folder: Path, step: int, batch: Batch, pixels: Tensor) -> str:
    """Writes `failed/step<N>.npz`: numbers and pictures, no pickle; np.load reads it.

    Args:
        folder: the training's.
        step: from 1, as in the log.
        batch: the whole batch.
        pixels: its frames as they are stored, uint8 [B T 3 H W].

    Returns:
        Words for the error: where it is, or why it could not be kept.
    """
    path = folder / "failed" / f"step{step}.npz"
    arrays = {
        "tracklets": batch.numbers, "frames": batch.rows, "classes": batch.persons.cpu().numpy(),
        "pixels": pixels.numpy(), "given": batch.clips.float().cpu().numpy(),
        "real": np.ones(batch.rows.shape, bool) if batch.mask is None else batch.mask.cpu().numpy(),
    }  # fmt: skip
    try:
        with atomic(path) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(stream, **arrays)
    except OSError as error:
        return f"the batch of step {step} could not be kept in {path} ({error.strerror})"
    return f"the batch of step {step} is kept in {path}"


def first_bad(model: nn.Module) -> str:
    """The first weights that are no numbers any more, by name; empty while all are."""
    for name, value in model.state_dict().items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            return name
    return ""
