"""Maps of embeddings keep what they claim, and purity is counted right."""

import numpy as np
import pandas as pd
import pytest

from sticc_lib.explain.projection import chance, most, project, purity, purity_table
from sticc_lib.retrieval.embeddings import Embeddings


def clusters(labels, spread=0.05, width=6, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(labels.max() + 1, width))
    values = centres[labels] + spread * rng.normal(size=(len(labels), width))
    return values.astype(np.float32)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_planted_clusters_stay_together_and_a_layout_repeats(method):
    labels = np.repeat(np.arange(3), 12)
    values = clusters(labels)
    made, again = project(values, method, perplexity=8), project(values, method, perplexity=8)
    np.testing.assert_array_equal(made.xy, again.xy)
    assert made.xy.shape == (36, 2)
    assert purity(made.xy, labels, 5, "euclidean") == 1
    assert made.trustworthiness > 0.8


def test_points_of_a_plane_are_kept_by_pca_and_trusted():
    plane = np.random.default_rng(0).normal(size=(40, 2))
    turned = plane @ np.linalg.qr(np.random.default_rng(1).normal(size=(5, 2)))[0].T
    made = project(turned)
    assert made.trustworthiness == pytest.approx(1)
    assert "100 %" in made.settings
    between = [np.linalg.norm(v[:, None] - v, axis=-1) for v in (made.xy, plane)]
    np.testing.assert_allclose(*between, atol=1e-4)


def test_noise_of_many_dimensions_is_trusted_less():
    noise = np.random.default_rng(0).normal(size=(60, 40))
    assert project(noise).trustworthiness < 0.75


def test_the_seed_and_the_perplexity_that_was_used_are_told():
    few = np.random.default_rng(0).normal(size=(10, 4))
    made = project(few, "tsne", seed=7)
    assert (made.method, made.settings) == ("t-SNE", "perplexity 3, seed 7")
    assert not np.allclose(made.xy, project(few, "tsne", seed=8).xy)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.zeros((3, 4)), {}, "at least 4 finite rows"),
        (np.full((9, 4), np.nan), {}, "at least 4 finite rows"),
        (np.zeros((9, 4)), {"method": "umap"}, "none of pca, tsne"),
        (np.zeros((9, 4)), {"perplexity": 0}, "positive number"),
    ],
)
def test_what_cannot_be_projected_is_refused(values, options, message):
    with pytest.raises(ValueError, match=message):
        project(values, **options)


def test_purity_is_counted_by_hand():
    values = np.array([[1, 0], [1, 0.1], [1, 0.3], [0, 1]])  # nearest two: 1 2, 0 2, 1 0, 2 1
    labels = np.array(["a", "a", "b", "b"])
    assert purity(values, labels, 1) == pytest.approx(3 / 4)
    assert purity(values, labels, 2) == pytest.approx((1 + 1 + 0 + 1) / 8)
    assert purity(values, labels, 3) == pytest.approx(chance(labels)) == pytest.approx(1 / 3)


def test_perfect_clusters_reach_the_most_there_can_be_and_shuffled_labels_chance():
    labels = np.repeat(np.arange(300), 3)
    values = clusters(labels, spread=0.001, width=16)
    assert purity(values, labels, 5) == pytest.approx(most(labels, 5)) == pytest.approx(2 / 5)
    half = np.arange(900) % 2
    assert purity(values, np.random.default_rng(0).permutation(half), 5) == pytest.approx(
        chance(half), abs=0.05
    )


def test_more_rows_than_a_chunk_give_the_same():
    labels = np.random.default_rng(1).integers(0, 9, 700)
    values = clusters(labels, spread=1.0)
    near = np.argsort(np.linalg.norm(values[:, None] - values, axis=-1), axis=1)[:, 1:5]
    slow = (labels[near] == labels[:, None]).mean()
    assert purity(values, labels, 4, "euclidean") == pytest.approx(slow)


@pytest.mark.parametrize("k", [0, 4])
def test_more_neighbours_than_there_are_others_are_refused(k):
    with pytest.raises(ValueError, match=r"k in 1\.\.N-1"):
        purity(np.eye(4), np.arange(4), k)


def test_a_block_that_holds_persons_and_one_that_holds_cameras_are_told_apart():
    person, camera = np.repeat(np.arange(1, 9), 6), np.tile([1, 2], 24)
    values = np.hstack([clusters(person), clusters(camera)])
    person = np.append(person, [0, -1])  # a distractor and junk
    values = np.vstack([values, values[:2] + 1])
    table = pd.DataFrame(
        {"person": person, "camera": pd.array([*camera, 1, 2], "Int64")}
    ).rename_axis("tracklet")
    found = purity_table(
        Embeddings(values.astype(np.float32), table), {"P": slice(6), "C": slice(6, 12)}, k=5
    )
    wide = found.pivot(index="block", columns="label", values="purity")
    assert list(found["block"].unique()) == ["whole", "P", "C"]
    assert wide.loc["P", "person"] == wide.loc["C", "camera"] == 1
    assert wide.loc["C", "person"] < 0.4
    assert found.groupby("label")["count"].first().to_dict() == {"camera": 2, "person": 8}


@pytest.mark.parametrize("camera", [pd.NA, 1])
def test_without_two_cameras_there_is_no_camera_purity(camera):
    table = pd.DataFrame({"person": [1, 1, 2, 2], "camera": pd.array([camera] * 4, "Int64")})
    embeddings = Embeddings(np.eye(4, dtype=np.float32), table)
    found = purity_table(embeddings, {"embedding": slice(None)}, k=1)
    assert found["label"].tolist() == ["person"]
