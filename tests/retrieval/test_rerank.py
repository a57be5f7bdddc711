"""Re-ranking against the formulation done the slow way, and by its properties."""

import tracemalloc

import numpy as np
import pytest
from slow_rerank import slow

from sticc_lib.retrieval.distances import distances
from sticc_lib.retrieval.ranking import score
from sticc_lib.retrieval.rerank import Settings, rerank, rerank_among, rerank_distances


def people(persons=12, each=8, width=16, spread=0.6, seed=0):
    """Features float64 [N, width] around a centre a person, and whose they are; shuffled."""
    rng = np.random.default_rng(seed)
    person = rng.permutation(np.repeat(np.arange(1, persons + 1), each))
    centres = rng.standard_normal((persons + 1, width))
    return centres[person] + spread * rng.standard_normal((len(person), width)), person


def matrices(values, queries, dtype=np.float64):
    """Query-gallery, query-query, gallery-gallery euclidean distances."""
    near = np.linalg.norm(values[:, None] - values[None], axis=2).astype(dtype)
    return near[:queries, queries:], near[:queries, :queries], near[queries:, queries:]


def close(found, wanted):
    assert found.dtype == np.float32
    assert np.abs(found - wanted).max() < 1e-6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("k1", "k2", "weight"), [(20, 6, 0.3), (5, 1, 0.0), (7, 3, 1.0), (3, 12, 0.5)]
)
@pytest.mark.parametrize("spread", [0.6, 3.0])
def test_given_distances_agree_with_the_formulation(dtype, k1, k2, weight, spread):
    given = matrices(people(spread=spread)[0], 20, dtype)
    close(rerank_distances(*given, Settings(k1, k2, weight)), slow(*given, k1, k2, weight))


@pytest.mark.parametrize("kind", ["cosine", "euclidean"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_features_agree_with_the_formulation_on_their_distances(kind, dtype):
    values = people(persons=20)[0].astype(dtype)
    query, gallery = values[:30], values[30:]
    exact = [(query, gallery), (query, query), (gallery, gallery)]
    given = [distances(a, b, kind) for a, b in exact]
    for square in given[1:]:
        np.fill_diagonal(square, 0)
    close(rerank(query, gallery, kind), slow(*given))


def test_a_set_larger_than_one_block_agrees_too(monkeypatch):
    monkeypatch.setattr("sticc_lib.retrieval.rerank._BLOCK_BYTES", 1)  # 64 rows
    monkeypatch.setattr("sticc_lib.retrieval.reciprocal._INNER", 1 << 12)
    monkeypatch.setattr("sticc_lib.retrieval.reciprocal._EXPANDED", 500)
    values = people(persons=60, each=7)[0]
    given = matrices(values, 90)
    wanted = slow(*given, 4, 3)
    close(rerank_distances(*given, Settings(4, 3)), wanted)  # 420 rows: bounds by groups
    close(rerank(values[:90], values[90:], "euclidean", Settings(4, 3)), wanted)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("levels", [2, 5, 40])
def test_ties_go_by_the_order_of_rows(dtype, levels):
    rng = np.random.default_rng(levels)
    near = rng.integers(1, levels + 1, (90, 90)).astype(dtype)
    near = np.minimum(near, near.T)
    np.fill_diagonal(near, 0)
    given = near[:25, 25:], near[:25, :25], near[25:, 25:]
    close(rerank_distances(*given, Settings(10, 4)), slow(*given, 10, 4))


@pytest.mark.parametrize("copies", [2, 30])
def test_duplicates_agree_even_where_they_fill_each_others_lists(copies):
    values = np.repeat(np.round(8 * people(4, 2)[0]), copies, axis=0)  # integers: exact
    values = values[np.random.default_rng(0).permutation(len(values))]
    given = matrices(values, len(values) // 3)
    for settings in (Settings(), Settings(6, 3)):
        wanted = slow(*given, settings.k1, settings.k2)
        close(rerank_distances(*given, settings), wanted)
        found = rerank(
            values[: len(values) // 3], values[len(values) // 3 :], "euclidean", settings
        )
        close(found, wanted)


@pytest.mark.parametrize(("queries", "total"), [(1, 2), (1, 5), (3, 15), (8, 21), (8, 22)])
def test_sets_smaller_than_the_neighbourhood_agree(queries, total):
    given = matrices(people(total, 1)[0], queries)
    close(rerank_distances(*given), slow(*given))


def test_a_matrix_that_is_not_symmetric_is_read_by_columns():
    rng = np.random.default_rng(0)
    given = rng.random((20, 40)), rng.random((20, 20)), rng.random((40, 40))
    close(rerank_distances(*given, Settings(8, 3)), slow(*given, 8, 3))


def test_two_thirds_of_a_half_set_are_not_enough():
    """On a line 0 1 2 ... every overlap is a small whole number, exactly 2 of 3 among them."""
    line = np.cumsum(1 + np.arange(30) % 4)[:, None].astype(float)
    given = matrices(line, 10)
    close(rerank_distances(*given, Settings(4, 1)), slow(*given, 4, 1))


def test_all_rows_alike_are_all_equally_near():
    assert np.ptp(rerank(np.ones((3, 4)), np.ones((4, 4)), "euclidean", Settings(10))) == 0
    assert np.isfinite(rerank(np.zeros((30, 4)), np.zeros((40, 4)))).all()


def test_lambda_of_one_keeps_every_order():
    values = people()[0]
    near = distances(values[:20], values[20:], "euclidean")
    found = rerank(values[:20], values[20:], "euclidean", Settings(weight=1))
    np.testing.assert_array_equal(np.argsort(found, axis=1), np.argsort(near, axis=1))


def test_scale_does_not_matter_and_order_of_the_gallery_neither():
    values = people()[0]
    query, gallery = values[:20], values[20:]
    found = rerank(query, gallery, "euclidean")
    close(rerank(8 * query, 8 * gallery, "euclidean"), found)
    turned = np.random.default_rng(0).permutation(len(gallery))
    close(rerank(query, gallery[turned], "euclidean"), found[:, turned])


def test_neighbours_help_where_persons_form_clusters():
    values, person = people(40, 10, 12, 0.9)
    before = score(distances(values[:80], values[80:]), person[:80], person[80:])
    after = score(rerank(values[:80], values[80:]), person[:80], person[80:])
    assert after.mAP > before.mAP + 0.03


def test_a_row_that_is_query_and_gallery_takes_part_once():
    values = people()[0]
    everyone = np.arange(len(values))
    apart = rerank_among(values, everyone[:20], everyone[20:], "euclidean")
    close(apart, rerank(values[:20], values[20:], "euclidean"))
    both = rerank_among(values, everyone[:20], everyone, "euclidean")
    close(both[:, 20:], apart)
    some = np.array([3, 9, 50])
    others = rerank_among(values[:60], some, np.arange(59, 4, -1), "euclidean")  # any order
    rows = np.r_[3, 5:60]
    again = rerank_among(
        values[rows], np.searchsorted(rows, some), np.arange(56)[:0:-1], "euclidean"
    )
    close(others, again)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda: rerank(np.ones((2, 3)), np.ones((4, 3)), "dot"), "not dot"),
        (lambda: rerank(np.ones((2, 3)), np.ones((4, 5))), "equal widths"),
        (lambda: rerank(np.ones((2, 3)), np.full((4, 3), np.nan), "euclidean"), "NaN"),
        (lambda: rerank_distances(np.ones((2, 3)), np.ones((2, 2)), np.ones((2, 2))), r"\[Q, G\]"),
        (lambda: rerank_distances(-np.ones((1, 1)), np.zeros((1, 1)), np.zeros((1, 1))), "-1.0"),
        (lambda: rerank_among(np.eye(3), np.array([1, 1]), np.arange(3)), "twice"),
        (lambda: Settings(k1=0), "at least 1"),
        (lambda: Settings(weight=1.1), "0 to 1"),
    ],
)
def test_what_cannot_be_ranked_is_refused(bad, words):
    with pytest.raises(ValueError, match=words):
        bad()


def test_no_query_or_no_gallery_gives_an_empty_matrix():
    assert rerank(np.ones((0, 3)), np.ones((4, 3))).shape == (0, 4)
    assert rerank(np.ones((4, 3)), np.ones((0, 3))).shape == (4, 0)


def test_the_whole_distance_matrix_never_exists():
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((500, 32)).astype(np.float32)
    values = np.repeat(centres, 8, axis=0) + rng.standard_normal((4000, 32)).astype(np.float32)
    rerank(values[:50], values[50:100])  # imports
    tracemalloc.start()
    found = rerank(values[:200], values[200:])
    peak = tracemalloc.get_traced_memory()[1] - found.nbytes
    tracemalloc.stop()
    assert peak < 4000 * 4000 * 4
