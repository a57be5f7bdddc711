"""CSV of numbers, read with suspicion: every line that does not fit is told by its number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.tracklets.sources.reading import Problem, several

_CHUNK = 50_000  # lines held as separate texts at a time
_BIGGEST = 2**31 - 1


def read_columns(
    path: Path,
    lines: Sequence[str],
    names: Sequence[str],
    kinds: Mapping[str, str],
    problems: list[Problem],
    start: int = 0,
    blank: Collection[str] = (),
) -> pd.DataFrame:
    """Lines of a CSV file as columns.

    Args:
        path: for messages.
        lines: of the whole file (`files.read_lines`). Empty lines are passed over.
        names: of its columns, in order; a line of another number of fields is a problem.
        kinds: which columns are wanted, and what they hold: `whole` (a whole number, may be
            written 3.0), `number` (both of at most 31 bits) or `text`.
        problems: lines that do not fit are added, once each.
        start: position of the first line of data.
        blank: columns that may be empty; numbers are then NaN (and float, `whole` ones too).

    Returns:
        `line` (from 1) and the wanted columns, of the lines that fit: int64, float64 or text.
    """
    parts, bad = [], []
    for low in range(start, max(len(lines), start + 1), _CHUNK):
        chunk = [(n, lines[n].split(",")) for n in range(low, min(low + _CHUNK, len(lines)))
                 if lines[n]]  # fmt: skip
        bad += [(n, _count(fields, names)) for n, fields in chunk if len(fields) != len(names)]
        kept = [(n, fields) for n, fields in chunk if len(fields) == len(names)]
        part = pd.DataFrame({"line": np.array([n + 1 for n, _ in kept], np.int64)})
        good = np.ones(len(kept), bool)
        for name, kind in kinds.items():
            place = list(names).index(name)
            text = [fields[place].strip() for _, fields in kept]
            part[name], fits = _column(text, kind, name in blank)
            bad += [(kept[i][0], f"{name} is {text[i][:40]!r}, expected {_said(kind)}")
                    for i in np.flatnonzero(good & ~fits)]  # fmt: skip
            good &= fits
        parts.append(part[good])
    bad.sort()
    problems += several(
        lambda i: f"{path} line {bad[i][0] + 1}", range(len(bad)), lambda i: bad[i][1],
        f"write {','.join(names)}",
    )  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    whole = [c for c, kind in kinds.items() if kind == "whole" and c not in blank]
    return table.astype(dict.fromkeys(whole, np.int64))


def _column(text: list[str], kind: str, blank: bool) -> tuple[np.ndarray, np.ndarray]:
    """Values, and bool: which of them fit."""
    if kind == "text":
        return np.array(text, object), np.array([blank or bool(t) for t in text], bool)
    given = pd.Series(text, dtype=object)
    values = pd.to_numeric(given, errors="coerce").to_numpy(np.float64, copy=True)
    with np.errstate(invalid="ignore"):
        fits = np.abs(values) <= _BIGGEST  # not so for NaN
        if kind == "whole":
            fits &= values == np.round(values)
    if blank:
        fits |= (given == "").to_numpy(bool)
    values[~fits] = 0
    return values, fits


def _said(kind: str) -> str:
    return {"whole": "a whole number", "number": "a number", "text": "a text"}[kind]


def _count(fields: list[str], names: Sequence[str]) -> str:
    return f"{len(fields)} fields, expected {len(names)}"
