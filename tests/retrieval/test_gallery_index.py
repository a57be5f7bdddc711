"""Galleries on disk: exact is our ranking's order, approximate finds it, damage never opens."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from sticc_lib.retrieval import index_build, index_lists
from sticc_lib.retrieval.distances import distances
from sticc_lib.retrieval.index import Gallery
from sticc_lib.retrieval.index_build import Builder
from sticc_lib.retrieval.index_files import INDEX, JOURNAL, PATHS, ROWS, VECTORS, GalleryError

EMBEDDER = {"model": "planted", "model_fingerprint": "aaa", "policy": "all_frames"}
SET = {"name": "planted", "key": "k", "fingerprint": "f"}


def people(count, dim=20, each=10, seed=0):
    """Persons around centres, each with scatter."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(1).standard_normal((max(1, count // each), dim))
    values = centres[np.arange(count) % len(centres)] + 0.4 * rng.standard_normal((count, dim))
    return values.astype(np.float32)


def table(rows):
    camera = pd.array([None if row % 5 == 4 else row % 5 for row in rows], "Int64")
    return pd.DataFrame({"person": rows % 7, "camera": camera}, index=rows + 100)


def fill(builder, values, told=SET, chunk=700):
    for start in range(builder.begin(told, len(values)), len(values), chunk):
        rows = np.arange(start, min(start + chunk, len(values)))
        builder.append(
            values[rows], table(rows), [f"é{row}.jpg" if row % 2 else "" for row in rows]
        )
    return builder


def made(folder, values, metric="cosine", kind="exact"):
    return fill(Builder.open(folder, EMBEDDER, metric, kind), values).finish()


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "dot"])
def test_exact_is_the_order_of_ranking_with_ties_to_the_earlier(tmp_path, metric, monkeypatch):
    monkeypatch.setattr("sticc_lib.retrieval.index.TILE", 64)
    values = np.sign(people(500, dim=16))  # whole numbers, of length four: many exact ties
    queries = values[::20]
    rows, found = made(tmp_path / "g", values, metric).search(queries, 40)
    apart = distances(queries, values, metric)
    expected = np.argsort(apart, axis=1, kind="stable")[:, :40]
    assert (rows == expected).all()
    np.testing.assert_array_equal(found, np.take_along_axis(apart, expected, axis=1))
    assert (np.diff(found, axis=1) == 0).mean() > 0.5


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "dot"])
def test_approximate_finds_what_exact_finds_and_tells_how_often(tmp_path, metric, capsys):
    values = people(6000, dim=21)  # a width that eight does not divide
    gallery = made(tmp_path / "g", values, metric, "approximate")
    said = capsys.readouterr()
    assert "recall@10" in said.err
    assert said.out == ""  # faiss keeps its words to itself
    exact = Gallery(gallery.folder, gallery.facts, gallery.vectors, gallery.rows)
    queries = people(200, dim=21, seed=5)
    (rows, found), (truth, near) = gallery.search(queries, 10), exact.search(queries, 10)
    recall = np.mean([len(set(a) & set(b)) for a, b in zip(rows, truth, strict=True)]) / 10
    assert recall >= 0.95
    assert gallery.facts["recall"]["value"] >= 0.95
    same = rows == truth
    np.testing.assert_allclose(found[same], near[same], rtol=1e-5, atol=1e-6)  # distances are exact
    whole = gallery.search(queries, 10, probes=10**6, depth=len(values))
    assert (whole[0] == truth).mean() > 0.999


@pytest.mark.parametrize("kind", ["exact", "approximate"])
def test_rows_that_are_left_out_are_never_found(tmp_path, kind):
    gallery = made(tmp_path / "g", people(1000), kind=kind)
    keep = np.zeros(1000, bool)
    keep[[3, 500, 777]] = True
    rows, found = gallery.search(people(4, seed=2), 5, keep, probes=10**6)
    assert [set(row) for row in rows] == [{3, 500, 777, -1}] * 4
    assert np.isinf(found[:, 3:]).all()


def test_labels_and_paths_come_back(tmp_path):
    gallery = made(tmp_path / "g", people(20))
    found = gallery.table(np.array([0, 4, 7]))
    assert found["tracklet"].tolist() == [100, 104, 107]
    assert found["person"].tolist() == [0, 4, 0]
    assert found["camera"].isna().tolist() == [False, True, False]
    assert found["path"].tolist() == ["", "", "é7.jpg"]


def files(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file() and p.name != INDEX}


@pytest.mark.parametrize("kind", ["exact", "approximate"])
@pytest.mark.parametrize("torn", [VECTORS, ROWS, PATHS])
def test_an_interrupted_build_is_no_gallery_goes_on_and_ends_the_same(tmp_path, kind, torn):
    values, folder = people(3000), tmp_path / "g"
    made(tmp_path / "whole", values, kind=kind)
    builder = Builder.open(folder, EMBEDDER, "cosine", kind)
    builder.begin(SET, 3000)
    builder.append(values[:1000], table(np.arange(1000)), ["x"] * 1000)
    with (folder / torn).open("ab") as file:
        file.write(b"half a chunk, when the power went")
    with pytest.raises(GalleryError, match="not finished; run the command that builds it again"):
        Gallery.open(folder)
    again = Builder.open(folder, EMBEDDER, "cosine", kind)
    assert again.begin(SET, 3000) == 1000
    rows = np.arange(1000, 3000)
    again.append(values[rows], table(rows), ["x"] * 2000)
    gallery = again.finish()
    np.testing.assert_array_equal(gallery.vectors, values)
    assert not (folder / JOURNAL).exists()
    assert not (folder / "work").exists()
    names = {n.split("-")[0] for n in files(folder)}
    assert names == {n.split("-")[0] for n in files(tmp_path / "whole")}


@pytest.mark.parametrize("moment", range(1, 7))
def test_stopped_while_lists_are_made_it_goes_on_from_the_shards(tmp_path, moment, monkeypatch):
    monkeypatch.setattr(index_lists, "SHARD", 1000)
    values, folder = people(3000), tmp_path / "g"
    real, seen = index_lists.atomic, []

    def atomic(path):
        seen.append(path.name)
        if len(seen) == moment:
            raise KeyboardInterrupt
        return real(path)

    monkeypatch.setattr(index_lists, "atomic", atomic)
    builder = fill(Builder.open(folder, EMBEDDER, "cosine", "approximate"), values)
    if moment <= 5:  # trained, three shards, the joined
        with pytest.raises(KeyboardInterrupt):
            builder.finish()
        with pytest.raises(GalleryError, match="not finished"):
            Gallery.open(folder)
        done = seen[: moment - 1]
        seen.clear()
        monkeypatch.setattr(index_lists, "atomic", lambda p: (seen.append(p.name), real(p))[1])
        builder = Builder.open(folder, EMBEDDER, "cosine", "approximate")
        assert builder.begin(SET, 3000) == 3000
    else:
        done = []
    gallery = builder.finish()
    assert not set(done) & set(seen)  # nothing that was whole is made twice
    assert gallery.lists.ntotal == 3000
    assert (gallery.search(values[:50], 1)[0][:, 0] == np.arange(50)).all()


@pytest.mark.parametrize("kind", ["exact", "approximate"])
def test_a_gallery_grows_and_stays_the_old_one_until_the_end(tmp_path, kind):
    folder, values = tmp_path / "g", people(4000)
    made(folder, values[:3000], kind=kind)
    with pytest.raises(GalleryError, match="a gallery is there already; --add adds"):
        Builder.open(folder, EMBEDDER, "cosine", kind)
    builder = Builder.open(folder, EMBEDDER, "cosine", kind, add=True)
    assert builder.begin(SET, 3000) == 3000
    fill(builder, values[3000:], {**SET, "key": "other"})
    assert len(Gallery.open(folder, whole=True)) == 3000
    builder = Builder.open(folder, EMBEDDER, "cosine", kind)  # an interrupted addition goes on
    gallery = builder.finish()
    assert len(gallery) == 4000
    assert [s["start"] for s in gallery.facts["sets"]] == [0, 3000]
    assert (gallery.search(values[::100], 1)[0][:, 0] == np.arange(0, 4000, 100)).all()
    if kind == "approximate":
        assert gallery.facts["lists"]["learnt_from"] == 3000
        assert len([n for n in files(folder) if n.startswith("lists")]) == 2
        grown = Builder.open(folder, EMBEDDER, "cosine", kind, add=True)
        fill(grown, people(9000, seed=4), {**SET, "key": "third"})
        assert grown.finish().facts["lists"]["learnt_from"] == 13000  # centres are learnt again
        assert len([n for n in files(folder) if n.startswith("trained")]) == 1


def test_a_set_that_changed_and_a_half_one_are_refused(tmp_path):
    folder, values = tmp_path / "g", people(50)
    made(folder, values)
    builder = Builder.open(folder, EMBEDDER, "cosine", add=True)
    with pytest.raises(GalleryError, match="planted has changed since it was indexed"):
        builder.begin({**SET, "fingerprint": "new"}, 50)
    builder.begin({**SET, "key": "b", "name": "second"}, 9)
    builder.append(values[:4], table(np.arange(4)), [""] * 4)
    with pytest.raises(GalleryError, match="second is not complete"):
        builder.finish()
    with pytest.raises(GalleryError, match="second is half in; give it first"):
        Builder.open(folder, EMBEDDER, "cosine", add=True).begin({**SET, "key": "c"}, 5)


@pytest.mark.parametrize(
    ("change", "metric", "told"),
    [({"model_fingerprint": "bbb"}, "cosine", r"model_fingerprint aaa there, bbb here"),
     ({"policy": "dense"}, "cosine", "policy all_frames there, dense here"),
     ({}, "euclidean", "another embedder")],
)  # fmt: skip
def test_another_embedder_is_refused(tmp_path, change, metric, told):
    made(tmp_path / "g", people(50))
    with pytest.raises(GalleryError, match=told):
        Builder.open(tmp_path / "g", {**EMBEDDER, **change}, metric, add=True)


def test_vectors_that_do_not_fit_are_refused(tmp_path):
    builder = Builder.open(tmp_path / "g", EMBEDDER, "cosine")
    values = people(10)
    fill(builder, values)
    with pytest.raises(GalleryError, match=r"expected finite vectors \[3, 20\], got \[3, 5\]"):
        builder.append(values[:3, :5], table(np.arange(3)), [""] * 3)
    values[0, 0] = np.nan
    with pytest.raises(GalleryError, match="1 not finite"):
        builder.append(values[:3], table(np.arange(3)), [""] * 3)
    gallery = builder.finish()
    with pytest.raises(GalleryError, match=r"expected queries \[n, 20\], got \[2, 5\]; embed"):
        gallery.search(np.ones((2, 5)))
    with pytest.raises(GalleryError, match="NaN or infinity"):
        gallery.search(values[:1])


@pytest.mark.parametrize("whole", [True, False])
def test_a_changed_byte_anywhere_does_not_open(tmp_path, whole):
    folder = tmp_path / "g"
    made(folder, people(1000), kind="approximate")
    for name, content in files(folder).items():
        for place in (0, len(content) // 2, len(content) - 1):
            damaged = bytearray(content)
            damaged[place] ^= 1
            (folder / name).write_bytes(damaged)
            with pytest.raises(GalleryError, match=rf"{name}: not what was built"):
                Gallery.open(folder, whole)
        (folder / name).write_bytes(content[:-1])
        with pytest.raises(GalleryError, match=rf"{name}: missing or cut short; copy or build"):
            Gallery.open(folder, whole)
        (folder / name).write_bytes(content)
    Gallery.open(folder, whole)


@pytest.mark.parametrize(
    ("old", "new"), [('"dim": 20', '"dim": 10'), ('"count": 40', '"count": 39'), ("{", "")]
)
def test_an_index_file_that_was_altered_does_not_open(tmp_path, old, new):
    made(tmp_path / "g", people(40))
    text = (tmp_path / "g" / INDEX).read_text()
    (tmp_path / "g" / INDEX).write_text(text.replace(old, new, 1))
    with pytest.raises(GalleryError, match=r"index\.json: damaged"):
        Gallery.open(tmp_path / "g")


def test_names_that_lead_out_of_the_folder_are_refused(tmp_path):
    from sticc_lib.run import fingerprint

    made(tmp_path / "g", people(40))
    path = tmp_path / "g" / INDEX
    facts = json.loads(path.read_text())
    facts.pop("hash")
    facts["files"]["../secret"] = {"size": 0, "sums": []}
    path.write_text(json.dumps({**facts, "hash": fingerprint(facts)}))
    with pytest.raises(GalleryError, match="damaged"):
        Gallery.open(tmp_path / "g")


def test_without_faiss_the_command_to_get_it_is_told_and_exact_works(tmp_path, monkeypatch):
    made(tmp_path / "g", people(300), kind="approximate")
    monkeypatch.setitem(sys.modules, "faiss", None)
    for act in (
        lambda: Gallery.open(tmp_path / "g"),
        lambda: Builder.open(tmp_path / "h", EMBEDDER, "cosine", "approximate"),
    ):
        with pytest.raises(GalleryError, match=r"pip install 'sticc-lib\[ann\]', or build an exa"):
            act()
    assert len(made(tmp_path / "h", people(300))) == 300


def test_many_are_approximate_of_themselves(tmp_path, monkeypatch):
    monkeypatch.setattr(index_build, "FEW", 500)
    assert made(tmp_path / "a", people(499), kind="auto").facts["kind"] == "exact"
    assert made(tmp_path / "b", people(500), kind="auto").facts["kind"] == "approximate"


def test_other_folders_are_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("all of it")
    with pytest.raises(GalleryError, match=r"not a gallery, thesis\.txt is in it"):
        Builder.open(tmp_path, EMBEDDER, "cosine")
    with pytest.raises(GalleryError, match="no gallery there; sticc gallery builds one"):
        Gallery.open(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
