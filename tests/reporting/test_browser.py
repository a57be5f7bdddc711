"""The pages in a real browser, cut off from the network: every picture shows, nothing is asked."""

import base64
import io

import pytest
from browsing import pictures
from tiny_notebooks import notebook

from sticc_lib.reporting.index import write_run
from sticc_lib.reporting.page import export
from sticc_lib.reporting.status import Status, Verdict
from sticc_lib.run import write_json


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run with one figure, on its page and inside its notebook, and wide tables of numbers."""
    from matplotlib.figure import Figure
    from nbformat import v4

    folder = tmp_path_factory.mktemp("reports") / "quick"
    buffer = io.BytesIO()
    Figure(figsize=(2, 1)).savefig(buffer, format="png")
    (folder / "figures").mkdir(parents=True)
    (folder / "figures/a b'c.png").write_bytes(buffer.getvalue())
    names = [f"evaluation.walkers.sticc.{level}.rank1" for level in range(30)]
    write_json(folder / "metrics.json", dict.fromkeys(names, 0.5))
    verdict = Verdict("ok", 2, 2, title="01 Tiny", figures=["a b'c.png"])
    Status(folder, {"01_tiny": verdict}).write()
    made = notebook("M $x^2$", "show()")
    data = {"image/png": base64.b64encode(buffer.getvalue()).decode()}
    made.cells[3].outputs = [v4.new_output("display_data", data=data)]
    (folder / "notebooks").mkdir()
    (folder / "notebooks/01_tiny.html").write_text(export(made, verdict, "quick"))
    write_run(folder)
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", ["index.html", "notebooks/01_tiny.html"])
def test_a_page_opens_offline_with_every_picture(browser, folder, page, scheme):
    context = browser.new_context(offline=True, color_scheme=scheme)
    tab, asked, said = context.new_page(), [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    tab.goto((folder / page).as_uri())
    assert pictures(tab) == 1
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    context.close()


def test_a_phone_needs_no_sideways_scrolling_of_the_page(browser, folder):
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 800})
    tab = context.new_page()
    for page in ("index.html", "notebooks/01_tiny.html"):
        tab.goto((folder / page).as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") == 390
    context.close()
