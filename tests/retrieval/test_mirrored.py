"""Blocks of distances whose lower half was seen before are those that were computed."""

import numpy as np
import pytest

from sticc_lib.retrieval import mirrored
from sticc_lib.retrieval.distances import comparer, distances

RNG = np.random.default_rng(0)
VALUES = RNG.standard_normal((230, 12)).astype(np.float32)
TWO = [(VALUES[:90], np.arange(90)), (VALUES[90:], np.arange(140))]


def blocks(parts, kind):
    table = mirrored.Features(parts, kind)
    table.step = 40
    return np.concatenate([table.rows(i, min(i + 40, 230)) for i in range(0, 230, 40)]), table


@pytest.mark.parametrize("kind", ["cosine", "euclidean"])
@pytest.mark.parametrize("seen", [0, 20_000, 1 << 30])
@pytest.mark.parametrize("parts", [TWO, [(VALUES, np.arange(230))]], ids=["two", "one"])
def test_all_blocks_are_the_whole_matrix_whatever_is_kept(parts, kind, seen, monkeypatch):
    monkeypatch.setattr(mirrored, "_SEEN_BYTES", seen)
    found, table = blocks(parts, kind)
    wanted = np.maximum(distances(VALUES, VALUES, kind), 0)
    np.fill_diagonal(wanted, 0)
    assert np.abs(found - wanted).max() < 5e-6
    assert table._held == 0
    assert not table._seen
    if seen > 1 << 20:
        assert (found == found.T)[:200, 200:].all()


def test_what_is_kept_is_not_computed_again(monkeypatch):
    computed = []

    def counting(values, index, kind):
        compare = comparer(values, index, kind)

        def counted(query, low=0, high=None):
            made = compare(query, low, high)
            computed.append(made.size)
            return made

        return counted

    monkeypatch.setattr(mirrored, "comparer", counting)
    blocks(TWO, "cosine")
    assert sum(computed) < 0.62 * 230**2
    computed.clear()
    monkeypatch.setattr(mirrored, "_SEEN_BYTES", 0)
    blocks(TWO, "cosine")
    assert sum(computed) == 230**2


def test_columns_may_be_asked_for_in_part():
    for kind in ("cosine", "euclidean", "dot"):
        compare = comparer(VALUES, np.arange(5, 200), kind, tile=16)
        whole = compare(VALUES[:7])
        np.testing.assert_allclose(compare(VALUES[:7], 33, 90), whole[:, 33:90], atol=1e-5)
        assert compare(VALUES[:7], 195).shape == (7, 0)
