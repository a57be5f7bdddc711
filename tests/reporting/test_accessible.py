"""Pages for everybody: nothing serious found by axe-core, and figures whole on paper."""

import pandas as pd
import pytest
from browsing import findings
from matplotlib.figure import Figure
from nbformat import v4
from tiny_notebooks import notebook

from sticc_lib.figures.captions import caption, show
from sticc_lib.reporting.index import write_runs
from sticc_lib.reporting.page import export
from sticc_lib.reporting.status import Verdict

COLUMN = "main { columns: 1; column-fill: auto; height: %dpx; }"
TORN = """figures => figures.filter(figure => {
    const [image, words] = figure.children;
    return new Set([image, ...words.childNodes].flatMap(part => {
        const range = document.createRange();
        range.selectNode(part);
        return Array.from(range.getClientRects(), box => Math.floor(box.left / innerWidth));
    })).size > 1;
}).length"""


def rich():
    """A page with all that a notebook may hold: figures, a wide table, code, a formula, errors."""
    figure = Figure(figsize=(9, 3))
    figure.add_subplot().plot([1, 2])
    data, about = show(caption(figure, "A line", "How to read it: " * 30, "It rises."))\
        ._repr_mimebundle_()  # fmt: skip
    picture = v4.new_output("display_data", data, metadata=about)
    wide = pd.DataFrame({f"a long column name {n}": [0.5] for n in range(30)})
    table = v4.new_output("display_data", {"text/html": wide.to_html()})
    data, about = show(caption(Figure(figsize=(9, 16)), "High", "How to read it.", "High."))\
        ._repr_mimebundle_()  # fmt: skip
    high = v4.new_output("display_data", data, metadata=about)
    made = notebook("M ## Why?\n$x^2$ and `code`", "show()", "M More.\n\n> quoted", "show()")
    made.cells[3].outputs = [table, *[picture] * 7, high]
    made.cells[5].outputs = [
        v4.new_output("stream", name="stdout", text="said " * 100),
        v4.new_output("stream", name="stderr", text="warned"),
        v4.new_output("error", ename="ValueError", evalue="bad", traceback=["ValueError: bad"]),
    ]
    failed = Verdict("error", 2, 3, title="01 Tiny", message="ValueError: bad", cell=1)
    return export(made, failed, "quick", "01_tiny", [("01", "01_tiny"), ("02", "02_other")])


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(browser, folder, tmp_path, scheme, width):
    (tmp_path / "rich.html").write_text(rich())
    size = {"width": width, "height": 900}
    context = browser.new_context(color_scheme=scheme, bypass_csp=True, viewport=size)
    tab = context.new_page()
    pages = [folder / "index.html", folder / "notebooks/01_tiny.html", tmp_path / "rich.html"]
    for page in [*pages, write_runs(folder.parent)]:
        tab.goto(page.as_uri())
        assert findings(tab) == []
    context.close()


def test_axe_finds_what_is_wrong(browser):
    tab = browser.new_page()
    tab.set_content("<html lang=en><title>t</title><main><img src='data:,'></main></html>")
    assert [name for name, _ in findings(tab)] == ["image-alt"]
    tab.close()


def test_no_page_break_divides_a_figure_from_its_caption(browser):
    """Columns as high as a page break by the same rules as pages, and can be measured."""
    tab = browser.new_page()
    tab.emulate_media(media="print")
    torn = {}
    for kept, html in ((True, rich()), (False, rich().replace("break-inside", "x"))):
        tab.set_content(html, wait_until="load")
        for height in (500, 740, 800):
            tab.add_style_tag(content=COLUMN % height)
            torn[kept, height] = tab.locator("main figure").evaluate_all(TORN)
    tab.close()
    assert [torn[True, height] for height in (500, 740, 800)] == [0, 0, 0]
    assert any(torn.values())  # without the rule they are torn, so it is measured
