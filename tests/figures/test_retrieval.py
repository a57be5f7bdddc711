import numpy as np
import pandas as pd
import pytest

from sticc_lib.figures import captions, retrieval


def test_a_curve_a_method_with_its_rank_one(texts):
    figure = retrieval.cmc(
        {"sticc": np.linspace(0.9, 1, 50), "frozen": np.linspace(0.1, 0.5, 50)}, rule="my rule"
    )
    shown = texts(figure)
    assert {"STICC, rank-1 90.0 %", "frozen trunk, rank-1 10.0 %"} <= set(shown)
    lines = figure.axes[0].lines
    assert lines[0].get_ydata() == pytest.approx(np.linspace(0.9, 1, 50)[:20])
    held = captions.words(figure)
    assert held is not None
    assert "my rule" in held.caption


def test_seeds_of_a_curve_become_a_band(texts):
    runs = np.stack([np.full(20, 0.5), np.full(20, 0.7)])
    figure = retrieval.cmc({"sticc": runs, "frozen": np.full(5, 0.1)})
    texts(figure)
    band = figure.axes[0].collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.5, 0.7))


def test_a_curve_without_queries_leaves_its_line_out(texts):
    figure = retrieval.cmc({"sticc": np.full(20, np.nan), "frozen": np.full(20, 0.2)})
    assert not any(t.startswith("STICC") for t in texts(figure))


def conditions_table(methods=("sticc", "mean_pool")):
    rows = [
        (m, c, k, 0.1 * (i + j + 1), 0.1 * (i + j), 0.1 * (i + j + 2))
        for i, m in enumerate(methods)
        for j, c in enumerate(("none", "heavy", "walkers_unseen_cameras"))
        for k in ("rank1", "mAP")
    ]
    return pd.DataFrame(rows, columns=["method", "condition", "metric", "value", "low", "high"])


def test_a_dot_and_an_interval_for_every_number(texts):
    figure = retrieval.conditions(conditions_table(), counts={"none": 400})
    shown = texts(figure)
    assert "none\n400 queries" in shown
    assert "unseen cameras\n(synthetic)" in shown
    for axes in figure.axes:
        assert [line.get_ydata().tolist() for line in axes.lines] == [
            pytest.approx([0.1, 0.2, 0.3]), pytest.approx([0.2, 0.3, 0.4])]  # fmt: skip
        assert sum(len(c.get_segments()) for c in axes.collections) == 6


def test_a_condition_that_a_method_lacks_and_missing_intervals(texts):
    table = conditions_table().iloc[:-1].drop(columns=["low", "high"])
    figure = retrieval.conditions(table, ["mAP"])
    texts(figure)
    assert np.isnan(figure.axes[0].lines[1].get_ydata()[-1])


def test_histograms_are_shares_that_sum_to_one(texts):
    rng = np.random.default_rng(0)
    figure = retrieval.distances(
        rng.normal(0.3, 0.1, 500), rng.normal(0.9, 0.1, 4000), 0.6, (0.55, 0.62), "finds 97 %"
    )
    shown = texts(figure)
    assert {"same person\n500 pairs", "different person\n4,000 pairs",
            "threshold 0.600 [0.550, 0.620]: finds 97 %"} <= set(shown)  # fmt: skip
    filled = [p for p in figure.axes[0].patches if hasattr(p, "get_data")]
    assert [p.get_data().values.sum() for p in filled] == pytest.approx([1, 1, 1, 1])


def test_distances_without_threshold_with_nan_and_with_one_peak(texts):
    values = np.r_[np.random.default_rng(0).normal(0.5, 0.1, 300), np.nan]
    figure = retrieval.distances(values, values)
    labels = [t for t in figure.axes[0].texts if "person" in t.get_text()]
    texts(figure)
    boxes = [t.get_window_extent() for t in labels]
    assert not boxes[0].overlaps(boxes[1])


def test_a_threshold_without_interval_says_so_nowhere(texts):
    figure = retrieval.distances(np.zeros(5), np.ones(5), 0.5, (np.nan, np.nan))
    assert "threshold 0.500" in texts(figure)
