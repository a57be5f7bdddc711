"""One notebook through papermill, and the verdict on it, taken from the kernel's own replies."""

from __future__ import annotations

import logging
import re
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError
from papermill.engines import NBClientEngine, papermill_engines

from sticc_lib.reporting.kernel import Kernel
from sticc_lib.reporting.status import Limits, Verdict

ENGINE = "sticc"
MARKER = "papermill-error-cell-tag"  # cells that papermill adds around an error


class _SavesOnce(NBClientEngine):
    """papermill's engine, which would write the whole notebook twice a cell; here at the end.

    With pictures in it a notebook is megabytes; and nobody reads the half-done file: it lies in a
    folder that goes with the run.
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        save, nb_man.save, nb_man.autosave_cell_every = nb_man.save, _nothing, 0
        try:
            return super().execute_managed_notebook(nb_man, kernel_name, **options)
        finally:
            nb_man.save = save  # papermill calls it once more


def _nothing(**_: Any) -> None:
    """Called where papermill would save."""


papermill_engines.register(ENGINE, _SavesOnce)


@dataclass
class _Record:
    """What the kernel replied, cell by cell (numbers are positions in the executed notebook)."""

    begun: list[int] = field(default_factory=list)
    ran: list[int] = field(default_factory=list)
    error: tuple[str, str] | None = None
    """Name and text of the first error."""

    def on_cell_execute(self, cell: Any, cell_index: int) -> None:
        self.begun.append(cell_index)

    def on_cell_executed(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        content = execute_reply["content"]
        if content["status"] == "ok":
            self.ran.append(cell_index)
        elif self.error is None:
            self.error = (content.get("ename", content["status"]), content.get("evalue", ""))


def execute(
    source: Path,
    parameters: Mapping[str, Any],
    environment: Mapping[str, str],
    limits: Limits,
    halt: threading.Event | None = None,
) -> tuple[Any, Verdict]:
    """Runs a notebook in a kernel of its own.

    Args:
        source: the notebook; it is read, never written.
        parameters: Python values for its parameters cell, checked before.
        environment: what is added to the kernel's environment.
        limits: of a cell, of the notebook, of the kernel's start.
        halt: ends the notebook when it is set.

    Returns:
        The executed notebook (an nbformat node, as far as it came, free of widget state), and
        how it ended.
    """
    begun, verdict = time.monotonic(), Verdict(started=_now())
    for _ in range(2):  # a kernel that does not start is tried once more
        record = _Record()
        with tempfile.TemporaryDirectory(prefix="sticc-") as folder:
            target = Path(folder) / "executed.ipynb"
            with Kernel(environment, limits.notebook, halt) as kernel:
                try:
                    _papermill(source, target, parameters, kernel, limits, record)
                    error = None
                except Exception as raised:
                    error = raised
                ended, message = _ended(error, record, kernel, limits)
            notebook = nbformat.read(target if target.exists() else source, as_version=4)
        if ended != "unstarted" or (halt is not None and halt.is_set()):
            break
    clean(notebook, record.ran)
    verdict.cells = sum(1 for cell in notebook.cells if _is_code(cell))
    verdict.ran = len(record.ran)
    if ended == "ok" and verdict.ran < verdict.cells:
        ended, message = "exit", "cells were skipped"
    verdict.ended, verdict.message = ended, message
    verdict.cell = len(record.begun) if ended not in ("ok", "unstarted") else 0
    verdict.seconds = round(time.monotonic() - begun, 2)
    verdict.peak_mib = round(kernel.peak / 2**20, 1)
    verdict.title = title(notebook) or source.stem
    return notebook, verdict


def clean(notebook: Any, ran: list[int]) -> None:
    """Takes out what papermill adds or gets wrong; `ran`: positions of the cells that ran.

    Its error markers go; cells it calls completed that never ran are called `not run`; widgets go
    where a picture stands beside them: without a kernel JupyterLab would only say that it misses
    their state, which goes as well.
    """
    notebook.metadata.pop("widgets", None)
    for output in (o for cell in notebook.cells for o in cell.get("outputs", ())):
        if "text/html" in output.get("data", ()):
            output.data.pop("application/vnd.jupyter.widget-view+json", None)
    notebook.cells = [c for c in notebook.cells if MARKER not in c.metadata.get("tags", ())]
    for position, cell in enumerate(notebook.cells):
        held = cell.metadata.get("papermill")
        if held and _is_code(cell) and position not in ran:
            held["status"] = "failed" if held.get("exception") else "not run"


def title(notebook: Any) -> str:
    """The first heading, or empty."""
    for cell in notebook.cells:
        found = re.search(r"^# +(.+)$", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and found:
            return found[1].strip()
    return ""


def _papermill(
    source: Path,
    target: Path,
    parameters: Mapping[str, Any],
    kernel: Kernel,
    limits: Limits,
    record: _Record,
) -> None:
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # the verdict says it, once
    papermill.execute_notebook(
        _path(source),
        _path(target),
        parameters=dict(parameters),
        engine_name=ENGINE,
        kernel_name="python3",
        language="python",
        progress_bar=False,
        start_timeout=int(limits.start),
        execution_timeout=limits.cell or None,
        iopub_timeout=60,
        coalesce_streams=True,
        km=kernel.manager,
        on_cell_execute=record.on_cell_execute,
        on_cell_executed=record.on_cell_executed,
    )


def _ended(
    error: Exception | None, record: _Record, kernel: Kernel, limits: Limits
) -> tuple[str, str]:
    """The name of the end and a line about it."""
    if kernel.overran:
        return "limit", f"longer than {limits.notebook:g} s"
    if isinstance(error, CellTimeoutError):
        return "timeout", f"longer than {limits.cell:g} s"
    obituary = kernel.obituary()
    if error is not None and obituary:
        kind = "exit" if obituary.startswith("exit code 0") else "died"
        return (kind if record.begun else "unstarted"), obituary
    if record.error is not None:
        name, text = record.error
        return ("exit" if name == "SystemExit" else "error"), _short(f"{name}: {text}")
    if error is not None:
        kind = "error" if record.begun else "unstarted"
        return kind, _short(f"{type(error).__name__}: {error}")
    return "ok", ""


def _is_code(cell: Any) -> bool:
    return cell.cell_type == "code" and bool(cell.source.strip())


def _path(path: Path) -> str:
    # papermill formats paths as templates
    return str(path).replace("{", "{{").replace("}", "}}")


def _short(text: str, length: int = 300) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
