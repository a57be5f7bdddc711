"""Mean maps of sets: one scale for all, and the share two maps have in common is computed."""

from types import SimpleNamespace

import numpy as np
import pytest

from sticc_lib.figures.captions import words
from sticc_lib.figures.places import places


def surveyed(**maps):
    grid = (2, 2)
    return SimpleNamespace(
        whose="STICC, seed 0", data="walkers", policy="all_frames, T = 4", grid=grid,
        places={name: np.array(value, float) for name, value in maps.items()},
    )  # fmt: skip


def test_the_first_and_the_last_map_are_compared_and_scaled_alike(texts):
    one = surveyed(w_RG=[0.7, 0.1, 0.1, 0.1], w_MG=[0.1, 0.1, 0.1, 0.7])
    figure = places([one, surveyed(w_RG=[0.25] * 4, w_MG=[0.25] * 4)])
    shown = texts(figure)
    assert "first and last shared: 0.40" in shown
    assert "first and last shared: 1.00" in shown
    assert shown.count("w_MG") == 2
    assert "0.40 to 2.80 times" in words(figure).alt


def test_grids_that_differ_are_refused():
    other = surveyed(w_RG=[1.0])
    other.grid = (1, 1)
    with pytest.raises(ValueError, match="one grid of tokens"):
        places([surveyed(w_RG=[0.25] * 4), other])
    with pytest.raises(ValueError, match="at least one survey"):
        places([])
