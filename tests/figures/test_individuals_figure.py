"""A picture a fragment, in order of time; visits parted; every individual on one page only."""

import numpy as np
import pytest
from made_counts import Stay, counted

from sticc_lib.figures import individuals as gallery
from sticc_lib.figures.captions import words

STAYS = [Stay("A", 1, 40), Stay("B", 11, 30), Stay("A", 61, 90), Stay("C", 50, 52)]


def test_each_fragment_has_its_picture_with_its_time_below(texts):
    count = counted(STAYS, 100)
    figure = gallery.individuals(count)
    assert len(figure.axes[0].images) == 3
    fragments = count.observed.fragments
    times = count.observed.seconds(fragments["first_frame"].to_numpy())
    expected = [f"{t:.0f}" for n in (1, 2, 3) for t in sorted(times[count.of == n])]
    shown = [t for t in texts(figure) if t.isdigit()]
    names = ["1", "2", "3"]
    for name in names:
        shown.remove(name)
    assert sorted(shown) == sorted(expected)
    assert any("2 visits" in t and "14 s" in t for t in texts(figure))
    assert any(t.startswith("unsure, not counted") for t in texts(figure))
    # the line below the pictures: one a visit
    assert len(figure.axes[0].collections) == 2 + 1 + 1


def test_the_unsure_are_grey_and_the_pictures_are_theirs():
    count = counted(STAYS, 100)
    images = [np.asarray(i.get_array()) for i in gallery.individuals(count).axes[0].images]
    flat = [bool((i == i[..., :1]).all()) for i in images]
    assert flat == [False, False, True]
    mine = count.observed.pixels.read(count.observed.pictures()[[0]])[0, :, 0, 0]
    assert (images[0][0, 0] == mine).all()


def test_many_fragments_are_chosen_evenly_and_the_rest_is_told(texts):
    count = counted([Stay("A", 1, 600)], 600)
    shown = texts(gallery.individuals(count))
    assert any(f"40 fragments (+{40 - gallery.MOST})" in t for t in shown)
    assert {"0", "117"} <= {t.split()[0] for t in shown}, "the first and the last are there"


def test_every_individual_is_on_one_page():
    stays = [Stay(f"p{k:02d}", 1 + 2 * k, 30 + 11 * k) for k in range(25)]
    count = counted([*stays, Stay("x", 5, 6)], 400)
    starts = gallery.pages(count, lines=3)
    assert len(starts) > 2
    told = []
    for first in starts:
        figure = gallery.individuals(count, first, lines=3)
        names = [t.get_text() for t in figure.axes[0].texts if t.get_fontsize() == 11]
        told += [int(n) for n in names]
    sure = (1 + np.flatnonzero(count.counted)).tolist()
    assert told == sure + sorted(set(range(1, 27)) - set(sure))
    held = words(gallery.individuals(count, starts[1], lines=3))
    assert held is not None
    assert f"page 2 of {len(starts)}" in held.title
    with pytest.raises(ValueError, match="expected 0 to 25"):
        gallery.individuals(count, 26)


def test_nobody(texts):
    count = counted([], 25)
    assert gallery.pages(count) == [0]
    assert "There is nobody to show." in texts(gallery.individuals(count))
