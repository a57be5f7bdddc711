"""How the library is built: one idea a file that says which, short files, short functions."""

import ast
from pathlib import Path
from statistics import median

import pytest

import sticc_lib

LIBRARY = Path(sticc_lib.__file__).parent
FILES = sorted(LIBRARY.rglob("*.py"))
TESTS = sorted(Path(__file__).parent.rglob("test_*.py"))
LINES, MEDIAN, FUNCTION = 300, 150, 60
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def length(source):
    return len(source.splitlines())


def long_functions(source, most=FUNCTION):
    """Names of functions and methods, inner ones too, of more lines than that, docstring and all;
    decorators do not count."""
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, FUNCTIONS)]
    return [f.name for f in found if (f.end_lineno or 0) - f.lineno + 1 > most]


def says_what_it_is(source):
    """Whether a file with code in it begins with a docstring."""
    tree = ast.parse(source)
    return not tree.body or bool(ast.get_docstring(tree))


def shown(path):
    return path.relative_to(LIBRARY.parent).as_posix()


def test_files_are_short():
    lengths = {shown(path): length(path.read_text("utf-8")) for path in FILES}
    assert len(lengths) > 300  # all of the library was looked at
    assert {name: lines for name, lines in lengths.items() if lines > LINES} == {}
    assert median(lengths.values()) <= MEDIAN


def test_functions_are_short():
    found = {shown(path): long_functions(path.read_text("utf-8")) for path in FILES}
    assert {name: names for name, names in found.items() if names} == {}


def test_every_file_says_in_its_first_line_what_it_is():
    assert [shown(p) for p in FILES if not says_what_it_is(p.read_text("utf-8"))] == []


def test_no_two_test_files_have_one_name():
    names = [path.name for path in TESTS]
    assert sorted(names) == sorted(set(names))


def written(lines, kind="def", before=""):
    return f"{before}{kind} f():\n" + "    pass\n" * (lines - 1)


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_function_of_61_lines_is_found(kind):
    assert long_functions(written(60, kind)) == []
    assert long_functions(written(61, kind)) == ["f"]
    assert long_functions(written(60, kind, "@cache\n")) == []


def test_a_long_method_and_a_long_inner_function_are_found():
    body = "".join(f"    {line}\n" for line in written(61).splitlines())
    assert long_functions(f"class A:\n{body}") == ["f"]
    assert long_functions(f"def outer():\n{body}") == ["outer", "f"]


def test_a_file_that_does_not_say_what_it_is_is_found():
    assert says_what_it_is('"""Sums."""\n')
    assert says_what_it_is("")  # an empty file holds no idea
    assert not says_what_it_is("x = 1\n")
