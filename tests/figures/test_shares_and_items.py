"""Tables over a set as figures: what is said is in the table, and every direction can be said."""

import numpy as np
import pandas as pd
import pytest

from sticc_lib.explain.memories import MemoryContents, Stored, contents
from sticc_lib.figures import items, nearest, shares
from sticc_lib.figures.captions import words


def levels(trained, seeds=3):
    rows = [
        (name, level, kind, seed, (trained if kind == "trained" else 1.0) + 0.1 * seed)
        for name in ("w_RG", "w_MG")
        for level in ("none", "medium", "heavy")
        for kind in ("trained", "randomised")
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows, columns=["map", "level", "weights", "seed", "ratio"])


@pytest.mark.parametrize("trained", [0.4, 2.0], ids=["off the person", "on the person"])
@pytest.mark.parametrize("seeds", [1, 3])
def test_means_and_spread_over_seeds_are_written(texts, trained, seeds):
    figure = shares.shares(levels(trained, seeds))
    mean = trained + 0.1 * (seeds - 1) / 2
    assert texts(figure).count(f"{mean:.2f}") == 6
    said = words(figure).alt
    assert f"w_RG trained, heavy: {mean:.2f}" in said
    assert ("± 0.10" in said) is (seeds == 3)


def test_a_table_without_a_column_is_refused_by_its_name():
    with pytest.raises(ValueError, match="missing: seed"):
        shares.shares(levels(2.0).drop(columns="seed"))
    with pytest.raises(ValueError, match="there is no row"):
        shares.shares(levels(2.0).iloc[:0])


def test_the_parts_of_a_row_fill_it(texts):
    labels = ["target visible", "target hidden", "occluder", "other person", "background"]
    split = [0.5, 0.1, 0.1, 0.1, 0.2]
    table = pd.DataFrame(
        [("w_RG", kind, label, share, 0.2, 7) for kind in ("none", "pole")
         for label, share in zip(labels, split, strict=True)],
        columns=["map", "kind", "label", "share", "even", "n"],
    )  # fmt: skip
    figure = shares.by_kind(table)
    assert "pole (7)" in texts(figure)
    ends = [bar.get_x() + bar.get_width() for bar in figure.axes[0].patches]
    assert sorted(ends)[-4:] == pytest.approx([1.0] * 4)
    assert "none: 0.50 against 0.20" in words(figure).alt


@pytest.mark.parametrize("slope", [-1.0, 1.0])
def test_relevance_is_drawn_in_whatever_direction_it_goes(texts, slope):
    seen = np.linspace(0.01, 0.99, 400)
    frames = pd.DataFrame(
        {"tracklet": 1, "visibility": seen, "relevance": 1 + slope * (seen - 0.5)}
    )
    table = pd.DataFrame({"weight": ["rho"], "correlation": [slope], "sd": [0.1], "n": [9]})
    figure = shares.relevance_by_visibility(frames, table)
    line = figure.axes[0].lines[0].get_ydata()
    assert (np.sign(np.diff(line)) == slope).all()
    assert any(text.endswith("1.00") and text[0] in "+−" for text in texts(figure))
    assert (
        f"correlation {'+' if slope > 0 else '−'}1.00 (sd 0.10, 9 tracklets)" in words(figure).alt
    )
    texts(shares.relevance_by_visibility(frames))


def test_dead_items_are_named_and_counted(texts):
    table = pd.DataFrame(
        {"mean": [0.9, 0.02], "largest": [1.0, 0.0], "persons": [5, 0], "cameras": [2, 0],
         "dead": [False, True]}
    ).rename_axis("item")  # fmt: skip
    figure = items.usage(table, "Use", largest=0.97)
    assert {"1 dead", "0.02"} <= set(texts(figure))
    assert "1 of 2 are" in words(figure).caption
    assert "0.9700" in words(figure).caption
    with pytest.raises(ValueError, match="dead"):
        items.usage(table.drop(columns="dead"))


@pytest.mark.parametrize("options", [{}, {"spatial": "subtract"}, {"temporal": "off"}])
def test_stored_patterns_are_written_times_an_even_share(tiny, texts, options):
    stored = contents(tiny(**options))
    shown = texts(items.patterns(stored, np.eye(4)))
    if stored.spatial is not None and stored.spatial.patterns is not None:
        assert f"{stored.spatial.patterns[0, 0] * 4:.2f}" in shown
    one = Stored(np.zeros((2, 3)), np.full((2, 3), 1 / 3), 5.0, 0.9)
    assert texts(items.patterns(MemoryContents(one, None))).count("1.00") == 6


def test_patches_and_tracklets_are_drawn_with_their_owners(people, texts):
    table = pd.DataFrame(
        {"slot": [0, 0, 1], "tracklet": [2, 5, 0], "time": [1, 5, 0], "token": [0, 7, 3],
         "alpha": [0.9, 0.5, 0.25]}
    )  # fmt: skip
    shown = texts(nearest.nearest_patches(people, table, (4, 2), size=(16, 8)))
    assert {"slot 0", "slot 1", "0.90\np 2, c 1", "0.50\np 3, c 2", "0.25\np 1, c 1"} <= set(shown)
    figure = nearest.nearest_tracklets(people, [0, 7], [0.8, 0.4])
    assert {"0.80 · p 1, c 1", "0.40 · p 4, c 2"} <= set(texts(figure))
    assert "2 persons, 2 cameras" in words(figure).alt
    with pytest.raises(ValueError, match="expected an address a tracklet, got 0 of 1"):
        nearest.nearest_tracklets(people, [0], [])


def test_a_crop_holds_its_token_in_the_middle():
    from sticc_lib.figures import tiles

    frame = np.zeros((16, 8, 3), np.uint8)
    frame[12:16, 4:8] = 200  # the last token of 4 x 2
    crop = tiles.around(frame, 7, (4, 2))
    assert crop.shape == (12, 12, 3)
    assert (crop[4:8, 4:8] == 200).all()
    assert crop[:4].max() == 0
