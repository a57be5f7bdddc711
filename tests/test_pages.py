"""Pages for people: links lead somewhere, commands name what there is, the README stays short."""

import json
import re
from pathlib import Path

import pytest

from sticc_lib.cli import VERBS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "data/README.md",
         ROOT / "reports/README.md", *sorted((ROOT / "docs").glob("*.md")),
         *sorted((ROOT / "notebooks").glob("*.ipynb"))]  # fmt: skip
SCREENS = 150
"""Lines that three screens show."""


def prose(path):
    """The Markdown of a page or of a notebook's cells."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = json.loads(text)["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def links(text):
    """Targets of links and pictures that lie in the project."""
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'<img src="([^"]+)"', text)
    return [t.partition("#")[0] for t in found if not t.startswith(("http", "#", "mailto"))]


def commands(text):
    """What stands as code and begins as a command of ours."""
    spans = [part for line in re.findall(r"```\n(.*?)```", text, re.DOTALL)
             for part in line.splitlines()]  # fmt: skip
    spans += [" ".join(span.split()) for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", text)]
    return [span.strip() for span in spans if re.match(r"\s*(sticc|python|pytest|make) ", span)]


def unknown(command, targets):
    """What a command names that is not there."""
    words = command.split()
    if words[0] == "sticc":
        return [w for w in words[1:2] if w not in VERBS and w not in ("VERB", "--help", "|")]
    if words[0] == "make":
        return [w for w in words[1:2] if w not in targets and "=" not in w]
    paths = [w for w in words[1:] if re.fullmatch(r"[\w./-]+/[\w.-]+\.py", w)]
    return [path for path in paths if not (ROOT / path).exists()]


def make_targets():
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_to_files(page):
    gone = [t for t in links(prose(page)) if not (page.parent / t).exists()]
    assert gone == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_name_what_there_is(page):
    found = {command: unknown(command, make_targets()) for command in commands(prose(page))}
    assert {command: what for command, what in found.items() if what} == {}


def test_a_command_that_is_gone_is_noticed():
    text = (
        "Do `sticc fly now`, `make tea` or `python benchmarks/none.py 3`.\n```\nsticc train\n```\n"
    )
    wrong = [what for command in commands(text) for what in unknown(command, {"test"})]
    assert wrong == ["fly", "tea", "benchmarks/none.py"]


def test_the_readme_fits_three_screens():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= SCREENS


def test_every_page_is_reached_from_the_readme():
    seen, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        seen.add(page)
        todo += [p for t in links(prose(page)) if (p := (page.parent / t).resolve()).suffix == ".md"
                 and p not in seen]  # fmt: skip
    assert [p.name for p in (ROOT / "docs").glob("*.md") if p not in seen] == []
