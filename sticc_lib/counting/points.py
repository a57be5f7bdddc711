"""Points: the text format of crowd counters, one file a frame with a line `x y` for each person.

`<video>/<frame>.txt`, separated by a space or a comma; an empty file is a frame without people.
Points tell places only: boxes need a size, fixed or growing towards the viewer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from sticc_lib.run import write_text
from sticc_lib.tracklets.table import DataError
from sticc_lib.values import ConfigError

FORMAT = "expected `x y` or `x,y`, two finite numbers"


@dataclass(frozen=True)
class BoxSize:
    """How large a person is, by the row of its point.

    Height is `height + slope * (y - at)` pixels: fixed with a slope of 0, else perspective.

    Attributes:
        height: pixels at row `at`.
        slope: pixels of height a pixel of y; 0.1 to 0.3 for a camera on a wall.
        at: row, pixels.
        aspect: width over height.
        anchor: what the points mark.
    """

    height: float = 80.0
    slope: float = 0.0
    at: float = 0.0
    aspect: float = 0.41
    anchor: Literal["foot", "centre", "head"] = "foot"

    def __post_init__(self) -> None:
        """Refuses sizes without area.

        Raises:
            ConfigError: names the setting.
        """
        if not (self.height > 0 and self.aspect > 0 and math.isfinite(self.slope)):
            raise ConfigError(f"{self}: height and aspect must be above 0, the slope finite")
        if self.anchor not in ("foot", "centre", "head"):
            raise ConfigError(f"anchor {self.anchor!r}: expected foot, centre or head")


def read_points(folder: Path | str, frames: Iterable[int] | None = None) -> pd.DataFrame:
    """All points of a video.

    Args:
        folder: with `<frame>.txt` files.
        frames: those that must be there; by default the numbers must have one constant step.

    Returns:
        `frame`, `x`, `y` (float, pixels), by frame; a frame without people has no row. The frames
        that have a file are in `attrs["frames"]`.

    Raises:
        DataError: no folder or files, a missing frame, or a line that does not fit; names file,
            line and remedy.
    """
    folder = Path(folder)
    files = {int(p.stem): p for p in folder.glob("*.txt") if p.stem.isdigit()}
    if not files:
        raise DataError(
            f"{folder}: no point files; expected <frame>.txt with a line `x y` a person"
        )
    numbers = np.array(sorted(files))
    steps = np.diff(numbers)
    wanted = set(frames) if frames is not None else set()
    if frames is None and len(steps):
        wanted = set(range(int(numbers[0]), int(numbers[-1]) + 1, int(steps.min())))
    if missing := sorted(wanted - set(files)):
        raise DataError(
            f"{folder / f'{missing[0]}.txt'} is missing ({len(missing)} of {len(wanted)} frames "
            "are); a frame without people needs an empty file"
        )
    chosen = sorted(wanted or files)
    rows = [(n, *point) for n in chosen for point in _read(files[n])]
    table = pd.DataFrame(rows, columns=["frame", "x", "y"])
    table = table.astype({"frame": int, "x": float, "y": float})
    table.attrs["frames"] = chosen
    return table


def write_points(
    folder: Path | str, points: pd.DataFrame, frames: Iterable[int], separator: str = " "
) -> Path:
    """Writes `<frame>.txt` for each of `frames`, empty where nobody is.

    Args:
        folder: made when needed.
        points: `frame`, `x`, `y`.
        frames: all frames that were looked at.
        separator: a space or a comma.

    Raises:
        ConfigError: another separator.
        DataError: a point that is not finite, or of a frame that is not among `frames`.
    """
    if separator not in (" ", ","):
        raise ConfigError(f"separator {separator!r}: expected a space or a comma")
    frames, folder = list(frames), Path(folder)
    values = points[["x", "y"]].to_numpy(float)
    bad = ~np.isfinite(values).all(axis=1) | ~points["frame"].isin(frames).to_numpy()
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"points row {row}: {points.iloc[row].to_dict()} is not finite, or of a frame that is "
            "not written"
        )
    rows_of = points.groupby("frame").indices
    for frame in frames:
        mine = values[rows_of.get(frame, np.empty(0, int))]
        lines = [f"{x:.10g}{separator}{y:.10g}\n" for x, y in mine]
        write_text(folder / f"{frame}.txt", "".join(lines))
    return folder


def to_boxes(points: pd.DataFrame, size: BoxSize) -> pd.DataFrame:
    """Points as boxes: `frame`, `x y w h`, `score` 1, and whatever else the points have.

    Raises:
        ConfigError: a person would be less than 2 pixels tall: the size does not fit the picture.
    """
    height = size.height + size.slope * (points["y"] - size.at)
    if (height < 2).any():
        y = points["y"][height < 2].iloc[0]
        raise ConfigError(f"a person at row {y:g} would be {height.min():.1f} pixels tall; {size}")
    above = {"foot": 1.0, "centre": 0.5, "head": 0.1}[size.anchor]
    width = size.aspect * height
    boxes = points.assign(
        x=points["x"] - width / 2, y=points["y"] - above * height, w=width, h=height, score=1.0
    )
    return boxes.reset_index(drop=True)


def fit_size(points: pd.DataFrame, boxes: pd.DataFrame) -> BoxSize:
    """A size from a few boxes: height as a line in the row of the feet, median aspect.

    Args:
        points: unused rows are fine; tells the rows that occur (`y`).
        boxes: `x y w h`, at least one; at one row only, the size is fixed.
    """
    foot, tall = (boxes["y"] + boxes["h"]).to_numpy(float), boxes["h"].to_numpy(float)
    slope = float(np.polyfit(foot, tall, 1)[0]) if np.ptp(foot) > 20 else 0.0
    lowest = float(min(points["y"].min(), foot.min()))
    height = float(np.median(tall - slope * (foot - lowest)))
    return BoxSize(max(height, 2.0), slope, lowest, float(np.median(boxes["w"] / boxes["h"])))


def _read(path: Path) -> list[tuple[float, float]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not readable as text ({error}); {FORMAT}") from None
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        fields = line.split(",") if "," in line else line.split()
        try:
            values = [float(field) for field in fields]
        except ValueError:
            values = []
        if len(values) != 2 or not all(math.isfinite(v) for v in values):
            raise DataError(f"{path} line {number}: {line.strip()[:40]!r}; {FORMAT}")
        found.append((values[0], values[1]))
    return found
