"""Hostile names in everything a page shows, opened in a browser: nothing runs, nothing leaves."""

import base64

import pytest
from made_runs import notebook_page
from nbformat import v4

from sticc_lib.figures.captions import Picture, Words
from sticc_lib.reporting.diff import differences, text, write_page
from sticc_lib.reporting.index import write_run, write_runs
from sticc_lib.reporting.status import Status, Verdict
from sticc_lib.run import write_json

ELSEWHERE = "http://127.0.0.1:9/"
NAMES = (
    "<script>window.ran='script'</script>",
    "\"><img src=x onerror=window.ran='img'>",
    "'><svg/onload=window.ran='svg'>",
    "</title></style></textarea><script>window.ran='closed'</script>",
    "javascript:window.ran='url'",
    "[click](javascript:window.ran='markdown')",
    f'<meta http-equiv="refresh" content="0;url={ELSEWHERE}meta">',
    f"<META/http-equiv=refresh content=0;url={ELSEWHERE}META>",
    f"<base href={ELSEWHERE}><form action={ELSEWHERE}><input type=submit autofocus></form>",
    f"<iframe src={ELSEWHERE}></iframe><object data={ELSEWHERE}></object>",
    f"<link rel=stylesheet href={ELSEWHERE}><style>@import url({ELSEWHERE})</style>",
    f"<img src={ELSEWHERE}a.png srcset={ELSEWHERE}b.png><video src={ELSEWHERE} autoplay></video>",
    "\u202egnp.exe\u2066\u200f",
    "two\nlines\r\nand\ttabs\x1b[31m\x00",
    "../../../etc/passwd",
    "{{ 7 * 7 }}{% for x in y %}${7*7}",
)
ALL = " ".join(NAMES)
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg"
    "=="
)
FOLDERS = ("\"><img src=x onerror=window.ran='folder'>", "javascript:window.ran='folder'",
           "\u202efdp", "two\nlines", "#?%2e%2e&amp;", "plain")  # fmt: skip


def make(folder):
    """A run whose every name, parameter, number's name, error and caption is hostile."""
    held = {"identity": {"preset": ALL, "seed": ALL, "data.name": ALL, "model.name": ALL, ALL: ALL},
            "started": ALL, "commit": ALL, "kind": ALL, "parameters": {ALL: {ALL: ALL}},
            "versions": {ALL: ALL}, "data": {ALL: folder.name}, "weights": {ALL: folder.name},
            "calls": [{"end": ALL}], "seconds": 1.0}  # fmt: skip
    write_json(folder / "manifest.json", held)
    numbers = {f"evaluation.{n.replace('.', ' ')}.sticc.rank1": 0.5 for n in NAMES}
    write_json(folder / "metrics.json", {**numbers, ALL: hash(folder.name) % 7})
    pictures = [f"{n.replace('/', '|').replace(chr(0), '')[:60]}.png" for n in NAMES]
    (folder / "figures").mkdir()
    for number, name in enumerate(pictures):
        (folder / "figures" / name).write_bytes(PNG)
        path = (folder / "figures" / name).with_suffix(".json")
        write_json(path, {"title": ALL, "caption": ALL, "alt": ALL, "notebook": str(number)})
    owned = [*pictures, "../../manifest.json", "/etc/passwd"]
    verdict = Verdict("error", 3, 1, 2, message=ALL, title=ALL, figures=owned)
    Status(folder, {"01_tiny": verdict, ALL.replace("/", "|"): verdict}).write()
    return verdict


def hostile_notebook():
    """Persons in a table, in Markdown, in a caption; an error; printed lines; parameters."""
    import pandas as pd

    table = pd.DataFrame({"person": NAMES, ALL: NAMES}, index=NAMES)
    picture = Picture(PNG, Words(ALL, ALL, ALL), 100)._repr_mimebundle_()[0]
    error = v4.new_output("error", ename=ALL, evalue=ALL, traceback=[ALL, *NAMES])
    return [
        v4.new_output("display_data", data={"text/html": table.to_html()}),
        v4.new_output("display_data", data={"text/html": ALL}),
        v4.new_output("display_data", data={"text/markdown": ALL}),
        *(v4.new_output("display_data", data={"text/markdown": name}) for name in NAMES),
        v4.new_output("display_data", data=picture, metadata={"image/png": {"alt": ALL}}),
        v4.new_output("display_data", data={"text/plain": ALL}),
        v4.new_output("stream", name="stdout", text=ALL),
        v4.new_output("stream", name="stderr", text=ALL),
        error,
    ]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    reports = tmp_path_factory.mktemp("reports")
    found = {}
    for number, name in enumerate(FOLDERS):
        verdict = make(reports / name)
        found[f"run {number}"] = write_run(reports / name)
    found["all runs"] = write_runs(reports)
    found["two runs"] = write_page(
        differences(reports / FOLDERS[0], reports / "plain"), reports / "both.html"
    )
    found["notebook"] = notebook_page(
        reports / "plain/notebooks/01.html", hostile_notebook(), verdict, run=ALL
    )
    return found


@pytest.mark.parametrize("page", ["run 0", "run 1", "run 5", "all runs", "two runs", "notebook"])
def test_nothing_runs_and_nothing_leaves(browser, pages, page):
    context = browser.new_context()
    tab, asked, talked = context.new_page(), [], []
    tab.on("request", lambda request: asked.append(request.url))
    # what the page's policy refused was asked for by the page, but never sent
    tab.on("requestfailed", lambda r: asked.remove(r.url) if "csp" in (r.failure or "") else None)
    tab.on("dialog", lambda dialog: (talked.append(dialog.message), dialog.dismiss()))
    context.on("page", lambda other: talked.append(other.url))
    where = pages[page].as_uri()
    tab.goto(where)
    if page == "all runs":
        for words in (*NAMES, ""):
            tab.get_by_label("Filter", exact=True).fill(words)
        for button in tab.locator("#runs thead button").all():
            button.click()
        assert tab.locator("#runs tbody tr").count() == len(FOLDERS)
    for link in tab.locator("a").all():  # what a script would be, if it were one
        if (link.get_attribute("href") or "").strip().lower().startswith("javascript:"):
            link.click(force=True)
    tab.wait_for_timeout(300)  # a refresh would come now
    assert tab.evaluate("window.ran") is None
    assert tab.url.split("#")[0] == where
    assert talked == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert (
        tab.evaluate(
            "[...document.querySelectorAll('*')].filter((e) => [...e.attributes].some((a) =>"
            "a.name.startsWith('on'))).map((e) => e.outerHTML)"
        )
        == []
        or page == "notebook"
    )  # Markdown may hold HTML; there the page's policy stops handlers
    tags = "meta[http-equiv=refresh i], base, form:not(#filter), iframe, object, embed, link"
    assert tab.locator(tags).count() == 0
    context.close()


def test_a_link_to_a_run_leads_to_its_folder_whatever_its_name(browser, pages):
    context = browser.new_context()
    tab = context.new_page()
    for name in FOLDERS:
        tab.goto(pages["all runs"].as_uri())
        links = {link.inner_text(): link for link in tab.locator("#runs td a").all()}
        [link] = [held for shown, held in links.items() if shown.split() == name.split()]
        link.click()
        tab.wait_for_url("**/index.html")
        assert tab.evaluate("window.ran") is None
        assert tab.get_by_role("link", name="All runs").count() == 1, name
    context.close()


def test_the_terminal_gets_plain_lines(pages):
    folder = pages["two runs"].parent
    said = text(differences(folder / FOLDERS[0], folder / "plain"))
    assert all(character == "\n" or character.isprintable() for character in said)
