"""Notebook 01's questions, put to sets that lack whatever a question needs."""

import numpy as np
import pandas as pd
import pytest
from IPython.display import Markdown
from matplotlib.figure import Figure
from PIL import Image
from tiny_mars import write_tree

from sticc_lib.config import ConfigError, identity
from sticc_lib.experiments import about, about_drawn, opened
from sticc_lib.figures.captions import Picture
from sticc_lib.run import Run

TRAIN = [(p, c, 3) for p in (1, 2, 3) for c in (1, 2)] + [(4, 1, 3)]
TEST = [(-1, 1, 2), (0, 2, 2)] + [(p, c, 3) for p in (20, 21, 22) for c in (1, 2, 3)]
QUESTIONS = [
    about.overview, about.splits, about.strips, about.lengths, about.cameras, about.persons,
    about.pairs, about.light, about.sizes, about.separation, about.nearest, about.busiest,
    about.visits, about.notes, about_drawn.most_hidden, about_drawn.occlusion,
    about_drawn.standard_test, about_drawn.unseen_cameras, about_drawn.unseen_occluders,
]  # fmt: skip


def pictures(folder, names, size=(16, 8)):
    rng = np.random.default_rng(0)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (*size, 3)).astype(np.uint8)).save(path)
    return folder


@pytest.fixture
def mars(small, tmp_path):
    root = write_tree(tmp_path / "MARS", TRAIN, TEST, [3, 6, 10])
    copied = (root / "bbox_train/0001/0001C1T0001F001.jpg").read_bytes()
    (root / "bbox_test/0020/0020C2T0001F001.jpg").write_bytes(copied)
    return opened.open_sets(small(**{"data.name": "mars", "data.root": str(root)}))["mars"]


@pytest.fixture
def folder(small, tmp_path):
    """Persons as folders of frames, no camera, no split."""
    root = pictures(tmp_path / "own", [f"{p}/{t}.jpg" for p in "abc" for t in range(3)])
    options = {"data.name": "folder", "data.root": str(root),
               "data.options.pattern": "{person}/{frame}.jpg"}  # fmt: skip
    return opened.open_sets(small(**options))["folder"]


@pytest.fixture
def market(small, tmp_path):
    names = [f"bounding_box_train/{p:04d}_c{c}s1_000001_00.jpg" for p in (2, 7) for c in (1, 2)]
    names += [f"query/{p:04d}_c1s1_000001_00.jpg" for p in (3, 5)]
    names += [f"bounding_box_test/{p}_c{c}s1_000051_01.jpg" for p, c in
              (("0003", 2), ("0005", 2), ("0000", 1), ("-1", 2))]  # fmt: skip
    root = pictures(tmp_path / "Market", names)
    return opened.open_sets(small(**{"data.name": "market", "data.root": str(root)}))["market"]


def said(question, one):
    return question(one)[1]


@pytest.mark.parametrize("kind", ["mars", "folder", "market"])
def test_every_question_has_an_answer_for_every_set(kind, request):
    one = request.getfixturevalue(kind)
    for question in QUESTIONS:
        found, words = question(one)
        assert found is None or isinstance(found, (Figure, pd.DataFrame)), question
        assert isinstance(words, str)
        assert "nan" not in words.lower().split()
    assert said(about_drawn.anchors, one).startswith("Not scored here")


def test_found_stands_beside_expected_where_documents_say(mars, folder):
    table, words = about.overview(mars)
    assert table.loc["queries", ["found", "expected"]].tolist() == ["3", "1,980"]
    assert "gallery with the queries" in words
    assert about.overview(folder)[0].columns.tolist() == ["found"]
    assert (mars.numbers["tracklets"], mars.numbers["queries"]) == (len(TRAIN) + len(TEST), 3)


def test_the_planted_copy_and_the_planted_person_are_named(mars, small, tmp_path):
    figure, words = about.separation(mars)
    assert isinstance(figure, Figure)
    assert "No person is in two splits." in words
    assert mars.numbers["copies"] >= 1
    pair = mars.copies.pairs
    tracklets = mars.data.frames["tracklet"].to_numpy()
    labels = {tuple(mars.data.tracklets.loc[tracklets[[p.first, p.second]], "label"])
              for p in pair[pair["copy"]].itertuples()}  # fmt: skip
    assert ("0001", "0020") in labels
    root = write_tree(tmp_path / "both", TRAIN, [*TEST, (2, 3, 2)], [3, 6, 10])
    both = opened.open_sets(small(**{"data.name": "mars", "data.root": str(root)}))["mars"]
    assert "Persons both in train and in test: **1** (`0002`)" in said(about.separation, both)
    assert both.numbers["shared_persons"] == 1


def test_sets_without_cameras_splits_or_length_say_so(folder, market):
    assert about.persons(folder)[0] is None
    assert "which camera" in said(about.persons, folder)
    assert about.pairs(folder) == (None, "")
    assert "One split (" in said(about.separation, folder)
    assert about.nearest(folder) == (None, "")
    figure, words = about.lengths(market)
    assert (figure, words.partition(".")[0]) == (None, "Every tracklet has 1 frame")
    assert "All 10 frames looked at are 16 x 8 pixels" in said(about.sizes, market)
    assert isinstance(about.pairs(market)[0], Figure)
    assert "not know" not in said(about.overview, market)


def test_answers_are_pictures_of_the_run_and_sentences_name_the_set(mars, folder, tmp_path):
    run = Run.open(str(tmp_path / "run"), "01", identity=identity(mars.config))
    shown = opened.answers(run, {"mars": mars, "folder": folder}, about.persons)
    assert [type(s) for s in shown] == [Picture, Markdown]
    assert (run.folder / "figures" / "01_mars_persons.png").exists()
    assert shown[1].data.startswith("**folder.** It does not say")
    told = opened.answers(run, {"mars": mars}, about.splits)
    assert [type(s) for s in told] == [Markdown, pd.DataFrame]


def test_sets_beside_it_are_the_embedded_ones_each_once(small):
    sets = opened.open_sets(small(), ["pets2009", "walkers"])
    assert list(sets) == ["walkers", "pets2009"]
    assert sets["walkers"].config.data == small().data
    assert list(opened.open_sets(small(**{"data.name": "pets2009"}), ["pets2009"])) == ["pets2009"]
    with pytest.raises(ConfigError, match=r"also: mars is none of pets2009, walkers"):
        opened.open_sets(small(), ["mars"])


def test_drawn_and_real_embedded_sets_answer_everything_that_fits(small):
    walkers, pets = opened.open_sets(small(), ["pets2009"]).values()
    for question in QUESTIONS:
        for one in (walkers, pets):
            found, _ = question(one)
            assert found is None or isinstance(found, (Figure, pd.DataFrame))
    assert isinstance(about_drawn.most_hidden(walkers)[0], Figure)
    assert about_drawn.most_hidden(pets)[0] is None
    assert isinstance(about.visits(pets)[0], Figure)
    assert about.visits(walkers)[0] is None
    assert pets.numbers["median_height"] > 60  # of the boxes, not of the crops that are kept
    table, words = about_drawn.anchors(walkers)
    assert table.index.tolist() == list(about_drawn.ANCHORS)
    assert "guessing would give" in words
    assert set(walkers.numbers) >= {"persons", "visibility", "chance", "hsv_histogram", "copies"}
