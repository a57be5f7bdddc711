"""Contact sheets of a run: all figures, and all pages, side by side to be looked at."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from sticc_lib.figures.colour_vision import as_seen_with
from sticc_lib.figures.lettering import lay, lettering
from sticc_lib.reporting.browser import pictures_of
from sticc_lib.run import RunError, atomic, bar

COLUMNS, TALL, GAP, WIDE = 2, 3000, 24, 1350
"""Of a sheet of figures: columns, pixels of height before the next begins, between pictures, and
a column's width: that of a figure at full size, so that its smallest letters can be judged."""
PAGE_COLUMNS, PAGE_TALL = 4, 2400
"""Of a sheet of a page: how many columns it is cut into, and their height."""


def sheets(run: Path, pages: bool = True) -> list[Path]:
    """Writes the contact sheets of a run into its folder `sheets`.

    Args:
        run: the folder of a report.
        pages: of notebooks and of the run, too; needs a browser.

    Returns:
        The files: `figures_01.png`, ..., the same as somebody without green cones sees them
        (`figures_01_deuteranopia.png`), and `page_NAME_1.png`, ...

    Raises:
        RunError: no figures there, or no browser for pages.
    """
    figures = sorted((run / "figures").glob("*.png"))
    if not figures:
        raise RunError(f"{run / 'figures'}: no figures; sticc report writes them")
    target, made = run / "sheets", []
    for old in target.glob("*.png"):
        old.unlink()
    for number, sheet in enumerate(packed(bar(iterable=figures, desc="figures", unit="figure")), 1):
        made.append(_kept(sheet, target / f"figures_{number:02d}.png"))
        name = f"figures_{number:02d}_deuteranopia.png"
        made.append(_kept(as_seen_with(sheet), target / name))
    if pages:
        shown = [*sorted((run / "notebooks").glob("*.html")), run / "index.html"]
        for page, picture in pictures_of(bar(iterable=shown, desc="pages", unit="page")):
            for number, sheet in enumerate(cut(picture), 1):
                made.append(_kept(sheet, target / f"page_{page.stem}_{number}.png"))
    return made


def packed(figures: Iterable[Path]) -> Iterator[np.ndarray]:
    """Sheets of figures under their titles, uint8 [h, w, 3]; each goes where there is most room.

    Args:
        figures: PNG files; a `.json` beside one has its `title`.
    """
    columns: list[list[np.ndarray]] = [[] for _ in range(COLUMNS)]
    for path in figures:
        tile = titled(path)
        shortest = min(columns, key=_height)
        if _height(shortest) and _height(shortest) + len(tile) > TALL:
            yield _sheet(columns)
            columns = [[] for _ in range(COLUMNS)]
            shortest = columns[0]
        shortest.append(tile)
    yield _sheet(columns)


def titled(path: Path) -> np.ndarray:
    """A figure of WIDE pixels under its file's name, uint8 [h, WIDE, 3]."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    image = image.resize((WIDE, round(image.height * WIDE / image.width)))
    beside = path.with_suffix(".json")
    title = json.loads(beside.read_text("utf-8")).get("title", "") if beside.exists() else ""
    line = lettering(f"{path.stem}   {title}", 20, "white", "#333333", pad=8)
    tile = np.full((len(line) + image.height, WIDE, 3), 0x33, np.uint8)
    lay(tile, line, 0, 0)
    lay(tile, np.asarray(image), 0, len(line))
    return tile


def cut(page: np.ndarray) -> Iterator[np.ndarray]:
    """A tall picture of a page as sheets of PAGE_COLUMNS columns, read from left to right."""
    parts = [page[top : top + PAGE_TALL] for top in range(0, len(page), PAGE_TALL)]
    for first in range(0, len(parts), PAGE_COLUMNS):
        yield _sheet([[part] for part in parts[first : first + PAGE_COLUMNS]])


def _height(column: list[np.ndarray]) -> int:
    return sum(len(tile) + GAP for tile in column)


def _sheet(columns: list[list[np.ndarray]]) -> np.ndarray:
    columns = [column for column in columns if column]
    wide = columns[0][0].shape[1]
    height = max(map(_height, columns)) - GAP
    sheet = np.full((height, len(columns) * (wide + GAP) - GAP, 3), 255, np.uint8)
    for number, column in enumerate(columns):
        top = 0
        for tile in column:
            lay(sheet, tile, number * (wide + GAP), top)
            top += len(tile) + GAP
    return sheet


def _kept(sheet: np.ndarray, path: Path) -> Path:
    with atomic(path) as temporary:
        Image.fromarray(sheet).save(temporary, "PNG")
    return path
