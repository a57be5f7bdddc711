"""When frames are shown, at a steady rate and at a varying one; which crop shows a fragment."""

from dataclasses import replace

import numpy as np
import pytest
from made_counts import Stay, observed


def test_frames_have_their_times_at_a_steady_rate():
    seen = observed([Stay("A", 1, 20)], 52)
    assert seen.seconds(np.array([1, 6, 53])) == pytest.approx([0, 1, 10.4])
    late = replace(seen, intervals=seen.intervals.assign(start=seen.intervals["start"] + 60))
    assert late.seconds(np.array([1, 53])) == pytest.approx([60, 70.4])


def test_where_the_rate_varies_intervals_say_when():
    seen = observed([Stay("A", 1, 20)], 52)
    table = seen.intervals.copy()
    table["first_frame"], table["frames"] = [1, 5, 35, 45], [4, 30, 10, 8]
    times = replace(seen, intervals=table).seconds(np.array([1, 5, 20, 35, 45, 53]))
    assert times == pytest.approx([0, 3, 4.5, 6, 9, 9 + 8 / 5])


def test_a_fragment_is_shown_by_its_middle_crop_and_a_clean_one_if_there_is_any():
    seen = observed([Stay("A", 1, 30), Stay("B", 1, 15)], 30)
    assert len(seen.pictures()) == len(seen.fragments)
    owner = seen.crops.set_index("row").loc[seen.pictures(), "fragment"]
    assert owner.tolist() == seen.fragments.index.tolist()
    clean = seen.crops["row"].to_numpy() % 4 == 1
    some = replace(seen, crops=seen.crops.assign(clean=clean))
    assert set(some.pictures()) == set(seen.crops.loc[clean, "row"])
