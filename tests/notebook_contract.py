"""The notebook contract (how every notebook of this project is built), as a list of violations.

Also a command for authors: `python tests/notebook_contract.py notebooks/01_data.ipynb`.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import nbformat
from ruff.__main__ import find_ruff_bin

from sticc_lib.config import ConfigError
from sticc_lib.reporting.parameters import read
from sticc_lib.reporting.runner import RUN_LEVEL

ROOT = Path(__file__).resolve().parents[1]
LINES = 15
ABSOLUTE = re.compile(r"^(/[\w.-]|~/|[A-Za-z]:[\\/])")
MENTIONED = re.compile(r"(?<![\w.:/])(/(home|work|root|tmp|mnt|Users|data)/|~/|[A-Z]:\\)")
DOWNLOADS = re.compile(r"https?://|\burllib\b|\brequests\b|\burlopen\b|\bwget\b|\bcurl\b|hub\.load")


def problems(path: Path) -> list[str]:
    """Every violation, as `name, cell 4: what`; cells are counted from 1."""
    notebook = nbformat.read(path, as_version=4)
    found: list[str] = []

    def complain(position: int, what: str) -> None:
        found.append(f"{path.name}, cell {position}: {what}")

    cells = notebook.cells
    if len(cells) < 5:
        complain(len(cells), "a notebook has a title, parameters, a start, sections and an end")
        return found
    _title(path, cells[0], complain)
    _parameters(path, notebook, complain)
    _start(cells[2], complain)
    for position, cell in enumerate(cells, 1):
        if cell.cell_type == "code":
            _code(position, cell, complain)
        else:
            _prose(position, cell, complain)
    _end(path, cells, complain)
    if "widgets" in notebook.metadata:
        found.append(f"{path.name}: its metadata hold widget state")
    return found + _ruff(path)


def _title(path, cell, complain):
    number = path.stem.split("_")[0]
    if cell.cell_type != "markdown" or not re.match(rf"# {number} \S", cell.source):
        complain(1, f"starts with `# {number} Title`")
    lacking = [w for w in ("reads", "writes", "takes") if not re.search(w, cell.source, re.I)]
    if lacking or "?" not in cell.source:
        lacking += ["a question"] if "?" not in cell.source else []
        complain(1, f"says what it asks, reads, writes and how long it takes; lacks {lacking}")


def _parameters(path, notebook, complain):
    tagged = [
        n for n, c in enumerate(notebook.cells, 1) if "parameters" in c.metadata.get("tags", ())
    ]
    if tagged != [2]:
        complain(2, f"is the only one tagged `parameters`; tagged are {tagged}")
        return
    try:
        declared = read(notebook, path.name)
    except ConfigError as error:
        complain(2, str(error))
        return
    if lacking := [name for name in RUN_LEVEL if name not in declared]:
        complain(2, f"declares {', '.join(lacking)} too")
    if silent := [name for name, parameter in declared.items() if not parameter.help]:
        complain(2, f"`# help` is missing after {', '.join(silent)}")


def _start(cell, complain):
    needed = {
        "imports": r"^(from|import) ",
        "a config, by from_dict or preset": r"^config = .*\b(from_dict|preset)\(",
        "`run = Run.open(...)`": r"^run = Run\.open\(",
        "the seed": r"\bseed\b",
    }
    for what, pattern in needed.items():
        if cell.cell_type != "code" or not re.search(pattern, cell.source, re.MULTILINE):
            complain(3, f"lacks {what}")


def _code(position, cell, complain):
    if cell.outputs or cell.execution_count is not None:
        complain(position, "is committed without outputs and execution count")
    lines = [line for line in cell.source.splitlines() if line.strip()]
    if not lines:
        complain(position, "is empty")
    if len(lines) > LINES:
        complain(position, f"has {len(lines)} lines; {LINES} are allowed")
    if any(line.lstrip().startswith(("!", "%")) for line in lines):
        complain(position, "runs a shell or magic command")
        return
    if DOWNLOADS.search(cell.source):
        complain(position, "fetches something or names an address")
    if "raises-exception" in cell.metadata.get("tags", ()):
        complain(position, "is expected to fail; show the message instead")
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        complain(position, f"is not Python: {error.msg}")
        return
    for node in ast.walk(tree):
        defines = isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        if defines and "snippet" not in cell.metadata.get("tags", ()):
            complain(position, f"defines `{node.name}`; that belongs into sticc_lib")
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and ABSOLUTE.match(text):
            complain(position, f"holds the absolute path {text!r}")


def _prose(position, cell, complain):
    if MENTIONED.search(cell.source):
        complain(position, "mentions an absolute path")
    for heading in re.findall(r"^## +(.+)$", cell.source, re.MULTILINE):
        if "?" not in heading:
            complain(position, f"the heading {heading!r} is not a question")


def _end(path, cells, complain):
    code = [n for n, cell in enumerate(cells, 1) if cell.cell_type == "code"]
    if not code or "run.record(" not in cells[code[-1] - 1].source:
        complain(code[-1] if code else len(cells), "the last code is `run.record(...)`")
    later = sorted(p.name for p in path.parent.glob("[0-9]*.ipynb") if p.name > path.name)
    last = cells[-1]
    if later and (last.cell_type != "markdown" or f"]({later[0]})" not in last.source):
        complain(len(cells), f"is Markdown that links to the next notebook: ({later[0]})")


def _ruff(path):
    found = []
    for command in (["check", "--output-format=concise", "-q"], ["format", "--check", "-q"]):
        call = [find_ruff_bin(), *command, "--config", ROOT / "pyproject.toml", path]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        lines = [line.rpartition("/")[2] for line in done.stdout.splitlines() if ": " in line]
        if done.returncode and command[0] == "check":
            found += [f"ruff: {line}" for line in lines] or [f"ruff: {done.stderr}"]
        elif done.returncode:
            found.append(f"{path.name}: `ruff format` would change it")
    return found


if __name__ == "__main__":
    everything = [problem for name in sys.argv[1:] for problem in problems(Path(name))]
    print("\n".join(everything) or "The contract holds.")
    sys.exit(bool(everything))
