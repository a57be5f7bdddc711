"""The verb of `sticc` for grids: many runs from one file, on this machine or on a cluster."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from sticc_lib.run import stderr

File = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="GRID.YAML")]


@dataclass(frozen=True)
class Batch:
    """Make all runs of a grid: settings x seeds x notebooks, each a folder under reports/.

    What is finished from the same inputs (settings, notebooks, data, weights, code) is skipped.
    Failed runs are tried once more by another worker. Interrupted, the same command goes on.

    The file: lists become products, and what a single value says holds for all runs.

      run: train                      # or notebooks: [01, 03, 06]
      preset: quick
      parameters:
        model.name: [sticc, mean_pool]
        seed: [0, 1, 2]
      exclude: [{model.name: mean_pool, seed: 2}]
      include: [{model.name: sticc, model.head.slots: 8}]
      name: "{model.name}-s{seed}-{model.head.slots}"

    Also: batch (its name; else the file's), threads, retries, limits (cell_minutes,
    notebook_minutes). examples/ has a grid, and how to run it on Slurm and on Kubernetes.

    For example
      sticc batch examples/grid.yaml --dry-run                what would run, what is skipped
      sticc batch examples/grid.yaml                          as many workers as suit the machine
      sticc batch grid.yaml --scheduler tcp://10.0.0.5:8786   any Dask cluster with this folder
    """

    grid: File
    """The file."""
    dry_run: bool = False
    """Print the runs, what would be done about each and its command; start nothing."""
    force: bool = False
    """Make finished runs anew."""
    scheduler: str = ""
    """Address of a Dask scheduler; its workers see this folder under the same path and have this
    library. By default workers of our own, on this machine only."""
    workers: int = 0
    """Workers of our own; 0 for what suits the machine (two on two cores without a GPU)."""
    dashboard: bool = False
    """Show Dask's dashboard, on this machine only (needs bokeh)."""

    def run(self) -> int:
        """Returns 0 if every run is there, else 1."""
        if self.dry_run:
            return self._show()
        from sticc_lib.reporting.batch import run_batch

        batch = run_batch(Path(self.grid), self.scheduler, self.workers, self.force, self.dashboard)
        counts = {state: batch.count(state) for state in ("finished", "skipped", "failed")}
        stderr(", ".join(f"{count} {state}" for state, count in counts.items()))
        print(batch.folder / "batch.json")
        return 0 if batch.ok else 1

    def _show(self) -> int:
        from sticc_lib.reporting.batch import read_plan
        from sticc_lib.reporting.planned import STATES

        planned = read_plan(Path(self.grid))
        for run in planned:
            state = "to do anew" if self.force and run.state == "finished" else STATES[run.state]
            print(f"{run.cell.name}: {state}\n  {shlex.join(['sticc', *run.words])}")
        todo = sum(self.force or run.state != "finished" for run in planned)
        print(f"{len(planned)} runs, {todo} to do")
        return 0
