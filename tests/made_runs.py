"""What several tests of reports make: the page of a notebook with given outputs."""

from nbformat import v4

from sticc_lib.reporting.page import export


def notebook_page(path, outputs, verdict, run="quick"):
    """Writes the page of a notebook whose one cell left these outputs."""
    cell = v4.new_code_cell("show()", outputs=outputs, execution_count=2)
    made = v4.new_notebook(cells=[v4.new_markdown_cell("# 01 Tiny"), cell])
    path.parent.mkdir(parents=True, exist_ok=True)
    others = [("01", "01"), (run, run)]
    path.write_text(export(made, verdict, run, "01", others), encoding="utf-8")
    return path
