import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sticc_lib.figures import parts


@given(st.lists(st.floats(-10, 10), max_size=12), st.floats(0.1, 3))
def test_labels_are_moved_apart_and_stay_in_order(values, gap):
    moved = parts.spread(values, gap)
    order = np.argsort(values, kind="stable")
    assert (np.diff(moved[order]) >= gap - 1e-9).all()


def test_labels_far_enough_apart_stay_where_they_are():
    assert parts.spread([3.0, 1.0, 2.0], 0.5).tolist() == [3.0, 1.0, 2.0]


def test_two_that_coincide_move_by_half_the_gap_each():
    assert parts.spread([1.0, 1.0], 0.4) == pytest.approx([0.8, 1.2])


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567, "1.23 M"), (900e3, "900 k"), (2.1e9, "2.10 G"), (12, "12"), (np.nan, "n/a")],
)
def test_amounts_are_written_with_three_digits(value, text):
    assert parts.number(value) == text


def test_a_difference_that_rounds_to_nothing_has_no_minus():
    assert parts.signed(-0.01) == "+0.0"
    assert parts.signed(-1.26) == "−1.3"


def test_frames_are_picked_evenly_and_never_twice():
    assert parts.evenly(9, 3).tolist() == [0, 4, 8]
    assert parts.evenly(2, 8).tolist() == [0, 1]


def test_what_the_rule_removes_is_shown_grey_and_pale():
    grey = parts.grey(np.full((2, 3, 4, 4), 0, np.uint8))
    assert grey.shape == (2, 3, 4, 4)
    assert grey.min() >= 127
