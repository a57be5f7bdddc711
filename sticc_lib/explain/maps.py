"""Derived maps: how much of an embedding comes from which token, item and frame.

All are products of attention weights, heads averaged first. They trace weights only: values,
output projections and feed-forwards come after, so none of them is a cause (see `causes.py`).
"""

from __future__ import annotations

import numpy as np

from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.look import Look

ALPHA, RHO, PI = "individual.alpha", "individual.rho", "detail.pi"
A, BETA, B, GAMMA = "abstraction.a", "abstraction.beta", "abstraction.b", "abstraction.gamma"


def attention(look: Look) -> np.ndarray:
    """alpha, mean over heads: [K T S N], each slot's sums to 1 over a frame's N tokens."""
    return look.map(ALPHA).mean(2)


def relevance(look: Look) -> np.ndarray:
    """rho, mean over heads: [K T S], sums to 1 over a clip's T frames."""
    return look.map(RHO).mean(2)


def slot_weights(look: Look) -> np.ndarray:
    """w_RG before its sum over slots: pi[s] rho[t,s] alpha[t,s,i], [K T S N].

    With `rg_pool=concat` there is no pi: each slot has its own part of the vector, and counts 1/S.
    """
    alpha, rho = attention(look), relevance(look)
    slots = alpha.shape[2]
    even = np.full((len(look), slots), 1 / slots, np.float32)
    pi = look.map(PI) if PI in look.maps else even
    return pi[:, None, :, None] * rho[..., None] * alpha


def memory_weights(look: Look, half: str = "temporal") -> np.ndarray:
    """w_MG = gamma[t] sum_s beta[t,s] alpha[t,s,i], [K T N]; sums to 1 over a clip.

    Args:
        look: of a model with M4.
        half: `temporal` (what r_tm is made of) or `spatial` (r_sp: all valid frames alike).

    Without a spatial memory of slot patterns (off, or subtract) all slots count alike; without a
    temporal one all frames do.
    """
    alpha = attention(look)
    beta = look.map(BETA) if BETA in look.maps else np.full(alpha.shape[:3], 1 / alpha.shape[2])
    even = look.mask / look.mask.sum(1, keepdims=True)
    gamma = look.map(GAMMA) if half == "temporal" and GAMMA in look.maps else even
    return np.einsum("kt,kts,ktsn->ktn", gamma, beta, alpha).astype(np.float32)


def token_weights(look: Look) -> dict[str, np.ndarray]:
    """Every map that says how much of the embedding comes from which token: [K T N], sums to 1.

    For STICC: `w_RG`, and `w_MG` of both memories as far as the decoders are there. For any other
    model each of its maps with a frame and a token axis that feeds the embedding, other axes
    averaged, under the tap's own name.

    Raises:
        CaptureError: no map of the model has both axes.
    """
    if ALPHA in look.maps:
        found = {"w_RG": slot_weights(look).sum(2)} if "RV_FG" in look.blocks else {}
        if "r_sp" in look.blocks:
            found["w_MG spatial"] = memory_weights(look, "spatial")
        if "r_tm" in look.blocks:
            found["w_MG"] = memory_weights(look)
        return found
    found = {}
    for tap, axes in look.axes.items():
        if tap in look.idle or not {"clip", "frame", "token"} <= set(axes):
            continue
        rest = tuple(i for i, a in enumerate(axes) if a not in ("clip", "frame", "token"))
        weight = look.map(tap).mean(rest) * look.mask[..., None]
        total = weight.sum((1, 2), keepdims=True)
        found[tap] = weight / np.where(total > 0, total, 1)
    if not found:
        raise CaptureError(f"{look.whose}: no map over frames and tokens that feeds the embedding")
    return found


def uniform(look: Look) -> np.ndarray:
    """What every token of the valid frames would get from a model that looks everywhere alike."""
    tokens = look.grid[0] * look.grid[1]
    even = look.mask / look.mask.sum(1, keepdims=True)
    return np.repeat((even / tokens)[..., None], tokens, axis=2).astype(np.float32)


def overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """1 minus the total variation of two maps [K T N] that each sum to 1: [K], 1 where equal."""
    return 1 - np.abs(first - second).sum((1, 2)) / 2


def entropy(weights: np.ndarray) -> np.ndarray:
    """Nats, over the last axis: 0 for one place, ln N for all alike."""
    safe = np.maximum(weights, 1e-12)
    return -(weights * np.log(safe)).sum(-1)


def picture(look: Look, weights: np.ndarray) -> np.ndarray:
    """[..., N] to [..., h, w]."""
    return weights.reshape(*weights.shape[:-1], *look.grid)
