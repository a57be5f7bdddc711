"""The control of every map: the same model with randomised weights, flat or as peaked."""

from __future__ import annotations

import copy
from functools import partial

import numpy as np
import torch
from torch import nn

from sticc_lib.config import EvalConfig
from sticc_lib.explain.capture import CaptureError, capture
from sticc_lib.explain.maps import ALPHA
from sticc_lib.explain.seen import at_inference
from sticc_lib.models.base import VideoModel
from sticc_lib.models.pooling import AttentionPool
from sticc_lib.models.sticc import Sticc
from sticc_lib.retrieval.clips import Maps, clips_of, ready
from sticc_lib.tracklets.table import TrackletSet


def randomised(model: VideoModel, seed: int = 0) -> VideoModel:
    """A copy in which what training learned is shuffled: a map that looks alike says nothing.

    The entries of every weight with more than one axis that training changes (memories and Q_ST
    among them) change places within it. CHOICE: shuffled, not drawn anew, so that magnitudes stay.
    The frozen half of the trunk, norms, biases and scales stay. Queries and keys no longer fit
    each other, so attention comes out nearly even; `as_peaked` makes up for that.

    Args:
        model: is left as it is.
        seed: of the shuffling.
    """
    control = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in control.parameters():
            if weight.ndim > 1 and weight.requires_grad:
                order = torch.randperm(weight.numel(), generator=generator).to(weight.device)
                weight.copy_(weight.flatten()[order].view(weight.shape))
    return control


def as_peaked(
    control: VideoModel,
    model: VideoModel,
    data: TrackletSet,
    maps: Maps | None = None,
    tracklets: int = 64,
) -> VideoModel:
    """A copy of a control whose attention is as peaked as the model's, wherever its peaks fall.

    Even attention lies on the person as much as on any place, and would be too weak a control for
    a peaked one. So the layer that makes the attention's scores is multiplied by the one number
    that brings the mean entropy over a frame's tokens to the model's.

    Args:
        control: `randomised(model)`; is left as it is.
        model: whose mean entropy is wanted.
        data, maps: as in `survey`.
        tracklets: of the first this many the entropies are taken.

    Raises:
        CaptureError: a model without scores over tokens.
    """
    logs = [_log_attention(one, data, maps, tracklets) for one in (control, model)]
    wanted, low, high = _entropy(logs[1], 1.0), 0.0, 4096.0
    for _ in range(40):  # entropy falls as the factor rises
        middle = (low + high) / 2
        low, high = (middle, high) if _entropy(logs[0], middle) > wanted else (low, middle)
    peaked = copy.deepcopy(control)
    layer, _ = _scores_of(peaked)
    with torch.no_grad():
        layer.weight.mul_(low)
        layer.bias.mul_(low)
    return peaked


def _scores_of(model: VideoModel) -> tuple[nn.Linear, str]:
    """The layer to which the attention's scores are proportional, and the attention's tap."""
    if isinstance(model, Sticc):
        return model.individual.to_query, ALPHA
    if isinstance(model, AttentionPool):
        return model.score, "weights"
    raise CaptureError(f"{type(model).__name__} has no scores over tokens to sharpen")


def _log_attention(
    model: VideoModel, data: TrackletSet, maps: Maps | None, tracklets: int
) -> torch.Tensor:
    """Logarithm of the attention, to a constant a row: [rows N]."""
    tap = _scores_of(model)[1]
    rows, masks, counts = clips_of(data, model.spec.clip_length, EvalConfig())
    some = slice(int(np.sum(counts[:tracklets])))
    source = data if maps is None else maps
    forward = partial(ready(model, source, rows[some], masks[some]), False)
    with at_inference(model), capture(model) as captured:
        forward()
    value = captured[tap].value[torch.from_numpy(masks[some])]  # [frames ... N]
    return value.flatten(0, -2).double().clamp_min(1e-30).log()


def _entropy(logs: torch.Tensor, factor: float) -> float:
    """Mean nats of softmax(factor * logs)."""
    shares = (factor * logs).log_softmax(-1)
    return float(-(shares.exp() * shares).sum(-1).mean())
