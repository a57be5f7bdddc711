"""Scores by hand, against a stable argsort, against the goldens, and in bounded memory."""

import json
import subprocess
import sys
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_ranking import slow

from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.ranking import distances, evaluate, rank, score
from sticc_lib.run import project_root
from sticc_lib.tracklets.table import Rule

GOLDEN = project_root().parent / "shared" / "goldens" / "PROTOCOL" / "eval.json"

# 4 x 6 by hand. Columns: persons 1 1 2 2 -1 0, cameras 0 1 0 1 1 0.
GALLERY, GALLERY_CAMERA = [1, 1, 2, 2, -1, 0], [0, 1, 0, 1, 1, 0]
QUERY, QUERY_CAMERA = [1, 1, 2, 3], [0, 2, 1, 0]
BY_HAND = np.array(
    [
        # removed 0; left: 5 (.2), 1 (.3), 2 = 3 (.4): match at rank 2
        [0.1, 0.3, 0.4, 0.4, 0.0, 0.2],
        # nothing removed; left: 2 (.1), 0 = 1 (.3, tie), 3, 5: matches at ranks 2 and 3
        [0.3, 0.3, 0.1, 0.5, 0.2, 0.6],
        # removed 3; left: 0 = 1 = 2 (.5, tie), 5: match at rank 3, behind the equals before it
        [0.5, 0.5, 0.5, 0.0, 0.1, 0.9],
        # person 3 is not in the gallery
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    ]
)


def table(person, camera=0, query=True, gallery=True, split="test", **more):
    columns = {
        "person": person, "camera": pd.array(np.broadcast_to(camera, len(person)), dtype="Int64"),
        "split": split, "query": query, "gallery": gallery, **more,
    }  # fmt: skip
    return pd.DataFrame(columns, index=pd.RangeIndex(100, 100 + len(person), name="tracklet"))


def test_four_by_six_by_hand():
    found = score(BY_HAND, QUERY, GALLERY, QUERY_CAMERA, GALLERY_CAMERA)
    ap = [1 / 2, (1 / 2 + 2 / 3) / 2, 1 / 3, np.nan]
    inp = [1 / 2, 2 / 3, 1 / 3, np.nan]
    np.testing.assert_allclose(found.ap, ap)
    np.testing.assert_allclose(found.inp, inp)
    np.testing.assert_array_equal(found.first_hit, [2, 2, 3, np.nan])
    assert (found.num_valid, found.num_queries) == (3, 4)
    assert found.mAP == pytest.approx(np.mean(ap[:3]))
    assert found.mINP == pytest.approx(np.mean(inp[:3]))
    assert found.cmc.shape == (50,)
    np.testing.assert_allclose(found.cmc[:4], [0, 2 / 3, 1, 1])
    assert (found.cmc[2:] == 1).all()  # the last value goes on where the gallery is shorter
    assert (found.rank1, found.rank5) == (0, 1)


def test_trapezoid_by_hand():
    found = score(BY_HAND, QUERY, GALLERY, QUERY_CAMERA, GALLERY_CAMERA, trapezoid=True)
    # query 1, hits at 2 and 3: precisions before and at them 0, 1/2 and 1/2, 2/3
    by_hand = [1 / 4, ((0 + 1 / 2) / 2 + (1 / 2 + 2 / 3) / 2) / 2, (0 + 1 / 3) / 2, np.nan]
    np.testing.assert_allclose(found.ap, by_hand)
    assert score([[0.1]], [1], [1], trapezoid=True).mAP == 1  # precision starts at 1


def test_without_cameras_the_same_camera_stays():
    found = score(BY_HAND, QUERY, GALLERY)
    np.testing.assert_array_equal(found.first_hit, [1, 2, 1, np.nan])


def test_a_missing_camera_switches_the_camera_rule_off_for_that_row_only():
    cameras = pd.array([None, 1, 0, 1, 1, 0], dtype="Int64")
    found = score(BY_HAND, QUERY, GALLERY, QUERY_CAMERA, cameras)
    assert found.first_hit[0] == 1  # its neighbour without a camera counts now
    assert found.first_hit[2] == 3
    unknown = pd.Series([np.nan, np.nan])
    assert score([[0, 1], [1, 0]], [1, 1], [1, 1], unknown, unknown).num_valid == 2


def test_a_tracklet_never_ranks_itself_and_its_own_visit_is_removed():
    near = np.array([[0.0, 0.2, 0.1]])
    person = ([1], [1, 1, 2])
    assert score(near, *person).rank1 == 1
    assert score(near, *person, query_tracklet=[7], gallery_tracklet=[7, 8, 9]).first_hit[0] == 2
    visits = score(near, *person, query_visit=["A1"], gallery_visit=["A1", "A2", "B1"])
    assert visits.first_hit[0] == 2
    gone = score(near, *person, query_visit=["A1"], gallery_visit=["A1", "A2", "A1"])
    assert gone.first_hit[0] == 1  # the visit goes, whoever it is said to be


def test_junk_is_never_ranked_and_a_distractor_is_false():
    near = [[0.0, 0.1, 0.2]]
    assert score(near, [1], [-1, -1, 1]).rank1 == 1
    assert score(near, [1], [0, 0, 1]).first_hit[0] == 3
    assert score(near, [1], [-1, -1, -1]).num_valid == 0


def test_queries_without_a_match_are_counted_and_said():
    found = score(BY_HAND, QUERY, GALLERY)
    assert "4 queries, 1 of them without a match" in str(found)
    assert found.to_dict()["num_unmatched"] == 1
    nobody = score(BY_HAND, [8, 8, 8, 8], GALLERY)
    assert nobody.num_valid == 0
    assert np.isnan(nobody.mAP)
    assert np.isnan(nobody.cmc).all()
    assert score(np.empty((2, 0)), [1, 2], []).num_valid == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distances": BY_HAND[0]}, r"expected real \[Q, G\]"),
        ({"distances": BY_HAND[:, :5]}, r"\(4, 6\) as labelled"),
        ({"query_camera": QUERY_CAMERA}, "gallery_camera is missing"),
        ({"query_camera": [0], "gallery_camera": GALLERY_CAMERA}, "query_camera: 1 entries for 4"),
        ({"query_person": [1.5, 1, 2, 3]}, "query_person: expected integers"),
        ({"gallery_person": ["a"] * 6}, "gallery_person: expected integers"),
        ({"distances": np.empty((0, 6)), "query_person": []}, "no queries"),
    ],
)
def test_bad_input_is_refused(change, message):
    given = {"distances": BY_HAND, "query_person": QUERY, "gallery_person": GALLERY, **change}
    with pytest.raises(ValueError, match=message):
        score(**given)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_nan_is_refused_with_the_first_offending_row(dtype):
    bad = np.zeros((600, 5000), dtype)
    bad[[431, 500], 77] = np.nan
    with pytest.raises(ValueError, match="NaN at row 431, column 77"):
        score(bad, np.arange(600), np.arange(5000))


cases = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10**6), "queries": st.integers(1, 8), "columns": st.integers(0, 40),
        "levels": st.sampled_from([1, 2, 5, 30, 0]), "trapezoid": st.booleans(),
        "dtype": st.sampled_from([np.float16, np.float32, np.float64, np.int32]),
        "labels": st.sets(st.sampled_from(["camera", "tracklet", "visit"])),
    }
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(cases)
def test_agrees_with_a_stable_argsort_under_ties_and_every_rule(case):
    rng = np.random.default_rng(case["seed"])
    rows, columns = case["queries"], case["columns"]
    near = rng.standard_normal((rows, columns))
    if case["levels"]:  # quantised: ties everywhere
        near = rng.integers(0, case["levels"], (rows, columns))
    near = near.astype(case["dtype"])
    sides = []
    for size, least in ((rows, 1), (columns, -1)):
        cameras = [None if rng.random() < 0.1 else int(c) for c in rng.integers(0, 3, size)]
        sides.append(
            {"person": rng.integers(least, 5, size), "camera": cameras,
             "tracklet": rng.permutation(45)[:size], "visit": rng.integers(0, 15, size)}
        )  # fmt: skip
    names = sorted(case["labels"])
    labels = {f"{side}_{n}": of[n] for side, of in zip(("query", "gallery"), sides, strict=True)
              for n in names}  # fmt: skip
    found = score(
        near, sides[0]["person"], sides[1]["person"], trapezoid=case["trapezoid"], **labels
    )
    kept = [{n: side[n] for n in ["person", *names]} for side in sides]
    ap, inp, first = slow(near, *kept, trapezoid=case["trapezoid"])
    np.testing.assert_allclose(found.ap, ap, atol=1e-9)
    np.testing.assert_allclose(found.inp, inp, atol=1e-9)
    np.testing.assert_array_equal(found.first_hit, first)


def test_blocks_of_rows_do_not_change_a_score(monkeypatch):
    rng = np.random.default_rng(0)
    near = rng.integers(0, 50, (300, 700)).astype(np.float32)
    person = rng.integers(1, 40, 300), rng.integers(-1, 40, 700)
    whole = score(near, *person)
    monkeypatch.setattr("sticc_lib.retrieval.ranking._BLOCK_BYTES", 700 * 4 * 7)
    blocks = score(near, *person)
    np.testing.assert_array_equal(whole.ap, blocks.ap)
    np.testing.assert_array_equal(whole.cmc, blocks.cmc)


@pytest.fixture(scope="module")
def golden():
    if not GOLDEN.exists():
        pytest.skip("the goldens are not beside the project")
    g = np.random.Generator(np.random.PCG64(20))
    near = g.standard_normal((12, 40)).astype(np.float32)
    labels = [g.integers(0, high, size) for high, size in ((6, 12), (8, 40), (3, 12), (3, 40))]
    features = g.standard_normal((52, 16)).astype(np.float32)
    return json.loads(GOLDEN.read_text()), near, labels, features


def test_golden_distance_matrix_holds(golden):
    wanted, near, labels, _ = golden
    found = score(near, *labels)
    assert found.mAP == pytest.approx(wanted["market1501 rule"]["mAP"], abs=1e-6)
    cmc = wanted["market1501 rule"]["cmc"]
    np.testing.assert_allclose(found.cmc[: len(cmc)], cmc, atol=1e-6)


def test_golden_features_hold(golden):
    wanted, _, (person, gallery_person, camera, gallery_camera), features = golden
    wanted = next(v for k, v in wanted.items() if k.startswith("STMN"))
    persons, cameras = np.r_[person, gallery_person], np.r_[camera, gallery_camera]
    near = distances(features[:12], features)
    matrix = score(near, person, persons, camera, cameras)
    # persons from 1, as sets have them
    rows = table(persons + 1, cameras, query=np.arange(52) < 12)
    for found in (matrix, evaluate(Embeddings(features, rows), chunk=5)):
        assert found.mAP == pytest.approx(wanted["mAP"], abs=1e-6)
        np.testing.assert_allclose(found.cmc, wanted["cmc"][:50], atol=1e-6)


@pytest.mark.parametrize("kind", ["cosine", "euclidean", "dot"])
def test_evaluate_is_score_under_the_rule_of_the_set(kind):
    rng = np.random.default_rng(1)
    rows = table(
        rng.integers(-1, 12, 90), rng.integers(0, 3, 90), rng.random(90) < 0.4,
        rng.random(90) < 0.7, visit=[f"v{v}" for v in rng.integers(0, 30, 90)],
    )  # fmt: skip
    rows.loc[rows["person"] < 1, "query"] = False
    values = rng.integers(-3, 4, (90, 6)).astype(np.float32)  # ties
    for rule in (Rule(), Rule(False, False, False), Rule(True, True, True)):
        found = evaluate(Embeddings(values, rows, rule), kind, chunk=7)
        gallery = rows["gallery"] | (rows["query"] & rule.queries_in_gallery)
        q, g = rows[rows["query"]], rows[gallery]
        labels = {"query_tracklet": q.index, "gallery_tracklet": g.index}
        if rule.same_camera_junk:
            labels |= {"query_camera": q["camera"], "gallery_camera": g["camera"]}
        if rule.exclude_same_visit:
            labels |= {"query_visit": q["visit"], "gallery_visit": g["visit"]}
        near = distances(values[rows["query"]], values[gallery], kind)
        wanted = score(near, q["person"], g["person"], **labels)
        np.testing.assert_allclose(found.ap, wanted.ap, atol=1e-9)
        assert str(rule) in str(found)


def test_evaluate_refuses_mixed_splits_and_sets_without_queries():
    values = np.ones((4, 2), np.float32)
    with pytest.raises(ValueError, match="several splits \\(test, val\\)"):
        evaluate(Embeddings(values, table([1, 1, 2, 2], split=["val", "val", "test", "test"])))
    with pytest.raises(ValueError, match="no row is marked as query"):
        evaluate(Embeddings(values, table([1, 1, 2, 2], query=False)))


def test_evaluate_never_holds_the_whole_matrix():
    rng = np.random.default_rng(0)
    count, persons = 12000, 1500
    rows = table(rng.integers(1, persons, count), rng.integers(0, 6, count),
                 query=np.arange(count) < 2000)  # fmt: skip
    values = rng.standard_normal((count, 16)).astype(np.float32)
    embeddings = Embeddings(values, rows)
    tracemalloc.start()
    try:
        evaluate(embeddings, chunk=128)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    matrix = 2000 * count * 4  # 96 MB
    assert peak < matrix / 4, f"{peak / 2**20:.0f} MB"


def test_a_ranked_gallery_marks_true_false_and_junk():
    values = np.array([[1, 0], [1, 0.1], [1, 0.2], [1, 0.3], [1, 0.4]], np.float32)
    rows = table([1, 1, 2, 1, -1], [0, 0, 1, 1, 1])
    found = rank(Embeddings(values, rows), 0, k=5)
    assert found["tracklet"].tolist() == [102, 103]
    assert found["mark"].tolist() == ["false", "true"]
    assert found["rank"].tolist() == [1, 2]
    assert found["distance"].is_monotonic_increasing
    full = rank(Embeddings(values, rows), 0, k=2, junk=True)
    assert full["mark"].tolist() == ["junk", "false", "true"]
    assert full["rank"].isna().tolist() == [True, False, False]
    assert full["row"].tolist() == [1, 2, 3]
    assert rank(Embeddings(values, rows), 0, k=1)["person"].tolist() == [2]
    with pytest.raises(ValueError, match="row 5 is outside"):
        rank(Embeddings(values, rows), 5)


def test_ranking_loads_without_torch():
    code = (
        "import sys; from sticc_lib.retrieval import ranking, stats, verification, embeddings; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
