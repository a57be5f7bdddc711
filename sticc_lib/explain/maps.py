"""Derived maps: how much of an embedding comes from which token, item and frame.

All are products of attention weights, heads averaged first. They trace weights only: values,
output projections and feed-forwards come after, so none of them is a cause (see `sensitivity.py`,
`deletion.py` and `importance.py`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.seen import Seen
from sticc_lib.tracklets.walkers import LABELS

ALPHA, RHO, PI = "individual.alpha", "individual.rho", "detail.pi"
A, BETA, B, GAMMA = "abstraction.a", "abstraction.beta", "abstraction.b", "abstraction.gamma"


def attention(seen: Seen) -> np.ndarray:
    """alpha, mean over heads: [K T S N], each slot's sums to 1 over a frame's N tokens."""
    return seen.map(ALPHA).mean(2)


def relevance(seen: Seen) -> np.ndarray:
    """rho, mean over heads: [K T S], sums to 1 over a clip's T frames."""
    return seen.map(RHO).mean(2)


def slot_weights(seen: Seen) -> np.ndarray:
    """w_RG before its sum over slots: pi[s] rho[t,s] alpha[t,s,i], [K T S N].

    With `rg_pool=concat` there is no pi: each slot has its own part of the vector, and counts 1/S.
    """
    alpha, rho = attention(seen), relevance(seen)
    slots = alpha.shape[2]
    even = np.full((len(seen), slots), 1 / slots, np.float32)
    pi = seen.map(PI) if PI in seen.maps else even
    return pi[:, None, :, None] * rho[..., None] * alpha


def memory_weights(seen: Seen, half: str = "temporal") -> np.ndarray:
    """w_MG = gamma[t] sum_s beta[t,s] alpha[t,s,i], [K T N]; sums to 1 over a clip.

    Args:
        seen: of a model with M4.
        half: `temporal` (what r_tm is made of) or `spatial` (r_sp: all valid frames alike).

    Without a spatial memory of slot patterns (off, or subtract) all slots count alike; without a
    temporal one all frames do.
    """
    alpha = attention(seen)
    beta = seen.map(BETA) if BETA in seen.maps else np.full(alpha.shape[:3], 1 / alpha.shape[2])
    even = seen.mask / seen.mask.sum(1, keepdims=True)
    gamma = seen.map(GAMMA) if half == "temporal" and GAMMA in seen.maps else even
    return np.einsum("kt,kts,ktsn->ktn", gamma, beta, alpha).astype(np.float32)


def token_weights(seen: Seen) -> dict[str, np.ndarray]:
    """Every map that says how much of the embedding comes from which token: [K T N], sums to 1.

    For STICC: `w_RG`, and `w_MG` of both memories as far as the decoders are there. For any other
    model each of its maps with a frame and a token axis that feeds the embedding, other axes
    averaged, under the tap's own name. A map finer than the grid is summed over each token's cell,
    a map over stripes of the frame is spread evenly over each stripe's tokens.

    Raises:
        CaptureError: no map of the model has both axes; names the maps that it has.
    """
    if ALPHA in seen.maps:
        found = {"w_RG": slot_weights(seen).sum(2)} if "RV_FG" in seen.blocks else {}
        if "r_sp" in seen.blocks:
            found["w_MG spatial"] = memory_weights(seen, "spatial")
        if "r_tm" in seen.blocks:
            found["w_MG"] = memory_weights(seen)
        return found
    found = {}
    for tap, axes in seen.axes.items():
        place = next((axis for axis in axes if axis in ("token", "stripe")), None)
        if tap in seen.idle or place is None or not {"clip", "frame"} <= set(axes):
            continue
        rest = tuple(i for i, a in enumerate(axes) if a not in ("clip", "frame", place))
        onto = _on_grid if place == "token" else _over_stripes
        weight = onto(seen.map(tap).mean(rest), seen.grid)
        if weight is None:
            continue
        weight = weight * seen.mask[..., None]
        total = weight.sum((1, 2), keepdims=True)
        found[tap] = weight / np.where(total > 0, total, 1)
    if not found:
        has = "; ".join(f"{tap} over {', '.join(axes)}" for tap, axes in seen.axes.items())
        raise CaptureError(
            f"{seen.whose}: no map over frames and tokens that feeds the embedding; it has {has}"
        )
    return found


def _on_grid(weights: np.ndarray, grid: tuple[int, int]) -> np.ndarray | None:
    """[K T n] -> [K T N], sums over the cells of a coarser grid; None if they do not fit it."""
    side = round((weights.shape[-1] / (grid[0] * grid[1])) ** 0.5)
    if side < 1 or side**2 * grid[0] * grid[1] != weights.shape[-1]:
        return None
    cells = weights.reshape(*weights.shape[:-1], grid[0], side, grid[1], side).sum((-3, -1))
    return cells.reshape(*weights.shape[:-1], -1)


def _over_stripes(weights: np.ndarray, grid: tuple[int, int]) -> np.ndarray | None:
    """[K T stripes] -> [K T N], stripes of equal height; None if they do not divide the rows."""
    stripes = weights.shape[-1]
    if grid[0] % stripes:
        return None
    tokens = grid[0] * grid[1] // stripes
    return np.repeat(weights / tokens, tokens, axis=-1)


def uniform(seen: Seen) -> np.ndarray:
    """What every token of the valid frames would get from a model that looks everywhere alike."""
    tokens = seen.grid[0] * seen.grid[1]
    even = seen.mask / seen.mask.sum(1, keepdims=True)
    return np.repeat((even / tokens)[..., None], tokens, axis=2).astype(np.float32)


def overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """1 minus the total variation of two maps [K T N] that each sum to 1: [K], 1 where equal."""
    return 1 - np.abs(first - second).sum((1, 2)) / 2


def entropy(weights: np.ndarray) -> np.ndarray:
    """Nats, over the last axis: 0 for one place, ln N for all alike."""
    safe = np.maximum(weights, 1e-12)
    return -(weights * np.log(safe)).sum(-1)


def picture(seen: Seen, weights: np.ndarray) -> np.ndarray:
    """[..., N] to [..., h, w]."""
    return weights.reshape(*weights.shape[:-1], *seen.grid)


def label_cells(labels: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Share of each token's cell that bears each label of `walkers.LABELS`: [... H W] to [... L N].

    Raises:
        ValueError: a grid that does not divide the label maps.
    """
    height, width = labels.shape[-2:]
    if height % grid[0] or width % grid[1]:
        raise ValueError(f"label maps of {height}x{width} do not divide into {grid[0]}x{grid[1]}")
    split = labels.reshape(*labels.shape[:-2], grid[0], height // grid[0], grid[1], -1)
    shares = [(split == value).mean((-3, -1)) for value in LABELS.values()]  # each [..., h w]
    stacked = np.stack(shares, -3).astype(np.float32)
    return stacked.reshape(*stacked.shape[:-2], -1)


def spearman(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Rank correlation over the last axis, ties sharing their mean rank; NaN where one is flat."""
    shape = np.broadcast_shapes(first.shape, second.shape)
    ranks = []
    for values in (first, second):
        flat = np.broadcast_to(values, shape).reshape(-1, shape[-1])
        rank = pd.DataFrame(flat).rank(axis=1).to_numpy()
        ranks.append(rank - rank.mean(1, keepdims=True))
    norm = np.sqrt((ranks[0] ** 2).sum(1) * (ranks[1] ** 2).sum(1))
    product = (ranks[0] * ranks[1]).sum(1)
    found = np.divide(product, norm, out=np.full(len(norm), np.nan), where=norm > 0)
    return found.reshape(shape[:-1])
