"""A batch: the runs of a grid file, each in its own folder, on workers that Dask looks after."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sticc_lib.config import ConfigError
from sticc_lib.experiments.grid import Cell, workers_here
from sticc_lib.experiments.gridfile import GridFile, read_grid
from sticc_lib.experiments.tied import run_tied
from sticc_lib.reporting.book import Batch, Book
from sticc_lib.reporting.planned import Planned, check, plan
from sticc_lib.run import RunError, bar, project_root, read_json, stderr
from sticc_lib.status import told

if TYPE_CHECKING:
    from sticc_lib.experiments.cluster import Ended


def read_plan(path: Path, root: Path | None = None) -> list[Planned]:
    """The runs that a grid file asks for, checked as before a start.

    Raises:
        ConfigError, DataError: whatever would keep one of them from starting.
    """
    root = (root or project_root()).resolve()
    grid = read_grid(path)
    planned = plan(grid, root)
    check(grid, root)
    return planned


def run_batch(
    path: Path,
    scheduler: str = "",
    workers: int = 0,
    force: bool = False,
    dashboard: bool = False,
    root: Path | None = None,
) -> Batch:
    """Makes the runs of a grid file that are not there, or not from the inputs of today.

    Nothing starts unless all runs can. One that fails is tried again (`retries`) by another
    worker; the others go on. Interrupted, the same call goes on.

    Args:
        path: the grid file.
        scheduler: address of a Dask scheduler whose workers share this folder and this library;
            workers of our own if empty.
        workers: of our own; 0 for what suits the machine.
        force: make finished runs anew.
        dashboard: show Dask's, on this machine only.
        root: the project (`notebooks/` and `reports/` are in it); this one if None.

    Raises:
        ConfigError: what is wrong with the file, or no such scheduler.
        DataError: data that cannot be used.
        BusyError: this batch is run already.
    """
    root = (root or project_root()).resolve()
    grid = read_grid(path)
    planned = plan(grid, root)
    todo = [run for run in planned if force or run.state != "finished"]
    if workers < 0:
        raise ConfigError(f"workers: {workers}; expected 1 or more, or 0")
    if todo:
        check(grid, root)
    batch = Batch(root / "reports" / grid.batch)
    with told(batch.folder, "batch"):
        book = Book(batch, grid, planned, todo)
        if len(todo) < len(planned):
            count = len(planned) - len(todo)
            stderr(f"{count} of {len(planned)} runs are finished and unchanged: skipped "
                   "(--force makes them anew)")  # fmt: skip
        if todo:
            try:
                _execute(book, grid, [run.cell for run in todo], root, scheduler, workers,
                         force, dashboard)  # fmt: skip
            finally:
                book.write(ended=True)
        else:
            book.write(ended=True)
    return batch


def _execute(
    book: Book,
    grid: GridFile,
    cells: Sequence[Cell],
    root: Path,
    scheduler: str,
    workers: int,
    force: bool,
    dashboard: bool,
) -> None:
    """Has the workers make runs."""
    try:
        from sticc_lib.experiments import cluster
    except ImportError as error:
        raise ConfigError(f"a batch needs Dask, and Python says: {error}; pip install "
                          "'sticc-lib[cluster]'") from None  # fmt: skip
    workers = workers_here(workers, len(cells))
    where = cluster.Cluster(scheduler, workers, dashboard)
    share = 1 if scheduler else max(1, (os.cpu_count() or 1) // workers)
    limits = [f"--{name.replace('_', '-')}={value:g}" for name, value in grid.limits.items()]
    call = f"{grid.batch}-{os.getpid()}-{time.time_ns()}"
    work = Command(
        str(root), os.getcwd(), str(book.batch.folder / "logs"), call,
        (*(limits if grid.notebooks else ()), *(["--workers=1"] if grid.notebooks else ())),
        grid.threads or int(os.environ.get("OMP_NUM_THREADS") or share),
    )  # fmt: skip
    stderr(f"{len(cells)} runs on " + (scheduler or f"{workers} workers of this machine"))
    with bar(total=len(cells), desc=grid.batch, unit="run") as shown:

        def ended(one: Ended) -> None:
            shown.clear()
            stderr(book.note(one))
            shown.update()

        cluster.run(cells, work, root / "reports", where, call=call, force=force,
                    retries=grid.retries, told=ended)  # fmt: skip


@dataclass(frozen=True)
class Command:
    """What a worker does with a run: its command, in a process that ends with the worker.

    Attributes:
        root: the project.
        cwd: where the command is called; paths of data may start there.
        logs: folder for what it says.
        call: by which it is known when the batch is stopped.
        more: words of the command line that say nothing about the result.
        threads: it computes on.
    """

    root: str
    cwd: str
    logs: str
    call: str
    more: tuple[str, ...]
    threads: int

    def __call__(self, cell: Cell, place: Path) -> dict[str, Any]:
        """The run's numbers.

        Raises:
            RunError: how the command ended, and the last that it said.
        """
        threads = {name: str(self.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        environment = {"STICC_HOME": self.root, "TQDM_DISABLE": "1", **threads}
        words = [*cell.inputs["command"], *self.more]
        error = run_tied(words, Path(self.logs) / f"{cell.name}.log", environment, self.call,
                         self.cwd)  # fmt: skip
        if error:
            raise RunError(error)
        path = place / "metrics.json"
        return read_json(path) if path.exists() else {}
