"""JupyterLab for tests: a server on this machine only, and a hand that works its widgets."""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat

from sticc_lib.run import read_json

BAD = ("error displaying widget", "model not found", "traceback", "failed to load model")
SETTINGS = {
    # cells out of sight are there too, and nothing is fetched
    "notebook-extension/tracker": '{"windowingMode": "none"}',
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
}
DIGEST = """async image => {
    try { await image.decode(); } catch { return ""; }  // replaced while it was read
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const drawn = canvas.getContext("2d");
    drawn.drawImage(image, 0, 0);
    const pixels = drawn.getImageData(0, 0, canvas.width, canvas.height).data;
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-1", pixels));
    return Array.from(hash, byte => byte.toString(16).padStart(2, "0")).join("");
}"""
RESTS = "jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
RAN = """() => {
    const cells = jupyterapp.shell.currentWidget.content.widgets;
    const code = cells.filter(cell => cell.model.type === "code" && cell.model.sharedModel.source);
    return code.every(cell => cell.model.executionCount) &&
        jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === "idle";
}"""
FAILED = """() => jupyterapp.shell.currentWidget.content.widgets.flatMap(
    cell => cell.model.type !== "code" ? [] : cell.model.outputs.toJSON()
        .filter(output => output.output_type === "error")
        .map(output => `[${cell.model.executionCount}] ${output.ename}: ${output.evalue}`))"""


@contextlib.contextmanager
def server(folder: Path, **environment: str):
    """Serves a folder; yields the address of its notebooks, `{}` for the name, with a token."""
    place, token = folder / ".lab", secrets.token_hex(16)
    for name, text in SETTINGS.items():
        path = place / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"SETTINGS_DIR": "JUPYTERLAB_SETTINGS_DIR", "WORKSPACES": "JUPYTERLAB_WORKSPACES_DIR"}
    own = {variable: str(place / name.lower().split("_")[0]) for name, variable in own.items()}
    own |= {f"JUPYTER_{k}_DIR": str(place / k.lower()) for k in ("CONFIG", "RUNTIME", "DATA")}
    own |= {"JUPYTER_TOKEN": token, "IPYTHONDIR": str(place / "ipython"), **environment}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--allow-root"]
    command += [f"--ServerApp.root_dir={folder}", "--ServerApp.terminals_enabled=False"]
    with (folder / "lab.log").open("w") as log:
        process = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)
    try:
        yield f"{_address(process, place / 'runtime')}lab/tree/{{}}?token={token}&reset"
    finally:
        process.terminate()  # it ends its kernels
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _address(process, runtime: Path) -> str:
    for _ in range(600):
        for path in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(Exception):
                return read_json(path)["url"]
        assert process.poll() is None, "JupyterLab did not start; see lab.log"
        time.sleep(0.1)
    raise AssertionError("JupyterLab did not start within a minute; see lab.log")


class Hand:
    """Opens notebooks in a browser tab, runs them, moves controls; remembers what was said."""

    def __init__(self, browser, address: str, folder: Path) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 1000})
        self.tab, self.address, self.folder = self.context.new_page(), address, folder
        self.tab.set_default_timeout(60_000)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.tab.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.tab.on("pageerror", lambda error: self.said.append(f"pageerror: {error}"))
        self.tab.on("request", lambda request: self.asked.append(request.url))

    def run(self, name: str, seconds: float = 120) -> None:
        """Opens a notebook and runs all its cells; an error in a cell fails the test."""
        tab = self.tab
        tab.goto(self.address.format(name))
        tab.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext?.isReady")
        tab.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
        tab.wait_for_function(RAN, timeout=1000 * seconds, polling=250)
        assert tab.evaluate(FAILED) == []
        tab.evaluate("() => { jupyterapp.shell.collapseLeft(); jupyterapp.shell.collapseRight(); }")

    def views(self):
        """The views on the page, each with its picture there."""
        found = self.tab.locator(".jp-OutputArea .sticc-view").all()
        for view in found:
            view.locator("img.sticc-picture").wait_for()
        return found

    def digest(self, view) -> str:
        """Stands for the pixels of the picture."""
        while not (found := view.locator("img.sticc-picture").evaluate(DIGEST)):
            self.tab.wait_for_timeout(20)
        return found

    def name(self, control) -> str:
        """Of the state that a control moves."""
        names = control.get_attribute("class").split()
        return " ".join(n.removeprefix("sticc-of-") for n in names if n.startswith("sticc-of-"))

    def controls(self, view):
        """Those that can be moved now."""
        there = view.locator(".sticc-control").all()
        return [c for c in there if c.is_visible() and not c.locator("[disabled]").count()]

    def move(self, control) -> None:
        """Chooses something else."""
        control.scroll_into_view_if_needed()
        if control.locator("[role=gridcell]").count():
            control.locator("[role=gridcell][aria-selected=false]").last.click()
        elif control.locator("[role=option]").count():
            control.locator("[role=option][aria-selected=false]").last.click()
        elif control.locator("select").count():
            chosen = control.locator("select").evaluate("select => select.selectedIndex")
            count = control.locator("option").count()
            control.locator("select").select_option(index=(chosen + 1) % count)
        elif control.locator("[role=slider]").count():
            handle = control.locator("[role=slider]").last
            now, most = (float(handle.get_attribute(f"aria-value{k}")) for k in ("now", "max"))
            handle.press("ArrowLeft" if now >= most else "ArrowRight")
        else:
            control.locator("input").click()

    def work(self, view) -> list[str]:
        """Moves each control of a view; returns the names of those that changed nothing.

        The first picture is sharper than those that answer a control, so something is moved before
        anything is counted. A filter may leave things as they are: each has three attempts.
        """
        first = self.controls(view)[0]
        assert any(self.changes(view, first) for _ in range(3)), f"{self.name(first)} is dead"
        idle = []
        for control in view.locator(".sticc-control").all():  # some wake or rest on the way
            if not control.is_visible() or control.locator("[disabled]").count():
                continue
            if not any(self.changes(view, control) for _ in range(3)):
                idle.append(self.name(control))
        return idle

    def changes(self, view, control, seconds: float = 60) -> bool:
        """Moves a control; whether the picture has become another one when the kernel rests."""
        before, end, rested = self.digest(view), time.monotonic() + seconds, 0
        self.move(control)
        while time.monotonic() < end and rested < 8:
            if self.digest(view) != before:
                return True
            self.tab.wait_for_timeout(60)
            rested = rested + 1 if self.tab.evaluate(RESTS) else 0
        return False

    def saved(self, name: str):
        """The open notebook, saved and read."""
        self.tab.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
        return nbformat.read(self.folder / name, as_version=4)

    def elsewhere(self) -> list[str]:
        """What was asked from another machine than this."""
        here = ("http://127.0.0.1", "ws://127.0.0.1", "blob:", "data:")
        return [url for url in self.asked if not url.startswith(here)]

    def complaints(self) -> list[str]:
        """What page or console said that nobody may have to read."""
        text = self.tab.locator("body").inner_text().lower()
        found = [word for word in BAD if word in text]
        found += [line for line in self.said if line.startswith(("error", "pageerror"))]
        return found + [line for line in self.said if any(word in line.lower() for word in BAD)]


def write(path: Path, *cells: str) -> None:
    """A notebook of code cells."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(made, path)
