"""The pages of a run and of all runs, written from what the run folders hold and nothing else."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sticc_lib.config import flatten
from sticc_lib.reporting.numbers import key_numbers, key_title, show, tables
from sticc_lib.reporting.status import ENDS, Status, Verdict
from sticc_lib.run import RunError, read_json, stderr, write_text

FACTS = {"preset": "preset", "seed": "seed", "data": "data.name", "model": "model.name"}
"""What a run is known by, and where its identity holds that."""


def write_run(folder: Path) -> Path:
    """Writes `index.html` of one run folder and returns its path."""
    page = templates().get_template("run.html").render(run=view(folder))
    return write_text(folder / "index.html", page)


def write_runs(reports: Path) -> Path:
    """Writes `reports/index.html`, the table of all runs, and returns its path.

    A folder that cannot be read is named on stderr and left out.
    """
    runs = []
    for manifest in reports.glob("*/manifest.json"):
        try:
            runs.append(view(manifest.parent))
        except (RunError, OSError, TypeError, KeyError) as error:
            stderr(f"{manifest.parent}: left out of the table of runs ({error})")
    runs.sort(key=lambda run: run["facts"]["started"], reverse=True)
    names = key_numbers(run["metrics"] for run in runs)
    columns = {key_title(name): name for name in names}
    page = templates().get_template("runs.html")
    return write_text(reports / "index.html", page.render(runs=runs, columns=columns, show=show))


def write_all(reports: Path) -> Path:
    """Writes the page of every run, then the table of them."""
    for manifest in reports.glob("*/manifest.json"):
        write_run(manifest.parent)
    return write_runs(reports)


def view(folder: Path) -> dict[str, Any]:
    """What the templates show of a run folder, as plain text that they escape.

    Files that are not there are left out.

    Raises:
        RunError: a file that is there is damaged.
    """
    manifest, metrics = _read(folder, "manifest.json"), _read(folder, "metrics.json")
    identity, status = manifest.get("identity", {}), Status.load(folder)
    rows = [_row(folder, stem, verdict) for stem, verdict in sorted(status.notebooks.items())]
    failed = sum(not row["ok"] for row in rows)
    started = str(manifest.get("started", ""))[:16].replace("T", " ")
    facts = {name: str(identity.get(key, "")) for name, key in FACTS.items()}
    facts |= {"started": started and f"{started} UTC"}
    facts |= {"took": duration(sum(v.seconds for v in status.notebooks.values())) if rows else ""}
    facts |= {"commit": str(manifest.get("commit", ""))[:10]}
    return {
        "name": folder.name,
        "facts": facts,
        "ok": status.ok,
        "summary": f"{failed} of {len(rows)} failed" if failed else _plural(len(rows)),
        "notebooks": rows,
        "failed": failed,
        "metrics": metrics,
        "tables": tables(metrics),
        "figures": _figures(folder, status),
        "key": {key_title(name): show(metrics[name]) for name in key_numbers([metrics])},
        "manifest": sorted(flatten(manifest).items()),
    }


def duration(seconds: float) -> str:
    """`9 s`, `2 min 05 s`, `1 h 10 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left:02d} min" if hours else f"{minutes} min {rest:02d} s"


def _plural(count: int) -> str:
    return f"{count or 'no'} notebook{'' if count == 1 else 's'}{' ok' if count else ''}"


def _row(folder: Path, stem: str, verdict: Verdict) -> dict[str, Any]:
    at = f" at [{verdict.cell}]" if verdict.cell and not verdict.ok else ""
    paths = {kind: f"notebooks/{stem}.{kind}" for kind in ("html", "ipynb")}
    return {
        "title": verdict.title,
        "ok": verdict.ok,
        "ended": "ok" if verdict.ok else ENDS.get(verdict.ended, verdict.ended) + at,
        "message": verdict.message,
        "cells": f"{verdict.ran} of {verdict.cells}",
        "time": duration(verdict.seconds),
        "memory": f"{verdict.peak_mib:.0f} MiB",
        **{kind: path if (folder / path).exists() else "" for kind, path in paths.items()},
    }


def _figures(folder: Path, status: Status) -> list[tuple[str, list[dict[str, str]]]]:
    """The pictures, under the title of the notebook that wrote them."""
    there = sorted((folder / "figures").glob("*.png"))
    owned = {name: verdict for verdict in status.notebooks.values() for name in verdict.figures}
    titles = [verdict.title for _, verdict in sorted(status.notebooks.items())]
    grouped: dict[str, list[dict[str, str]]] = {title: [] for title in titles}
    for path in there:
        title = owned[path.name].title if path.name in owned else ""
        grouped.setdefault(title, []).append(_figure(path))
    return [(title, figures) for title, figures in grouped.items() if figures]


def _figure(path: Path) -> dict[str, str]:
    held = _read(path.parent, f"{path.stem}.json")
    title = str(held.get("title") or path.stem.replace("_", " "))
    words = {"title": title, "caption": held.get("caption", ""), "alt": held.get("alt") or title}
    return {"path": f"figures/{path.name}", **words}


def _read(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    return read_json(path) if path.exists() else {}


@functools.cache
def templates() -> Environment:
    """The templates of this room; what they are given is escaped."""
    folder = Path(__file__).parent / "templates"
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
