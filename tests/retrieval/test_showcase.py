"""The worst, median and best queries are those by AP, with the ranking that gave it."""

import numpy as np
import pytest

from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.ranking import evaluate
from sticc_lib.retrieval.showcase import extremes, one, queries, rivals
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


def test_queries_come_worst_first_and_those_without_a_match_are_passed_over():
    found = embeddings()
    scores = evaluate(found)
    listed = queries(found, scores)
    assert list(listed) == ["query", "person", "camera", "ap"]
    assert listed["ap"].is_monotonic_increasing
    assert len(listed) == scores.num_valid == len(found) - 1
    own = found.tracklets.loc[listed["query"]]
    assert listed["person"].tolist() == own["person"].tolist()
    place = found.tracklets.index.get_indexer(listed["query"])
    np.testing.assert_array_equal(scores.ap[place], listed["ap"])


def test_a_picked_query_gives_the_rows_that_the_extremes_have_of_it():
    found = embeddings()
    scores = evaluate(found)
    worst = extremes(found, scores, k=5, each=1).query("group == 'worst'").drop(columns="group")
    picked = one(found, scores, int(queries(found, scores)["query"].iloc[0]), k=5)
    assert picked.to_dict("list") == worst.to_dict("list")


def test_a_tracklet_that_is_no_query_is_refused():
    found = embeddings()
    scores = evaluate(found)
    with pytest.raises(ValueError, match="tracklet 999 is no query here"):
        one(found, scores, 999)
    with pytest.raises(ValueError, match="tracklet 999 is not among"):
        rivals(found, 999)


def test_rivals_are_the_nearest_that_the_rule_ranks():
    found = embeddings()
    for query in found.tracklets.index[:6]:
        place = found.tracklets.index.get_loc(query)
        unit = found.values / np.linalg.norm(found.values, axis=1, keepdims=True)
        table, near = found.tracklets, 1 - unit @ unit[place]
        own = table.loc[query]
        same = (table["person"] == own["person"]).to_numpy()
        ranked = ~(same & (table["camera"] == own["camera"]).to_numpy(bool))
        nearest = {
            mark: int(table.index[np.flatnonzero(kind)[near[kind].argmin()]])
            for mark, kind in {"true": same & ranked, "false": ~same}.items()
        }
        assert rivals(found, int(query)) == nearest
    alone = int(found.tracklets.index[-1])
    assert list(rivals(found, alone)) == ["false"]
