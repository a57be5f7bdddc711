"""What a benchmark says: a line for people, and a record for `benchmarks/results/results.json`.

`make bench` gives every benchmark the file to add its records to, in `STICC_BENCHMARKS`.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Sequence
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
