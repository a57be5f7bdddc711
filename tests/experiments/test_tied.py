"""A tied command: its end is told in a line, and it ends with the one that started it."""

import os
import subprocess
import sys
import time

import psutil

from sticc_lib.experiments.tied import end_tied, run_tied

STARTER = """
import sys
from pathlib import Path
from sticc_lib.experiments import tied

tied._CALL = '''
from sticc_lib.experiments.tied import end_with_starter
end_with_starter()
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
import os
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
'''
tied.run_tied([], Path(sys.argv[1]), {})
"""


def test_a_command_that_ends_well_says_nothing_and_its_words_are_kept(tmp_path):
    assert run_tied(["--version"], tmp_path / "log", {}) == ""
    assert "sticc " in (tmp_path / "log").read_text()


def test_a_command_that_fails_is_told_by_its_last_line(tmp_path):
    said = run_tied(["evaluate", "--checkpoint", "/nowhere"], tmp_path / "log", {})
    assert said.startswith("exit code 2: sticc evaluate: ")
    assert "/nowhere" in said


def test_the_environment_is_the_command_s_alone(tmp_path):
    run_tied(["lab", "--help"], tmp_path / "log", {"STICC_HOME": "/elsewhere"})
    assert os.environ.get("STICC_HOME") != "/elsewhere"


def pids(log):
    for _ in range(600):
        if log.exists() and len(log.read_text().split()) == 2:
            return [psutil.Process(int(pid)) for pid in log.read_text().split()]
        time.sleep(0.05)
    raise TimeoutError(f"{log}: {log.read_text() if log.exists() else 'nothing'}")


def test_it_ends_with_its_starter_though_that_is_killed_and_so_does_what_it_started(tmp_path):
    log = tmp_path / "log"
    with subprocess.Popen([sys.executable, "-c", STARTER, str(log)]) as starter:
        command, child = pids(log)
        starter.kill()
    command.wait(timeout=30)
    child.wait(timeout=30)


def test_tied_commands_are_ended_by_their_mark_and_no_others(tmp_path):
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    mine, other = (
        subprocess.Popen(sleep, env={**os.environ, "STICC_TIED": mark}) for mark in ("a", "b")
    )
    try:
        assert end_tied("a") == 1
        assert mine.wait(timeout=30) == -9
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
