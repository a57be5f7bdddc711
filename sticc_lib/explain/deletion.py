"""Deletion and insertion: do the tokens a map calls heavy carry the embedding?

The curves of RISE (arXiv 1806.07421), on the cosine of embeddings instead of a class score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sticc_lib.explain.again import Again, Fill, cosines, filled
from sticc_lib.explain.look import Look
from sticc_lib.models.base import VideoModel
from sticc_lib.run import bar

RANDOM = "random order"


@dataclass(frozen=True)
class Deletion:
    """Curves of a clip and the areas under them.

    Attributes:
        curves: a row a map, kind (deletion, insertion) and share of the tokens: `map`, `kind`,
            `share`, `similarity` (cosine with the untouched clip's embedding) and `sd` (over the
            draws of the random order; 0 for a map).
        areas: a row a map: `deletion` and `insertion`, areas under the curves (deletion: small
            where the map's heavy tokens carry the embedding; insertion: large), each with its sd
            over draws, and `gain`: insertion minus deletion, minus the same of random order.
        how: steps, fill and draws, in words.
    """

    curves: pd.DataFrame
    areas: pd.DataFrame
    how: str


def deletion_insertion(
    model: VideoModel,
    look: Look,
    clip: int,
    weights: dict[str, np.ndarray],
    fill: Fill = "mean",
    steps: int = 8,
    draws: int = 5,
    seed: int = 0,
    progress: bool = True,
) -> Deletion:
    """Takes tokens away, heaviest first, and puts them into an empty clip in the same order.

    A token is its cell of pixels; cells of all real frames are in one order.

    Args:
        model: the one the look was taken of.
        look: the tracklet.
        clip: which of its clips.
        weights: name -> map [T, N].
        fill: what stands in for a cell, as in `again.filled`; a blur's sigma is a cell's side.
        steps: parts in which the tokens go.
        draws: random orders.
        seed: of the random orders and of noise.
        progress: show a bar.

    Raises:
        ValueError: no such clip, fewer than one step or draw, or a map of another shape.
        CaptureError: another model than that of the look.
    """
    again = Again(model, look, clip)
    real = np.flatnonzero(np.repeat(again.mask, look.grid[0] * look.grid[1]))
    shape = (len(again.mask), look.grid[0] * look.grid[1])
    wrong = [f"{name} {w.shape}" for name, w in weights.items() if w.shape != shape]
    if wrong or steps < 1 or draws < 1:
        raise ValueError(
            f"expected maps {shape}, and at least one step and one draw; got {steps} steps, "
            f"{draws} draws{''.join(f', {w}' for w in wrong)}"
        )
    rng = np.random.default_rng(seed)
    heaviest = {n: np.argsort(-w.ravel()[real], kind="stable") for n, w in weights.items()}
    orders = [(name, real[order]) for name, order in heaviest.items()]
    orders += [(RANDOM, rng.permutation(real)) for _ in range(draws)]
    empty = filled(again.frames, fill, again.frames.shape[2] / look.grid[0], seed)
    points, areas = [], []
    for name, order in bar(progress, iterable=orders, desc="orders", unit="order"):
        for kind in ("deletion", "insertion"):
            found = _curve(again, order, empty, look.grid, steps, kind == "insertion")
            points += [(name, kind, step / steps, cosine) for step, cosine in enumerate(found)]
            areas.append((name, kind, (found[1:] + found[:-1]).mean() / 2))  # trapezoids
    columns = ["map", "kind", "share", "similarity"]
    return Deletion(
        curves=_mean(pd.DataFrame(points, columns=columns), columns[:3], "similarity"),
        areas=_areas(pd.DataFrame(areas, columns=["map", "kind", "area"])),
        how=f"{steps} steps, filled with {fill}, {draws} random orders",
    )


def _curve(
    again: Again,
    order: np.ndarray,
    empty: np.ndarray,
    grid: tuple[int, int],
    steps: int,
    insert: bool,
) -> np.ndarray:
    """Cosines with the original after each step, [steps + 1]."""
    frames, height = again.frames, again.frames.shape[2]
    cell = (height // grid[0], frames.shape[3] // grid[1])
    made = []
    for step in range(steps + 1):
        chosen = np.zeros(len(frames) * grid[0] * grid[1], bool)
        chosen[order[: round(len(order) * step / steps)]] = True
        pixels = chosen.reshape(-1, 1, *grid).repeat(cell[0], axis=2).repeat(cell[1], axis=3)
        made.append(np.where(pixels == insert, frames, empty))
    features = again.features(np.concatenate(made))
    return cosines(again.embed(features.unflatten(0, (steps + 1, -1))), again.original)


def _mean(each: pd.DataFrame, by: list[str], value: str) -> pd.DataFrame:
    """Mean and spread (`sd`, ddof 0) of a value over draws."""
    groups = each.groupby(by, sort=False)[value]
    return pd.DataFrame({value: groups.mean(), "sd": groups.std(ddof=0)}).reset_index()


def _areas(each: pd.DataFrame) -> pd.DataFrame:
    found = _mean(each, ["map", "kind"], "area").pivot(index="map", columns="kind")
    table = pd.DataFrame(
        {"deletion": found["area", "deletion"], "deletion sd": found["sd", "deletion"],
         "insertion": found["area", "insertion"], "insertion sd": found["sd", "insertion"]}
    ).loc[each["map"].unique()]  # fmt: skip
    gap = table["insertion"] - table["deletion"]
    return table.assign(gain=gap - gap[RANDOM])
