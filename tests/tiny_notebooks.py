"""Tiny notebooks for the tests of this room, and a project folder to run them in."""

from pathlib import Path

import nbformat
from nbformat import v4

PARAMETERS = """\
preset: str = "smoke"  # settings to start from
seed: int = 0  # of training
settings: dict = {}  # changes to the preset
folder: str = ""  # run folder
steps: int = 3  # of nothing
rate: float | None = None  # none by default
"""
RECORD = """\
import json, pathlib
out = pathlib.Path(folder) / "metrics" / "{number}.json"
out.parent.mkdir(exist_ok=True)
out.write_text(json.dumps({{"data.n{number}.steps": steps}}))"""


def notebook(*sources: str, title: str = "# 01 Tiny", parameters: str = PARAMETERS):
    """Title, parameters, then one cell a source: Markdown if it starts with `M `."""
    cells = [v4.new_markdown_cell(title)]
    cells.append(v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    for source in sources:
        made = v4.new_markdown_cell if source.startswith("M ") else v4.new_code_cell
        cells.append(made(source.removeprefix("M ")))
    return v4.new_notebook(cells=cells)


def project(root: Path, **notebooks) -> Path:
    """A project: `notebooks/01_name.ipynb` for each `_01_name=notebook(...)`."""
    (root / "notebooks").mkdir(parents=True)
    for name, made in notebooks.items():
        nbformat.write(made, root / "notebooks" / f"{name.lstrip('_')}.ipynb")
    return root
