"""Cells run once: skipped when done, resumed when not, begun anew when their inputs changed."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from sticc_lib.experiments import grid
from sticc_lib.experiments.grid import Cell


class Work:
    """Counts its calls and leaves a trace in the cell's folder, as a training would."""

    def __init__(self, fails=()):
        self.calls, self.found, self.fails = [], {}, set(fails)

    def __call__(self, cell, folder):
        self.calls.append(cell.name)
        folder.mkdir(parents=True, exist_ok=True)
        self.found[cell.name] = sorted(path.name for path in folder.iterdir())
        (folder / "state").write_text("half")
        if cell.name in self.fails:
            raise ValueError(f"{cell.name} cannot be done")
        return {"value": float(len(cell.inputs))}


def beside(cell, folder):
    """Waits until the other cell's trace is there: possible only if both run at once."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "here").touch()
    other = folder.parents[1] / cell.inputs["other"] / "seed0" / "here"
    for _ in range(3000):
        if other.exists():
            return {"pid": float(os.getpid()), "threads": float(os.environ["OMP_NUM_THREADS"])}
        time.sleep(0.01)
    raise TimeoutError(f"{other} never came")


def die(cell, folder):
    """Ends its process, as the system does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


CELLS = [Cell("a/seed0", {"lr": 1}), Cell("b/seed0", {"lr": 1}), Cell("c/seed0", {"lr": 2})]


def test_axes_expand_to_all_combinations_the_last_fastest():
    assert grid.expand({"a": [1, 2], "b": "xy"}) == [
        {"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"},
    ]  # fmt: skip
    assert grid.expand({}) == [{}]
    assert grid.expand({"a": []}) == []


def test_done_cells_are_skipped_and_keep_their_numbers(tmp_path):
    first, again = Work(), Work()
    done = grid.run(CELLS, first, tmp_path)
    kept = grid.run(CELLS, again, tmp_path)
    assert first.calls == [cell.name for cell in CELLS]
    assert again.calls == []
    assert [o.numbers for o in kept] == [o.numbers for o in done] == [{"value": 1.0}] * 3
    assert [o.skipped for o in done + kept] == [False] * 3 + [True] * 3


def test_a_failing_cell_is_told_and_the_others_go_on(tmp_path, capsys):
    outcomes = grid.run(CELLS, Work(fails=["b/seed0"]), tmp_path)
    assert [o.error for o in outcomes] == ["", "ValueError: b/seed0 cannot be done", ""]
    assert outcomes[1].numbers == {}
    assert "cannot be done" in (tmp_path / "b/seed0/error.txt").read_text()
    assert "b/seed0: failed, b/seed0 cannot be done (see " in capsys.readouterr().err


def test_a_cell_that_failed_goes_on_in_its_folder_and_its_error_goes(tmp_path):
    grid.run(CELLS, Work(fails=["b/seed0"]), tmp_path)
    again = Work()
    assert not any(o.error for o in grid.run(CELLS, again, tmp_path))
    assert again.calls == ["b/seed0"]
    assert "state" in again.found["b/seed0"]
    assert not (tmp_path / "b/seed0/error.txt").exists()


def test_an_interrupted_cell_goes_on_in_its_folder(tmp_path):
    def interrupt(cell, folder):
        (folder / "state").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grid.run(CELLS, interrupt, tmp_path)
    again = Work()
    grid.run(CELLS, again, tmp_path)
    assert again.calls == [cell.name for cell in CELLS]
    assert [("state" in again.found[cell.name]) for cell in CELLS] == [True, False, False]


@pytest.mark.parametrize("finished", [True, False])
def test_a_cell_of_other_inputs_begins_anew(tmp_path, finished):
    grid.run(CELLS[:1], Work(fails=[] if finished else ["a/seed0"]), tmp_path)
    again = Work()
    outcomes = grid.run([Cell("a/seed0", {"lr": 1, "steps": 9})], again, tmp_path)
    assert outcomes[0].numbers == {"value": 2.0}
    assert again.found["a/seed0"] == ["cell.json"]


def test_force_begins_every_cell_anew(tmp_path):
    grid.run(CELLS, Work(), tmp_path)
    again = Work()
    grid.run(CELLS, again, tmp_path, force=True)
    assert again.calls == [cell.name for cell in CELLS]
    assert set(map(tuple, again.found.values())) == {("cell.json",)}


def test_workers_are_as_many_as_asked_for_but_never_more_than_the_pieces():
    assert grid.workers_here(8, 3) == 3
    assert grid.workers_here(1, 3) == 1
    assert 1 <= grid.workers_here(0, 9) <= 2


def test_cells_run_side_by_side_in_processes_of_their_own(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    pair = [Cell("a/seed0", {"other": "b"}), Cell("b/seed0", {"other": "a"})]
    outcomes = grid.run(pair, beside, tmp_path, workers=2)
    assert [o.cell.name for o in outcomes] == ["a/seed0", "b/seed0"]
    assert not any(o.error for o in outcomes)
    assert len({o.numbers["pid"] for o in outcomes} | {float(os.getpid())}) == 3
    again = grid.run(pair, beside, tmp_path, workers=2)
    assert all(o.skipped for o in again)


def test_a_killed_worker_is_told_and_the_next_call_goes_on(tmp_path):
    outcomes = grid.run(CELLS[:2], die, tmp_path, workers=2)
    assert {o.error for o in outcomes} == {"a worker process died; run again to go on"}
    assert not any(o.error for o in grid.run(CELLS[:2], Work(), tmp_path))


ORPHANS = """
import time
from sticc_lib.experiments import grid

if __name__ == "__main__":
    with grid.processes(1) as pool:
        print(pool.submit(grid.os.getpid).result(), flush=True)
        pool.submit(time.sleep, 600).result()
"""


def test_processes_end_with_the_one_that_started_them_though_it_is_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(ORPHANS)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    child.wait(timeout=30)
