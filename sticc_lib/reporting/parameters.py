"""The parameters cell of a notebook, read with `ast`, and the check of what is passed to it.

papermill injects unknown names with a log line and ignores type hints, so both are refused here,
before a kernel starts.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sticc_lib.config import ConfigError

SIMPLE = {"int": int, "float": float, "str": str, "bool": bool, "list": list, "dict": dict}
KINDS = f"{', '.join(SIMPLE)}, list[X], X | None"
RUN_LEVEL: tuple[str, ...] = ("preset", "seed", "settings", "folder")
"""Parameters that every notebook declares and the runner sets."""


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell: `name: hint = default  # help`."""

    name: str
    hint: str
    default: Any
    help: str

    def fits(self, value: Any) -> bool:
        """Whether a value is of the declared type; an int will do where a float is asked for."""
        return _fits(value, ast.parse(self.hint, mode="eval").body)


def read(notebook: Any, where: str) -> dict[str, Parameter]:
    """The parameters a notebook declares, in order.

    Args:
        notebook: an nbformat notebook.
        where: its name, for messages.

    Raises:
        ConfigError: no cell or several tagged `parameters`, or lines other than
            `name: type = literal`; all of them in one message.
    """
    cells = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", ())]
    if len(cells) != 1:
        raise ConfigError(f"{where}: {len(cells)} cells are tagged parameters, expected one")
    return parse(cells[0].source, where)


def parse(source: str, where: str) -> dict[str, Parameter]:
    """The same from the cell's text."""
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise ConfigError(f"{where}: parameters cell, line {error.lineno}: {error.msg}") from None
    helps = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    found: dict[str, Parameter] = {}
    problems: list[str] = []
    for node in statements:
        line = ast.get_source_segment(source, node) or ""
        problem = _problem(node, found)
        if problem:
            problems.append(f"line {node.lineno} `{line}`: {problem}")
            continue
        name, default = node.target.id, ast.literal_eval(node.value)  # type: ignore[attr-defined]
        hint = ast.unparse(node.annotation)  # type: ignore[attr-defined]
        found[name] = Parameter(name, hint, default, helps.get(node.end_lineno or 0, ""))
        if not found[name].fits(default):
            problems.append(f"line {node.lineno} `{line}`: the default is not of type {hint}")
    if problems:
        raise ConfigError(f"{where}: parameters cell, " + "; ".join(problems))
    return found


def assign(
    declared: Mapping[str, Mapping[str, Parameter]], given: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Deals given values out to notebooks.

    Args:
        declared: notebook name (`03_training`) to its parameters.
        given: `steps` reaches every notebook that declares it, `03.steps` only notebook 03.

    Raises:
        ConfigError: lists every name that no notebook declares and every value of a wrong type.
    """
    problems: list[str] = []
    dealt: dict[str, dict[str, Any]] = {notebook: {} for notebook in declared}
    for key, value in given.items():
        number, _, name = key.rpartition(".")
        takers = [
            notebook
            for notebook, parameters in declared.items()
            if name in parameters and (not number or notebook.split("_")[0] == number)
        ]
        if not takers:
            known = sorted({name for parameters in declared.values() for name in parameters})
            problems.append(f"unknown parameter {key} (known: {', '.join(known) or 'none'})")
        for notebook in takers:
            parameter = declared[notebook][name]
            if not parameter.fits(value):
                kind = f"{type(value).__name__} {value!r}"
                problems.append(f"{notebook}: {name} is {parameter.hint}, got {kind}")
            dealt[notebook][name] = value
    if problems:
        raise ConfigError("parameters: " + "; ".join(problems))
    return dealt


def deal(
    sources: Sequence[Path], level: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """What each notebook is called with.

    Args:
        sources: the notebooks.
        level: the run's own values, by the names of RUN_LEVEL.
        given: values for notebooks, as `assign` takes them.

    Raises:
        ConfigError: everything that is wrong, in one message.
    """
    import nbformat  # takes seconds where all of its checks are installed

    declared: dict[str, dict[str, Parameter]] = {}
    problems: list[str] = []
    for source in sources:
        try:
            declared[source.stem] = read(nbformat.read(source, as_version=4), source.name)
        except ConfigError as error:
            problems.append(str(error))
            continue
        lacking = [n for n in RUN_LEVEL if n not in declared[source.stem]]
        if lacking:
            problems.append(f"{source.name}: its parameters lack {', '.join(lacking)}")
    problems += [f"{n} belongs to the run, not to notebooks" for n in given if n in RUN_LEVEL]
    if not problems:
        try:
            own = assign(declared, given)
            common = assign(declared, level)
            return {stem: {**common[stem], **own[stem]} for stem in declared}
        except ConfigError as error:
            problems.append(str(error))
    raise ConfigError("; ".join(problems))


def _problem(node: ast.stmt, found: Mapping[str, Parameter]) -> str:
    if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value):
        return "expected `name: type = literal  # help`"
    if node.target.id in found:
        return "declared twice"
    if not _known(node.annotation):
        return (
            f"type {ast.unparse(node.annotation)} is none of {', '.join(SIMPLE)}, list[X], X | None"
        )
    try:
        ast.literal_eval(node.value)
    except ValueError:
        return "the default is not a literal"
    return ""


def _known(hint: ast.expr) -> bool:
    if isinstance(hint, ast.BinOp) and isinstance(hint.op, ast.BitOr):
        return _known(hint.left) and _known(hint.right)
    if isinstance(hint, ast.Subscript):
        return ast.unparse(hint.value) == "list" and _known(hint.slice)
    return ast.unparse(hint) in (*SIMPLE, "None")


def _fits(value: Any, hint: ast.expr) -> bool:
    if isinstance(hint, ast.BinOp):
        return _fits(value, hint.left) or _fits(value, hint.right)
    if isinstance(hint, ast.Subscript):
        return isinstance(value, list) and all(_fits(v, hint.slice) for v in value)
    kind = SIMPLE.get(ast.unparse(hint))
    if value is None or kind is None:
        return value is None and kind is None
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    return isinstance(value, (int, float) if kind is float else kind)
