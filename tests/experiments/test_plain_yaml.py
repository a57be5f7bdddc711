"""YAML as plain values: nothing is made, run or copied by reading it."""

import pytest

from sticc_lib.config import ConfigError
from sticc_lib.experiments.plain_yaml import LARGEST, read_yaml


@pytest.fixture
def read(tmp_path):
    """read(text): what stands in a file of this text (or bytes)."""

    def write_and_read(text):
        path = tmp_path / "some.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_yaml(path)

    return write_and_read


def test_names_stay_names_and_numbers_are_numbers(read):
    found = read("on: 1e-3\n03.4: [2, 0.5, -1E+2, text, null, true]\n").value
    assert found == {"on": 0.001, "03.4": [2, 0.5, -100.0, "text", None, True]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: !!python/object/apply:os.system [touch ran]\n", ":2: "),
        ("a: !!python/name:os.system\n", ":1: "),
        ("a: !own thing\n", ":1: !own"),
        ("a: !!binary aGk=\n", "binary is not read here"),
        ("a: &x [1]\nb: *x\n", ":2: aliases"),
        ("a: 1\nc: 2\na: 3\n", ":3: a is given twice"),
        ("? [a, b]\n: 1\n", ":1: a key has to be a name"),
        ("a: [1\nb: 2\n", ":2: "),
        ("a: 1\n---\nb: 2\n", ":2: "),
        ("a: 1\n\tb: 2\n", ":2: "),
        (b"\xff\xfe\x00", "UTF-8"),
        ("[" * 20_000, "no YAML that can be read"),
        ("#" * (LARGEST + 1), "larger than"),
    ],
)
def test_what_is_not_plain_is_refused_and_nothing_of_it_is_done(
    read, text, said, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert said in str(caught.value)
    assert "some.yaml" in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["some.yaml"]


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: No such file.*give a YAML file"):
        read_yaml(tmp_path / "none.yaml")


def test_lines_are_found_by_dotted_names_and_numbers(read):
    marked = read("a:\n  b:\n    c.d: 1\nlist:\n  - x: 1\n  - y: 2\n")
    assert marked.line(("a", "b.c.d")) == 3
    assert marked.line(("list", "1", "y")) == 6
    assert marked.line(("a", "nothing")) == 1
