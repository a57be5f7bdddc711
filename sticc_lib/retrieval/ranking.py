"""From distances or features to CMC, mAP and mINP under a set's rule, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sticc_lib.retrieval.distances import Kind, comparer, distances
from sticc_lib.retrieval.hits import Labels, Matcher, ranks
from sticc_lib.retrieval.rerank import rerank_among
from sticc_lib.retrieval.scores import Scores, summarise

if TYPE_CHECKING:
    from sticc_lib.retrieval.embeddings import Embeddings

__all__ = ["Scores", "distances", "evaluate", "rank", "score", "sides"]

RERANKED = "re-ranked by k-reciprocal neighbours, over all queries and the gallery at once"
_BLOCK_BYTES = 4 << 20  # of distances looked at together: stays in a core's cache
_CHUNK_BYTES = 128 << 20  # of distances that exist at once: 32 queries against a million


def score(
    distances: Any,
    query_person: Sequence[int] | np.ndarray,
    gallery_person: Sequence[int] | np.ndarray,
    query_camera: Any = None,
    gallery_camera: Any = None,
    query_tracklet: Any = None,
    gallery_tracklet: Any = None,
    *,
    query_visit: Any = None,
    gallery_visit: Any = None,
    trapezoid: bool = False,
) -> Scores:
    """Scores a distance matrix. Ties are stable: the earlier gallery column goes first.

    Args:
        distances: real [Q, G], smaller is nearer. No NaN.
        query_person: int [Q].
        gallery_person: int [G]. -1 is never ranked; 0 is a distractor, false for all because no
            query bears it (a set's check refuses such queries).
        query_camera: [Q] of any type, NA allowed. With cameras, a gallery row of the query's
            person and camera is removed; a row without a camera is not touched by that rule.
        gallery_camera: [G].
        query_tracklet: [Q]; with tracklets, a tracklet never ranks itself.
        gallery_tracklet: [G].
        query_visit: [Q]; with visits, the query's own visit is removed.
        gallery_visit: [G].
        trapezoid: AP as MARS's own code has it, the mean of the precisions before and at each
            hit. CHOICE: averaged over valid queries too; that code divides by all, which is the
            same wherever every query has a match (MARS with queries in the gallery).

    Raises:
        ValueError: NaN among the distances (names the row), shapes or lengths that do not fit.
    """
    matrix = np.asarray(distances)
    if matrix.ndim != 2 or matrix.dtype.kind not in "fiub":
        raise ValueError(f"distances: expected real [Q, G], got {matrix.dtype} {matrix.shape}")
    matcher = Matcher(
        Labels(np.asarray(query_person), query_camera, query_tracklet, query_visit),
        Labels(np.asarray(gallery_person), gallery_camera, gallery_tracklet, gallery_visit),
    )
    expected = (len(query_person), len(gallery_person))
    if matrix.shape != expected:
        raise ValueError(f"distances: expected [Q, G] = {expected} as labelled, got {matrix.shape}")
    return _score(iter([matrix]), matcher, trapezoid)


def _score(
    blocks: Iterator[np.ndarray], matcher: Matcher, trapezoid: bool, rule: str = ""
) -> Scores:
    """Scores distances that arrive as consecutive blocks of rows."""
    total = len(matcher.person)
    if total == 0:
        raise ValueError("no queries: expected at least one row of distances")
    ap, inp, first_hit = (np.full(total, np.nan) for _ in range(3))
    start = 0
    for block in blocks:
        step = max(1, _BLOCK_BYTES // max(1, block.shape[1] * block.itemsize))
        for low in range(0, len(block), step):
            part = _ranked_part(block[low : low + step], matcher.ranked, start + low)
            rows = slice(start + low, start + low + len(part))
            query, number, rank = ranks(part, *matcher.pairs(rows))
            last = np.diff(query, append=-1) != 0
            valid, count = rows.start + query[last], number[last]
            precision = number / rank
            if trapezoid:
                earlier = np.where(rank > 1, (number - 1) / np.maximum(rank - 1, 1), 1.0)
                precision = (precision + earlier) / 2
            sums = np.bincount(query, weights=precision, minlength=len(part))
            ap[valid] = sums[query[last]] / count
            inp[valid] = count / rank[last]
            first_hit[valid] = rank[number == 1]
        start += len(block)
        del block, part  # the next block is made before these names would change
    return summarise(ap, inp, first_hit, rule)


def _ranked_part(part: np.ndarray, ranked: np.ndarray, start: int) -> np.ndarray:
    """Rows as floats, without columns that are never ranked; refuses NaN."""
    if part.dtype.kind != "f":
        part = part.astype(np.float64)
    elif part.dtype == np.float16:
        part = part.astype(np.float32)  # exact, and quicker to sort
    if part.size:
        bad = np.isnan(part.min(axis=1))
        if bad.any():
            row = int(np.argmax(bad))
            column = int(np.argmax(np.isnan(part[row])))
            raise ValueError(
                f"distances: NaN at row {start + row}, column {column}; expected numbers. Look for "
                "NaN in the embeddings of that query or gallery row"
            )
    return part if len(ranked) == part.shape[1] else part[:, ranked]


def evaluate(
    embeddings: Embeddings,
    distance: Kind = "cosine",
    trapezoid: bool = False,
    chunk: int = 256,
    rerank: bool = False,
) -> Scores:
    """Scores embeddings under their set's rule; few rows of distances exist at once.

    Args:
        embeddings: of one split. Queries are rows marked `query`, the gallery rows marked
            `gallery` (and the queries, if the rule says so).
        distance: how embeddings are compared.
        trapezoid: as in `score`.
        chunk: queries at a time at most; fewer where their distances would take over 128 MiB.
        rerank: mend the distances by k-reciprocal neighbours first, at the published settings,
            over all queries and the whole gallery at once (`retrieval.rerank`); the rule removes
            what it removes after that. The matrix then exists whole, [Q, G].

    Raises:
        ValueError: no query, several splits at once, embeddings that hold NaN, or re-ranking by
            `dot`.
    """
    query, gallery = sides(embeddings)
    matcher = Matcher(rule_labels(embeddings, query), rule_labels(embeddings, gallery))
    if rerank:
        mended = rerank_among(embeddings.values, query, gallery, distance)
        return _score(iter([mended]), matcher, trapezoid, f"{embeddings.rule}; {RERANKED}")
    compare = comparer(embeddings.values, gallery, distance)
    step = max(1, min(chunk, _CHUNK_BYTES // (4 * max(1, len(gallery)))))
    blocks = (compare(embeddings.values[query[i : i + step]]) for i in range(0, len(query), step))
    return _score(blocks, matcher, trapezoid, str(embeddings.rule))


def sides(embeddings: Embeddings) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the query rows and of the gallery rows, in table order.

    Raises:
        ValueError: no query is marked, or the rows are of several splits.
    """
    table = embeddings.tracklets
    query = table["query"].to_numpy(bool)
    gallery = table["gallery"].to_numpy(bool)
    if embeddings.rule.queries_in_gallery:
        gallery = gallery | query
    splits = sorted(set(table["split"][query | gallery]))
    if len(splits) > 1:
        raise ValueError(f"queries and gallery of several splits ({', '.join(splits)}): take one")
    if not query.any():
        raise ValueError("no row is marked as query; embed a split whose tracklets are")
    return np.flatnonzero(query), np.flatnonzero(gallery)


def rank(
    embeddings: Embeddings,
    query_row: int,
    k: int = 10,
    distance: Kind = "cosine",
    junk: bool = False,
) -> pd.DataFrame:
    """The ranked gallery of one query, nearest first.

    Args:
        embeddings: of one split.
        query_row: position of the query in `embeddings`; it need not be marked as query.
        k: ranks to show.
        distance: how embeddings are compared.
        junk: also list what the rule removes, where it would have stood (its rank is <NA>).

    Returns:
        A row an entry: `rank` (from 1), `row` (position in `embeddings`), `tracklet`, `person`,
        `camera`, `distance`, `mark` (true, false, or junk). The query itself is never listed.

    Raises:
        ValueError: `query_row` is outside the table.
    """
    if not 0 <= query_row < len(embeddings.tracklets):
        raise ValueError(f"query row {query_row} is outside 0..{len(embeddings.tracklets) - 1}")
    row = np.array([query_row])
    gallery = sides(embeddings)[1]
    gallery = gallery[gallery != query_row]
    matcher = Matcher(rule_labels(embeddings, row), rule_labels(embeddings, gallery))
    near = comparer(embeddings.values, gallery, distance)(embeddings.values[row])[0]
    mark = np.full(len(gallery), "junk", object)
    mark[matcher.ranked] = "false"
    _, column, match = matcher.pairs(slice(0, 1))
    mark[matcher.ranked[column]] = np.where(match, "true", "junk")
    order = np.argsort(near, kind="stable")
    order = order if junk else order[mark[order] != "junk"]
    ranked = mark[order] != "junk"
    shown = np.cumsum(ranked) - ranked < k
    order, ranked = order[shown], ranked[shown]
    table = embeddings.tracklets.iloc[gallery[order]]
    places = pd.Series(np.cumsum(ranked), dtype="Int64").mask(~ranked)
    return pd.DataFrame(
        {
            "rank": places.array,
            "row": gallery[order],
            "tracklet": table.index,
            "person": table["person"].array,
            "camera": table["camera"].array,
            "distance": near[order],
            "mark": mark[order],
        }
    )


def rule_labels(embeddings: Embeddings, rows: np.ndarray) -> Labels:
    """What the set's rule looks at, of the rows at these positions."""
    table, rule = embeddings.tracklets.iloc[rows], embeddings.rule
    return Labels(
        table["person"].to_numpy(),
        table["camera"] if rule.same_camera_junk else None,
        table.index.to_numpy(),
        table["visit"] if rule.exclude_same_visit else None,
    )
