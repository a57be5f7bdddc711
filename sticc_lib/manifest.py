"""What the manifest tells of a run's calls: when, how long, how much memory, by which code."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

from sticc_lib.machine import peak_mib, this_machine
from sticc_lib.run import Run, RunError, environment, now, read_json, write_json

CALLS = 20
"""So many of a run's last calls are kept."""


@contextlib.contextmanager
def noted(run: Run, kind: str, **facts: Any) -> Iterator[dict[str, Any]]:
    """Notes a call that works in a run folder, however it ends.

    Versions, commit and machine are noted at the start, so that a killed run has them; the rest at
    the end. A run that several calls made has an entry of each in `calls`.

    Args:
        run: its folder.
        kind: report, training, compare or count.
        facts: of the call: identity, parameters, seeds, fingerprints. Mappings are merged with
            those of earlier calls, name by name; `machine` is put over what is found here.

    Yields:
        A dict for what is known at the end only; it is noted as `facts` are.
    """
    if os.environ.get("RANK", "0") != "0":  # of several processes the first one tells
        yield {}
        return
    call = {"started": now(), "end": "killed"}
    begun, here, later = time.monotonic(), environment(), {}
    call |= {name: here[name] for name in ("commit", "diff")}
    own, before = facts.pop("machine", {}), _held(run)
    _merge(run, {"kind": kind, **here, **facts, "machine": here["machine"] | own})
    later["machine"] = own  # asked again at the end: then torch is loaded
    try:
        yield later
    except RunError:  # the folder turned out to be another run's: it stays as it was
        write_json(run.folder / "manifest.json", before)
        raise
    except BaseException as error:
        with contextlib.suppress(OSError):  # that it failed is told in any case
            _end(run, {**call, "end": type(error).__name__}, begun, later)
        raise
    _end(run, {**call, "end": "done"}, begun, later)


def _end(run: Run, call: dict[str, Any], begun: float, later: dict[str, Any]) -> None:
    if not run.folder.exists():  # deleted under way; half a run would be no help
        return
    own, child = peak_mib()
    call |= {"ended": now(), "seconds": round(time.monotonic() - begun, 2)}
    call |= {"peak_mib": own, "largest_child_peak_mib": child}
    calls = [*_held(run).get("calls", []), call][-CALLS:]
    _merge(run, {**later, "machine": this_machine() | later["machine"]})
    run.note(calls=calls, ended=call["ended"], **_totals(calls))


def _merge(run: Run, facts: Mapping[str, Any]) -> None:
    held = _held(run)
    whole = {"machine", "versions"}  # as they are now, not as they were and are
    run.note(**{
        name: {**held[name], **value}
        if isinstance(value, Mapping) and name not in whole and isinstance(held.get(name), dict)
        else value
        for name, value in facts.items()
    })  # fmt: skip


def _held(run: Run) -> dict[str, Any]:
    path = run.folder / "manifest.json"
    return read_json(path) if path.exists() else {}


def _totals(calls: list[dict[str, Any]]) -> dict[str, float]:
    """Wall time of all calls; the most memory any of them took."""
    return {
        "seconds": round(sum(call["seconds"] for call in calls), 2),
        "peak_mib": max(call["peak_mib"] for call in calls),
        "largest_child_peak_mib": max(call["largest_child_peak_mib"] for call in calls),
    }
