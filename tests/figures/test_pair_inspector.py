from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sticc_lib.explain.look import look
from sticc_lib.explain.pairs import pair, swap_effect
from sticc_lib.figures import captions
from sticc_lib.figures.pairs import inspect


def pairs_of(model, data, **options):
    first, *rest = (look(model, data, t, "tiny STICC", **options) for t in (1, 2, 6))
    return first, {"true": pair(first, rest[0]), "false": pair(first, rest[1])}


def test_each_pair_shows_its_distance_and_its_parts(tiny, coloured, texts):
    model, data = tiny(), coloured()
    first, pairs = pairs_of(model, data)
    swaps = {name: swap_effect(model, first, p.second) for name, p in pairs.items()}
    figure = inspect(pairs, swaps)
    shown = texts(figure)
    for name, found in pairs.items():
        assert f"{name}: distance {found.distance:.3f}" in shown
        assert {f"{part:.3f}" for part in found.blocks.values()} <= set(shown)
    assert shown.count("RV_FG") == 2
    held = captions.words(figure)
    assert held is not None
    for told in (
        "tiny STICC",
        "all_frames, T = 3",
        "share a part",
        "below the zero line is nearer",
    ):
        assert told in held.caption


def test_all_bars_have_one_scale(tiny, coloured, texts):
    _, pairs = pairs_of(tiny(), coloured())
    pairs["false"] = replace(pairs["false"], blocks={"RV_FG": 0.2, "r_sp": 0.4, "r_tm": 0.1})
    pairs["true"] = replace(pairs["true"], blocks={"RV_FG": 0.1, "r_sp": 0.1, "r_tm": 0.05})
    figure = inspect(pairs)
    texts(figure)
    widths = [np.ptp(path.vertices[:, 0]) for c in figure.axes[0].collections
              for path in c.get_paths()]  # fmt: skip
    assert np.array(widths) / widths[4] == pytest.approx([0.25, 0.25, 0.125, 0.5, 1, 0.25])


def test_the_change_stands_below_the_zero_line_where_it_is_nearer(tiny, coloured, texts):
    _, pairs = pairs_of(tiny(), coloured())
    swaps = pd.DataFrame({"frame": [0, 0, 1], "by": [0, 1, 1], "change": [-0.3, -0.1, 0.2]})
    figure = inspect({"true": pairs["true"]}, {"true": swaps})
    shown = texts(figure)
    assert {"−0.20", "+0.20", "−0.30", "+0.05"} <= set(shown)  # by frame; by the one put in
    held = captions.words(figure)
    assert held is not None
    assert "true −0.067" in held.caption


@pytest.mark.parametrize(
    ("name", "lengths", "clip_length"),
    [("attention_pool", (3, 5), 0), ("sticc", (2, 1), 0), ("sticc", (3, 5), 1),
     ("sticc", (12, 12), 10)],
    ids=["without slots", "short", "one frame", "long clips"],
)  # fmt: skip
def test_models_without_slots_and_odd_clips_are_drawn(
    tiny, coloured, texts, name, lengths, clip_length
):
    model, data = tiny(name), coloured(lengths=lengths)
    first, pairs = pairs_of(model, data, clip_length=clip_length)
    swaps = {k: swap_effect(model, first, p.second) for k, p in pairs.items()}
    shown = texts(inspect(pairs, swaps))
    assert ("cosine of slots" in shown) == (name == "sticc")


def test_no_pair_and_a_clip_that_is_not_there_are_refused(tiny, coloured):
    _, pairs = pairs_of(tiny(), coloured())
    with pytest.raises(ValueError, match="no pair"):
        inspect({})
    with pytest.raises(ValueError, match="other: 7; expected 0 to"):
        inspect(pairs, other=7)
