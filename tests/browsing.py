"""A real browser for tests: the system's Chromium, else the one Playwright brought along."""

import contextlib
import shutil

import pytest

from sticc_lib.reporting.browser import FLAGS, NAMES


@contextlib.contextmanager
def chromium():
    """A headless browser; the test is skipped, with the reason, where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra dev)")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    with api.sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=found, args=FLAGS)
        except api.Error:
            pytest.skip(f"needs a browser: one of {', '.join(NAMES)}, or playwright install")
        yield started
        started.close()


def pictures(tab):
    """How many pictures a page shows, each one decoded."""
    for image in tab.locator("img").all():
        image.scroll_into_view_if_needed()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    return tab.locator("img").count()


def findings(tab, within=None):
    """What axe-core calls serious or critical on a page: [(rule, first place)]."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe (dev)")
    found = axe.Axe().run(tab, context=within).response["violations"]
    found = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    return [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found]
