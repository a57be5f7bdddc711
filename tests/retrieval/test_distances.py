"""Distances by their definitions."""

import numpy as np
import pytest

from sticc_lib.retrieval.distances import comparer, distances, paired

rng = np.random.default_rng(0)
A, B = rng.standard_normal((5, 7)), rng.standard_normal((9, 7))


def by_definition(kind):
    if kind == "dot":
        return -(A @ B.T)
    if kind == "euclidean":
        return np.linalg.norm(A[:, None] - B, axis=2)
    return 1 - (A @ B.T) / np.outer(np.linalg.norm(A, axis=1), np.linalg.norm(B, axis=1))


@pytest.mark.parametrize("kind", ["cosine", "euclidean", "dot"])
def test_each_kind_is_its_definition_whole_tiled_scattered_and_paired(kind):
    wanted = by_definition(kind)
    assert distances(A, B, kind).dtype == np.float32
    np.testing.assert_allclose(distances(A, B, kind), wanted, atol=1e-5)
    columns = np.array([7, 0, 3, 4])
    np.testing.assert_allclose(comparer(B, columns, kind, 3)(A), wanted[:, columns], atol=1e-5)
    both = np.concatenate([A, B])
    left, right = np.array([0, 4, 2]), np.array([5, 13, 6])
    np.testing.assert_allclose(paired(both, left, right, kind), wanted[left, right - 5], atol=1e-5)


def test_a_zero_vector_is_at_one_from_all_by_cosine():
    assert distances(np.zeros((1, 7)), B).tolist() == [[1.0] * 9]
    assert distances(B, np.zeros((1, 7))).tolist() == [[1.0]] * 9


def test_equal_vectors_are_at_zero_and_no_distance_is_nan():
    near = distances(B, B, "euclidean")
    assert np.isfinite(near).all()
    assert np.abs(np.diag(near)).max() < 2e-3
    assert distances(A, np.empty((0, 7)), "dot").shape == (5, 0)


@pytest.mark.parametrize("compare", [distances, lambda a, b, k: paired(a, [0], [0], k)])
def test_an_unknown_kind_is_refused(compare):
    with pytest.raises(ValueError, match="'manhattan' is none of cosine, euclidean, dot"):
        compare(A, B, "manhattan")


def test_other_widths_are_refused():
    with pytest.raises(ValueError, match="equal widths"):
        distances(A[:, :3], B)
