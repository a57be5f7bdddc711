"""Notebooks in a real JupyterLab: every control of every view moves its picture, nothing fails.

What was seen is kept in `reports/browser`: look at it.
"""

import os
from pathlib import Path

import nbformat
import pytest
from browsing import findings, pictures
from lab import Hand, server, write
from notebook_contract import ROOT
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from sticc_lib.reporting.execute import clean
from sticc_lib.reporting.page import export
from sticc_lib.reporting.status import Verdict

HERE, SHOTS = Path(__file__).parent, ROOT / "reports/browser"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0[45]_*.ipynb"))

PEOPLE = """from made_counts import Stay, counted
from sticc_lib import views
stays = [Stay("a", 1, 40), Stay("b", 10, 70), Stay("a", 100, 140), Stay("c", 145, 170)]"""


@pytest.fixture(scope="module")
def hand(browser, tmp_path_factory):
    """A tab of a JupyterLab that serves one folder: notebooks to be run at `smoke`."""
    folder = tmp_path_factory.mktemp("lab")
    write(folder / "tiny.ipynb", "from tiny_views import tiny\nview = tiny(row=2)\nview")
    write(folder / "people.ipynb", PEOPLE, "view = views.people(counted(stays, 170), '.')\nview")
    for path in NOTEBOOKS:
        values = {"preset": "smoke", "folder": str(folder / "run")}
        made = parameterize_notebook(load_notebook_node(str(path)), values)
        nbformat.write(made, folder / path.name)
    SHOTS.mkdir(parents=True, exist_ok=True)
    rooms = [str(HERE), str(HERE.parent), str(ROOT)]
    paths = os.pathsep.join([*rooms, os.environ.get("PYTHONPATH", "")])
    with server(folder, PYTHONPATH=paths, OMP_NUM_THREADS="1") as address:
        hand = Hand(browser, address, folder)
        yield hand
        hand.context.close()


def test_every_kind_of_control_moves_the_picture_and_has_a_name(hand):
    hand.run("tiny.ipynb")
    (view,) = hand.views()
    names = [hand.name(control) for control in hand.controls(view)]
    assert names == ["row column", "clip", "frame", "row", "column", "head", "control"]
    assert hand.work(view) == []
    alt = view.locator("img.sticc-picture").get_attribute("alt")
    assert alt.startswith("Alt: clip 1 ")
    assert findings(hand.tab, within=".sticc-view") == []
    view.screenshot(path=SHOTS / "tiny.png")
    assert hand.complaints() == []


def test_keys_move_the_picked_field_and_every_press_counts(hand):
    hand.run("tiny.ipynb")
    (view,) = hand.views()
    view.locator("[role=gridcell][aria-selected=true]").focus()
    for key in ["ArrowRight", "ArrowRight", "ArrowLeft", *["ArrowDown"] * 4, "ArrowUp"]:
        hand.tab.keyboard.press(key)  # faster than the picture can follow
    chosen = view.locator("[role=gridcell][aria-selected=true]")
    assert chosen.get_attribute("aria-label") == "row 5, column 1"
    assert chosen.evaluate("field => field === document.activeElement")
    view.get_by_text("How to read: clip 0 frame 0 row 5 column 1").wait_for()
    assert hand.complaints() == []


def test_people_are_merged_by_hand_and_are_one_when_it_is_opened_again(hand):
    hand.run("people.ipynb")
    (view,) = hand.views()
    said = view.get_by_role("status").first
    assert said.inner_text().startswith("3 people")
    for place in (0, 2):
        view.get_by_role("option").nth(place).click()
    view.get_by_role("listbox", name="Fragments of person 1 and person 3").wait_for()
    view.screenshot(path=SHOTS / "people.png")
    view.get_by_role("button", name="Merge").click()
    view.get_by_text("2 people (1 to 3 with 90 %), 1 correction by hand", exact=True).wait_for()
    assert hand.work(view) == []
    assert findings(hand.tab, within=".sticc-view") == []
    hand.run("people.ipynb")
    assert hand.views()[0].get_by_role("status").first.inner_text().startswith("2 people")
    hand.views()[0].get_by_role("button", name="Undo").click()
    view.get_by_text("3 people (2 to 4 with 90 %)", exact=True).wait_for()
    assert hand.complaints() == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_each_control_of_its_views_moves_the_picture(hand, browser, path):
    hand.run(path.name, seconds=300)
    views = hand.views()
    assert len(views) > 2
    for number, view in enumerate(views):
        assert view.locator("[role=alert]").count() == 0
        assert hand.work(view) == []
        view.screenshot(path=SHOTS / f"{path.stem}_{number}.png")
    assert findings(hand.tab, within=".sticc-view") == []
    assert hand.complaints() == []
    assert hand.elsewhere() == []
    _offline(browser, hand.saved(path.name), len(views), SHOTS / f"{path.stem}.png")


def _offline(browser, notebook, count, shot):
    """The saved notebook as a page, without any network: every figure, nothing asked."""
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    wanted = sum("image/png" in out.get("data", ()) for out in outputs)
    clean(notebook, list(range(len(notebook.cells))))
    context, asked, said = browser.new_context(offline=True), [], []
    tab = context.new_page()
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    page = shot.with_suffix(".html")
    page.write_text(export(notebook, Verdict("ok", 1, 1, title=shot.stem), "browser", shot.stem))
    tab.goto(page.as_uri())
    assert pictures(tab) == wanted >= count
    assert tab.locator("main figure figcaption").count() == wanted
    assert findings(tab) == []
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    tab.screenshot(path=shot, full_page=True)
    context.close()
