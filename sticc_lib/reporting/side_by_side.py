"""Pieces of work done side by side, each after those that it needs."""

from __future__ import annotations

import graphlib
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Result = TypeVar("Result")


def run_all(
    needs: Mapping[str, list[str]],
    work: Callable[[str], Result],
    workers: int,
    halt: threading.Event,
    weights: Mapping[str, float] | None = None,
) -> Iterator[tuple[str, Result]]:
    """Does every piece once, up to `workers` at a time, and yields each as it ends.

    Args:
        needs: piece -> pieces that have to end before it, well or not.
        work: called in a thread of its own with the piece's name.
        workers: pieces at a time, at least 1.
        halt: set when the caller leaves early (an interrupt, an error), so that `work` can end.
        weights: how long a piece takes, in any unit: of those that can start, the one with the
            most work behind it (its own and of what needs it) starts first.

    Yields:
        Names with what `work` returned, in the order in which they end.
    """
    sorter = graphlib.TopologicalSorter(needs)
    sorter.prepare()
    behind = _behind(needs, weights or {})
    ready: list[str] = []
    under_way: dict[Future[Result], str] = {}
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            while sorter.is_active():
                ready += sorter.get_ready()
                ready.sort(key=lambda name: (-behind[name], name))
                while ready and len(under_way) < workers:
                    name = ready.pop(0)
                    under_way[pool.submit(work, name)] = name
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    name = under_way.pop(future)
                    yield name, future.result()
                    sorter.done(name)
        except BaseException:
            halt.set()
            raise


def _behind(needs: Mapping[str, list[str]], weights: Mapping[str, float]) -> dict[str, float]:
    """Piece -> its own weight and the heaviest chain of pieces that wait for it."""
    order = list(graphlib.TopologicalSorter(needs).static_order())
    behind = {name: float(weights.get(name, 1.0)) for name in order}
    for name in reversed(order):
        for need in needs[name]:
            behind[need] = max(behind[need], weights.get(need, 1.0) + behind[name])
    return behind
