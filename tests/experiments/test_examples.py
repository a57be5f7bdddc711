"""The examples: the grid is one, and what runs on clusters calls what there is."""

import ast
import inspect
from pathlib import Path

import pytest

from sticc_lib.experiments.gridfile import read_grid
from sticc_lib.reporting.batch import run_batch

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_the_example_grid_is_twelve_runs():
    grid = read_grid(EXAMPLES / "grid.yaml")
    assert len({point.name for point in grid.points}) == 12
    assert all(point.name.startswith("slots-") for point in grid.points)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_scripts_for_clusters_call_the_batch_as_it_is_and_do_nothing_when_imported(path):
    tree = ast.parse(path.read_text())
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    (call,) = [call for call in calls if call.func.id == "run_batch"]
    given = {keyword.arg for keyword in call.keywords}
    assert given <= set(inspect.signature(run_batch).parameters)
    assert "scheduler" in given
    assert isinstance(tree.body[-1], ast.If)  # workers import the script that starts them
