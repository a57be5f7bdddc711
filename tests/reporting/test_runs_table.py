"""The table of runs in a browser: what it shows once sorted and filtered, by mouse and by key."""

import pytest
from browsing import findings

from sticc_lib.reporting.index import write_runs
from sticc_lib.reporting.status import Status, Verdict
from sticc_lib.run import write_json

COUNT = 230


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Runs r000 and on; every tenth failed, every second is a training, each third has a score."""
    reports = tmp_path_factory.mktemp("reports")
    for number in range(COUNT):
        folder, kind = reports / f"r{number:03d}", ("report", "training")[number % 2]
        identity = {"preset": "quick", "seed": number, "data.name": "walkers"}
        started = f"2026-01-01T{number // 60:02d}:{number % 60:02d}"
        write_json(folder / "manifest.json",
                   {"identity": identity, "kind": kind, "started": started})  # fmt: skip
        if number % 3 == 0:
            value = ((number * 37) % COUNT) / COUNT
            write_json(folder / "metrics.json", {"evaluation.walkers.sticc.rank1": value})
        Status(folder, {"01": Verdict("died" if number % 10 == 0 else "ok", 1, 1)}).write()
    return write_runs(reports)


@pytest.fixture
def tab(browser, page):
    context = browser.new_context(offline=True)
    made, said = context.new_page(), []
    made.on("console", lambda message: said.append(message.text))
    made.on("pageerror", lambda error: said.append(str(error)))
    made.goto(page.as_uri())
    yield made
    assert said == []  # the page's policy lets our script run, and nothing was refused
    context.close()


def names(tab):
    return tab.locator("#runs tbody tr:visible td:first-child").all_inner_texts()


def column(tab, title):
    heads = tab.locator("#runs thead th").all_inner_texts()
    return next(n for n, head in enumerate(heads) if head.startswith(title))


def test_the_latest_hundred_stand_first_and_the_rest_comes_when_asked(tab):
    assert names(tab) == [f"r{n:03d}" for n in range(COUNT - 1, COUNT - 101, -1)]
    assert tab.locator("#shown").inner_text() == f"{COUNT} runs"
    more = tab.get_by_role("button", name="Show 100 more")
    more.click()
    assert len(names(tab)) == 200
    assert tab.evaluate("document.activeElement.textContent") == "r129"  # reading goes on there
    tab.get_by_role("button", name="Show 30 more").click()
    assert len(names(tab)) == COUNT
    assert tab.locator("#more").is_hidden()


@pytest.mark.parametrize(
    ("words", "expected"),
    [("r00", {f"r00{n}" for n in range(10)}), ("R101", {"r101"}), ("quick r10 report",
      {"r100", "r102", "r104", "r106", "r108"}), ("nothing", set()), ("  ", None)],
)  # fmt: skip
def test_all_words_must_be_in_a_row(tab, words, expected):
    tab.get_by_label("Filter").fill(words)
    shown = tab.locator("#shown").inner_text()
    if expected is None:
        assert shown == f"{COUNT} runs"
    else:
        assert set(names(tab)) == expected
        assert shown == f"{len(expected)} of {COUNT} runs"


def test_kind_and_end_are_chosen_together(tab):
    tab.get_by_label("Ended").select_option("failed")
    assert len(names(tab)) == COUNT // 10
    tab.get_by_label("Kind").select_option("training")
    assert names(tab) == []  # every tenth is a report


def test_numbers_sort_as_numbers_largest_first_and_empty_ones_stand_last(tab):
    place = column(tab, "rank")
    head = tab.locator("#runs thead th").nth(place)
    tab.locator("#more").click()
    tab.locator("#more").click()
    for turn, rising in (("descending", False), ("ascending", True)):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == turn
        assert tab.locator("th[aria-sort]").count() == 1
        while tab.locator("#more").is_visible():
            tab.locator("#more").click()
        cells = tab.locator(f"#runs tbody tr td:nth-child({place + 1})").all_inner_texts()
        scores = [float(cell) for cell in cells if cell]
        assert scores == sorted(scores, reverse=not rising)
        assert cells[: len(scores)] == [cell for cell in cells if cell]
        assert len(cells) == COUNT


def test_it_works_by_keyboard_alone(tab):
    tab.get_by_label("Filter").focus()
    tab.keyboard.type("r02")
    for _ in range(20):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.textContent") == "Run":
            break
    tab.keyboard.press("Enter")
    assert names(tab) == [f"r02{n}" for n in range(10)]
    tab.keyboard.press("Space")
    assert names(tab) == [f"r02{n}" for n in range(9, -1, -1)]


def test_without_scripts_every_run_is_in_the_table(browser, page):
    context = browser.new_context(offline=True, java_script_enabled=False)
    tab = context.new_page()
    tab.goto(page.as_uri())
    assert tab.locator("#runs tbody tr:visible").count() == COUNT
    assert tab.locator("#filter").is_hidden()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(browser, page, scheme):
    context = browser.new_context(offline=True, color_scheme=scheme, bypass_csp=True)
    tab = context.new_page()
    tab.goto(page.as_uri())
    assert findings(tab) == []
    context.close()
