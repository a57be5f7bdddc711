"""Faults at random moments in training, embedding, counting and report: nothing is lost.

`STICC_FAULTS` says how many; `pytest -m long tests/faults -s` prints what came of them.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import fault_kinds as kinds
import pytest
from fault_checks import all_whole, finished
from fault_jobs import COMMANDS, JOBS, prepared

from sticc_lib.status import command

FAULTS = int(os.environ.get("STICC_FAULTS", "200"))
SHARE = {"training": 0.35, "embedding": 0.2, "counting": 0.3, "report": 0.15}
LONGEST = 120
Reference = Callable[[str], dict[str, Any]]


def _work(job: str, folder: Path, answer: Any, strike: Any) -> None:
    """The child: injects a fault and does the job; sends events and what the job came to."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1), os.dup2(quiet, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    calls = lambda: 0  # noqa: E731
    if strike is None:
        calls = kinds.count_calls()
    else:
        strike_with, kind, when = strike
        strike_with(kind, when, folder, lambda: answer.send({"struck": kind}))
    began = time.monotonic()
    try:
        found = JOBS[job](folder)
    except BaseException as error:
        answer.send({"error": f"{type(error).__name__}: {error}"})
        os._exit(1)
    answer.send({"found": found, "calls": calls(), "seconds": time.monotonic() - began})
    os._exit(0)


@functools.cache
def _ready() -> Any:
    """Forks of a server that has imported everything; it looks for modules in PYTHONPATH only."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fault_jobs"])
    held = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    forkserver.ensure_running()
    os.environ["PYTHONPATH"] = held or ""
    return context


def run(job: str, folder: Path, strike: Any = None) -> dict[str, Any]:
    """Does a job in a process of its own; what it sent, and `exit`."""
    context = _ready()
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(job, folder, theirs, strike))
    process.start()
    theirs.close()
    told: dict[str, Any] = {}
    until = time.monotonic() + LONGEST
    with contextlib.suppress(EOFError):
        while ours.poll(max(0, until - time.monotonic())):
            told |= ours.recv()
    assert time.monotonic() < until, f"{job} hangs after {told}"
    process.join()
    return told | {"exit": process.exitcode}


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """reference(job): what it comes to when nothing goes wrong, its watched calls and its time."""

    @functools.cache
    def whole(job: str) -> dict[str, Any]:
        found = run(job, prepared(job, tmp_path_factory.mktemp(job)))
        assert found["exit"] == 0, f"{job}: {found}"
        assert found["found"].pop("begun") == 0
        return found

    return whole


def drawn(job: str, whole: dict[str, Any], rng: random.Random) -> tuple[Any, str, float]:
    """A fault: how it strikes, which, and when."""
    moments = [k for k in kinds.AT_MOMENTS if job == "report" or k != "kernel killed"]
    kind = rng.choice([*kinds.AT_CALLS, *moments])
    if kind in kinds.AT_CALLS:
        return kinds.strike_at_call, kind, rng.randint(1, whole["calls"])
    return kinds.strike_after, kind, rng.uniform(0.1, 0.95) * whole["seconds"]


def survived(job: str, folder: Path, whole: dict[str, Any], strike: Any) -> str:
    """Injects a fault, checks what it left, and goes on without one; "" if it did not strike."""
    kind = strike[1]
    first = run(job, folder, strike)
    if "struck" not in first:
        assert first["exit"] == 0, first
        return ""
    failed = first["exit"] != 0
    assert not (failed and kind in kinds.HARMLESS), first
    if folder.exists():
        all_whole(folder)
    kept, begun = finished(job, folder), command(folder, COMMANDS[job])
    second = run(job, folder)
    assert second["exit"] == 0, f"{job}, {kind}: does not go on: {second}; before: {first}"
    found = second["found"]
    assert found.pop("begun") >= kept["begun"], f"{job}, {kind}: began anew"
    assert found == whole["found"], f"{job}, {kind}: another result"
    after = finished(job, folder)
    assert {k: after.get(k) for k in kept if k != "begun"} == {
        k: v for k, v in kept.items() if k != "begun"
    }, f"{job}, {kind}: made again what was finished"
    all_whole(folder)
    # who dies before the first word has done nothing; who dies after the last one has done all
    if failed and begun and begun["state"] != "ended":
        named = command(folder, COMMANDS[job])["failures"]
        assert named, f"{job}, {kind}: status.json names no failure; {first}"
    return "failed" if failed else "survived"


def many(
    number: int, folder: Path, reference: Callable[[str], dict[str, Any]], seed: int
) -> tuple[Counter[Any], list[str]]:
    """As many faults as asked for, over all jobs; how each ended, and what was not survived."""
    rng, ends, wrong = random.Random(seed), Counter[Any](), []
    jobs = rng.choices(list(SHARE), list(SHARE.values()), k=number)
    for turn, job in enumerate(jobs):
        for again in range(20):
            place = folder / f"{turn}-{again}"
            place.mkdir()
            strike = drawn(job, reference(job), rng)
            try:
                ended = survived(job, prepared(job, place), reference(job), strike)
            except AssertionError as error:
                wrong.append(f"{turn}, {strike[1:]}: {error}"[:600])
                ended = "WRONG"
            if ended:
                ends[job, strike[1], ended] += 1
                break
    return ends, wrong


@pytest.mark.long
def test_a_fault_of_each_kind_is_survived(reference, tmp_path):
    """One job and a fixed moment for each kind: the short part."""
    for number, kind in enumerate(kinds.AT_CALLS):
        folder = prepared("training", tmp_path / kind)
        strike = (kinds.strike_at_call, kind, 5 + 3 * number)
        assert survived("training", folder, reference("training"), strike)


@pytest.mark.long
def test_faults_at_random_moments(reference, tmp_path, capsys):
    seed = 0
    ends, wrong = many(FAULTS, tmp_path, reference, seed)
    with capsys.disabled():
        print(f"\n{sum(ends.values())} faults, seed {seed}")
        for (job, kind, ended), times in sorted(ends.items()):
            print(f"  {job:10} {kind:20} {ended:9} {times}")
    assert not wrong, "\n".join(wrong)
    assert sum(ends.values()) == FAULTS
