import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from sticc_lib.figures import gallery
from sticc_lib.figures.theme import FALSE, JUNK, QUERY, TRUE


@pytest.fixture
def ranked():
    rows = [
        (0, 2, 1, 0.11, "false", 0.5, "worst"),
        (0, 1, None, 0.15, "junk", 0.5, "worst"),
        (0, 3, 2, 0.25, "true", 0.5, "worst"),
        (4, 5, 1, 0.05, "true", 1.0, "best"),
    ]
    columns = ["query", "tracklet", "rank", "distance", "mark", "ap", "group"]
    return pd.DataFrame(rows, columns=columns)


def test_marks_ranks_and_distances_are_those_given(people, ranked, texts):
    shown = texts(gallery.ranked_gallery(people, ranked))
    assert [t for t in shown if t[0] in "✓✗–" and t.strip()[-1:].isdigit()] == [
        "✗ 1", "✓ 2", "✓ 1"]  # fmt: skip
    assert {"0.11", "0.15", "0.25", "0.05", "query, AP 0.50", "query, AP 1.00"} <= set(shown)
    assert {"worst", "best", "person 1, camera 1"} <= set(shown)


def test_a_strip_is_framed_in_the_colour_of_its_mark(people, ranked):
    figure = gallery.ranked_gallery(people, ranked)
    borders = [p.get_edgecolor() for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    expected = [QUERY, FALSE, JUNK, TRUE, QUERY, TRUE]
    assert borders == [to_rgba(colour) for colour in expected]


def test_junk_is_grey_and_has_no_rank(people, ranked, texts):
    figure = gallery.ranked_gallery(people, ranked, frames=2, query_frames=3)
    shown = texts(figure)
    assert shown.count("–") == 1
    images = [np.asarray(i.get_array()) for i in figure.axes[0].images]
    assert len(images) == 3 + 2 * 3 + 3 + 2
    grey = [i for i in images if (i == i[..., :1]).all()]
    assert len(grey) == 2


def test_the_nearest_right_ones_are_counted_without_junk(people, ranked):
    first = ranked.assign(mark=["junk", "true", "false", "false"])
    held = gallery.ranked_gallery(people, first)._words  # type: ignore[attr-defined]
    assert "right for 1." in held.alt


def test_the_box_of_the_picked_one_stands_behind_its_pictures(people, ranked):
    (plain, page), (picked, _) = (
        (figure, figure.axes[0])
        for figure in (gallery.ranked_gallery(people, ranked, picked=n) for n in (0, 1))
    )
    boxes = [p for p in picked.axes[0].patches if p.get_zorder() < page.images[0].get_zorder()]
    assert len(boxes) == 2  # the first rank of each query
    assert len(picked.axes[0].patches) == len(plain.axes[0].patches) + 2
    assert "In a box: the one picked." in picked._words.caption  # type: ignore[attr-defined]


def test_no_ap_no_group_no_junk(people, ranked, texts):
    plain = ranked[ranked["mark"] != "junk"].drop(columns=["ap", "group"])
    shown = texts(gallery.ranked_gallery(people, plain))
    assert not any("AP" in text for text in shown)


def test_many_entries_still_fit_the_page(people, texts):
    many = pd.DataFrame({"query": 0, "tracklet": [1, 2, 3, 4, 5, 6, 7] * 2, "rank": range(1, 15),
                         "distance": 0.5, "mark": "false"})  # fmt: skip
    texts(gallery.ranked_gallery(people, many, frames=1))


@pytest.mark.parametrize("mark", ["right", None])
def test_unknown_marks_and_empty_rankings_are_refused(people, ranked, mark):
    wrong = ranked.assign(mark=mark) if mark else ranked.iloc[:0]
    with pytest.raises(ValueError, match="expected rows marked true, false, junk"):
        gallery.ranked_gallery(people, wrong)
