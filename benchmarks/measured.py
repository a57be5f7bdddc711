"""What a benchmark says: a line for people, and a record for `benchmarks/results/results.json`.

`make bench` gives every benchmark the file to add its records to, in `STICC_BENCHMARKS`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = "STICC_BENCHMARKS"


def tell_ratio(
    name: str,
    ours: Sequence[float],
    other: Sequence[float],
    over: str,
    *,
    unit: str = "cpu-ms",
    target: float | None = None,
    note: str = "",
) -> float:
    """Says how many times less ours takes than the other side, turn by turn.

    Args:
        name: flat, such as `ranking.mars`.
        ours: what each turn took, in `unit`.
        other: the other side's, of the same turns.
        over: what the other side is.
        target: of the median ratio.
        note: after it.

    Returns:
        The median of the turns' ratios.
    """
    ratio = statistics.median(b / a for a, b in zip(ours, other, strict=True))
    left, right = statistics.median(ours), statistics.median(other)
    _say(
        f"{name}: {ratio:.2f}x over {over} ({left:,.4g} against {right:,.4g} {unit}, median of "
        f"{len(ours)}){_verdict(target, target is not None and ratio >= target, '>=', 'x')}"
        f"{'; ' + note if note else ''}"
    )
    _keep(name, ratio=ratio, ours=left, other=right, over=over, unit=unit, turns=len(ours),
          target=target)  # fmt: skip
    return ratio


def tell(
    name: str, value: float, unit: str, *, most: float | None = None, least: float | None = None
) -> None:
    """Says one number, and whether it is within its limit.

    Args:
        name: flat, such as `ranking.wide.extra`.
        value: in `unit`.
        unit: such as `MB`.
        most, least: what it should not pass; one of them at most.
    """
    limit, sign = (most, "<=") if most is not None else (least, ">=")
    held = limit is not None and (value <= limit if most is not None else value >= limit)
    _say(f"{name}: {value:,.4g} {unit}{_verdict(limit, held, sign, f' {unit}')}")
    _keep(name, value=value, unit=unit, **({"most": most} if most is not None else {}),
          **({"least": least} if least is not None else {}))  # fmt: skip


def _verdict(limit: float | None, held: bool, sign: str, unit: str) -> str:
    if limit is None:
        return ""
    return f"; target {sign} {limit:,g}{unit} {'reached' if held else 'MISSED'}"


def _say(line: str) -> None:
    print(line, flush=True)


def _keep(name: str, **values: Any) -> None:
    if path := os.environ.get(FILE):
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"name": name, **values}) + "\n")


def asked(doc: str | None, repeats: int = 5) -> tuple[int, bool]:
    """What the command line asks of a benchmark: (repeats, quick).

    Quick is for tests: as small as it can be, one repeat, numbers that mean nothing.
    """
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repeats", type=int, nargs="?", default=repeats)
    parser.add_argument("--quick", action="store_true", help="tiny, to see that it works")
    found = parser.parse_args()
    return (1 if found.quick else max(1, found.repeats)), found.quick


def alternate(
    sides: Mapping[str, Callable[[], Any]], repeats: int, warm: bool = True
) -> dict[str, list[float]]:
    """CPU milliseconds of each side, turn by turn: what else runs here then hits all alike.

    Args:
        sides: name -> work.
        repeats: turns that count.
        warm: let every side run once before.
    """
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(-int(warm), repeats):
        for name, work in sides.items():
            begun = time.process_time()
            work()
            if turn >= 0:
                taken[name].append(1e3 * (time.process_time() - begun))
    return taken


def held_mb(field: str = "VmRSS") -> float:
    """Memory of this process, MB: what it holds now, or VmHWM, the most it did (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024
