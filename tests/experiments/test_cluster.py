"""Cells on Dask workers: none lost, none done twice, failures tried elsewhere, nobody left over."""

import os
import signal
import threading
import time
from collections import Counter

import psutil
import pytest
from distributed import Client, LocalCluster
from light_cells import work

from sticc_lib.config import ConfigError
from sticc_lib.experiments import cluster, grid
from sticc_lib.experiments.attempts import state
from sticc_lib.experiments.cluster import Cluster
from sticc_lib.experiments.grid import Cell


@pytest.fixture(autouse=True)
def workers_find_the_cells(monkeypatch):
    """Other processes import light_cells as this one does."""
    here = os.path.dirname(__file__)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([here, os.environ.get("PYTHONPATH", "")]))


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def pids(folder, name):
    return [line.split()[1] for line in lines(folder / "tries") if line.split()[0] == name]


def test_a_killed_worker_loses_nothing_and_nothing_is_done_twice(tmp_path):
    cells = [Cell(f"c{n}", {"n": n, "how": "die" if n == 6 else ""}) for n in range(12)]
    told = []
    ended = cluster.run(cells, work, tmp_path, Cluster(), told=told.append)
    assert [one.cell.name for one in ended] == [cell.name for cell in cells]
    assert not any(one.error for one in ended)
    assert Counter(lines(tmp_path / "journal")) == dict.fromkeys((c.name for c in cells), 1)
    assert "ended without a word" in ended[6].before[0]
    assert {one.cell.name for one in told} == {cell.name for cell in cells}
    assert {state(cell, tmp_path / cell.name) for cell in cells} == {"finished"}
    assert not psutil.Process().children(recursive=True) or not any(
        "spawn_main" in " ".join(p.cmdline()) for p in psutil.Process().children(recursive=True)
    )


def test_what_fails_is_tried_on_another_worker_and_the_others_go_on(tmp_path):
    cells = [Cell("bad", {"how": "fail"}), Cell("shy", {"how": "fail once"}), Cell("good", {})]
    bad, shy, good = cluster.run(cells, work, tmp_path, Cluster())
    assert bad.error == "ValueError: bad cannot be done"
    assert "bad cannot be done" in bad.before[0]
    assert "bad\ncannot be done" in (tmp_path / "bad/error.txt").read_text()
    assert (shy.error, good.error) == ("", "")
    assert not (tmp_path / "shy/error.txt").exists()
    for name in ("bad", "shy"):
        assert len(pids(tmp_path, name)) == len(set(pids(tmp_path, name))) == 2
    assert state(cells[0], tmp_path / "bad") == "begun"


def test_finished_cells_are_not_done_again_but_by_force_or_with_other_inputs(tmp_path):
    cells = [Cell("same", {}), Cell("other", {"seconds": 0.01})]
    cluster.run(cells, work, tmp_path, Cluster(workers=1))
    changed = [cells[0], Cell("other", {"seconds": 0.0})]
    assert [state(c, tmp_path / c.name) for c in changed] == ["finished", "changed"]
    again = cluster.run(changed, work, tmp_path, Cluster(workers=1))
    assert [one.skipped for one in again] == [True, False]
    assert lines(tmp_path / "journal") == ["same", "other", "other"]
    cluster.run(cells[:1], work, tmp_path, Cluster(workers=1), force=True)
    assert lines(tmp_path / "journal")[3:] == ["same"]


def test_nobody_else_can_reach_our_own_scheduler(tmp_path, monkeypatch):
    heard, own = [], []

    def start(**options):
        own.append(LocalCluster(**options))
        return own[0]

    monkeypatch.setattr(cluster, "LocalCluster", start)

    def listen(_):
        me = psutil.Process()
        for process in [me, *me.children(recursive=True)]:
            found = process.net_connections(kind="inet")
            heard.extend(c.laddr.ip for c in found if c.status == psutil.CONN_LISTEN)
        kind, _, address = own[0].scheduler_address.partition("://")
        assert kind == "tls"
        with pytest.raises((OSError, TypeError)):  # without the key that only this process has
            Client(f"tcp://{address}", timeout=2, set_as_default=False)

    cluster.run([Cell("a", {})], work, tmp_path, Cluster(workers=1), told=listen)
    assert set(heard) == {"127.0.0.1"}


@pytest.fixture
def hears_ctrl_c():
    """What a shell starts in the background ignores SIGINT, and so would this process."""
    held = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, held)


@pytest.mark.usefixtures("hears_ctrl_c")
def test_a_stopped_call_leaves_no_process_and_the_next_one_goes_on(tmp_path):
    cells = [Cell("quick", {}), Cell("slow", {"seconds": 60})]

    def stop(_):
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()

    before = {p.pid for p in psutil.Process().children(recursive=True)}
    with pytest.raises(KeyboardInterrupt):
        cluster.run(cells, work, tmp_path, Cluster(), told=stop)
    left = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
    assert not [p for p in left if "distributed" in " ".join(p.cmdline())]
    assert [state(c, tmp_path / c.name) for c in cells] == ["finished", "begun"]


def test_no_scheduler_is_told_with_what_to_do(monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with pytest.raises(ConfigError, match=r"no Dask scheduler answers there.*start one"):
        cluster.run([Cell("a", {})], work, "/nowhere", Cluster("tcp://127.0.0.1:1"))
    with pytest.raises(ConfigError, match="no Dask scheduler answers there"):
        cluster.run([Cell("a", {})], work, "/nowhere", Cluster("what://ever"))


def test_what_a_worker_that_leaves_has_started_ends_first_and_is_done_by_another(tmp_path):
    cells = [Cell("long", {"how": "start"})]
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None,
                      host="127.0.0.1") as there:  # fmt: skip
        address = there.scheduler_address

        def leave():
            while not (tmp_path / "long.once").exists():
                time.sleep(0.05)
            with Client(address, set_as_default=False) as client:
                busy = next(w for w, cells in client.processing().items() if cells)
                client.retire_workers([busy])

        leaving = threading.Thread(target=leave)
        leaving.start()
        (one,) = cluster.run(cells, work, tmp_path, Cluster(address), call="tidy")
        leaving.join()
    assert one.error == ""
    assert "ended without a word" in one.before[0]
    first, second = pids(tmp_path, "long")
    assert first != second
    assert not psutil.pid_exists(int((tmp_path / "long.once").read_text()))
    assert lines(tmp_path / "journal") == ["long"]


def test_a_grid_can_be_done_by_the_workers_of_a_cluster_that_is_there(tmp_path):
    cells = [Cell("a", {}), Cell("b", {"how": "fail"})]
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None,
                      host="127.0.0.1") as there:  # fmt: skip
        good, bad = grid.run(cells, work, tmp_path, scheduler=there.scheduler_address)
        again = grid.run(cells[:1], work, tmp_path, scheduler="tcp://127.0.0.1:1")
    assert good.numbers == again[0].numbers == {"value": 1.0}
    assert bad.error == "ValueError: b cannot be done"
    assert again[0].skipped
