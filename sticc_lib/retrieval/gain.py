"""What re-ranking gains, and what it costs: scores before and after, with the seconds of both."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pandas as pd

from sticc_lib.retrieval.distances import Kind
from sticc_lib.retrieval.ranking import evaluate
from sticc_lib.retrieval.rerank import rerank

if TYPE_CHECKING:
    from sticc_lib.retrieval.embeddings import Embeddings


def rerank_gain(embeddings: Embeddings, distance: Kind = "cosine") -> pd.DataFrame:
    """Scores a set by its rule twice: as it is, and re-ranked by k-reciprocal neighbours.

    Re-ranking is transductive: it looks at all queries and the whole gallery together, where a
    plain ranking looks at one query. The two rows do not answer the same question.

    Args:
        embeddings: of one split.
        distance: `cosine` or `euclidean`.

    Returns:
        Rows `as it is` and `re-ranked`; columns `mAP`, `rank1`, and `seconds`, wall time of
        distances and scoring, the embedding itself not among it.

    Raises:
        ValueError: as in `ranking.evaluate`.
    """
    few = embeddings.values[:2]
    rerank(few, few, distance)  # what is loaded at the first call is not its cost
    rows = {}
    for name, mended in (("as it is", False), ("re-ranked", True)):
        start = time.perf_counter()
        scores = evaluate(embeddings, distance, rerank=mended)
        rows[name] = (scores.mAP, scores.rank1, time.perf_counter() - start)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mAP", "rank1", "seconds"])
