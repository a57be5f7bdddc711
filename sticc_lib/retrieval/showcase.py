"""Which queries to show: the worst, the median and the best, with what each of them found."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sticc_lib.retrieval.distances import Kind
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.ranking import rank, sides
from sticc_lib.retrieval.scores import Scores


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
    parts = [
        rank(embeddings, int(query[number]), k, distance, junk=True).assign(
            query=embeddings.tracklets.index[query[number]], ap=scores.ap[number], group=group
        )
        for group, part in slices.items()
        for number in order[part]
    ]
    if not parts:
        raise ValueError(f"{scores.num_valid} queries with a match: too few to choose among")
    return pd.concat(parts, ignore_index=True)
