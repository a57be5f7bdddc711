"""Which queries to show, worst first or a few of each kind, with what each of them found."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sticc_lib.retrieval.distances import Kind
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.ranking import rank, sides
from sticc_lib.retrieval.scores import Scores


def queries(embeddings: Embeddings, scores: Scores) -> pd.DataFrame:
    """The queries to pick from, worst first.

    Args:
        embeddings: of one split.
        scores: of `evaluate` on them; queries without a match are passed over.

    Returns:
        A row a query: `query` (its tracklet), `person`, `camera`, `ap`; `visit` where there is one.
    """
    row = sides(embeddings)[0]
    order = np.argsort(scores.ap, kind="stable")[: scores.num_valid]  # NaN is sorted last
    table = embeddings.tracklets.iloc[row[order]]
    told = [name for name in ("person", "camera", "visit") if name in table]
    return table[told].assign(ap=scores.ap[order]).rename_axis("query").reset_index()


def one(
    embeddings: Embeddings, scores: Scores, query: int, k: int = 8, distance: Kind = "cosine"
) -> pd.DataFrame:
    """The ranked gallery of one query, as `figures.gallery.ranked_gallery` draws it.

    Args:
        embeddings: of one split.
        scores: of `evaluate` on them.
        query: its tracklet.
        k: ranks to show; what the rule removes is listed among them.
        distance: how embeddings are compared.

    Returns:
        The rows of `rank`, with `query` (its tracklet) and its `ap`, NaN without a match.

    Raises:
        ValueError: the tracklet is no query of this split.
    """
    row = sides(embeddings)[0]
    place = np.flatnonzero(embeddings.tracklets.index[row] == query)
    if len(place) != 1:
        raise ValueError(f"tracklet {query} is no query here; queries() lists all {len(row)}")
    found = rank(embeddings, int(row[place[0]]), k, distance, junk=True)
    return found.assign(query=query, ap=scores.ap[place[0]])


def rivals(embeddings: Embeddings, query: int, distance: Kind = "cosine") -> dict[str, int]:
    """The tracklets to hold a query against: its nearest match and its nearest other person.

    Returns:
        `true` and `false` -> tracklet, as far as the rule leaves one to rank.

    Raises:
        ValueError: no such tracklet.
    """
    place = np.flatnonzero(embeddings.tracklets.index == query)
    if len(place) != 1:
        raise ValueError(f"tracklet {query} is not among these {len(embeddings)}")
    ranked = rank(embeddings, int(place[0]), len(embeddings), distance)
    nearest = ranked.groupby("mark")["tracklet"].first()
    return {mark: int(nearest[mark]) for mark in ("true", "false") if mark in nearest}


def extremes(
    embeddings: Embeddings, scores: Scores, k: int = 8, each: int = 2, distance: Kind = "cosine"
) -> pd.DataFrame:
    """Ranked galleries of the worst, the median and the best queries by AP.

    Args:
        embeddings: of one split.
        scores: of `evaluate` on them; queries without a match are passed over.
        k: ranks to show; what the rule removes is listed among them.
        each: queries of each group, fewer where there are not enough.
        distance: how embeddings are compared.

    Returns:
        The rows of `rank`, with `query` (its tracklet), its `ap`, and `group` (worst, median,
        best).

    Raises:
        ValueError: fewer than three queries have a match.
    """
    query = sides(embeddings)[0]
    order = np.argsort(scores.ap, kind="stable")[: scores.num_valid]  # NaN is sorted last
    each = min(each, len(order) // 3)
    middle = (len(order) - each) // 2
    slices = {"worst": slice(each), "median": slice(middle, middle + each),
              "best": slice(len(order) - each, None)}  # fmt: skip
    numbers = embeddings.tracklets.index
    parts = [
        one(embeddings, scores, int(numbers[query[number]]), k, distance).assign(group=group)
        for group, part in slices.items()
        for number in order[part]
    ]
    if not parts:
        raise ValueError(f"{scores.num_valid} queries with a match: too few to choose among")
    return pd.concat(parts, ignore_index=True)
