"""What `status.json` says of commands that ended well, badly, or without a word."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from sticc_lib import status
from sticc_lib.locks import BusyError
from sticc_lib.run import RunError
from sticc_lib.status import command, merge, told

AT_WORK = """
import sys, time
from sticc_lib.status import told
with told(sys.argv[1], "train"):
    print("begun", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def at_work(tmp_path):
    """A folder, and a process that trains there until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", AT_WORK, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    yield tmp_path, process
    process.kill()
    process.wait()


def test_while_at_work_it_runs_and_then_it_has_ended(tmp_path):
    with told(tmp_path, "train"):
        assert command(tmp_path, "train")["state"] == "running"
    ended = command(tmp_path, "train")
    assert (ended["state"], ended["failures"]) == ("ended", [])


def test_an_error_goes_on_and_is_named(tmp_path):
    with pytest.raises(ValueError, match="no such"), told(tmp_path, "count"):
        raise ValueError("no such video\nsecond line")
    kept = command(tmp_path, "count")
    assert kept["state"] == "failed"
    assert [f["error"] for f in kept["failures"]] == ["ValueError: no such video"]


def test_a_folder_deleted_under_way_is_a_failure_of_its_own(tmp_path):
    folder = tmp_path / "run"
    said = "was deleted while `sticc count` was under way"

    def deleted_and_gone_on_with():
        shutil.rmtree(folder)
        merge(folder, {"notebooks": {}})

    with pytest.raises(RunError, match=said), told(folder, "count"):
        deleted_and_gone_on_with()
    kept = command(folder, "count")
    assert kept["state"] == "failed"
    assert "was deleted" in kept["failures"][0]["error"]


def test_stopped_by_hand_is_said_in_words(tmp_path):
    with pytest.raises(KeyboardInterrupt), told(tmp_path, "count"):
        raise KeyboardInterrupt
    assert command(tmp_path, "count")["failures"][0]["error"] == "stopped by hand"


def test_who_was_killed_is_named_by_the_next(at_work):
    folder, process = at_work
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert command(folder, "train")["state"] == "running"
    with told(folder, "train"):
        pass
    kept = command(folder, "train")
    assert kept["state"] == "ended"
    assert [f["error"] for f in kept["failures"]] == [status.KILLED]


def test_a_second_one_is_refused_and_leaves_no_trace(at_work):
    folder, _ = at_work
    before = (folder / "status.json").read_bytes()
    with pytest.raises(BusyError, match="sticc train"), told(folder, "train"):
        pass
    assert (folder / "status.json").read_bytes() == before


def test_commands_and_notebooks_keep_each_others_entries(tmp_path):
    merge(tmp_path, {"ok": True, "notebooks": {"01_data": {"ok": True}}})
    with told(tmp_path, "train"), told(tmp_path, "count"):
        pass
    merge(tmp_path, {"ok": False})
    held = json.loads((tmp_path / "status.json").read_text())
    assert set(held["commands"]) == {"train", "count"}
    assert held["notebooks"] == {"01_data": {"ok": True}}
    assert held["ok"] is False


def test_a_full_disk_does_not_hide_the_error_that_came_first(tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    def work():
        with told(tmp_path, "train"):
            monkeypatch.setattr(status, "write_json", full)
            raise ValueError("the first")

    with pytest.raises(ValueError, match="the first"):
        work()
    assert "No space left on device" in capsys.readouterr().err


def test_a_damaged_file_is_told_of_and_begun_anew(tmp_path, capsys):
    (tmp_path / "status.json").write_text('{"commands": ')
    with told(tmp_path, "train"):
        pass
    assert "not readable as JSON" in capsys.readouterr().err
    assert command(tmp_path, "train")["state"] == "ended"


def test_only_so_many_failures_are_remembered(tmp_path):
    for number in range(status.KEPT + 3):
        with pytest.raises(ValueError, match="number"), told(tmp_path, "train"):
            raise ValueError(f"number {number}")
    failures = command(tmp_path, "train")["failures"]
    assert len(failures) == status.KEPT
    assert failures[-1]["error"].endswith(f"number {status.KEPT + 2}")


def test_a_clock_that_goes_back_leaves_no_negative_time(tmp_path, monkeypatch):
    with told(tmp_path, "train"):
        monkeypatch.setattr(time, "time", lambda: 0.0)
    assert command(tmp_path, "train")["seconds"] >= 0


def test_of_several_processes_of_one_launch_the_first_tells(tmp_path, monkeypatch):
    monkeypatch.setitem(os.environ, "RANK", "1")
    with told(tmp_path, "train"):
        pass
    assert not (tmp_path / "status.json").exists()
