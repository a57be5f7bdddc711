"""Several processes train one model as one process would, and one goes on with what they began."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from sticc_lib.training.logs import read_log

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
WORK = Path(__file__).with_name("shared_work.py")
LAUNCH = ["-m", "accelerate.commands.launch", "--multi_gpu", "--main_process_ip", "127.0.0.1",
          "--main_process_port", "0"]  # fmt: skip
QUIET = {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1", "PYTHONWARNINGS": "ignore"}


def started(processes, command, home):
    """The output of a command that `processes` processes work on, or of plain Python for one."""
    launch = [*LAUNCH, "--num_processes", str(processes)] if processes > 1 else []
    done = subprocess.run(
        [sys.executable, *launch, *command],
        env={**os.environ, **QUIET, "STICC_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def work(processes, home, name, *more):
    said = started(processes, [str(WORK), str(home / name), *map(str, more)], home)
    return re.findall(r"resumed at \d+", said)  # two processes may share a line


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def alone(home):
    """One process' training from the first step to the last."""
    assert work(1, home, "alone") == ["resumed at 0"]
    return home / "alone"


def test_two_processes_have_the_metrics_of_one(home, alone):
    assert work(2, home, "two") == ["resumed at 0"] * 2
    same(home / "two", alone)


def test_the_command_started_twice_writes_the_numbers_of_one(home):
    few = ["device=cpu", "train.bf16=off", "train.steps=1"]
    train = ["-m", "sticc_lib.cli", "train", "--preset", "smoke", "--set", *few]
    started(1, [*train, "--name", "one"], home)
    started(2, [*train, "--name", "both"], home)
    one, both = (json.loads((home / "reports" / name / "metrics.json").read_text())
                 for name in ("one", "both"))  # fmt: skip
    assert {"training.sticc.best_val_mAP", "training.sticc.at_end.loss"} <= set(one)
    assert set(both) == set(one)
    for name in filter(lambda name: "at_end" in name, one):  # of before Adam's update
        assert both[name] == pytest.approx(one[name], abs=1e-5), name


def test_what_two_processes_began_goes_on_with_one(home, alone):
    assert work(2, home, "both", 35) == ["resumed at 0"] * 2
    assert work(1, home, "both") == ["resumed at 30"]
    same(home / "both", alone)


def test_what_one_process_began_goes_on_with_two(home, alone):
    assert work(1, home, "more", 35) == ["resumed at 0"]
    assert work(2, home, "more") == ["resumed at 30"] * 2
    same(home / "more", alone)


def same(folder, other):
    """Losses and metrics within 1e-4 (far within, in double precision), and weights."""
    log, wanted = (read_log(f / "log.jsonl") for f in (folder, other))
    assert list(log.columns) == list(wanted.columns)
    assert len(log) == len(wanted) >= 60
    gap = (log - wanted).abs().max()
    assert gap.max() < 1e-4, gap.sort_values().tail(5)
    assert log["val/mAP"].notna().any()
    for name, value in load_file(folder / "last" / "model.safetensors").items():
        kept = load_file(other / "last" / "model.safetensors")[name]
        assert (value - kept).abs().max() < 1e-4, name
