"""Evaluating with re-ranking: the rule comes after it, and the score says so."""

import numpy as np
import pandas as pd
import pytest
from tiny import Colours, tiny_set

from sticc_lib.config import ConfigError, EvalConfig
from sticc_lib.retrieval.embed import embed
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.gain import rerank_gain
from sticc_lib.retrieval.ranking import evaluate, score
from sticc_lib.retrieval.rerank import rerank_among
from sticc_lib.retrieval.visits import score_reentry
from sticc_lib.tracklets.table import Rule


def clusters(rule=None, **columns):
    """Thirty persons under three cameras, three tracklets each; the second camera is queries."""
    rng = np.random.default_rng(0)
    person, camera = np.repeat(np.arange(1, 31), 9), np.tile([1, 1, 1, 2, 2, 2, 3, 3, 3], 30)
    values = rng.standard_normal((31, 12))[person] + 0.9 * rng.standard_normal((270, 12))
    table = pd.DataFrame(
        {"person": person, "camera": camera, "split": "test", "query": camera == 2,
         "gallery": True, **columns}
    )  # fmt: skip
    return Embeddings(values.astype(np.float32), table, rule or Rule())


def test_evaluate_removes_junk_after_re_ranking_and_says_so():
    found = clusters()
    query, gallery = np.flatnonzero(found.tracklets["query"]), np.arange(270)
    near = rerank_among(found.values, query, gallery, "cosine")
    person, camera = (found.tracklets[name].to_numpy() for name in ("person", "camera"))
    wanted = score(near, person[query], person, camera[query], camera, query, gallery)
    scores = evaluate(found, rerank=True)
    np.testing.assert_array_equal(scores.ap, wanted.ap)
    assert scores.mAP > evaluate(found).mAP
    assert "re-ranked" in scores.rule
    assert "re-ranked" not in evaluate(found).rule


def test_gain_stands_beside_its_cost():
    found = clusters()
    table = rerank_gain(found)
    assert list(table.index) == ["as it is", "re-ranked"]
    for name, rerank in (("as it is", False), ("re-ranked", True)):
        scores = evaluate(found, rerank=rerank)
        assert tuple(table.loc[name, ["mAP", "rank1"]]) == (scores.mAP, scores.rank1)
    assert (table["seconds"] > 0).all()


def test_visits_are_re_ranked_when_asked():
    rule = Rule(same_camera_junk=False, exclude_same_visit=True)
    found = clusters(rule, visit=np.arange(270) // 3)
    plain, mended = (score_reentry(found, found, rerank=which) for which in (False, True))
    assert mended.frames.mAP == evaluate(found, rerank=True).mAP != plain.frames.mAP


def test_inner_products_are_refused_before_anything_is_embedded():
    data = tiny_set()
    with pytest.raises(ConfigError, match=r"evaluate\.rerank"):
        embed(Colours(distance="dot"), data, EvalConfig(rerank=True), progress=False)
    assert not hasattr(data.pixels, "log")
    with pytest.raises(ValueError, match="not dot"):
        evaluate(clusters(), "dot", rerank=True)
