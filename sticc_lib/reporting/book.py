"""What came of a batch, kept in `reports/<batch>` as its runs end.

`batch.json`: what ran, where, how long, what failed. `runs.csv`: a line a run, its values and then
its numbers. `logs/`: what each run said.
"""

from __future__ import annotations

import csv
import io
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sticc_lib.experiments.gridfile import GridFile
from sticc_lib.reporting.planned import Planned
from sticc_lib.run import now, read_json, write_json, write_text

if TYPE_CHECKING:
    from sticc_lib.experiments.cluster import Ended


@dataclass
class Batch:
    """What came of a batch.

    Attributes:
        folder: `reports/<batch>`.
        runs: name to `state` (finished, skipped, failed, waiting), `values`, `command`, `seconds`,
            `worker`, `before` (attempts that came to nothing), `error`, `log`.
    """

    folder: Path
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every run is there."""
        return all(run["state"] in ("finished", "skipped") for run in self.runs.values())

    def count(self, state: str) -> int:
        """How many runs are in a state."""
        return sum(run["state"] == state for run in self.runs.values())


class Book:
    """Keeps `batch.json` and `runs.csv` as runs end."""

    def __init__(
        self, batch: Batch, grid: GridFile, planned: Sequence[Planned], todo: Sequence[Planned]
    ) -> None:
        self.batch, self.grid, self.started, self.clock = batch, grid, now(), time.monotonic()
        self.ended, self.todo = 0, len(todo)
        waiting = {run.cell.name for run in todo}
        for run in planned:
            name = run.cell.name
            held = {} if name in waiting else read_json(batch.folder.parent / name / "cell.json")
            batch.runs[name] = {
                **{fact: held[fact] for fact in ("seconds", "worker") if fact in held},
                "state": "waiting" if name in waiting else "skipped", "values": run.point.values,
                "command": shlex.join(["sticc", *run.words]), "log": f"logs/{name}.log",
            }  # fmt: skip
        self.write()

    def note(self, one: Ended) -> str:
        """Keeps how a run ended; a line about it."""
        self.ended += 1
        state = "failed" if one.error else "skipped" if one.skipped else "finished"
        self.batch.runs[one.cell.name] |= {
            "state": state, "seconds": one.seconds, "worker": one.worker,
            "before": list(one.before), **({"error": one.error} if one.error else {}),
        }  # fmt: skip
        self.write()
        again = f", after {len(one.before)} failed attempt(s)" if one.before else ""
        line = f"[{self.ended}/{self.todo}] {one.cell.name}: "
        if one.error:
            log = self.batch.folder / self.batch.runs[one.cell.name]["log"]
            return f"{line}FAILED{again}, {one.error} (see {log})"
        return f"{line}{state} in {one.seconds:.0f} s on {one.worker}{again}"

    def write(self, ended: bool = False) -> None:
        """Both files; the table at the end only."""
        held: dict[str, Any] = {"batch": self.grid.batch, "grid": self.grid.path.name}
        held |= {"started": self.started, "seconds": round(time.monotonic() - self.clock, 1)}
        held |= {"runs": self.batch.runs, **({"ended": now()} if ended else {})}
        write_json(self.batch.folder / "batch.json", held)
        if ended:
            write_text(self.batch.folder / "runs.csv", self._table())

    def _table(self) -> str:
        reports, rows = self.batch.folder.parent, []
        for name, run in self.batch.runs.items():
            path = reports / name / "metrics.json"
            done = run["state"] in ("finished", "skipped") and path.exists()
            rows.append({"run": name, "state": run["state"], **run["values"],
                         **(read_json(path) if done else {})})  # fmt: skip
        said = io.StringIO()
        table = csv.DictWriter(said, list(dict.fromkeys(n for row in rows for n in row)))
        table.writeheader()
        table.writerows(rows)
        return said.getvalue()
