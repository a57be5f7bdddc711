"""The pages in a real browser, cut off from the network: every picture shows, nothing is asked."""

import pytest
from browsing import pictures


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", ["index.html", "notebooks/01_tiny.html"])
def test_a_page_opens_offline_with_every_picture(browser, folder, page, scheme):
    context = browser.new_context(offline=True, color_scheme=scheme)
    tab, asked, said = context.new_page(), [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    tab.goto((folder / page).as_uri())
    assert pictures(tab) == 1
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    context.close()


def test_a_phone_needs_no_sideways_scrolling_of_the_page(browser, folder):
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 800})
    tab = context.new_page()
    for page in ("index.html", "notebooks/01_tiny.html"):
        tab.goto((folder / page).as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") == 390
    context.close()
