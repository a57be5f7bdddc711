"""Cells that take no time, for workers in other processes: what they do is told by their inputs."""

import os
import signal
import subprocess
import sys
import time


def work(cell, place):
    """Kills its worker, or fails, where a file says that it has not done so yet; else it is done.

    Each one that is done adds a line to `journal`; each attempt one to `tries`.
    """
    home, how = place.parent, cell.inputs.get("how", "")
    with (home / "tries").open("a") as tries:
        tries.write(f"{cell.name} {os.getpid()}\n")
    once = home / f"{cell.name}.once"
    if how == "die" and not once.exists():
        once.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "start" and not once.exists():  # a command, as a batch does
        sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
        with subprocess.Popen(sleep, env={**os.environ, "STICC_TIED": "tidy"}) as command:
            once.write_text(str(command.pid))
        raise ValueError("it was ended")
    if how == "fail" or (how == "fail once" and not once.exists()):
        once.touch()
        raise ValueError(f"{cell.name}\ncannot be done")
    time.sleep(cell.inputs.get("seconds", 0.02))
    with (home / "journal").open("a") as journal:
        journal.write(f"{cell.name}\n")
    return {"value": 1.0}
