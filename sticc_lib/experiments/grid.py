"""A grid of cells, run once each: expanded, fingerprinted, skipped when done, resumed when not."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

from sticc_lib.run import fingerprint, read_json, stderr, write_json, write_text


@dataclass(frozen=True)
class Cell:
    """One point of a grid.

    Attributes:
        name: folder name, unique in the grid.
        inputs: everything its result depends on; its fingerprint tells whether it was done.
    """

    name: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a cell ended: its numbers, or what went wrong. `skipped`: it was done before."""

    cell: Cell
    numbers: dict[str, float]
    error: str = ""
    skipped: bool = False


Work = Callable[[Cell, Path], Mapping[str, float]]
Piece = TypeVar("Piece")
Made = TypeVar("Made")
Waiting = tuple[Cell, Path, dict[str, Any]]


def expand(axes: Mapping[str, Iterable[Any]]) -> list[dict[str, Any]]:
    """All combinations of the axes' values, the last axis fastest."""
    names = list(axes)
    return [
        dict(zip(names, values, strict=True))
        for values in itertools.product(*(list(axes[n]) for n in names))
    ]


def run(
    cells: Iterable[Cell],
    work: Work,
    folder: Path,
    force: bool = False,
    workers: int = 1,
    scheduler: str = "",
) -> list[Outcome]:
    """Runs every cell that is not done; one that fails does not stop the others.

    Args:
        cells: what to run, in order.
        work: called with the cell and its own folder; returns its numbers. It resumes by itself
            from what it finds in the folder.
        folder: one sub-folder a cell; `cell.json` in it holds the inputs, and the numbers once it
            is finished. What was made from other inputs is removed.
        force: run every cell anew.
        workers: cells side by side, each in a process of its own with its share of the cores;
            `work` has to be a function that another process can import. 1: here.
        scheduler: address of a Dask scheduler whose workers do it instead, and see `folder`.

    Returns:
        An outcome a cell, in their order.
    """
    cells, outcomes, waiting = list(cells), {}, []
    for cell in cells:
        place = folder / cell.name
        note = {"key": fingerprint(dict(cell.inputs)), "inputs": dict(cell.inputs)}
        held = read_json(place / "cell.json") if (place / "cell.json").exists() else {}
        if force or held.get("key") != note["key"]:
            shutil.rmtree(place, ignore_errors=True)
            write_json(place / "cell.json", note)
        elif "numbers" in held:
            outcomes[cell.name] = Outcome(cell, held["numbers"], skipped=True)
            continue
        waiting.append((cell, place, note))
    if scheduler:
        ended = _elsewhere(work, [cell for cell, _, _ in waiting], folder, scheduler)
    else:
        ended = _side_by_side(work, waiting, workers) if workers > 1 else _in_turn(work, waiting)
    outcomes |= {outcome.cell.name: outcome for outcome in ended}
    return [outcomes[cell.name] for cell in cells]


def workers_here(asked: int, pieces: int) -> int:
    """How many pieces of work (cells, notebooks) to do at a time.

    Args:
        asked: by the user; 0 for what suits the machine.
        pieces: there are.

    CHOICE: two on a machine with at least two cores and no GPU, of one thread each: small models
    gain little from a second thread. More than two cost memory: who has it asks for more. One where
    there is a GPU.
    """
    if asked:
        return max(1, min(asked, pieces))
    import torch

    alone = torch.accelerator.is_available() or (os.cpu_count() or 1) < 2
    return 1 if alone else max(1, min(2, pieces))


def _in_turn(work: Work, waiting: Iterable[Waiting]) -> Iterator[Outcome]:
    for cell, place, note in waiting:
        yield _one(work, cell, place, note)


def _elsewhere(work: Work, cells: list[Cell], folder: Path, scheduler: str) -> Iterable[Outcome]:
    """Each on a worker of a Dask cluster."""
    from sticc_lib.experiments import cluster

    def told(ended: Outcome) -> None:
        stderr(f"{ended.cell.name}: " + (f"failed, {ended.error}" if ended.error else "done"))

    here = cluster.Cluster(scheduler)
    return cluster.run(cells, work, folder.resolve(), here, told=told) if cells else []


def _side_by_side(work: Work, waiting: list[Waiting], workers: int) -> Iterator[Outcome]:
    """Each in one of several processes; a process that is killed takes the rest down with it."""
    with processes(workers) as pool:
        running = {pool.submit(_one, work, *item): item[0] for item in waiting}
        for future in as_completed(running):
            try:
                yield future.result()
            except BrokenProcessPool:
                error = "a worker process died; run again to go on"
                stderr(f"{running[future].name}: failed, {error}")
                yield Outcome(running[future], {}, error=error)


@contextlib.contextmanager
def processes(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that share the cores among them; what has not begun when an error comes, is left.

    What they are given has to be a function that another process can import.
    """
    threads = max(1, (os.cpu_count() or 1) // workers)
    spawn = multiprocessing.get_context("spawn")  # torch does not survive a fork
    with ProcessPoolExecutor(workers, spawn, _few_threads, (threads,)) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def in_threads(pieces: Mapping[str, Piece], work: Callable[[Piece], Made]) -> dict[str, Made]:
    """Does something with each of several pieces, side by side where torch leaves cores free.

    The first goes alone: what all of them need (data, maps of the trunk) is there for the others.

    Args:
        pieces: by name, such as models.
        work: with one of them; of a kind that several threads can do at once.

    Returns:
        What `work` made of each by name, in their order.
    """
    import torch

    names = list(pieces)
    made = {name: work(pieces[name]) for name in names[:1]}
    workers = max(1, (os.cpu_count() or 1) // torch.get_num_threads())
    with ThreadPoolExecutor(workers) as pool:
        rest = pool.map(work, [pieces[name] for name in names[1:]])
        return {**made, **dict(zip(names[1:], rest, strict=True))}


def only_thread() -> None:
    """For a process that shall compute on one thread; called before torch is imported there."""
    _few_threads(1)


def _few_threads(threads: int) -> None:
    """Before torch is imported in a process; it ends with the one that started it, even if that
    was killed: nobody would read what it computes."""
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, str(threads))
    os.environ["TQDM_DISABLE"] = "1"  # bars of several processes would overwrite each other


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _one(work: Work, cell: Cell, place: Path, note: dict[str, Any]) -> Outcome:
    stderr(f"{cell.name}: running")
    begun = time.monotonic()
    try:
        numbers = dict(work(cell, place))
    except Exception as error:
        write_text(place / "error.txt", traceback.format_exc())
        stderr(f"{cell.name}: failed, {error} (see {place / 'error.txt'})")
        return Outcome(cell, {}, error=f"{type(error).__name__}: {error}")
    (place / "error.txt").unlink(missing_ok=True)
    write_json(place / "cell.json", {**note, "numbers": numbers})
    stderr(f"{cell.name}: done in {time.monotonic() - begun:.0f} s")
    return Outcome(cell, numbers)
