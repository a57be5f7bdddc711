"""Embeddings as a file: the same after a round trip, and nothing foreign gets in."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest

from sticc_lib.retrieval.embeddings import EmbeddingError, Embeddings
from sticc_lib.tracklets.table import Rule


@pytest.fixture
def embeddings():
    rows = pd.DataFrame(
        {
            "person": [1, 2, -1], "label": ["0001", "Åsa, \"K\"", ""],
            "camera": pd.array([1, None, 3], dtype="Int64"), "split": "test",
            "query": [True, False, False], "gallery": True, "visibility": [0.25, np.nan, 1.0],
        },
        index=pd.Index([4, 9, 2], name="tracklet"),
    )  # fmt: skip
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    return Embeddings(values, rows, Rule(False, True, True), {"policy": "dense, T = 4"})


def test_a_round_trip_keeps_everything(embeddings, tmp_path):
    back = Embeddings.load(embeddings.save(tmp_path / "e.npz"))
    pd.testing.assert_frame_equal(back.tracklets, embeddings.tracklets)
    np.testing.assert_array_equal(back.values, embeddings.values)
    assert (back.rule, back.facts) == (embeddings.rule, embeddings.facts)
    assert [p.name for p in tmp_path.iterdir()] == ["e.npz"]  # nothing half-written stays


def test_parts_keep_rows_and_values_together(embeddings):
    part = embeddings.subset(embeddings.tracklets["person"] > 1)
    assert part.tracklets.index.tolist() == [9]
    assert part.values.tolist() == [[2, 3]]
    assert len(embeddings.split("val")) == 0
    assert embeddings.queries.index.tolist() == [4]


class Hostile:
    """Unpickling it would leave a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("name", ["values", "header"])
def test_a_pickle_inside_is_refused_and_not_run(embeddings, tmp_path, name):
    trace, path = tmp_path / "trace", tmp_path / "e.npz"
    assert pickle.dumps(Hostile(trace))
    good = {"values": embeddings.values, "header": np.zeros(1, np.uint8)}
    np.savez(path, **{**good, name: np.array([Hostile(trace)], object)})
    with pytest.raises(EmbeddingError, match=r"e\.npz: not readable"):
        Embeddings.load(path)
    assert not trace.exists()


def test_damaged_files_are_named(embeddings, tmp_path):
    path = embeddings.save(tmp_path / "e.npz")
    whole = path.read_bytes()
    header = np.frombuffer(json.dumps({"index": []}).encode(), np.uint8)
    for content in (b"", b"no archive", whole[:-40], whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(EmbeddingError, match=r"e\.npz: .*delete it and embed again"):
            Embeddings.load(path)
    np.savez(path, values=embeddings.values, header=header)
    with pytest.raises(EmbeddingError, match="delete it"):
        Embeddings.load(path)
    with pytest.raises(FileNotFoundError):
        Embeddings.load(tmp_path / "absent.npz")


def test_values_that_do_not_fit_or_are_not_finite_are_refused(embeddings):
    rows, values = embeddings.tracklets, embeddings.values
    for wrong in (values[:2], values.astype(float), values[0]):
        with pytest.raises(EmbeddingError, match=r"expected float32 \[3, D\]"):
            Embeddings(wrong, rows)
    broken = values.copy()
    broken[1:, 1] = np.nan, np.inf
    with pytest.raises(EmbeddingError, match=r"2 embedding.* first tracklet 9"):
        Embeddings(broken, rows)
