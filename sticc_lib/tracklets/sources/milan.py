"""Milan's XML labels of PETS2009: frame[@number]/objectlist/object[@id]/box[@xc, yc, w, h]."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from sticc_lib.tracklets.sources.files import DAMAGED, read_xml
from sticc_lib.tracklets.sources.reading import Problem, several

_BIGGEST = 2**31 - 1
COLUMNS = ("frame", "track", "x", "y", "w", "h", "where")


def read_milan(path: Path, problems: list[Problem]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Boxes of an XML file, and what there was: labelled frames, objects and tracks.

    Centres become left upper corners. Frame n of the file is the n + 1-th picture.

    Returns:
        `frame` (from 1), `track`, `x y w h`, `where` (text: file, frame and object).
    """
    top = read_xml(path, problems)
    if top is None:
        return pd.DataFrame(columns=list(COLUMNS)), {}
    rows, faults, seen = [], [], set()
    frames = top.findall("frame")
    for place, frame in enumerate(frames, 1):
        number = _number(frame, "number")
        if number is None or number < 0:
            faults.append((f"{path} frame element {place}", f"number is {frame.get('number')!r}"))
            continue
        if number in seen:
            faults.append((f"{path} frame element {place}", f"frame {number:.0f} is there twice"))
        seen.add(number)
        for held in frame.findall("objectlist/object"):
            where = f"{path} frame {number:.0f} object {held.get('id')!r:.40}"
            track, box = _number(held, "id"), _box(held)
            if track is None or box is None:
                faults.append((where, "expected a whole id and a box with the numbers xc yc w h"))
            else:
                xc, yc, w, h = box
                rows.append((int(number) + 1, int(track), xc - w / 2, yc - h / 2, w, h, where))
    problems += several(lambda n: faults[n][0], range(len(faults)), lambda n: faults[n][1], DAMAGED)
    if not rows and not faults:
        what = "no frame/objectlist/object/box in it"
        problems.append(Problem(str(path), what, "give Milan's XML, or a gt.txt"))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    counts = {"labelled frames": len(seen), "objects": len(rows)}
    return table, counts | {"tracks": int(table["track"].nunique())}


def _number(element: Any, name: str) -> float | None:
    """A whole number of at most 31 bits in an attribute."""
    value = _real(element, name)
    return value if value is not None and value == round(value) else None


def _real(element: Any, name: str) -> float | None:
    try:
        value = float(element.get(name, ""))
    except ValueError:
        return None
    return value if abs(value) < _BIGGEST else None  # NaN is not


def _box(held: Any) -> tuple[float, ...] | None:
    boxes = held.findall("box")
    values = [_real(boxes[0], name) for name in ("xc", "yc", "w", "h")] if len(boxes) == 1 else []
    return tuple(v for v in values if v is not None) if values and None not in values else None
