"""The board of the correction view in a browser: keys, buttons, names; without JupyterLab."""

import json
from base64 import b64encode
from pathlib import Path

import pytest
from browsing import findings
from made_counts import Stay, counted

from sticc_lib import views
from sticc_lib.views import board

HERE = Path(board.__file__).parent
STAYS = [Stay("a", 1, 40), Stay("b", 10, 70), Stay("a", 100, 140), Stay("c", 145, 170)]
NAMES = ("people", "fragments", "across", "picked", "chosen", "can", "told", "alarm")
PAGE = """<!doctype html><html lang="en"><head><title>board</title><style>{css}</style></head>
<body><main id="here"></main><script type="module">
const held = {held}, listeners = {{}};
for (const name of ["people_sheet", "fragments_sheet"])
  held[name] = Uint8Array.from(atob(held[name]), (c) => c.charCodeAt(0));
window.sent = [];
window.model = {{
  get: (name) => held[name],
  set: (name, value) => {{ held[name] = value; listeners["change:" + name]?.forEach((f) => f()); }},
  save_changes: () => {{}},
  send: (message) => window.sent.push(message.act),
  on: (names, f) => names.split(" ").forEach((n) => (listeners[n] ??= []).push(f)),
  off: () => {{}},
}};
const code = URL.createObjectURL(new Blob([{code}], {{ type: "text/javascript" }}));
(await import(code)).default.render({{ model: window.model, el: document.querySelector("#here") }});
window.ready = true;
</script></body></html>"""


@pytest.fixture
def tab(browser):
    """A page with the board, person 1 picked, in place of a kernel a model that only holds."""
    view = views.people(counted(STAYS, 170), people=(1,))
    view.box  # noqa: B018
    widget = view._live.widget("corrections")
    held = {name: getattr(widget, name) for name in NAMES}
    held |= {n: b64encode(getattr(widget, n)).decode() for n in ("people_sheet", "fragments_sheet")}
    page = PAGE.format(
        css=(HERE / "board.css").read_text(), held=json.dumps(held),
        code=json.dumps((HERE / "board.js").read_text()),
    )  # fmt: skip
    context = browser.new_context(viewport={"width": 940, "height": 560})
    tab = context.new_page()
    said = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.set_content(page)
    tab.wait_for_function("window.ready")
    yield tab
    context.close()
    assert said == []


def test_keys_pick_and_choose_and_press(tab):
    people = tab.get_by_role("listbox", name="People: pick one, or two to merge")
    people.get_by_role("option").first.focus()
    for key in ("ArrowRight", "ArrowRight", " "):
        tab.keyboard.press(key)
    assert tab.evaluate("model.get('picked')") == [1, 3]
    tab.keyboard.press("Home")
    tab.keyboard.press("Enter")
    assert tab.evaluate("model.get('picked')") == [3]
    assert (
        people.get_by_role("option", selected=True)
        .get_attribute("aria-label")
        .startswith("person 3, ")
    )
    mine = tab.get_by_role("listbox", name="Fragments of person 1: choose those of somebody else")
    mine.get_by_role("option").nth(2).click()
    assert len(tab.evaluate("model.get('chosen')")) == 1
    tab.keyboard.press("End")
    assert mine.get_by_role("option").last.evaluate("o => o === document.activeElement")


def test_only_what_can_be_done_is_sent(tab):
    for name in ("Merge", "Split off", "Not a person", "Count anyway", "Undo"):
        tab.get_by_role("button", name=name).dispatch_event("click")
    assert tab.evaluate("sent") == ["drop"]
    tab.evaluate("model.set('can', ['merge', 'undo'])")
    tab.get_by_role("button", name="Undo").press("Enter")
    assert tab.evaluate("sent") == ["drop", "undo"]


def test_what_is_said_is_heard_and_the_focus_stays(tab):
    button = tab.get_by_role("button", name="Not a person")
    button.focus()
    tab.evaluate("model.set('can', [])")
    tab.evaluate("model.set('alarm', 'seen at once')")
    assert tab.get_by_role("alert").inner_text() == "seen at once"
    assert button.evaluate("b => b === document.activeElement")
    tab.evaluate("model.set('told', '9 people')")
    assert tab.get_by_role("status").inner_text() == "9 people"


def test_a_screen_reader_finds_nothing_missing(tab):
    assert findings(tab) == []
    tab.evaluate("model.set('fragments', [])")
    assert tab.get_by_role("listbox").count() == 1
    assert findings(tab) == []
