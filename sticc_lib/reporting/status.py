"""How a report run ended: the project's own verdict on each notebook, kept in `status.json`.

papermill marks cells `completed` that a dead kernel never ran, and calls an early `SystemExit(0)`
a success; nothing here is inferred from what it writes.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sticc_lib.run import read_json
from sticc_lib.status import merge

ENDS = {
    "ok": "every cell ran",
    "error": "a cell raised an error",
    "exit": "a cell ended the notebook early",
    "died": "the kernel died",
    "timeout": "a cell took too long",
    "limit": "the notebook took too long",
    "unstarted": "the kernel did not start",
    "pending": "it has not run to an end",
}
"""How a notebook can end, and what that means."""


@dataclass(frozen=True)
class Limits:
    """Seconds; 0 means no limit."""

    cell: float = 3600
    notebook: float = 7200
    start: float = 120
    """For the kernel to answer; it is tried twice."""


@dataclass
class Verdict:
    """How one notebook ended.

    Attributes:
        ended: a name of `ENDS`.
        cells: code cells that are not blank, the injected parameters among them.
        ran: how many of them the kernel reported as done without error.
        cell: `In [n]` of the cell at which it stopped; 0 if none.
        message: one line: the error, or what stopped it.
        seconds: wall time, kernel start included.
        peak_mib: highest resident memory of the kernel and its children, sampled.
        started: ISO time.
        title: the notebook's first heading.
        figures: file names of the pictures it wrote into `figures/`.
    """

    ended: str = "pending"
    cells: int = 0
    ran: int = 0
    cell: int = 0
    message: str = ""
    seconds: float = 0.0
    peak_mib: float = 0.0
    started: str = ""
    title: str = ""
    figures: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Only if every code cell ran."""
        return self.ended == "ok" and self.ran == self.cells

    def line(self) -> str:
        """The verdict as a progress line shows it."""
        ran = f"{self.ran} of {self.cells} cells, {self.seconds:.0f} s, {self.peak_mib:.0f} MiB"
        if self.ok:
            return f"ok, {ran}"
        at = f" at In [{self.cell}]" if self.cell else ""
        return f"FAILED, {ENDS[self.ended]}{at} ({ran}): {self.message}"


@dataclass
class Status:
    """The verdicts of a run's notebooks; those of an earlier call are kept."""

    folder: Path
    notebooks: dict[str, Verdict] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every notebook of the run ended well, and there is one."""
        return bool(self.notebooks) and all(v.ok for v in self.notebooks.values())

    @classmethod
    def load(cls, folder: Path) -> Status:
        """What `status.json` of a run folder holds; no notebooks if there is none."""
        path = folder / "status.json"
        held: dict[str, Any] = read_json(path).get("notebooks", {}) if path.exists() else {}
        names = {f.name for f in dataclasses.fields(Verdict)}
        verdicts = {
            notebook: Verdict(**{k: v for k, v in values.items() if k in names})
            for notebook, values in held.items()
        }
        return cls(folder, verdicts)

    def write(self) -> Path:
        """Writes the verdicts into `status.json`; what it holds of commands stays."""
        held = {
            name: {"ok": verdict.ok, **dataclasses.asdict(verdict)}
            for name, verdict in sorted(self.notebooks.items())
        }
        return merge(self.folder, {"ok": self.ok, "notebooks": held})
