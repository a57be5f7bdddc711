"""V8: a query beside what it is held against, block by block and frame by frame."""

from __future__ import annotations

import functools
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from sticc_lib.explain.look import Look, look
from sticc_lib.explain.pairs import Pair, pair, swap_effect
from sticc_lib.figures import pairs as figures
from sticc_lib.models.base import VideoModel
from sticc_lib.retrieval import showcase
from sticc_lib.retrieval.distances import Kind
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.scores import Scores
from sticc_lib.tracklets.sampling import Policy
from sticc_lib.tracklets.table import TrackletSet
from sticc_lib.views.base import View
from sticc_lib.views.controls import Choice, Control, Slide, State
from sticc_lib.views.kept import Kept
from sticc_lib.views.retrieval import query_options

RANKS = 10


def pair_inspector(
    model: VideoModel,
    data: TrackletSet,
    embeddings: Embeddings,
    scores: Scores,
    whose: str,
    distance: Kind = "cosine",
    policy: Policy = "all_frames",
    **state: Any,
) -> View:
    """V8: what sets a query apart from a tracklet that came up for it.

    Args:
        model: with taps; looks at the tracklets as they are chosen.
        data: the split they are in.
        embeddings: of it, by this model.
        scores: of `evaluate` on them.
        whose: the model in words, checkpoint included.
        distance: how vectors are compared.
        policy: how a tracklet is cut into clips.
        state: where to start: `query` (a tracklet), `against` (0: its nearest match and its
            nearest other person; n: its rank n), `clip` and `other` (of the second).
    """

    @functools.cache
    def seen(tracklet: int) -> Look:
        return look(model, data, tracklet, whose, policy)

    @functools.cache
    def held(query: int, against: int) -> dict[str, Pair]:
        if against:
            others = _at_rank(showcase.one(embeddings, scores, query, RANKS, distance), against)
        else:
            others = showcase.rivals(embeddings, query, distance)
        return {name: pair(seen(query), seen(other)) for name, other in others.items()}

    def swap(query: int, against: int, clip: int, other: int) -> dict[str, Any]:
        pairs = held(query, against)
        return {n: swap_effect(model, p.first, p.second, clip, other) for n, p in pairs.items()}

    swaps = Kept(swap, ("query", "against", "clip", "other"), "swapping frames …")

    def draw(**state: Any) -> Figure:
        pairs = held(state["query"], state["against"])
        return figures.inspect(pairs, swaps(state), state["clip"], state["other"])

    def clips(state: State) -> int:
        return len(seen(state["query"])) - 1

    def others(state: State) -> int:
        return min(len(p.second) for p in held(state["query"], state["against"]).values()) - 1

    ranks = {f"rank {rank}": rank for rank in range(1, RANKS + 1)}
    controls: list[Control] = [
        Choice("query", "query", query_options(showcase.queries(embeddings, scores))),
        Choice("against", "against", {"nearest match, nearest other person": 0, **ranks}),
        Slide("clip", "clip", clips),
        Slide("other", "clip of the other", others),
    ]
    return View(draw, controls, state, swaps.busy)


def _at_rank(ranked: pd.DataFrame, rank: int) -> dict[str, int]:
    """The tracklet at a rank (from 1), under words that say whether it is the same person."""
    rows = ranked.set_index("rank")
    if rank not in rows.index:
        raise ValueError(f"rank {rank}: only {rows.index.max()} are ranked")
    row = rows.loc[rank]
    return {f"rank {rank}, {row['mark']}": int(row["tracklet"])}
