"""What is drawn of curves, errors and intervals is what the tables say."""

import numpy as np
import pandas as pd
import pytest
from made_counts import Stay, counted, true_boxes
from matplotlib.patches import StepPatch

from sticc_lib.counting.calibrate import cut
from sticc_lib.counting.errors import mistakes, present_against
from sticc_lib.counting.sweep import sweep
from sticc_lib.figures import counting
from sticc_lib.figures.captions import words
from sticc_lib.figures.mistaken import KINDS, MOST, mistaken

STAYS = [Stay("ABCDE"[k % 5], 1 + 12 * k, 40 + 12 * k) for k in range(12)]
SWAPPED = [1, 2, 3, 4, 5, 6, 2, 3, 4, 4, 1, 2]


@pytest.fixture
def count():
    return counted(STAYS, 180, who=SWAPPED)


def steps(axes):
    return [p.get_data() for p in axes.patches if isinstance(p, StepPatch)]


def test_the_curve_the_chosen_threshold_and_the_plateau_are_drawn(count, texts):
    rng = np.random.default_rng(0)
    chosen = cut(rng.uniform(0, 0.3, 40), rng.uniform(0.25, 1, 60), "made up")
    curve = sweep(count.evidence, truth=true_boxes(STAYS))
    figure = counting.threshold_curve(curve, chosen)
    shown = texts(figure)
    assert len(figure.axes) == 3
    people = steps(figure.axes[0])[0]
    assert people.values.tolist() == curve["people"].tolist()
    assert people.edges[:-1].tolist() == curve["threshold"].tolist()
    for axes in figure.axes:
        line = next(x for x in axes.lines if x.get_gid() == "chosen")
        assert set(np.asarray(line.get_xdata())) == {chosen.value}
    assert "in truth 5" in shown
    for shares, total in zip(steps(figure.axes[2]), (40, 60), strict=True):
        assert shares.values.sum() == pytest.approx(1)
        assert (np.round(shares.values * total, 6) % 1 == 0).all()
    held = words(figure)
    assert held is not None
    assert f"{100 * chosen.error:.1f} % of them are on the wrong side" in held.caption


def test_a_curve_without_truth_and_a_threshold_without_pairs_have_one_panel(texts):
    curve = pd.DataFrame({"threshold": [0.0, 0.1, 0.2], "groups": [9, 5, 1], "people": [9, 5, 1]})
    none = cut(np.array([0.1]), np.array([0.9]), "x")
    bare = type(none)(0.15, 0.05, "given", np.empty(0), np.empty(0), float("nan"))
    figure = counting.threshold_curve(curve, bare)
    assert len(figure.axes) == 1
    assert "5 people at 0.150" in texts(figure)
    band = next(p for p in figure.axes[0].patches if p.get_gid() == "plateau")
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((0.1, 0.2))


def test_the_table_holds_the_seconds_and_the_sum_of_errors(count, texts):
    found = mistakes(count, true_boxes(STAYS))
    assert found.total("split") > 0
    assert found.total("merge") > 0
    figure = mistaken(count, found)
    shown = texts(figure)
    assert sum(t.startswith("✓ ") for t in shown) == 1 + len(set(found.stands.values()))  # legend
    cells = found.seconds.drop(index=0).to_numpy()
    numbers = [t.split()[-1] for t in shown if t[:1] in "✓÷+∅" and t[-1].isdigit()]
    cards = ("also", "are", "is")
    told = [t for t in numbers if not any(w in t for w in cards)]
    for value in cells[cells > 0]:
        assert f"{value:.{int(value < 9.95)}f}" in told
    held = words(figure)
    assert held is not None
    assert f"{found.total('split')} false split" in held.alt
    wanted = f"{count.unique} found = 5 people + {found.total('split')} false split"
    assert any(t.startswith(wanted) for t in shown)


def test_of_many_individuals_only_those_with_errors_are_in_the_table(texts):
    stays = [Stay(f"p{k:02d}", 1 + 5 * k, 20 + 5 * k) for k in range(30)]
    stays.append(Stay("p03", 400, 420))
    count = counted(stays, 430, who=list(range(1, 32)))
    found = mistakes(count, true_boxes(stays))
    assert len(found.stands) > MOST
    figure = mistaken(count, found)
    bold = [t.get_text() for t in figure.axes[0].texts if t.get_fontweight() == "bold"]
    assert {"4", "31", "p03"} <= set(bold)
    assert "7" not in bold
    texts(figure)
    held = words(figure)
    assert held is not None
    assert "Of 31 individuals the 2 with the most that is wrong" in held.caption


@pytest.mark.parametrize("known", ["ABCDE", "AB"])
def test_no_errors_ghosts_and_who_is_missed_can_be_drawn(known, texts):
    count = counted(STAYS, 180)
    truth = true_boxes([*STAYS, Stay("Z", 5, 30, lane=9)])
    found = mistakes(count, truth[truth["person"].isin([*known, *"Z" * (known == "AB")])])
    shown = texts(mistaken(count, found))
    if known == "ABCDE":
        assert "No errors." in shown
    else:
        assert "? Z has no number" in shown
        assert f"{KINDS['ghost'][0]} 3 is nobody" in shown


def test_present_and_the_difference_are_those_of_the_table(count, texts):
    truth = true_boxes(STAYS[:9])
    table = present_against(count, truth)
    figure = counting.present_against_truth(table, "made-up labels")
    real, ours = steps(figure.axes[0])
    over, under = steps(figure.axes[1])
    assert real.values.tolist() == table["truth"].tolist()
    assert ours.values.tolist() == table["found"].tolist()
    assert (over.values + under.values).tolist() == table["error"].tolist()
    assert "made-up labels" in texts(figure)
    held = words(figure)
    assert held is not None
    assert f"mean absolute error {table['error'].abs().mean():.2f}" in held.alt
