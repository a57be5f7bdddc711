"""Contact sheets: every figure and every page is on one, whole; colours as others see them."""

import json

import numpy as np
import pytest
from browsing import chromium
from matplotlib.colors import to_rgb
from PIL import Image

from sticc_lib.figures.colour_vision import MATRICES, as_seen_with
from sticc_lib.figures.sheets import MASK_COLOURS
from sticc_lib.reporting import sheets
from sticc_lib.reporting.browser import pictures_of
from sticc_lib.run import RunError


@pytest.fixture
def report(tmp_path):
    """A run with five figures of one colour each, and a page."""
    (tmp_path / "figures").mkdir()
    for number in range(5):
        colour = (40 * number + 50, 10, 200)
        path = tmp_path / f"figures/0{number}_plain.png"
        Image.new("RGB", (270, 300), colour).save(path)
        path.with_suffix(".json").write_text(json.dumps({"title": "A plain one"}))
    return tmp_path


def colours(paths):
    """All colours of figures that are seen on sheets: their blue is 200, their green 10."""
    seen = set()
    for path in paths:
        flat = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3)
        seen |= {tuple(map(int, c)) for c in np.unique(flat, axis=0) if c[1:].tolist() == [10, 200]}
    return seen


def test_every_figure_is_on_a_sheet_once_more_in_other_colours(report):
    made = sheets.sheets(report, pages=False)
    plain = [p for p in made if "deuteranopia" not in p.name]
    assert colours(plain) == {(40 * n + 50, 10, 200) for n in range(5)}
    assert [p.name for p in plain] == [f"figures_0{k}.png" for k in (1, 2, 3)]
    assert len(made) == 2 * len(plain)
    other = Image.open(plain[0].with_name("figures_01_deuteranopia.png"))
    wanted = as_seen_with(np.asarray(Image.open(plain[0])))
    assert np.array_equal(np.asarray(other), wanted)


def test_sheets_of_a_run_before_are_gone(report):
    (report / "sheets").mkdir()
    (report / "sheets/figures_09.png").write_bytes(b"old")
    assert report / "sheets/figures_09.png" not in sheets.sheets(report, pages=False)
    assert not (report / "sheets/figures_09.png").exists()


def test_a_run_without_figures_is_told(tmp_path):
    with pytest.raises(RunError, match="no figures; sticc report writes them"):
        sheets.sheets(tmp_path)


def test_a_page_is_cut_into_columns_and_nothing_is_lost():
    rows = np.arange(5 * sheets.PAGE_TALL - 7) % 251
    page = np.repeat(rows[:, None, None], 3, 2).repeat(10, 1).astype(np.uint8)
    first, second = sheets.cut(page)
    step = 10 + sheets.GAP
    assert first.shape == (sheets.PAGE_TALL, 4 * step - sheets.GAP, 3)
    again = [first[:, k * step : k * step + 10] for k in range(4)] + [second]
    assert np.array_equal(np.concatenate(again), page)


def test_a_tall_page_is_taken_whole_and_fetches_nothing(tmp_path):
    with chromium():
        pass  # skips where there is none
    page = tmp_path / "tall.html"
    page.write_text(
        "<body style='margin:0'><img src='http://127.0.0.1:9/x.png' width=0 height=0>"
        + "".join(f"<div style='height:1000px;background:rgb({k},0,0)'></div>" for k in range(9))
    )
    ((path, picture),) = pictures_of([page], width=300)
    assert path == page
    assert picture.shape[1] == 300
    shown = picture[-9000:, 150]
    assert np.array_equal(shown[500::1000, 0], np.arange(9))


@pytest.mark.parametrize("kind", [None, *MATRICES])
def test_colours_of_masks_differ_for_everybody(kind):
    shown = np.array([[to_rgb(colour) for colour in MASK_COLOURS[1:]]])
    if kind:
        shown = as_seen_with((255 * shown).round().astype(np.uint8), kind) / 255
    luma = shown[0] @ (0.299, 0.587, 0.114)
    apart = np.linalg.norm(shown[0][:, None] - shown[0][None], axis=-1)
    apart = np.maximum(apart, 2 * np.abs(luma[:, None] - luma[None]))
    assert apart[np.triu_indices(4, 1)].min() > 0.3


def test_who_lacks_green_cones_takes_red_and_green_for_alike_and_grey_for_grey():
    red, green, blue = ((200, 60, 40), (110, 120, 30), (40, 60, 200))
    seen = as_seen_with(np.array([[red, green, blue]], np.uint8)).astype(int)[0]
    plain = np.array([red, green, blue])
    assert np.abs(seen[0] - seen[1]).sum() < 0.5 * np.abs(plain[0] - plain[1]).sum()
    assert np.abs(seen[0] - seen[2]).sum() > 150
    grey = np.full((1, 1, 3), 120, np.uint8)
    assert np.abs(as_seen_with(grey).astype(int) - 120).max() <= 1
