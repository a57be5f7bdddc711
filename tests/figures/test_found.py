"""The sheet of what a query found: marks only where known, words that say whose and how."""

import numpy as np
import pandas as pd
import pytest

from sticc_lib.figures.captions import png, words
from sticc_lib.figures.found import found_sheet

TOLD = {"embedder": "Sticc (abc)", "gallery": "approximate, 9 x 4, 2 of 8 lists probed"}


def entries(marks):
    count = len(marks)
    return pd.DataFrame(
        {"rank": range(1, count + 1), "set": "walkers", "tracklet": range(count),
         "camera": pd.array([None, *[1] * (count - 1)], "Int64"), "person": range(count),
         "distance": np.linspace(0.1, 0.4, count), "mark": marks}
    )  # fmt: skip


def frames(count=2):
    return np.full((count, 3, 128, 64), 90, np.uint8)


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_marks_are_drawn_where_known_and_counted_from_the_table():
    figure = found_sheet(entries(["true", "false", "true"]), [frames()] * 3, frames(), "q", TOLD)
    said = words(figure)
    assert "2 of these 3 are the same" in said.caption
    assert {"✓ 1", "✗ 2", "✓ 3"} <= set(texts(figure))
    assert "approximate, 9 x 4, 2 of 8 lists probed" in said.caption
    assert "Sticc (abc)" in said.caption


def test_unknown_persons_are_not_marked():
    figure = found_sheet(entries(["", ""]), [frames()] * 2, frames(1), "q", TOLD)
    assert "nothing is marked" in words(figure).caption
    assert not [text for text in texts(figure) if "✓" in text or "✗" in text]


def test_missing_pixels_are_told_in_their_place():
    shown = [None, frames(1), None]
    figure = found_sheet(entries(["true", "", ""]), shown, frames(), "q", TOLD, {"mars": "gone"})
    assert texts(figure).count("pixels not\nat hand") == 2
    assert "Pixels not at hand: mars." in words(figure).caption
    assert png(figure, 50)[:4] == b"\x89PNG"


def test_what_does_not_go_together_is_refused():
    with pytest.raises(ValueError, match="1 pictures of 2 entries"):
        found_sheet(entries(["", ""]), [None], frames(), "q", TOLD)
