"""Score against cost: every method at its place, cheap on the left in each panel."""

import numpy as np
import pandas as pd
import pytest

from sticc_lib.figures.captions import words
from sticc_lib.figures.tradeoff import AXES, tradeoff

COSTS = pd.DataFrame(
    {"MACs": [2e8, 1e8, 9e9], "parameters": [1e6, 6e5, 2e7], "clips_per_second": [40, 80, 1]},
    index=["sticc", "mean_pool", "other"],
)
VALUES = pd.DataFrame(
    [(m, s, "walkers.mAP", v + s / 100)
     for m, v in (("sticc", 0.6), ("mean_pool", 0.4)) for s in range(3)],
    columns=["method", "seed", "metric", "value"],
)  # fmt: skip


def test_methods_stand_where_their_cost_and_mean_are(texts):
    figure = tradeoff(VALUES, COSTS)
    first = figure.axes[0]
    dots = [np.asarray(line.get_xydata()) for line in first.lines if line.get_marker() == "o"]
    assert np.concatenate(dots) == pytest.approx(np.array([[2e8, 0.61]]))
    assert {"STICC", "mean pool"} <= set(texts(figure))
    assert "other" not in texts(figure), "it has no score"


def test_cheap_is_on_the_left_in_every_panel():
    figure = tradeoff(VALUES, COSTS)
    for panel, column in zip(figure.axes, AXES, strict=True):
        places = panel.transData.transform([(COSTS[column][m], 0.5) for m in COSTS.index])
        assert places[1, 0] < places[0, 0], column


def test_the_best_is_named_to_those_who_cannot_see_it():
    held = words(tradeoff(VALUES, COSTS, note="Synthetic."))
    assert held is not None
    assert "Best: STICC" in held.alt
    assert held.caption.startswith("Synthetic. ")
