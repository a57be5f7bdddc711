"""The worst, median and best queries are those by AP, with the ranking that gave it."""

import numpy as np
import pytest

from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.ranking import evaluate
from sticc_lib.retrieval.showcase import extremes
from sticc_lib.tracklets.table import Rule

PERSONS = 8


def embeddings(seed=0, same_camera=True):
    """Two cameras, two tracklets under each; the last person has one tracklet: no match."""
    from tiny import tiny_set

    rng = np.random.default_rng(seed)
    person = np.append(np.repeat(np.arange(PERSONS), 4), PERSONS)
    table = tiny_set([1] * len(person)).tracklets.assign(
        person=person + 1, camera=np.arange(len(person)) // 2 % 2
    )
    values = rng.normal(size=(PERSONS + 1, 6))[person] + rng.normal(size=(len(person), 6))
    return Embeddings(values.astype(np.float32), table, Rule(same_camera_junk=same_camera))


def test_groups_hold_the_lowest_the_middle_and_the_highest_ap():
    found = embeddings()
    scores = evaluate(found)
    shown = extremes(found, scores, k=5, each=2)
    ap = shown.groupby(["group", "query"], sort=False)["ap"].first()
    ordered = np.sort(scores.ap[~np.isnan(scores.ap)])
    assert ap["worst"].tolist() == ordered[:2].tolist()
    assert ap["median"].tolist() == ordered[15:17].tolist()
    assert sorted(ap["best"]) == ordered[-2:].tolist()
    assert list(shown["group"].unique()) == ["worst", "median", "best"]
    assert found.tracklets.index[-1] not in set(shown["query"]), "a query without a match"


def test_each_query_lists_its_ranks_and_what_the_rule_removes():
    found = embeddings()
    shown = extremes(found, evaluate(found), k=33, each=1)
    for query, part in shown.groupby("query"):
        assert part["rank"].dropna().tolist() == list(range(1, len(found) - 1))
        own = found.tracklets.loc[query]
        junk = found.tracklets.loc[part.loc[part["mark"] == "junk", "tracklet"]]
        assert len(junk) == 1
        assert (junk["person"] == own["person"]).all()
        assert (junk["camera"] == own["camera"]).all()


def test_few_queries_give_small_groups_and_too_few_are_refused():
    found = embeddings()
    few = found.subset(np.arange(len(found)) < 4)
    shown = extremes(few, evaluate(few), each=5)
    assert shown.groupby("group")["query"].nunique().tolist() == [1, 1, 1]
    one = found.subset(np.isin(np.arange(len(found)), [0, 2]))
    with pytest.raises(ValueError, match="2 queries with a match: too few"):
        extremes(one, evaluate(one))
