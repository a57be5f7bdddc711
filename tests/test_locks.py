"""Locks: one at a time, refused where somebody works, free again when the holder is gone."""

import signal
import subprocess
import sys

import pytest

from sticc_lib.locks import BusyError, alone, one_at_a_time

HOLD = """\
import sys, time
from sticc_lib.locks import alone
with alone(sys.argv[1], "a report"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    path = tmp_path / "quick"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield path, process
    process.kill()
    process.wait()


def test_a_place_in_use_is_refused_and_the_message_says_what_to_do(holder):
    path, _ = holder
    with pytest.raises(BusyError, match=r"quick: a report is being written.*another name"), \
            alone(path, "a report"):  # fmt: skip
        pass


def test_a_crash_frees_the_place(holder):
    path, process = holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    with alone(path, "a report"):
        pass


def test_one_place_does_not_hold_up_another_and_nothing_is_left_beside_it(holder, tmp_path):
    with alone(tmp_path / "other", "a report"), one_at_a_time(tmp_path / "third"):
        assert list(tmp_path.iterdir()) == []
