"""Every notebook keeps the contract; and each rule of it is seen to fail where it is broken."""

import nbformat
import pytest
from nbformat import v4
from notebook_contract import ROOT, problems

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PARAMETERS = """\
preset: str = "quick"  # settings to start from
seed: int = 0  # of training
settings: dict = {}  # changes to the preset, by dotted name
folder: str = ""  # run folder; empty: reports/<preset>
"""
START = """\
from sticc_lib import presets
from sticc_lib.config import identity, run_name
from sticc_lib.run import Run

config = presets.preset(preset, seed=seed, **settings)
run = Run.open(folder or run_name(config), "01", identity=identity(config))"""
TITLE = "# 01 Data\n\nWhat is there? Reads the walkers, writes figures, takes 20 s."


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_keeps_the_contract(path):
    assert problems(path) == []


def good():
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell(TITLE),
            v4.new_code_cell(PARAMETERS.strip(), metadata={"tags": ["parameters"]}),
            v4.new_code_cell(START),
            v4.new_markdown_cell("## How many are there?"),
            v4.new_code_cell("count = 3"),
            v4.new_code_cell('run.record({"data.count": count})'),
            v4.new_markdown_cell("Next: [02 Model](02_model.ipynb)"),
        ]
    )


def found(tmp_path, notebook):
    path = tmp_path / "01_data.ipynb"
    nbformat.write(notebook, path)
    (tmp_path / "02_model.ipynb").touch()
    return problems(path)


def test_a_good_notebook_has_no_problem(tmp_path):
    assert found(tmp_path, good()) == []


BROKEN = {
    "another number": (1, TITLE.replace("01", "02"), "starts with `# 01 Title`"),
    "no question": (1, TITLE.replace("?", "."), "a question"),
    "no duration": (1, TITLE.replace("takes", "in"), "takes"),
    "a default that is computed": (2, PARAMETERS + "n: int = 2 * 3  # more", "not a literal"),
    "a default of another type": (2, PARAMETERS + 'n: int = "3"  # more', "not of type int"),
    "a parameter without type": (2, PARAMETERS + "n = 3  # more", "expected `name: type"),
    "a parameter without help": (2, PARAMETERS + "n: int = 3", "missing after n"),
    "no seed parameter": (2, PARAMETERS.replace("seed:", "sead:"), "declares seed too"),
    "no config": (3, START.replace("config = ", "c = "), "lacks a config"),
    "no run": (3, START.replace("Run.open", "Run.make"), "lacks `run = Run.open"),
    "a heading that asks nothing": (4, "## Counts", "'Counts' is not a question"),
    "a path in prose": (4, "See /home/me/MARS.", "mentions an absolute path"),
    "sixteen lines": (5, "\n".join(f"a{n} = {n}" for n in range(16)), "has 16 lines"),
    "a function": (5, "def f():\n    return 1", "defines `f`"),
    "a class": (5, "class A:\n    pass", "defines `A`"),
    "a shell command": (5, "!ls", "shell or magic"),
    "a magic": (5, "%matplotlib inline", "shell or magic"),
    "a download": (5, 'page = "https://example.org"', "fetches something"),
    "an absolute path": (5, 'root = "/srv/mars"', "absolute path '/srv/mars'"),
    "a drive": (5, 'root = "C:/mars"', "absolute path 'C:/mars'"),
    "no Python": (5, "for", "is not Python"),
    "nothing in it": (5, "", "is empty"),
    "an unsorted import": (5, "import sys\nimport os\n\nos, sys", "ruff"),
    "crooked code": (5, "count=3", "`ruff format` would change it"),
    "nothing recorded": (6, "print(count)", "the last code is `run.record(...)`"),
    "no way on": (7, "The end.", "links to the next notebook: (02_model.ipynb)"),
}


@pytest.mark.parametrize(("cell", "source", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_cell_is_named(tmp_path, cell, source, message):
    notebook = good()
    notebook.cells[cell - 1].source = source.strip()
    said = [problem for problem in found(tmp_path, notebook) if message in problem]
    assert said
    assert "ruff" in message or f"cell {cell}:" in said[0]


def test_outputs_and_counts_are_refused(tmp_path):
    notebook = good()
    notebook.cells[4].execution_count = 1
    notebook.cells[5].outputs = [v4.new_output("stream", text="1\n")]
    said = found(tmp_path, notebook)
    assert [p for p in said if "cell 5: is committed without" in p]
    assert [p for p in said if "cell 6: is committed without" in p]


def test_a_second_parameters_cell_is_refused(tmp_path):
    notebook = good()
    notebook.cells[4].metadata["tags"] = ["parameters"]
    assert any("tagged are [2, 5]" in problem for problem in found(tmp_path, notebook))


def test_a_shown_snippet_may_define(tmp_path):
    notebook = good()
    notebook.cells[4].source = "def count():\n    return 1"
    notebook.cells[4].metadata["tags"] = ["snippet"]
    assert found(tmp_path, notebook) == []


def test_widget_state_is_refused(tmp_path):
    notebook = good()
    notebook.metadata["widgets"] = {"state": {}}
    assert any("widget state" in problem for problem in found(tmp_path, notebook))
