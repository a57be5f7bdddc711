"""Work side by side: what needs waits, the longest chain starts first, an interrupt ends it all."""

import threading

import pytest

from sticc_lib.reporting.side_by_side import run_all


class Watch:
    """Notes what begins and ends, and holds pieces back until they are let go."""

    def __init__(self, held=()):
        self.lock, self.began, self.ended, self.most, self.now = threading.Lock(), [], [], 0, 0
        self.gates = {name: threading.Event() for name in held}

    def __call__(self, name):
        with self.lock:
            self.began.append(name)
            self.now += 1
            self.most = max(self.most, self.now)
        if name in self.gates:
            assert self.gates[name].wait(10)
        with self.lock:
            self.now -= 1
            self.ended.append(name)
        return name.upper()


NEEDS = {"1": [], "2": [], "3": [], "4": ["3"], "6": ["3"]}


def test_every_piece_runs_once_after_those_it_needs():
    watch = Watch()
    found = dict(run_all(NEEDS, watch, 2, threading.Event()))
    assert found == {name: name for name in NEEDS}
    assert sorted(watch.began) == sorted(NEEDS)
    assert watch.began.index("4") > watch.ended.index("3")
    assert watch.most <= 2


def test_the_longest_chain_starts_first():
    watch = Watch()
    weights = {"1": 70, "2": 10, "3": 150, "4": 80, "6": 300}
    list(run_all(NEEDS, watch, 1, threading.Event(), weights))
    assert watch.began == ["3", "6", "4", "1", "2"]


def test_two_really_run_at_once():
    watch = Watch(held=["1"])
    ends = run_all({"1": [], "2": []}, watch, 2, threading.Event())
    assert next(ends)[0] == "2"  # while 1 is under way
    watch.gates["1"].set()
    assert next(ends)[0] == "1"


def test_an_error_halts_what_is_under_way_and_starts_nothing_more():
    halt, began = threading.Event(), []

    def work(name):
        began.append(name)
        if name == "1":
            raise KeyboardInterrupt
        assert halt.wait(10)

    with pytest.raises(KeyboardInterrupt):
        list(run_all({"1": [], "2": [], "3": []}, work, 2, halt))
    assert halt.is_set()
    assert "3" not in began
