from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sticc_lib.explain import maps
from sticc_lib.explain.deletion import RANDOM, Deletion
from sticc_lib.explain.importance import frames_matter
from sticc_lib.explain.look import look
from sticc_lib.explain.sensitivity import agreement
from sticc_lib.explain.sensitivity import sensitivity as measured
from sticc_lib.figures import captions
from sticc_lib.figures.causes import sensitivity
from sticc_lib.figures.importance import frame_importance


def said(figure):
    held = captions.words(figure)
    assert held is not None
    return held.caption


def deletion(names=("w_RG", "w_MG", "weights")):
    shares = np.linspace(0, 1, 5)
    curves = pd.concat(
        [pd.DataFrame({"map": name, "kind": kind, "share": shares, "similarity": 1 - shares,
                       "sd": 0.1 * (name == RANDOM)})
         for name in (*names, RANDOM) for kind in ("deletion", "insertion")]
    )  # fmt: skip
    areas = pd.DataFrame(
        {"deletion": 0.41, "insertion": 0.62, "gain": -0.13}, index=[*names, RANDOM]
    )
    return Deletion(curves, areas, "4 steps, filled with mean, 2 random orders")


@pytest.mark.parametrize("name", ["sticc", "attention_pool"])
def test_effects_stand_over_the_weights_with_their_rank_correlation(tiny, coloured, texts, name):
    model = tiny(name)
    seen = look(model, coloured(), 1, "tiny model")
    found = measured(model, seen, clip=1, box=8, stride=8, progress=False)
    weights = {name: w[1] for name, w in maps.token_weights(seen).items()}
    agreed = {n: agreement(found, w) if np.ptp(w) else 0.0 for n, w in weights.items()}
    figure = sensitivity(seen, found, weights, agreed, deletion(), clip=1, frame=2)
    shown = texts(figure)
    assert {"frame 2", "effect of a box", *weights, RANDOM, "−0.13"} <= set(shown)
    assert sum(t.startswith("rank correlation") for t in shown) == len(weights)
    for told in (found.how, "tiny model", "4 steps", "not why"):
        assert told in said(figure)
    assert f"{found.effect[2].max():.3f}" in next(t for t in shown if t.startswith("most under"))


def test_each_map_has_a_curve_and_random_order_a_band(tiny, coloured, texts):
    model = tiny()
    seen = look(model, coloured(), 0, "tiny")
    found = measured(model, seen, box=16, stride=16, progress=False)
    figure = sensitivity(seen, found, deletion=deletion())
    texts(figure)
    _, *panels = figure.axes
    assert [len(panel.lines) for panel in panels] == [4, 4]
    assert [len(panel.collections) for panel in panels] == [1, 1]
    assert len({line.get_color() for line in panels[0].lines}) == 4


def test_the_box_that_matters_most_is_outlined(tiny, coloured, texts):
    model = tiny()
    seen = look(model, coloured(), 0, "tiny")
    found = measured(model, seen, box=8, stride=8, progress=False)  # 4 x 2 boxes on 32 x 16 pixels
    planted = np.full(found.effect.shape, 0.01)
    planted[1, 2, 1] = 0.5
    figure = sensitivity(seen, replace(found, effect=planted), frame=1)
    texts(figure)
    page = figure.axes[0]
    left, right, bottom, top = page.images[1].get_extent()  # after the scale bar
    path = next(p for c in page.collections for p in c.get_paths()
                if np.ptp(p.vertices[:, 0]) == pytest.approx((right - left) / 2))  # fmt: skip
    (x0, y0), (x1, y1) = path.vertices.min(0), path.vertices.max(0)
    across, down = (right - left) / 2, (bottom - top) / 4
    assert (x0, x1) == pytest.approx((left + across, right))
    assert (y0, y1) == pytest.approx((top + 2 * down, top + 3 * down))


def test_effects_that_speak_for_the_other_side_get_colours_both_ways(tiny, coloured, texts):
    model, data = tiny(), coloured()
    seen = look(model, data, 0, "tiny")
    found = measured(model, seen, box=8, stride=8, progress=False,
                     against=(seen.embedding, look(model, data, 6, "tiny").embedding))  # fmt: skip
    shown = texts(sensitivity(seen, replace(found, tokens=np.linspace(-1, 0.5, 24).reshape(3, 8))))
    assert "fall of the cosine (margin of the true over the false match)" in shown


def test_short_clips_and_wrong_clips_are_told_apart(tiny, coloured, texts):
    model, data = tiny(), coloured(lengths=(2, 5))
    short, long = look(model, data, 0, "tiny"), look(model, data, 1, "tiny")
    found = measured(model, short, box=16, stride=16, progress=False)
    figure = sensitivity(short, found)
    texts(figure)
    assert "only fills a short clip" in said(figure)
    with pytest.raises(ValueError, match="effects of another clip"):
        sensitivity(long, found)
    with pytest.raises(ValueError, match="frame: 3; expected 0 to 2"):
        sensitivity(short, found, frame=3)


@pytest.mark.parametrize(
    ("name", "lengths", "length"),
    [("sticc", (5, 5), 0), ("sticc", (2, 5), 0), ("sticc", (3, 3), 1), ("attention_pool", (3,), 0)],
    ids=["plain", "short", "one frame", "floor"],
)
def test_every_action_has_a_row_and_every_frame_a_bar(tiny, coloured, texts, name, lengths, length):
    model, data = tiny(name), coloured(lengths=lengths)
    seen = look(model, data, 0, "tiny model", clip_length=length)
    other = look(model, data, 5, "tiny model").frames[0, 0]
    table = frames_matter(model, seen, 0, other)
    figure = frame_importance(seen, table)
    shown = texts(figure)
    actions = set(table["action"])
    assert actions <= set(shown)
    assert ("drop" in actions) == (seen.mask[0].sum() > 1)
    bars = [path for c in figure.axes[0].collections if c.get_facecolor().size
            for path in c.get_paths() if len(path.vertices) >= 4]  # fmt: skip
    single = table["frame"].notna().sum()
    assert len(bars) == single
    for told in (f"{table.loc[table['action'] == 'sibling', 'drift'].mean():.3f} on average",
                 "tiny model", "clip 0", "other orders moves"):  # fmt: skip
        assert told in said(figure)


def test_the_numbers_are_the_tables_of_a_frame_or_their_mean(tiny, coloured, texts):
    model = tiny()
    seen = look(model, coloured(lengths=(3,)), 0, "tiny")
    table = frames_matter(model, seen, 0, seen.frames[0, 0])
    table[["drift", "RV_FG", "r_sp", "r_tm"]] = 0.0
    erased = table["action"] == "erase"
    table.loc[erased, "r_tm"] = [0.1, 0.2, 0.6]
    assert "0.300" in texts(frame_importance(seen, table))
    shown = texts(frame_importance(seen, table, frame=2))
    assert {"0.600", "drift by block, frame 2"} <= set(shown)
    with pytest.raises(ValueError, match="frame: 3; expected -1 to 2"):
        frame_importance(seen, table, frame=3)
    with pytest.raises(ValueError, match="a table of another clip"):
        frame_importance(seen, table[table["frame"] != 1])


def test_ranks_are_told_where_they_were_measured(tiny, coloured, texts):
    model = tiny()
    seen = look(model, coloured(lengths=(3,)), 0, "tiny")
    table = frames_matter(model, seen, 0, seen.frames[0, 0])
    ranked = table.assign(**{"rank before": 2.0, "rank": [5.0, *[3.0] * (len(table) - 1)]})
    figure = frame_importance(seen, ranked)
    texts(figure)
    assert "stands at rank 2; after a change at 3 to 5" in said(figure)
