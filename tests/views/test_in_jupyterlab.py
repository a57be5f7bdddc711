"""Notebooks in a real JupyterLab: every control of every view moves its picture, nothing fails."""

import os
from pathlib import Path

import pytest
from lab import Hand, server, write

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def hand(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    write(folder / "tiny.ipynb", "from tiny_views import tiny\ntiny(row=2)")
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    with server(folder, PYTHONPATH=path) as address:
        hand = Hand(browser, address)
        hand.folder = folder
        yield hand
        hand.context.close()


def test_every_control_of_a_view_moves_its_picture(hand):
    hand.run("tiny.ipynb")
    (view,) = hand.views()
    controls = hand.controls(view)
    assert set(controls) == {"clip", "frame", "row", "column", "row column", "head", "control"}
    first = hand.digest(view)
    hand.move(controls["row"])
    assert hand.changed(view, first)
    for name, control in controls.items():
        before = hand.digest(view)
        hand.move(control)
        assert hand.changed(view, before), f"{name} changed nothing"
    hand.tab.screenshot(path=hand.folder / "tiny.png")
    assert hand.complaints() == []
    assert [
        url for url in hand.asked if not url.startswith(("http://127.0.0.1", "blob:", "data:"))
    ] == []
