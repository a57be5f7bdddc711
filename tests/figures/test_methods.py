import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from sticc_lib.figures import captions, methods


def values(seeds=3):
    rows = [(m, s, k, v + 0.01 * s) for m, v in (("mean_pool", 0.5), ("sticc", 0.9), ("mine", 0.2))
            for s in range(seeds) for k in ("walkers.rank1", "walkers.mAP")]  # fmt: skip
    return pd.DataFrame(rows, columns=["method", "seed", "metric", "value"])


def test_means_spreads_and_every_seed_are_drawn_best_on_top(texts):
    figure = methods.scores(values(), ["walkers.rank1", "walkers.mAP"])
    shown = texts(figure)
    assert {"91.0", "51.0", "21.0", "rank-1", "mAP"} <= set(shown)
    first = figure.axes[0]
    assert [t.get_text() for t in first.get_yticklabels()] == ["STICC", "mean pool", "mine"]
    strokes = [line for line in first.lines if line.get_marker() == "|"]
    assert strokes[0].get_xdata() == pytest.approx([0.9, 0.91, 0.92])


def test_axes_are_cut_alike_around_the_numbers_and_say_so(texts):
    table = values()
    table = table[table["method"] != "mine"]
    figure = methods.scores(table, ["walkers.rank1", "walkers.mAP"])
    assert [axes.get_xlim() for axes in figure.axes[:2]] == [pytest.approx((0.4, 1.0))] * 2
    assert "Axes begin at 40 %." in captions.words(figure).caption
    assert methods.scores(values(), ["walkers.mAP"]).axes[0].get_xlim()[0] == pytest.approx(0.1)


def test_one_seed_and_a_missing_number_have_no_spread(texts):
    table = values(1)
    table.loc[0, "value"] = np.nan
    figure = methods.scores(table, {"walkers.mAP": "mAP", "walkers.rank1": "first rank"})
    assert "first rank" in texts(figure)
    assert not any(line.get_marker() == "|" for axes in figure.axes for line in axes.lines)
    held = captions.words(figure)
    assert held is not None
    assert "no spread" in held.caption


def leads():
    rows = [("mean_pool", "walkers", "rank1", 0.10, 0.05, 0.15),
            ("attention_pool", "walkers", "rank1", -0.02, -0.05, 0.01),
            ("mean_pool", "walkers", "mAP", 0.08, 0.02, 0.12),
            ("attention_pool", "walkers", "mAP", np.nan, np.nan, np.nan),
            ("mean_pool", "pets", "rank1", 0.9, 0.8, 1.0)]  # fmt: skip
    columns = ["method", "condition", "metric", "difference", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def test_leads_of_the_asked_condition_are_drawn_with_their_intervals(texts):
    figure = methods.differences(leads())
    shown = texts(figure)
    assert {"+10.0 [+5.0, +15.0]", "−2.0 [−5.0, +1.0]"} <= set(shown)
    assert not any("90.0" in text for text in shown)
    assert any("synthetic" in text for text in shown)


def test_a_lead_whose_interval_holds_zero_is_hollow():
    first = methods.differences(leads(), metrics=["rank1"]).axes[0]
    dots = [line for line in first.lines if line.get_marker() == "o"]
    assert dots[0].get_xdata()[0] == pytest.approx(-2)
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [True, False]
    held = captions.words(first.figure)
    assert held is not None
    assert "for 1 of them" in held.alt


def test_costs_are_bars_from_zero_with_their_amounts(texts):
    table = pd.DataFrame({"parameters": [2e6, 0], "MACs": [1e9, np.nan]}, index=["sticc", "M1"])
    figure = methods.costs(table)
    assert {"2.00 M", "0", "1.00 G", "n/a", "STICC", "M1"} <= set(texts(figure))
    assert [p.get_width() for p in figure.axes[0].patches] == [2e6, 0]


def test_the_table_writes_every_score_and_emboldens_the_best(texts):
    table = pd.DataFrame({"frame_mAP": [0.35, 0.57], "visit_rank1": [0.81, np.nan]},
                         index=["sticc", "hsv_histogram"])  # fmt: skip
    figure = methods.score_table(table, "PETS", "Few queries.", table * 0.1)
    assert {"0.350", "0.570", "0.810", "n/a", "±0.035", "frame mAP"} <= set(texts(figure))
    bold = [t.get_text() for t in figure.axes[0].texts if t.get_fontweight() == "bold"]
    assert bold == ["0.810", "0.570"]
    bars = [p.get_width() for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    assert np.array(bars[1::2]) / np.array(bars[0::2]) == pytest.approx([0.35, 0.81, 0.57])
