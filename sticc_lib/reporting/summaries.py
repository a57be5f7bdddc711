"""Every run in a line: what the table of runs shows, read anew only where a folder has changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sticc_lib.reporting.numbers import key_numbers
from sticc_lib.reporting.status import Status
from sticc_lib.run import RunError, read_json, stderr, write_json

FACTS = {"preset": "preset", "seed": "seed", "data": "data.name", "model": "model.name"}
"""What a run is known by, and where its identity holds that."""
READ = ("manifest.json", "metrics.json", "status.json")
KEPT = ".runs.json"
"""What was read of all runs when their table was last written; it may be deleted."""
VERSION = 1
"""Of what is kept of a run; another one is read anew."""


def summaries(reports: Path) -> list[dict[str, Any]]:
    """All runs of a folder as rows of the table, the latest first.

    A thousand runs take three thousand looks at files and one to read; reading them all would take
    seconds, after each notebook. A folder that cannot be read is named on stderr and left out.
    """
    held, now = _kept(reports / KEPT), {}
    for manifest in sorted(reports.glob("*/manifest.json")):
        folder = manifest.parent
        try:
            marks = [_mark(folder / name) for name in READ]
            entry = held.get(folder.name, {})
            fresh = entry.get("marks") != marks
            row = summary(folder) if fresh else entry["row"]
            now[folder.name] = {"marks": marks, "row": row}
        except (RunError, OSError, TypeError, KeyError, AttributeError) as error:
            stderr(f"{folder}: left out of the table of runs ({error})")
    if now != held:
        write_json(reports / KEPT, {"version": VERSION, "runs": now})
    rows = [entry["row"] for entry in now.values()]
    return sorted(rows, key=lambda row: row["facts"]["started"], reverse=True)


def summary(folder: Path) -> dict[str, Any]:
    """One run's line: name, kind, facts, how it ended, the numbers worth a column.

    Raises:
        RunError: a file that is there is damaged.
    """
    manifest, status = _read(folder / "manifest.json"), Status.load(folder)
    metrics = _read(folder / "metrics.json")
    failed = sum(not verdict.ok for verdict in status.notebooks.values())
    count = len(status.notebooks)
    last = (manifest.get("calls") or [{}])[-1].get("end", "")
    ended = f"{failed} of {count} failed" if failed else plural(count)
    if not count:
        ended = "" if last in ("", "done") else f"ended by {last}"
    return {
        "name": folder.name,
        "kind": str(manifest.get("kind") or ("report" if count else "")),
        "facts": facts(manifest, status),
        "ended": ended or ("done" if last else ""),
        "ok": not failed and last in ("", "done"),
        "seconds": _seconds(manifest, status),
        "metrics": {name: metrics[name] for name in key_numbers([metrics])},
    }


def facts(manifest: Mapping[str, Any], status: Status) -> dict[str, str]:
    """What a run is known by, as text: preset, seed, data, model, start, time, commit."""
    identity = manifest.get("identity", {})
    known = {name: str(identity.get(key, "")) for name, key in FACTS.items()}
    started = str(manifest.get("started", ""))[:16].replace("T", " ")
    seconds = _seconds(manifest, status)
    return {
        **known,
        "started": started and f"{started} UTC",
        "took": "" if seconds is None else duration(seconds),
        "commit": str(manifest.get("commit", ""))[:10],
    }


def _seconds(manifest: Mapping[str, Any], status: Status) -> float | None:
    """Of the run's notebooks, else of its calls."""
    if status.notebooks:
        return sum(verdict.seconds for verdict in status.notebooks.values())
    return manifest.get("seconds")


def duration(seconds: float) -> str:
    """`9 s`, `2 min 05 s`, `1 h 10 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left:02d} min" if hours else f"{minutes} min {rest:02d} s"


def plural(count: int) -> str:
    """`2 notebooks ok`, `no notebooks`."""
    return f"{count or 'no'} notebook{'' if count == 1 else 's'}{' ok' if count else ''}"


def _mark(path: Path) -> list[int]:
    """What changes with a file: its time and size; each is written anew, never added to."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return []
    return [found.st_mtime_ns, found.st_size, found.st_ino]


def _kept(path: Path) -> dict[str, Any]:
    try:
        held = read_json(path)
        return held["runs"] if held["version"] == VERSION else {}
    except (OSError, RunError, TypeError, KeyError):
        return {}


def _read(path: Path) -> dict[str, Any]:
    return read_json(path) if path.exists() else {}
