"""Whether to compute in bf16: where the hardware has units for it, or where somebody insists."""

from __future__ import annotations

from typing import Literal

import torch

Bf16 = Literal["auto", "on", "off"]


def wants_bf16(choice: Bf16, device: torch.device) -> bool:
    """Whether to autocast: bf16 pays on GPUs and on cores that compute in it, not elsewhere.

    Args:
        choice: `on` and `off` are followed; `auto` asks the hardware.
        device: where the model is.
    """
    if choice != "auto":
        return choice == "on"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if device.type == "cpu":
        return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())
    return False
