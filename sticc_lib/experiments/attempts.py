"""One attempt at a cell by a worker, and `cell.json`, which keeps what came of it.

The file is written and checked under a lock, so that a cell which Dask gave to a second worker,
because it had lost the first, is not done twice.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import traceback
from pathlib import Path
from typing import Any

from sticc_lib.experiments.grid import Cell, Work
from sticc_lib.locks import one_at_a_time
from sticc_lib.run import fingerprint, now, read_json, write_json, write_text


def state(cell: Cell, place: Path) -> str:
    """What is there of a cell: `new`, `finished`, `begun`, `changed` (made from other inputs)."""
    path = place / "cell.json"
    if not path.exists():
        return "new"
    held = read_json(path)
    if held.get("key") != key_of(cell):
        return "changed"
    return "finished" if "numbers" in held else "begun"


def key_of(cell: Cell) -> str:
    """What stands for a cell's inputs."""
    return fingerprint(dict(cell.inputs))


def attempt(work: Work, cell: Cell, place: Path, call: str, force: bool) -> dict[str, Any]:
    """What a worker does with a cell.

    Returns:
        `numbers` or `error`; `worker`, `address`, `seconds`; `lost`: workers of this call that
        began with it and were not heard of again.
    """
    from distributed import Reschedule, get_worker

    here = get_worker()
    worker = {"worker": f"{here.name} (pid {os.getpid()})", "address": here.address}
    path, begun = place / "cell.json", time.monotonic()
    with one_at_a_time(place / "cell"):  # who lost its worker may be at it still, for a moment
        key = key_of(cell)
        held = read_json(path) if path.exists() else {}
        ours = held.get("key") == key and held.get("call") == call
        if "numbers" in held and held.get("key") == key and (ours or not force):
            known = {n: held[n] for n in ("numbers", "worker", "seconds", "lost") if n in held}
            return {**worker, **known, "skipped": not ours}
        if held.get("key") != key or ("numbers" in held and force):
            shutil.rmtree(place, ignore_errors=True)
        lost = [*held.get("lost", []), held["at_work"]] if ours and "at_work" in held else []
        note = {"key": key, "inputs": dict(cell.inputs), "call": call, "lost": lost}
        write_json(path, {**note, "at_work": worker["worker"], "started": now()})
        try:
            numbers = dict(work(cell, place))
            took = {"seconds": round(time.monotonic() - begun, 2)}
            write_json(path, {**note, **took, "worker": worker["worker"], "numbers": numbers})
        except Exception as error:
            if here.status.name.startswith("clos"):  # not the cell's fault: its worker is leaving
                raise Reschedule() from None
            with contextlib.suppress(OSError):  # a full disk: what failed is told in any case
                write_text(place / "error.txt", traceback.format_exc())
                write_json(path, note)
            seconds = round(time.monotonic() - begun, 2)
            return {**worker, "error": line(error), "seconds": seconds, "lost": lost}
    (place / "error.txt").unlink(missing_ok=True)
    return {**worker, **took, "numbers": numbers, "lost": lost}


def line(error: BaseException) -> str:
    """An error in one line: ours is a message, others are told with their kind."""
    text = " ".join(str(error).split())
    own = type(error).__module__.startswith("sticc_lib.")
    return text if own else f"{type(error).__name__}: {text}"
