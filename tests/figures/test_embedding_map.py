import numpy as np
import pandas as pd
import pytest

from sticc_lib.explain.projection import Projection
from sticc_lib.figures import captions
from sticc_lib.figures.projection import embedding_map

XY = np.array([[x, y] for x in range(4) for y in range(2)], np.float32)


def drawn(people, **options):
    made = Projection(XY, 0.87, "t-SNE", "perplexity 2, seed 0")
    return embedding_map(made, people.tracklets, "tiny", **options)


def test_both_halves_show_every_tracklet_at_one_place(people, texts):
    figure = drawn(people)
    shown = texts(figure)
    assert {"by person", "by camera", "t-SNE of the whole embedding, 8 tracklets"} <= set(shown)
    assert {"1", "2", "3", "4"} <= set(shown)
    halves = [np.concatenate([c.get_offsets() for c in a.collections]) for a in figure.axes[1:]]
    assert len(halves) == 2
    for points in halves:
        assert sorted(map(tuple, points)) == sorted(map(tuple, XY))


def test_the_caption_tells_what_the_map_depends_on(people, texts):
    figure = drawn(people, block="r_tm")
    texts(figure)
    held = captions.words(figure)
    assert held is not None
    for told in ("perplexity 2, seed 0", "trustworthiness 0.87", "cannot be read off", "tiny"):
        assert told in held.caption
    assert "r_tm" in held.title


def test_what_is_inside_the_box_is_outlined_and_shown(people, texts):
    figure = drawn(people, mark=(0, 1.5, -0.5, 1.5), data=people)
    shown = texts(figure)
    assert any(t.startswith("Inside the box: 4 tracklets, 2 persons, 2 cameras") for t in shown)
    rings = figure.axes[1].collections[-1].get_offsets()
    assert sorted(map(tuple, rings)) == sorted(map(tuple, XY[:4]))
    (strip,) = figure.axes[0].images
    middle = people.read(people.frame_positions()[0][3:4], (128, 64))[0]
    np.testing.assert_array_equal(strip.get_array()[:128, :64], np.moveaxis(middle, 0, -1))


@pytest.mark.parametrize("mark", [(9, 10, 9, 10), (0, 1.5, -0.5, 1.5)])
def test_an_empty_box_and_a_box_without_pictures_are_drawn(people, texts, mark):
    texts(drawn(people, mark=mark))
    texts(drawn(people, mark=mark, data=people))


def test_purity_stands_beneath_its_half(people, texts):
    purity = pd.DataFrame(
        [{"block": b, "label": n, "purity": v, "chance": 0.1, "most": 0.9, "count": 4, "k": 3}
         for b, n, v in (("whole", "person", 0.81), ("r_sp", "person", 0.72),
                         ("whole", "camera", 0.23))]
    )  # fmt: skip
    figure = drawn(people, purity=purity)
    shown = texts(figure)
    assert {"purity, k = 3", "0.81", "0.72", "0.23", "r_sp"} <= set(shown)
    held = captions.words(figure)
    assert held is not None
    assert "3 nearest" in held.caption


def test_persons_can_be_chosen_and_another_column_coloured(people, texts):
    table = people.tracklets.assign(correct=np.arange(8) % 3 == 0)
    figure = embedding_map(Projection(XY, 1.0, "PCA", "x"), table, "m", column="correct",
                           persons=[2])  # fmt: skip
    shown = texts(figure)
    assert {"by correct", "True", "False", "2"} <= set(shown)
    assert "4" not in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [({"column": "shoes"}, "column 'shoes'"), ({"mark": (1, 0, 0, 1)}, "expected x0 <= x1")],
)
def test_a_column_or_a_box_that_is_not_there_is_refused(people, options, message):
    with pytest.raises(ValueError, match=message):
        drawn(people, **options)
    with pytest.raises(ValueError, match="8 points, 7 tracklets"):
        embedding_map(Projection(XY, 1.0, "PCA", "x"), people.tracklets.iloc[1:], "m")
