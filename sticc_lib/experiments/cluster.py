"""A grid's cells on Dask workers: here, or on any Dask cluster that shares this folder.

Dask hands a cell whose worker died to another one; attempts.py sees to it that what is finished
is not done again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import distributed
from distributed import Client, LocalCluster, WorkerPlugin

from sticc_lib.config import ConfigError
from sticc_lib.experiments.attempts import attempt, line
from sticc_lib.experiments.grid import Cell, Outcome, Work
from sticc_lib.experiments.tied import end_tied
from sticc_lib.run import RunError, stderr

PATIENCE = 15
"""Seconds for a scheduler to answer."""


@dataclass(frozen=True)
class Cluster:
    """Where cells are run.

    Attributes:
        scheduler: address of a Dask scheduler; one of our own on this machine if empty.
        workers: processes of our own, each with one thread.
        dashboard: show Dask's dashboard of our own scheduler, on this machine only (port 8787, or
            the next free one).
    """

    scheduler: str = ""
    workers: int = 2
    dashboard: bool = False


@dataclass(frozen=True)
class Ended(Outcome):
    """How a cell ended, and where.

    Attributes:
        worker: the one that ended it.
        seconds: of the last attempt.
        before: attempts that came to nothing: which worker, and why.
    """

    worker: str = ""
    seconds: float = 0.0
    before: tuple[str, ...] = ()


def run(
    cells: Iterable[Cell],
    work: Work,
    folder: Path,
    cluster: Cluster,
    *,
    call: str = "",
    force: bool = False,
    retries: int = 1,
    told: Callable[[Ended], None] = lambda ended: None,
) -> list[Ended]:
    """Runs cells on workers; a cell that fails is tried again on another worker.

    Args:
        cells: what to run; those that are finished are found so by a worker, and not done again.
        work: as for `grid.run`; workers have to be able to import it.
        folder: one sub-folder a cell, which all workers see under this very path.
        cluster: whose workers.
        call: stands for this call; what `end_tied` knows commands of `work` by.
        force: do anew what was finished before this call.
        retries: times that a cell is tried again which fails.
        told: called with each cell that has ended for good.

    Returns:
        An outcome a cell, in their order.

    Raises:
        ConfigError: no scheduler at that address.
        RunError: the scheduler was lost.
    """
    cells, call = list(cells), call or f"{os.getpid()}-{time.time_ns()}"
    ended: dict[str, Ended] = {}
    with _client(cluster) as client:
        client.register_plugin(_Tidy(call, not cluster.scheduler), name=call)
        asked = _Asked(client, (work, folder, call, force))
        waiting = distributed.as_completed([asked.start(c) for c in cells], loop=client.loop)
        try:
            for future in waiting:
                cell, before = asked.running.pop(future.key)
                found = _found(future)
                if found.get("error") and len(before) < retries and found.get("again", True):
                    before = (*before, f"{found['worker']}: {found['error']}")
                    stderr(f"{cell.name}: failed on {found['worker']}, tried again elsewhere")
                    waiting.add(asked.start(cell, before, found["address"]))
                    continue
                ended[cell.name] = _ended(cell, before, found)
                told(ended[cell.name])
        except BaseException:
            with contextlib.suppress(Exception):
                client.cancel([distributed.Future(key, client) for key in asked.running])
            raise
        finally:
            with contextlib.suppress(Exception):
                client.unregister_worker_plugin(call)
    return [ended[cell.name] for cell in cells]


@dataclass
class _Asked:
    """Cells that a client has asked for, by the names Dask knows them by."""

    client: Client
    rest: tuple[Work, Path, str, bool]
    running: dict[str, tuple[Cell, tuple[str, ...]]] = field(default_factory=dict)

    def start(
        self, cell: Cell, before: tuple[str, ...] = (), avoid: str = ""
    ) -> distributed.Future:
        """Asks for a cell; by any worker but one, where there are others."""
        work, folder, call, force = self.rest
        where: dict[str, Any] = {}
        if avoid:
            with contextlib.suppress(TimeoutError):  # a worker that died comes again
                self.client.wait_for_workers(2, timeout=20)
            others = [address for address in _addresses(self.client) if address != avoid]
            where = {"workers": others, "allow_other_workers": True} if others else {}
        key = f"{cell.name}-{call}-{len(before)}"
        self.running[key] = cell, before
        return self.client.submit(
            attempt, work, cell, folder / cell.name, call, force, pure=False, key=key, **where
        )


def _ended(cell: Cell, before: tuple[str, ...], found: Mapping[str, Any]) -> Ended:
    lost = [f"{worker}: ended without a word" for worker in found.get("lost", [])]
    return Ended(
        cell, found.get("numbers", {}), found.get("error", ""), found.get("skipped", False),
        found.get("worker", ""), found.get("seconds", 0.0), (*before, *lost),
    )  # fmt: skip


def _found(future: distributed.Future) -> Mapping[str, Any]:
    try:
        return future.result()
    except distributed.KilledWorker:
        return {"error": "every worker that took it up died", "again": False}
    except (distributed.CancelledError, OSError) as error:
        raise RunError(
            f"the scheduler was lost ({line(error)}); the same command goes on"
        ) from None
    except Exception as error:  # the worker could not even begin: another version, another disk
        return {"error": line(error), "worker": "a worker", "address": ""}


@contextlib.contextmanager
def _client(cluster: Cluster) -> Iterator[Client]:
    """A client of a cluster that is there, or of one of our own that ends with the block."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what counts is told by us
    if cluster.scheduler:
        try:
            client = Client(cluster.scheduler, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            where = f"--scheduler {cluster.scheduler}"
            raise ConfigError(
                f"{where}: no Dask scheduler answers there ({line(error)}); start one, or leave "
                "it out"
            ) from None
        with client:
            if not _addresses(client):
                stderr(f"{cluster.scheduler} has no workers yet; waiting for them")
            yield client
        return
    where = "127.0.0.1:8787" if cluster.dashboard else "127.0.0.1:0"
    options: dict[str, Any] = {
        "host": "127.0.0.1", "dashboard_address": where if cluster.dashboard else None,
        "scheduler_kwargs": {"dashboard_address": where, "dashboard": cluster.dashboard},
        "security": True,  # others on this machine can reach the port, but have no key
        "memory_limit": 0,  # Dask would judge workers, and the memory is that of what they start
    }  # fmt: skip
    try:
        own = LocalCluster(n_workers=cluster.workers, threads_per_worker=1, processes=True,
                           silence_logs=logging.CRITICAL, **options)  # fmt: skip
    except (RuntimeError, TimeoutError) as error:  # a machine that is out of memory or overloaded
        raise RunError(f"no workers could be started here ({line(error)}); try --workers 1, or "
                       "later") from None  # fmt: skip
    with own, Client(own, set_as_default=False) as client:
        if cluster.dashboard:
            stderr(f"dashboard: {cast(Any, own).dashboard_link}")
        yield client


def _addresses(client: Client) -> list[str]:
    """Of the workers that are there."""
    return list(cast(dict[str, int], client.nthreads()))


class _Tidy(WorkerPlugin):
    """Ends what a call has started on a worker when the worker, or the call, ends.

    A worker that leaves in good order would otherwise be at its cell still, for a moment, when
    another one takes that up. Ours do not hear Ctrl-C, which reaches all processes of a terminal.
    """

    def __init__(self, call: str, ours: bool) -> None:
        self.call, self.ours = call, ours

    def setup(self, worker: distributed.Worker) -> None:
        with contextlib.suppress(ValueError):  # not the main thread
            if self.ours:
                signal.signal(signal.SIGINT, signal.SIG_IGN)

    def teardown(self, worker: distributed.Worker) -> None:
        end_tied(self.call)
