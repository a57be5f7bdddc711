"""Every number that is claimed stands on the list of claims, with its command, and is right."""

import re

import pytest
from claims import LIST, ROOT, Claim, claims, plain

PAGES = [ROOT / "README.md", *sorted(p for p in (ROOT / "docs").glob("*.md") if p != LIST)]
MEASURED = r"\d*\.\d+|\d+ %|\d+ (?:minutes|seconds|s|ms|MB|GB|times)\b"
SETTLED = (r"95 %", r"90 %", r"every 3 seconds", r"3\.11", r"IoU 0\.5", r"under three seconds")
"""Numbers that nobody measured: levels, versions, definitions."""
CLAIMS = claims()


def measured(text):
    """Numbers that look measured in what a page says outside of code and tables."""
    text = re.sub(r"```.*?```", " ", text, flags=re.DOTALL)
    text = re.sub(r"`[^`]*`|\]\([^)]*\)|https?://\S+", " ", text)
    text = "\n".join(line for line in text.splitlines() if not line.startswith("|"))
    for settled in SETTLED:
        text = re.sub(settled, " ", plain(text))
    return re.findall(MEASURED, text)


def listed(page, number):
    """Whether a claim of the page has the number."""
    own = [c.text for c in CLAIMS if ROOT / c.page == page]
    return any(number in plain(text) for text in own)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: f"{c.page}: {c.text[:40]}")
def test_a_claim_stands_where_the_list_says_and_is_what_was_found(claim):
    assert claim.stands
    assert claim.command
    value = claim.found(ROOT / "no report")
    assert value is None or claim.agrees(value)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_numbers_of_a_page_are_on_the_list(page):
    text = page.read_text(encoding="utf-8")
    assert [n for n in measured(text) if not listed(page, n)] == []


def test_a_wrong_number_is_noticed():
    claim = Claim("README.md", "a lead of .25", ".25", "-", "make report")
    assert claim.agrees(0.2549)
    assert not claim.agrees(0.2551)
    assert not claim.stands
    assert measured("It took 5 minutes (`0.3`), 95 % of them idle: .71 or 12 %.") == [
        "5 minutes", ".71", "12 %",
    ]  # fmt: skip
