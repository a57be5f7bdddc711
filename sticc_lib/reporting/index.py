"""The pages of a run and of all runs, written from what the run folders hold and nothing else."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sticc_lib.config import flatten
from sticc_lib.locks import one_at_a_time
from sticc_lib.reporting.numbers import key_numbers, key_title, show, tables
from sticc_lib.reporting.status import ENDS, Status, Verdict
from sticc_lib.reporting.summaries import duration, facts, plural, summaries
from sticc_lib.run import read_json, write_text

__all__ = ["duration", "templates", "view", "write_all", "write_run", "write_runs"]
TEMPLATES = Path(__file__).parent / "templates"


def write_run(folder: Path) -> Path:
    """Writes `index.html` of one run folder and returns its path."""
    page = templates().get_template("run.html").render(run=view(folder))
    return write_text(folder / "index.html", page)


def write_runs(reports: Path) -> Path:
    """Writes `reports/index.html`, the table of all runs, and returns its path.

    Only what changed since it was last written is read (summaries.py). A folder that cannot be
    read is named on stderr and left out.
    """
    path = reports / "index.html"
    with one_at_a_time(path):  # several processes end notebooks; the last one sees all
        runs = summaries(reports)
        names = key_numbers(run["metrics"] for run in runs)
        columns = [(key_title(name), name) for name in names]
        script = (TEMPLATES / "runs.js").read_text(encoding="utf-8")
        page = (
            templates()
            .get_template("runs.html")
            .render(
                runs=runs, columns=columns, show=show, script=Markup(script), hash=_hash(script)
            )
        )
        return write_text(path, page)


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
    status = Status.load(folder)
    rows = [_row(folder, stem, verdict) for stem, verdict in sorted(status.notebooks.items())]
    failed = sum(not row["ok"] for row in rows)
    return {
        "name": folder.name,
        "facts": facts(manifest, status),
        "ok": status.ok,
        "summary": f"{failed} of {len(rows)} failed" if failed else plural(len(rows)),
        "notebooks": rows,
        "failed": failed,
        "metrics": metrics,
        "tables": tables(metrics),
        "figures": _figures(folder, status),
        "key": {key_title(name): show(metrics[name]) for name in key_numbers([metrics])},
        "manifest": sorted(flatten(manifest).items()),
    }


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
    there = [*sorted((folder / "figures").glob("*.png")), *sorted(folder.glob("*.png"))]
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
    return {"path": f"figures/{path.name}" if path.parent.name == "figures" else path.name, **words}


def _read(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    return read_json(path) if path.exists() else {}


def _hash(script: str) -> str:
    """By which a page's policy lets this script run, and no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@functools.cache
def templates() -> Environment:
    """The templates of this room; what they are given is escaped."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
