"""A run of tiny notebooks for the tests that open its pages in a browser."""

import base64
import io

import pytest
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
