"""The page of a notebook: opens offline, shows every picture, runs nothing."""

import base64
import re

import pytest
from nbformat import v4
from offline import remote_addresses
from tiny_notebooks import notebook

from sticc_lib.reporting.page import export, mathml
from sticc_lib.reporting.status import Verdict

PNG = base64.b64encode(b"\x89PNG picture").decode()
WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "m"}, "text/plain": "Slider()"}
HOSTILE = "<script>alert(1)</script>\"'"


def page(*outputs, source="x", verdict=None, prose="M text", **about):
    made = notebook(prose, source)
    made.cells[3].outputs = list(outputs)
    made.cells[3].execution_count = 3
    made.metadata.language_info = {"name": "python"}
    ok = Verdict("ok", 2, 2, title="01 Tiny")
    return export(made, verdict or ok, about.pop("run", "quick"), "01_tiny", **about)


def shown(data, **metadata):
    return v4.new_output("display_data", data=data, metadata=metadata)


def test_a_picture_beside_a_widget_survives():
    text = page(shown({**WIDGET, "image/png": PNG, "text/plain": "where it looks"}))
    assert f"data:image/png;base64,{PNG}" in text
    assert 'alt="where it looks"' in text
    assert "widget-view" not in text


def test_a_widget_alone_is_replaced_by_a_note():
    text = page(shown(WIDGET))
    assert "interactive view" in text
    assert "Slider()" not in text


def test_alt_text_and_width_of_a_figure_are_kept():
    text = page(shown({"image/png": PNG}, **{"image/png": {"alt": HOSTILE, "width": 900}}))
    assert 'width="900"' in text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_nothing_is_fetched_and_nothing_runs():
    outputs = [
        shown({"application/javascript": "alert(1)", "text/plain": "js"}),
        shown({"text/html": "<table><tr><td>1</td></tr></table>", "text/plain": "t"}),
        shown({"text/vnd.mermaid": "graph", "text/plain": "graph"}),
        shown({"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>", "text/plain": "s"}),
    ]
    text = page(*outputs, prose="M ```mermaid\ngraph TD\n```")
    assert remote_addresses(text) == []
    assert "<script" not in text
    assert "default-src 'none'" in text
    assert "<td>1</td>" in text


def test_the_check_for_remote_addresses_finds_each_kind():
    for text in (
        '<script src="https://cdn.example/x.js"></script>',
        "<img alt='' src='//cdn.example/x.png'>",
        '<link rel="stylesheet" href="http://cdn.example/x.css">',
        "<style>@import url(https://cdn.example/x.css);</style>",
        "<script>import x from 'https://cdn.example/x.mjs'</script>",
        "<div style=\"background: url('https://cdn.example/x.png')\"></div>",
    ):
        assert len(remote_addresses(text)) == 1, text
    assert remote_addresses('<a href="https://example.org">a link may leave</a>') == []


def test_code_is_folded_but_there():
    text = page(source="answer = 42")
    assert re.search(r'<details class="code"><summary>code \[3\]', text)
    assert "answer" in text
    assert "42" in text


def test_messages_of_a_library_are_folded():
    text = page(v4.new_output("stream", name="stderr", text="step 100\n"))
    assert re.search(r"<summary>messages</summary><pre[^>]*>step 100", text)


def test_a_failure_stands_on_top_and_its_cell_is_open():
    error = v4.new_output("error", ename="E", evalue=HOSTILE, traceback=[f"E: {HOSTILE}"])
    verdict = Verdict("error", 4, 2, 3, message=f"E: {HOSTILE}", title=HOSTILE)
    text = page(error, verdict=verdict, run=HOSTILE, others=[(HOSTILE, HOSTILE)])
    assert "This notebook failed: a cell raised an error at [3]; 2 of 4 cells ran." in text
    assert '<details class="code" open' in text
    assert "<script>" not in text


def test_formulas_become_mathml():
    text = page(prose="M Weights $w_t$ and\n\n$$\\sum_s \\pi_s \\rho_{t,s}$$\n\nfor `$5`")
    assert text.count("<math ") == 2
    assert "$$" not in text
    assert "<code>$5</code>" in text


def test_what_is_not_tex_is_shown_as_typed():
    assert mathml("x < \\left(", "inline") == "<code>x &lt; \\left(</code>"


def test_links_between_notebooks_lead_to_pages():
    text = page(prose="M [next](02_model.ipynb) [far](https://example.org/a.ipynb)")
    assert 'href="02_model.html"' in text
    assert 'href="https://example.org/a.ipynb"' in text


def test_pictures_named_in_prose_are_embedded(tmp_path):
    (tmp_path / "arrow.png").write_bytes(b"\x89PNG picture")
    text = page(prose="M ![an arrow](arrow.png)", pictures=tmp_path)
    assert PNG in text


@pytest.mark.parametrize("kind", ["text/markdown", "text/latex"])
def test_markdown_and_latex_outputs_are_rendered(kind):
    assert "<math " in page(shown({kind: "$x^2$", "text/plain": "x"}))
