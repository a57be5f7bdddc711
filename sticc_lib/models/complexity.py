"""What a model costs: parameters and multiply-accumulates, module by module."""

from __future__ import annotations

import pandas as pd
import torch
from torch import nn

from sticc_lib.models.base import VideoModel


def cost_table(model: VideoModel, clip_length: int | None = None) -> pd.DataFrame:
    """Parameters and multiply-accumulates of one clip at test time, a row a top-level module.

    Counted by torch's flop counter over one real forward, so what inference skips (M1's attention
    in parallel mode, every classifier) counts 0. The counter does not see inside an LSTM; those
    are counted by their sizes.

    Args:
        model: any model.
        clip_length: T; the model's own if None.

    Returns:
        Columns `parameters`, `trainable` (those that learn) and `MACs`, index module, last row
        `total`; before it `(between)` where the model computes something outside of its modules.
    """
    from torch.utils.flop_counter import FlopCounterMode

    time = clip_length or model.spec.clip_length
    device = next(iter(model.parameters()), torch.empty(0)).device
    clip = torch.zeros(1, time, 3, *model.spec.image_size, device=device)
    was_training, counter = model.training, FlopCounterMode(display=False)
    model.eval()
    with torch.no_grad(), counter:
        model(clip)
    model.train(was_training)
    counts, root = counter.get_flop_counts(), type(model).__name__
    rows = {}
    for part, module in model.named_children():
        parameters = list(module.parameters())
        rows[part] = {
            "parameters": sum(p.numel() for p in parameters),
            "trainable": sum(p.numel() for p in parameters if p.requires_grad),
            "MACs": _counted(counts, f"{root}.{part}") + _lstm(module, time),
        }
    between = counter.get_total_flops() // 2 - sum(
        _counted(counts, f"{root}.{part}") for part, _ in model.named_children()
    )
    if between > 0:
        rows["(between)"] = {"parameters": 0, "trainable": 0, "MACs": between}
    table = pd.DataFrame.from_dict(rows, orient="index", dtype="int64")
    table.loc["total"] = table.sum() if len(table) else 0
    return table.rename_axis("module").astype("int64")


def _counted(counts: dict, path: str) -> int:
    """MACs of a module, or of what it holds where only that was called. An FMA counts as two."""
    if path in counts:
        return sum(counts[path].values()) // 2
    inside = [name for name in counts if name.startswith(path + ".")]
    outermost = [name for name in inside if name.rsplit(".", 1)[0] not in counts]
    return sum(sum(counts[name].values()) for name in outermost) // 2


def _lstm(module: nn.Module, time: int) -> int:
    """Four gates a step, each from the input and from the state."""
    layers = [m for m in module.modules() if isinstance(m, nn.LSTM)]
    return sum(time * 4 * m.hidden_size * (m.input_size + m.hidden_size) for m in layers)
