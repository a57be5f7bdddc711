"""How a notebook ends, told from the kernel's replies: every way papermill gets wrong is here."""

import nbformat
import papermill
import psutil
import pytest
from nbformat import v4
from tiny_notebooks import notebook

from sticc_lib.reporting.execute import clean, execute
from sticc_lib.reporting.status import Limits

VIEW = "application/vnd.jupyter.widget-view+json"
LAST = "print('the last cell ran')"
KILL = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


def run(folder, made, limits=Limits(), **parameters):
    path = folder / "01_tiny {x}.ipynb"  # papermill takes paths for templates
    nbformat.write(made, path)
    return execute(path, parameters, {"TQDM_DISABLE": "1"}, limits)


def text(executed):
    """Everything the cells printed."""
    outputs = [out for cell in executed.cells for out in cell.get("outputs", ())]
    return "".join(out.get("text", "") for out in outputs)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One notebook that runs to its end, executed once for several tests."""
    cells = [
        "M ## Text",
        "print(repr(steps), repr(rate), repr(settings))",
        "from tqdm.auto import tqdm\nfor _ in tqdm(range(9)): pass",
        "import ipywidgets\nipywidgets.IntSlider()",
        "import os; print('here', os.environ['TQDM_DISABLE'], 'sticc' in os.environ['IPYTHONDIR'])",
        "",
        "ballast = bytearray(80_000_000)\nimport time; time.sleep(0.5)",
    ]
    folder = tmp_path_factory.mktemp("whole")
    return run(folder, notebook(*cells), steps=8, rate=float("inf"), settings={"a.b": "x=1"})


def test_a_notebook_that_ran_is_ok_and_counted(whole):
    _, verdict = whole
    assert verdict.ok
    assert (verdict.ended, verdict.ran, verdict.cells) == ("ok", 7, 7)
    assert verdict.title == "01 Tiny"


def test_values_arrive_as_python_values(whole):
    assert "8 inf {'a.b': 'x=1'}" in text(whole[0])


def test_progress_bars_are_off(whole):
    assert "%" not in text(whole[0])
    assert not any("tqdm" in str(cell.get("outputs")) for cell in whole[0].cells)


def test_widget_state_is_stripped(whole):
    assert "widgets" not in whole[0].metadata


def test_a_widget_goes_where_a_picture_stands_beside_it():
    view, alone = {"text/html": "<img>", VIEW: {}}, {"text/plain": "a slider", VIEW: {}}
    made = notebook("show()")
    made.cells[2].outputs = [v4.new_output("display_data", d) for d in (view, alone)]
    clean(made, [2])
    assert [sorted(o.data) for o in made.cells[2].outputs] == [
        ["text/html"], [VIEW, "text/plain"]]  # fmt: skip


def test_the_kernel_has_a_home_and_an_environment_of_its_own(whole):
    assert "here 1 True" in text(whole[0])


def test_time_and_peak_memory_are_measured(whole):
    _, verdict = whole
    assert verdict.seconds > 0.5
    assert verdict.peak_mib > 100  # the ballast and a Python that loaded ipykernel


def test_a_killed_kernel_is_a_failure_that_papermill_calls_completed(tmp_path):
    executed, verdict = run(tmp_path, notebook(KILL, LAST))
    assert (verdict.ended, verdict.ran, verdict.cells, verdict.cell) == ("died", 1, 3, 2)
    assert "SIGKILL" in verdict.message
    assert not verdict.ok
    marks = [c.metadata["papermill"]["status"] for c in executed.cells if c.cell_type == "code"]
    assert marks == ["completed", "not run", "not run"]


def test_a_cell_over_its_time_is_a_failure(tmp_path):
    _, verdict = run(tmp_path, notebook("import time; time.sleep(600)", LAST), Limits(cell=3))
    assert (verdict.ended, verdict.cell, verdict.message) == ("timeout", 2, "longer than 3 s")


def test_system_exit_zero_is_a_failure_that_papermill_calls_success(tmp_path):
    made = notebook("raise SystemExit(0)", LAST)
    _, verdict = run(tmp_path, made)
    assert (verdict.ended, verdict.ran, verdict.cells, verdict.cell) == ("exit", 1, 3, 2)
    assert not verdict.ok


def test_a_notebook_over_its_time_is_killed_with_its_children(tmp_path):
    child = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid)"
    slow = "import time\nfor _ in range(600): time.sleep(0.1)"
    executed, verdict = run(tmp_path, notebook(child, slow, LAST), Limits(notebook=4))
    assert verdict.ended == "limit"
    pid = text(executed).strip()
    gone = pid == "" or not psutil.pid_exists(int(pid))
    assert gone or psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE


def test_an_error_names_its_cell_and_leaves_no_marker(tmp_path):
    executed, verdict = run(tmp_path, notebook("M text", "1 / 0", LAST), steps=1)
    assert (verdict.ended, verdict.ran, verdict.cells, verdict.cell) == ("error", 2, 4, 3)
    assert verdict.message == "ZeroDivisionError: division by zero"
    assert "papermill-error" not in nbformat.writes(executed)


def test_a_tagged_cell_that_raises_is_still_a_failure(tmp_path):
    made = notebook("1 / 0", LAST)
    made.cells[2].metadata["tags"] = ["raises-exception"]
    _, verdict = run(tmp_path, made)
    assert verdict.ended == "error"
    assert not verdict.ok


def test_a_kernel_that_does_not_start_is_tried_twice(tmp_path, monkeypatch):
    tries = []

    def refuse(*args, **kwargs):
        tries.append(1)
        raise RuntimeError("Kernel died before replying to kernel_info")

    monkeypatch.setattr(papermill, "execute_notebook", refuse)
    executed, verdict = run(tmp_path, notebook(LAST))
    assert len(tries) == 2
    assert (verdict.ended, verdict.ran, verdict.cells) == ("unstarted", 0, 2)
    assert "kernel_info" in verdict.message
    assert executed.cells[0].source == "# 01 Tiny"


def test_a_kernel_killed_while_it_starts_leaves_a_verdict(tmp_path):
    _, verdict = run(tmp_path, notebook(LAST), Limits(notebook=0.05))
    assert (verdict.ended, verdict.ran, verdict.cells) == ("limit", 0, 2)
