"""A small drawn set, and what every figure must hold."""

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from sticc_lib.figures.captions import words
from sticc_lib.figures.theme import theme
from sticc_lib.tracklets.store import ArrayStore
from sticc_lib.tracklets.table import TrackletSet


@pytest.fixture
def people() -> TrackletSet:
    """Four persons under two cameras, six frames each, with masks and visibility."""
    rng, length = np.random.default_rng(0), 6
    rows, frames = [], []
    for number in range(8):
        person, camera = number // 2 + 1, number % 2 + 1
        shares = rng.uniform(0.2, 1, length)
        kind = ("none", "pole", "car")[number % 3]
        rows.append((number, person, f"p${person}", camera, "test", True, True, length, "drawn",
                     kind, shares.mean()))  # fmt: skip
        frames += [(number, t, number * length + t, shares[t]) for t in range(length)]
    columns = ["tracklet", "person", "label", "camera", "split", "query", "gallery", "num_frames",
               "source", "occlusion", "visibility"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns).set_index("tracklet").astype({"camera": "Int64"})
    return TrackletSet(
        "walkers",
        table,
        pd.DataFrame(frames, columns=["tracklet", "time", "row", "visibility"]),
        ArrayStore(rng.integers(0, 255, (48, 16, 8, 3)).astype(np.uint8)),
        masks=ArrayStore(rng.integers(0, 5, (48, 16, 8)).astype(np.uint8)),
    )


@pytest.fixture
def texts() -> Callable[[Figure], list[str]]:
    """Draws a figure without a warning, checks words and clipping, returns the texts in it."""

    def check(figure: Figure) -> list[str]:
        with warnings.catch_warnings(), theme():
            warnings.simplefilter("error")
            figure.draw_without_rendering()
        held = words(figure)
        assert held is not None
        assert held.title
        assert len(held.caption) > 40
        assert len(held.alt) > 20
        assert "nan" not in f"{held.caption} {held.alt}".lower().split()
        with theme():
            box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert min(box.x0, box.y0) > -0.01, f"something runs out of the picture: {box}"
        assert box.x1 < width + 0.01, f"something runs out on the right: {box}"
        assert box.y1 < height + 0.01, f"something runs out on top: {box}"
        shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
        return [text.get_text() for text in shown]

    return check
