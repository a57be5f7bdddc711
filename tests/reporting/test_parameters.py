"""Parameters cells: what is read from them, and what is refused before anything runs."""

import pytest
from tiny_notebooks import notebook

from sticc_lib.config import ConfigError
from sticc_lib.reporting.parameters import assign, parse, read


def test_name_type_default_and_help_are_read():
    found = parse('name: str | None = "a=b"  # help # more\nrate: float = 1\n', "here")
    assert found["name"].default == "a=b"
    assert found["name"].hint == "str | None"
    assert found["name"].help == "help # more"
    assert list(found) == ["name", "rate"]


@pytest.mark.parametrize(
    ("hint", "fitting", "other"),
    [
        ("int", [3], [3.0, "3", True, None]),
        ("float", [3, 3.5], ["0o10", True]),
        ("bool", [True], [1, "yes"]),
        ("str | None", ["nan", None], [float("nan"), 0]),
        ("list[int]", [[], [1]], [[1.5], (1,), 1]),
        ("dict", [{"a": 1}], [[]]),
    ],
)
def test_a_value_fits_its_type_or_does_not(hint, fitting, other):
    default = {"dict": "{}", "list[int]": "[]", "bool": "False", "str | None": "None"}
    parameter = parse(f"x: {hint} = {default.get(hint, '0')}", "here")["x"]
    assert [value for value in fitting if not parameter.fits(value)] == []
    assert [value for value in other if parameter.fits(value)] == []


def test_every_bad_line_is_named_at_once():
    lines = ["a = 1", "b: set = 2", "c: int = 1 + x", "d: int = 'x'", "e: int = 1", "e: int = 2"]
    with pytest.raises(ConfigError) as error:
        parse("\n".join(lines), "01.ipynb")
    for part in (
        "line 1 `a = 1`",
        "type set",
        "not a literal",
        "not of type int",
        "declared twice",
    ):
        assert part in str(error.value)


def test_a_notebook_needs_one_parameters_cell():
    made = notebook()
    made.cells[1].metadata["tags"] = []
    with pytest.raises(ConfigError, match="0 cells are tagged"):
        read(made, "01_tiny.ipynb")


@pytest.fixture
def declared():
    return {
        "01_data": parse("steps: int = 1\nname: str = ''", "01"),
        "03_train": parse("steps: int = 1\nrate: float = 1.0", "03"),
    }


def test_a_value_reaches_each_that_declares_it_or_the_one_named(declared):
    dealt = assign(declared, {"steps": 5, "03.rate": 2, "01.name": "x"})
    assert dealt == {"01_data": {"steps": 5, "name": "x"}, "03_train": {"steps": 5, "rate": 2}}


def test_unknown_names_and_wrong_types_are_refused_together(declared):
    with pytest.raises(ConfigError) as error:
        assign(declared, {"stepz": 5, "01.rate": 2.0, "steps": "0o10", "rate": True})
    for part in (
        "unknown parameter stepz",
        "unknown parameter 01.rate",
        "steps is int",
        "bool True",
    ):
        assert part in str(error.value)
