"""What a ranking is worth: mAP, mINP and CMC, with the queries they were taken over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MAX_RANK = 50


@dataclass(frozen=True)
class Scores:
    """What a ranking is worth. Per-query arrays stand in query order, NaN without a match.

    Attributes:
        mAP: mean average precision over queries that have a match; NaN if none has.
        mINP: mean inverse negative penalty, matches over the rank of the last one (Ye et al.,
            Deep learning for person re-identification, TPAMI 2021).
        cmc: float [50], share of queries with a match at rank k or before, k = 1..50.
        ap: float [Q], average precision.
        inp: float [Q], inverse negative penalty.
        first_hit: float [Q], rank of the nearest match, from 1.
        num_valid: queries that have a match.
        num_queries: all queries.
        rule: the rule in words, where it is known; printed beside the score.
    """

    mAP: float
    mINP: float
    cmc: np.ndarray
    ap: np.ndarray
    inp: np.ndarray
    first_hit: np.ndarray
    num_valid: int
    num_queries: int
    rule: str = ""

    @property
    def rank1(self) -> float:
        """CMC at rank 1."""
        return float(self.cmc[0])

    @property
    def rank5(self) -> float:
        """CMC at rank 5."""
        return float(self.cmc[4])

    @property
    def rank10(self) -> float:
        """CMC at rank 10."""
        return float(self.cmc[9])

    @property
    def rank20(self) -> float:
        """CMC at rank 20."""
        return float(self.cmc[19])

    def to_dict(self) -> dict[str, float]:
        """The numbers of a table's row, queries without a match among them."""
        names = ("mAP", "mINP", "rank1", "rank5", "rank10", "rank20", "num_valid", "num_queries")
        numbers = {name: getattr(self, name) for name in names}
        return {**numbers, "num_unmatched": self.num_queries - self.num_valid}

    def __str__(self) -> str:
        unmatched = self.num_queries - self.num_valid
        missing = f", {unmatched} of them without a match left out" if unmatched else ""
        rule = f"; {self.rule}" if self.rule else ""
        return (
            f"rank-1 {self.rank1:.3f}, rank-5 {self.rank5:.3f}, mAP {self.mAP:.3f}, "
            f"mINP {self.mINP:.3f} ({self.num_queries} queries{missing}{rule})"
        )


def summarise(ap: np.ndarray, inp: np.ndarray, first_hit: np.ndarray, rule: str = "") -> Scores:
    """Scores from per-query values [Q], NaN where a query has no match."""
    valid = ~np.isnan(ap)
    count = int(valid.sum())
    if count:
        cmc = (first_hit[valid][:, None] <= np.arange(1, MAX_RANK + 1)).mean(axis=0)
        means = float(ap[valid].mean()), float(inp[valid].mean())
    else:
        cmc, means = np.full(MAX_RANK, np.nan), (np.nan, np.nan)
    return Scores(*means, cmc, ap, inp, first_hit, count, len(ap), rule)
