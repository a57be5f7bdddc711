"""Every notebook, alone and in a fresh run, executed by the project's own runner at `smoke`."""

import pytest
from notebook_contract import ROOT

from sticc_lib.reporting.runner import run_report

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.long
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_alone(path, tmp_path):
    for name in ("notebooks", "data"):
        (tmp_path / name).symlink_to(ROOT / name)
    status = run_report("smoke", notebooks=[path.stem], root=tmp_path)
    verdict = status.notebooks[path.stem]
    assert verdict.ok, verdict.line()
    assert (status.folder / "index.html").exists()
