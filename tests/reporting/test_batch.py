"""A batch: nothing starts unless all can, what is unchanged is skipped, and all of it is told."""

import csv
import json
import os
import subprocess
import sys
import time
from collections import Counter

import psutil
import pytest
from tiny_notebooks import RECORD, notebook, project

from sticc_lib.cli import main
from sticc_lib.config import ConfigError
from sticc_lib.experiments import cluster
from sticc_lib.locks import BusyError, alone
from sticc_lib.reporting import batch as module
from sticc_lib.reporting import planned
from sticc_lib.reporting.batch import read_plan, run_batch
from sticc_lib.run import read_json, write_json

GRID = """\
batch: four
notebooks: [01]
preset: smoke
parameters: {seed: [0, 1], 01.steps: [3, 7]}
name: "s{seed}-{01.steps}"
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project with one notebook and a grid of four runs; the library stays as it is."""
    project(tmp_path, _01_tiny=notebook(RECORD.format(number="01")))
    (tmp_path / "grid.yaml").write_text(GRID)
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    monkeypatch.setattr(planned, "library_mark", lambda: "as it is")
    return tmp_path


@pytest.fixture
def made(monkeypatch):
    """Commands in place of being run in processes, on workers; `failing` says which go wrong."""
    words_of, failing = [], set()

    def run_tied(words, log, environment, mark, cwd):
        name = words[words.index("--name") + 1]
        words_of.append(words)
        assert environment["STICC_HOME"]
        if name in failing:
            return "exit code 1: it broke"
        write_json(log.parents[2] / name / "metrics.json", {"m.rank1": 0.5})
        return ""

    def run(cells, work, folder, where, *, call, force, retries, told):
        for cell in cells:
            place, note = folder / cell.name, {"key": cluster_key(cell), "inputs": cell.inputs}
            write_json(place / "cell.json", note)
            try:
                numbers, error = work(cell, place), ""
                write_json(place / "cell.json", {**note, "numbers": numbers, "seconds": 2.5})
            except Exception as raised:
                numbers, error = {}, str(raised)
            told(cluster.Ended(cell, numbers, error, worker="0", seconds=2.5))

    monkeypatch.setattr(module, "run_tied", run_tied)
    monkeypatch.setattr(cluster, "run", run)
    return words_of, failing


def cluster_key(cell):
    from sticc_lib.experiments.attempts import key_of

    return key_of(cell)


def states(batch):
    return [run["state"] for run in batch.runs.values()]


def test_each_run_is_a_command_in_a_folder_of_its_own(home, made):
    batch = run_batch(home / "grid.yaml", workers=1)
    assert list(batch.runs) == ["s0-3", "s0-7", "s1-3", "s1-7"]
    assert made[0][1] == [
        "report", "--preset", "smoke", "--seed", "0", "--name", "s0-7", "--notebooks", "01_tiny",
        "--pass", "01.steps=7", "--cell-minutes=60", "--notebook-minutes=120", "--workers=1",
    ]  # fmt: skip
    held = read_json(home / "reports/four/batch.json")
    assert held["runs"]["s0-7"] == {
        "state": "finished", "values": {"preset": "smoke", "seed": 0, "01.steps": 7},
        "command": "sticc report --preset smoke --seed 0 --name s0-7 --notebooks 01_tiny "
                   "--pass 01.steps=7",
        "log": "logs/s0-7.log", "seconds": 2.5, "worker": "0", "before": [],
    }  # fmt: skip
    with (home / "reports/four/runs.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert rows[3] == {"run": "s1-7", "state": "finished", "preset": "smoke", "seed": "1",
                       "01.steps": "7", "m.rank1": "0.5"}  # fmt: skip


def test_what_is_finished_and_unchanged_is_skipped_and_says_so(home, made, capsys):
    run_batch(home / "grid.yaml", workers=1)
    again = run_batch(home / "grid.yaml", workers=1)
    assert states(again) == ["skipped"] * 4
    assert again.ok
    assert len(made[0]) == 4
    assert "4 of 4 runs are finished and unchanged: skipped (--force" in capsys.readouterr().err
    assert read_json(home / "reports/four/batch.json")["runs"]["s0-3"]["seconds"] == 2.5
    run_batch(home / "grid.yaml", workers=1, force=True)
    assert len(made[0]) == 8


@pytest.mark.parametrize("what", ["notebook", "library", "weights", "value", "folder"])
def test_a_run_is_made_anew_when_anything_it_is_made_from_changes(home, made, monkeypatch, what):
    run_batch(home / "grid.yaml", workers=1)
    todo = 4
    if what == "notebook":
        path = home / "notebooks/01_tiny.ipynb"
        path.write_text(path.read_text().replace("Tiny", "Other"))
    elif what == "value":
        (home / "grid.yaml").write_text(GRID.replace("seed: [0", "train.lr: 0.5, seed: [0"))
    elif what == "folder":
        (home / "reports/s0-3/cell.json").unlink()
        (home / "reports/s0-3/metrics.json").unlink()
        todo = 1
    else:
        monkeypatch.setattr(planned, f"{what}_mark", lambda: "another")
    run_batch(home / "grid.yaml", workers=1)
    assert len(made[0]) == 4 + todo


def test_what_failed_is_told_and_the_next_call_makes_only_that(home, made, capsys):
    made[1].add("s0-7")
    batch = run_batch(home / "grid.yaml", workers=1)
    assert states(batch) == ["finished", "failed", "finished", "finished"]
    assert not batch.ok
    assert batch.runs["s0-7"]["error"] == "exit code 1: it broke"
    assert "s0-7: FAILED, exit code 1: it broke (see " in capsys.readouterr().err
    made[1].clear()
    assert states(run_batch(home / "grid.yaml", workers=1)) == [
        "skipped", "finished", "skipped", "skipped",
    ]  # fmt: skip


def test_the_command_ends_with_1_if_a_run_failed_and_with_2_if_the_file_is_wrong(home, made):
    assert main(["batch", str(home / "grid.yaml")]) == 0
    made[1].add("s1-3")
    assert main(["batch", str(home / "grid.yaml"), "--force"]) == 1
    (home / "grid.yaml").write_text("run: trai\n")
    assert main(["batch", str(home / "grid.yaml")]) == 2


def test_a_dry_run_prints_what_would_be_done_and_does_nothing(home, made, capsys):
    assert main(["batch", str(home / "grid.yaml"), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "s0-3: to do\n  sticc report --preset smoke --seed 0 --name s0-3" in said
    assert said.endswith("4 runs, 4 to do\n")
    assert not (home / "reports").exists()
    run_batch(home / "grid.yaml", workers=1)
    main(["batch", str(home / "grid.yaml"), "--dry-run"])
    said = capsys.readouterr().out
    assert said.count("skipped, finished and unchanged") == 4
    assert said.endswith("4 runs, 0 to do\n")
    main(["batch", str(home / "grid.yaml"), "--dry-run", "--force"])
    assert capsys.readouterr().out.endswith("4 runs, 4 to do\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("01.steps: [3, 7]", "01.steps: [3, many]"), "steps is int, got str 'many'"),
        (("01.steps: [3", "01.stepz: [3"), "there is no value 01.steps"),
        (("parameters: {", "parameters: {other: 1, "), "unknown parameter other"),
        (("notebooks: [01]", "notebooks: [01, 05]"), "no notebook 05"),
        (("parameters: {", "parameters: {model.name: nobody, "), "'nobody' is none of"),
        (("parameters: {", "parameters: {data.name: mars, "), "say where mars is"),
        (("batch: four", "batch: s0"), "reports/s0 holds a run"),
        (('name: "s', 'name: "own-s'), "no batch has made; give runs other names"),
    ],
)
def test_nothing_starts_unless_all_can(home, made, change, said):
    write_json(home / "reports/s0/manifest.json", {})
    write_json(home / "reports/own-s1-7/manifest.json", {})
    (home / "grid.yaml").write_text(GRID.replace(*change))
    before = sorted(home.rglob("*"))
    for call in (run_batch, read_plan):
        with pytest.raises(ConfigError, match=r"grid\.yaml|notebook 05") as caught:
            call(home / "grid.yaml")
        assert said in str(caught.value)
    assert made[0] == []
    assert sorted(home.rglob("*")) == before


def test_a_batch_is_run_by_one_process_at_a_time(home, made):
    with alone(home / "reports/four/batch", "it"), pytest.raises(BusyError, match="sticc batch"):
        run_batch(home / "grid.yaml")


TRAININGS = """\
run: train
preset: smoke
parameters: {train.steps: 20, data.root: "a b'c", seed: [0, 1]}
"""


def test_trainings_are_commands_that_a_shell_takes_as_they_are(home, made):
    (home / "grid.yaml").write_text(TRAININGS)
    assert [run.words for run in read_plan(home / "grid.yaml")] == [
        ("train", "--preset", "smoke", "--seed", str(seed), "--set", 'data.root="a b\'c"',
         "train.steps=20", "--name", f"grid-seed{seed}") for seed in (0, 1)
    ]  # fmt: skip


KILLS = """\
import os, pathlib, psutil, time
home = pathlib.Path(folder).parents[1]
if (seed, steps) == (1, 7) and not (home / "killed").exists():
    (home / "killed").touch()
    psutil.Process().parent().parent().kill()  # the kernel's command's worker
    time.sleep(600)
if (seed, steps) == (2, 3) and not (home / "failed").exists():
    (home / "failed").touch()
    raise ValueError("only once")"""
DONE = """\
with (home / "journal").open("a") as journal:
    journal.write(f"{seed} {steps}\\n")"""
TWELVE = GRID.replace("four", "twelve").replace("[0, 1]", "[0, 1, 2]").replace("7]", "7, 9, 11]")
AGAIN = """
import sys
from sticc_lib.reporting import planned
planned.library_mark = lambda: "as it is"  # somebody may be writing on it right now
from sticc_lib.cli import main
sys.exit(main(["batch", "grid.yaml", "--workers", "2"]))
"""


@pytest.mark.long
def test_twelve_runs_outlive_a_killed_worker_each_is_done_once_and_a_second_call_does_nothing(
    home, capsys
):
    """Done-when 1 of the issue; the time of the second call is printed."""
    project(home / "p", _01_tiny=notebook(KILLS, RECORD.format(number="01"), DONE))
    home = home / "p"
    (home / "grid.yaml").write_text(TWELVE)
    call = [sys.executable, "-c", AGAIN]
    environment = {**os.environ, "STICC_HOME": str(home), "OMP_NUM_THREADS": "1"}
    first = subprocess.run(call, cwd=home, env=environment, capture_output=True, text=True)
    assert first.returncode == 0, first.stderr
    wanted = Counter(f"{seed} {steps}" for seed in range(3) for steps in (3, 7, 9, 11))
    assert Counter((home / "journal").read_text().splitlines()) == wanted
    held = read_json(home / "reports/twelve/batch.json")["runs"]
    assert [run["state"] for run in held.values()] == ["finished"] * 12
    assert "ended without a word" in held["s1-7"]["before"][0]
    assert "ValueError: only once" in held["s2-3"]["before"][0]
    assert {name: len(run["before"]) for name, run in held.items() if run["before"]} == {
        "s1-7": 1, "s2-3": 1,
    }  # fmt: skip
    index = (home / "reports/index.html").read_text()
    assert all(f"{name}/index.html" in index for name in held)
    assert not [p for p in psutil.process_iter() if str(home) in _home_of(p)]

    begun = time.monotonic()
    second = subprocess.run(call, cwd=home, env=environment, capture_output=True, text=True)
    seconds = time.monotonic() - begun
    assert second.returncode == 0, second.stderr
    assert "12 of 12 runs are finished and unchanged: skipped" in second.stderr
    assert Counter((home / "journal").read_text().splitlines()) == wanted
    with capsys.disabled():
        print(f"\nsticc batch of 12 finished runs: {seconds:.2f} s")
    assert seconds < 5


def _home_of(process):
    try:
        return process.environ().get("STICC_HOME", "")
    except psutil.Error:
        return ""


def test_nothing_heavy_is_imported_where_all_is_finished(home, made):
    """What keeps the second call under five seconds."""
    call = (
        AGAIN.replace("sys.exit(main(", "code = main(")
        .replace("]))", "])")
        .replace("planned.library_mark", "import os; planned.library_mark")
        + "print([m for m in ('torch', 'distributed', 'nbformat') if m in sys.modules], code)"
    )
    run_batch(home / "grid.yaml", workers=1)
    done = subprocess.run([sys.executable, "-c", call], cwd=home, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[] 0", done.stderr
    assert json.loads((home / "reports/four/batch.json").read_text())["runs"]["s0-3"]["state"] == (
        "skipped"
    )
