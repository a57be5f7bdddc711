"""What decides a run's numbers beside its settings, as its manifest holds it."""

from __future__ import annotations

import contextlib
from typing import Any

from sticc_lib.config import Config
from sticc_lib.tracklets.table import TrackletSet
from sticc_lib.values import Refusal


def facts(config: Config, data: TrackletSet | None = None) -> dict[str, Any]:
    """Data and their fingerprint, the seed, where and in which precision it is computed.

    Args:
        config: of the run.
        data: what it names, where it is loaded already.

    Returns:
        `data` (empty where it cannot be loaded: who needs it will say why), `seeds`, and of the
        `machine` what the config decides: `device`, `dtype` of a training, and `threads`.
    """
    from sticc_lib.experiments.session import load_data  # it needs torch, and a runner none

    held = {}
    with contextlib.suppress(Refusal, OSError):
        data = load_data(config) if data is None else data
        held = {config.data.name: data.fingerprint()}
    return {"data": held, "seeds": [config.seed], "machine": computing(config)}


def computing(config: Config) -> dict[str, Any]:
    """`device`, `dtype` and, where the config says, `threads` of a training here."""
    import torch

    from sticc_lib.models.precision import wants_bf16

    asked = config.device
    if asked == "auto":
        found = torch.accelerator.current_accelerator(check_available=True)
        asked = found.type if found else "cpu"
    bf16 = wants_bf16(config.train.bf16, torch.device(asked))
    threads = {"threads": config.threads} if config.threads else {}
    return {"device": asked, "dtype": "bfloat16" if bf16 else "float32", **threads}
