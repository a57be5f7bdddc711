"""V6 and V7: all embeddings on a map, and what one query finds, with controls."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sticc_lib.explain import projection
from sticc_lib.figures import gallery
from sticc_lib.figures import projection as figures
from sticc_lib.figures.parts import who
from sticc_lib.retrieval import showcase
from sticc_lib.retrieval.distances import Kind
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.scores import Scores
from sticc_lib.tracklets.table import TrackletSet
from sticc_lib.views.base import View
from sticc_lib.views.controls import Choice, Control, Slide, Span, State
from sticc_lib.views.kept import Kept
from sticc_lib.views.picker import Pick

ALL = "all"


def embedding_map(
    embeddings: Embeddings,
    blocks: Mapping[str, slice],
    whose: str,
    data: TrackletSet | None = None,
    scores: Scores | None = None,
    distance: Kind = "cosine",
    **state: Any,
) -> View:
    """V6: the embeddings in a plane, by person and by another column; a box shows who is in it.

    Args:
        embeddings: of one split.
        blocks: name -> part of the vector, such as `model.blocks`.
        whose: the model in words, checkpoint included.
        data: the set, to show frames of what is in the box.
        scores: of `evaluate` on them; adds the column `correct` (is the nearest right?).
        distance: how vectors are compared.
        state: where to start: `method`, `block`, `column`, `perplexity`, `seed`; `across` and
            `up`, the sides of the box as shares of the map (0 to 1: no box).
    """
    table = _with_correct(embeddings, scores)
    parts = {"whole": slice(None), **blocks}

    def project(method: Any, block: str, perplexity: float, seed: int) -> projection.Projection:
        return projection.project(embeddings.values[:, parts[block]], method, seed, perplexity)

    planes = Kept(project, ("method", "block", "perplexity", "seed"), "laying out the map …")
    purity = projection.purity_table(embeddings, blocks, distance=distance)

    def draw(block: str, column: str, across: Any, up: Any, **rest: Any) -> Figure:
        plane = planes({"block": block, **rest})
        mark = _box(plane.xy, across, up)
        return figures.embedding_map(plane, table, whose, block, column, mark, data, purity)

    def by_chance(state: State) -> bool:
        return state["method"] == "tsne"

    widest = min(60, max(5, 5 * ((len(embeddings) - 1) // 15)))  # of a third of the points
    columns = [c for c in ("camera", "occlusion", "split", "visit", "correct") if c in table]
    columns = [c for c in columns if table[c].nunique() > 1] or ["camera"]
    controls: list[Control] = [
        Choice("method", "laid out by", {"PCA": "pca", "t-SNE": "tsne"}),
        Choice("block", "part", {"the whole embedding": "whole"} | {n: n for n in blocks}),
        Choice("column", "right half by", {name: name for name in columns}),
        Slide(
            "perplexity", "perplexity", widest, 5, 5, live=False, help="Of t-SNE", when=by_chance
        ),
        Slide("seed", "seed", 4, live=False, help="Of t-SNE", when=by_chance),
        Span("across", "box, across", "Left and right side, as shares of the map"),
        Span("up", "box, upwards", "Lower and upper side, as shares of the map"),
    ]
    return View(draw, controls, {"perplexity": min(30, widest), **state}, planes.busy)


def _with_correct(embeddings: Embeddings, scores: Scores | None) -> pd.DataFrame:
    table = embeddings.tracklets
    if scores is None:
        return table
    right = pd.Series(scores.first_hit == 1, index=embeddings.queries.index)
    return table.assign(correct=right.map({True: "yes", False: "no"}))  # by tracklet


def _box(xy: np.ndarray, across: Any, up: Any) -> figures.Box | None:
    """Shares of the map's extent -> its units; no box where all is inside."""
    if (*across, *up) == (0, 1, 0, 1):
        return None
    low, size = xy.min(0), np.ptp(xy, axis=0)
    x, y = (low[axis] + size[axis] * np.array(side) for axis, side in enumerate((across, up)))
    return (float(x[0]), float(x[1]), float(y[0]), float(y[1]))


def ranked_gallery(
    data: TrackletSet,
    embeddings: Embeddings,
    scores: Scores,
    distance: Kind = "cosine",
    opens: View | None = None,
    **state: Any,
) -> View:
    """V7: what one query finds, worst query first.

    Args:
        data: where pixels come from.
        embeddings: of one split of it.
        scores: of `evaluate` on them.
        distance: how vectors are compared.
        opens: a pair inspector (V8) that follows the entry that is picked.
        state: where to start: `camera`, `query` (a tracklet), `shown`, `rank` (0: none is
            picked, and the pair inspector shows the nearest match and the nearest other).
    """
    listed, where = showcase.queries(embeddings, scores), data.frame_positions()

    @functools.cache
    def ranked(query: int, shown: int) -> pd.DataFrame:
        return showcase.one(embeddings, scores, query, shown, distance)

    @functools.cache
    def options(camera: Any) -> dict[str, int]:
        return query_options(listed, camera)

    def draw(camera: Any, query: int, shown: int, rank: int) -> Figure:
        return gallery.ranked_gallery(data, ranked(query, shown), picked=rank)

    def listed_ranks(state: State) -> pd.Series:
        found = ranked(state["query"], state["shown"])
        return found.loc[found["rank"].notna(), "tracklet"]

    def entries(state: State) -> np.ndarray:
        """The middle frame of each ranked entry, side by side."""
        middle = [where[int(t)][len(where[int(t)]) // 2] for t in listed_ranks(state)]
        return np.concatenate(list(data.read(np.array(middle), (96, 48))), axis=2)

    cameras = sorted(listed["camera"].dropna().unique().tolist())
    controls: list[Control] = [
        Choice("camera", "camera", {"all": ALL, **{str(c): c for c in cameras}}),
        Choice("query", "query", lambda state: options(state["camera"])),
        Slide("shown", "ranks shown", 10, 3),
        Slide("rank", "rank to inspect", lambda state: len(listed_ranks(state)), help="0: none"),
        Pick(
            entries, lambda state: (1, len(listed_ranks(state))), "Pick an entry", "", "rank", 1, 48
        ),
    ]
    view = View(draw, controls, {"shown": 6, **state})
    if opens is not None:
        view.link(opens, lambda state: {"query": state["query"], "against": state["rank"]})
    return view


def query_options(listed: pd.DataFrame, camera: Any = ALL) -> dict[str, int]:
    """Text -> tracklet of the queries of `showcase.queries`, worst first."""
    some = listed if camera == ALL else listed[listed["camera"] == camera]
    return {
        f"AP {row['ap']:.2f}: tracklet {row['query']}, {who(row)}": int(row["query"])
        for _, row in some.iterrows()
    }
