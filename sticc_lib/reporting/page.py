"""An executed notebook as one HTML file that opens offline: code folded, formulas as MathML."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

from sticc_lib.reporting.status import ENDS, Verdict

TEMPLATES = Path(__file__).parent / "templates"
# no scripts and no widgets: a view shows the picture it brings along
SHOWN = [
    "text/html",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/markdown",
    "text/latex",
    "text/plain",
]


ACTING = re.compile(
    r"<(?=/?(?:meta|base|form|script|iframe|frame|frameset|object|embed|applet|link|portal)[\s/>])",
    re.IGNORECASE,
)


class _Renderer(IPythonRenderer):
    """Markdown whose formulas become MathML, and whose links lead to pages, not notebooks."""

    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")

    def block_mermaidjs(self, code: str) -> str:
        return f"<pre>{html.escape(code)}</pre>"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        if not re.match(r"[a-z]+:", url):
            url = re.sub(r"\.ipynb(?=$|#)", ".html", url)
        return super().link(text, url, title)


class _Exporter(HTMLExporter):
    """nbconvert with this project's template and formulas."""

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        renderer = _Renderer(
            escape=False,
            attachments=context.get("cell", {}).get("attachments", {}),
            embed_images=True,
            path=context.get("resources", {}).get("metadata", {}).get("path", ""),
            anchor_link_text="#",
        )
        return inert(MarkdownWithMath(renderer=renderer).render(source))

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        yield from super().default_filters()
        yield "inert", inert


def export(
    notebook: Any,
    verdict: Verdict,
    run: str,
    stem: str = "",
    others: Sequence[tuple[str, str]] = (),
    pictures: Path | None = None,
) -> str:
    """The page of one executed notebook.

    Args:
        notebook: an nbformat node without widget state.
        verdict: how it ended; a failure stands on top.
        run: name of the run, for the way back.
        stem: the notebook's file name without its ending.
        others: (label, stem) of the run's notebooks, for the bar on top.
        pictures: folder that pictures named in Markdown cells are read from.
    """
    exporter = _Exporter(
        template_name="notebook",
        extra_template_basedirs=[str(TEMPLATES)],
        config=Config({"NbConvertBase": {"display_data_priority": SHOWN}}),
    )
    failed = [
        position
        for position, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and cell.execution_count == verdict.cell
    ]
    failure = ""
    if not verdict.ok:
        at = f" at [{verdict.cell}]" if verdict.cell else ""
        ran = f"{verdict.ran} of {verdict.cells} cells ran"
        failure = f"This notebook failed: {ENDS[verdict.ended]}{at}; {ran}. {verdict.message}"
    page = {
        "title": verdict.title,
        "run": run,
        "stem": stem,
        "others": list(others),
        "failure": failure,
        "failed_cell": failed[0] if failed and verdict.cell else -1,
        "css": css("style.css", "notebook.css"),
    }
    resources = {"sticc": page, "metadata": {"path": str(pictures or "")}}
    return exporter.from_notebook_node(notebook, resources=resources)[0]


def inert(html_text: str) -> str:
    """HTML whose tags can do nothing but show; tags that act stand there as text.

    A name out of a data set may reach a page as Markdown or HTML. Scripts and handlers are refused
    by the page's policy; a policy within a page cannot refuse `<meta http-equiv=refresh>`, which
    would lead elsewhere, so that one and its like do not become tags at all.
    """
    return ACTING.sub("&lt;", html_text)


def mathml(body: str, display: str) -> str:
    """A formula as MathML, which browsers draw without help; as it was typed if it is not TeX."""
    try:
        return convert(body.strip(), display=display)
    except Exception:
        return f"<code>{html.escape(body)}</code>"


def css(*names: str) -> str:
    """Style sheets of this room, joined."""
    return "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names)
