"""Pictures of whole HTML pages, by a browser without a window."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from sticc_lib.run import RunError

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
"""Of browsers on the machine, tried in this order; else the one that playwright installed."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
LOCAL = ("file:", "data:", "blob:")
WIDTH = 1000
"""Pixels of the window: a laptop's, beside something else."""
STRIP = 4000
"""Pixels of a page that are taken at a time: a browser cannot draw pages of any height at once."""


def pictures_of(pages: Iterable[Path], width: int = WIDTH) -> Iterator[tuple[Path, np.ndarray]]:
    """Each page with its picture in full height, uint8 [H, width, 3].

    Pages are opened from the disk; whatever they would fetch from elsewhere is refused.

    Raises:
        RunError: no browser; says how to get one.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise RunError("pictures of pages need playwright: pip install 'sticc-lib[dev]'") from None
    found = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        except Error:
            raise RunError(
                f"pictures of pages need a browser: one of {', '.join(NAMES)}, or playwright "
                "install chromium"
            ) from None
        tab = browser.new_page(viewport={"width": width, "height": STRIP})
        tab.route(lambda url: not url.startswith(LOCAL), lambda route: route.abort())
        for page in pages:
            tab.set_viewport_size({"width": width, "height": STRIP})
            tab.goto(page.resolve().as_uri())
            yield page, _whole(tab, width)
        browser.close()


def _whole(tab, width: int) -> np.ndarray:  # pyright: ignore - a page of playwright
    """The page that is open, strip by strip."""
    height = int(tab.evaluate("document.documentElement.scrollHeight"))
    strips = []
    for top in range(0, height, STRIP):
        tab.evaluate(f"window.scrollTo(0, {top})")
        tab.wait_for_timeout(200)  # pictures that load when they are seen
        seen = np.asarray(Image.open(io.BytesIO(tab.screenshot())).convert("RGB"))
        strips.append(seen[-(min(STRIP, height - top)) :] if top else seen[: min(STRIP, height)])
    return np.concatenate(strips)[:, :width]
