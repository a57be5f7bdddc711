import numpy as np
import pandas as pd
import pytest

from sticc_lib.figures import captions, curves


def log(steps=60, seed=None):
    rows = []
    for step in range(1, steps + 1):
        row = {"step": step, "lr": 1e-3, "loss": 4 / step, "diversity": 0.1}
        row |= {f"id/{b}": 3 / step + i for i, b in enumerate(("common", "detail"))}
        row |= {"information/spatial": 0.01 * step, "information/temporal": 0.0}
        rows.append(row if seed is None else {**row, "loss": row["loss"] + seed, "seed": seed})
    val = {"step": steps, "val/rank1": 0.5, "val/mAP": 0.25}
    return [*rows, val if seed is None else {**val, "seed": seed}]


def panels(figure):
    return {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_visible()}


def test_every_term_has_a_panel_and_every_branch_a_line(texts):
    figure = curves.training(log(), smooth=0)
    shown = texts(figure)
    assert set(panels(figure)) == {"weighted sum of all terms", "identity loss", "learning rate",
                                   "diversity of slots", "validation persons"}  # fmt: skip
    assert {"common", "detail", "rank-1", "mAP"} <= set(shown)
    lines = panels(figure)["identity loss"].lines
    assert lines[0].get_ydata() == pytest.approx([3 / s for s in range(1, 61)])
    assert len(lines) == 2


def test_smoothing_is_stated_and_spares_rate_and_validation(texts):
    figure = curves.training(log(), smooth=0.9)
    texts(figure)
    held = captions.words(figure)
    assert held is not None
    assert "weight 0.9" in held.caption
    assert len(panels(figure)["identity loss"].lines) == 4  # raw and smooth, twice
    assert len(panels(figure)["learning rate"].lines) == 1


def test_seeds_become_a_band_from_lowest_to_highest(texts):
    figure = curves.training(log(seed=0) + log(seed=2), smooth=0)
    texts(figure)
    loss = panels(figure)["weighted sum of all terms"]
    band = loss.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((4 / 60, 6))
    assert loss.lines[0].get_ydata()[0] == pytest.approx(5)
    held = captions.words(figure)
    assert held is not None
    assert "2 seeds" in held.caption


def test_a_log_of_one_row_and_a_data_frame_are_drawn(texts):
    texts(curves.training(pd.DataFrame([{"step": 5, "loss": 1.0, "lr": np.nan}])))


def test_the_memory_is_drawn_below_the_most_it_could_tell(texts):
    figure = curves.memory_information(log(), {"spatial": 4, "temporal": 8})
    shown = texts(figure)
    assert {"spatial", "temporal"} <= set(shown)
    assert any(t.startswith("ln 4 = 1.39") for t in shown)
    assert figure.axes[0].get_ylim()[1] > np.log(8)
    held = captions.words(figure)
    assert held is not None
    assert "spatial 0.60" in held.alt


def test_a_dead_memory_is_drawn(texts):
    rows = [{"step": s, "information/temporal": 0.0} for s in (1, 2)]
    assert "temporal" in texts(curves.memory_information(rows))


@pytest.mark.parametrize("draw", [curves.training, curves.memory_information])
def test_a_log_that_cannot_be_drawn_is_refused(draw):
    with pytest.raises(ValueError, match="no step"):
        draw([{"loss": 1.0}])
    with pytest.raises(ValueError, match=r"nothing to draw|no memory"):
        draw([{"step": 1, "other": 1.0}])


def test_runs_are_drawn_over_one_range_that_holds_them_all(texts):
    runs = {"a": log(), "b": log(seed=0) + log(seed=40)}
    limits = curves.common_limits(runs)
    assert limits["loss"][0] < 4 / 60
    assert limits["loss"][1] > 44
    ranges = []
    for name, rows in runs.items():
        figure = curves.training(rows, limits=limits, run=name)
        assert f"Training over 60 steps: {name}" in texts(figure)
        held = captions.words(figure)
        assert held is not None
        assert "same for every run" in held.caption
        ranges.append({t: axes.get_ylim() for t, axes in panels(figure).items()})
    assert ranges[0] == ranges[1]


def test_a_constant_term_gets_a_range_and_a_weight_of_one_is_refused():
    low, high = curves.common_limits({"a": [{"step": 1, "diversity": 0.0}]})["diversity"]
    assert low < 0 < high
    with pytest.raises(ValueError, match="smooth: 1; expected 0"):
        curves.training(log(), smooth=1)
