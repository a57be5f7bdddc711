"""MATLAB files: whole ones pass in each version, those that would end the process are refused."""

import h5py
import numpy as np
import pytest
from scipy import io

from sticc_lib.tracklets.sources.files import read_mat
from sticc_lib.tracklets.sources.matcheck import mat5_fault

TABLE = np.arange(12).reshape(4, 3)


def save(path, key="rows", value=TABLE, **options):
    io.savemat(path, {"other": {"a": 1}, key: value}, **options)
    return path


@pytest.mark.parametrize("kind", ["float64", "float32", "int8", "uint16", "int64", "uint64"])
@pytest.mark.parametrize("packed", [False, True])
def test_tables_of_every_kind_of_number_pass_and_are_read(tmp_path, kind, packed):
    path = save(tmp_path / "a.mat", value=TABLE.astype(kind), do_compression=packed)
    assert mat5_fault(path.read_bytes(), "rows") == ""
    problems = []
    assert (read_mat(path, "rows", problems) == TABLE).all()
    assert problems == []


def test_versions_4_and_7_3_are_read_to_the_same(tmp_path):
    io.savemat(tmp_path / "four.mat", {"rows": TABLE.astype(float)}, format="4")
    with h5py.File(tmp_path / "seven.mat", "w", userblock_size=512) as file:
        file["rows"] = TABLE.T  # as MATLAB writes it
    with (tmp_path / "seven.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    for name in ("four.mat", "seven.mat"):
        assert (read_mat(tmp_path / name, "rows", []) == TABLE).all()


def test_a_type_that_is_no_number_is_refused_before_scipy_meets_it(tmp_path):
    """Type 0 in the tag of the numbers ends the process in scipy 1.17."""
    content = bytearray(save(tmp_path / "a.mat", value=TABLE.astype(np.int64)).read_bytes())
    place = content.rindex(b"\x0c\x00\x00\x00\x60\x00\x00\x00")  # int64, 96 bytes
    content[place] = 0
    (tmp_path / "a.mat").write_bytes(content)
    problems = []
    assert read_mat(tmp_path / "a.mat", "rows", problems) is None
    assert "rows: expected a table of numbers, there are none in it" in str(problems[0])


@pytest.mark.parametrize(
    ("value", "message"),
    [("text", "rows: expected a table of numbers, got text"), ({"a": 1}, "got a struct"),
     (TABLE * 1j, "got complex128"), (TABLE + 0.5, "row 1: 0.5 is not a whole number"),
     (TABLE.reshape(2, 2, 3), "expected rows of any number of columns, got the shape"),
     (TABLE + np.nan, "row 1: nan is not a whole number")],
)  # fmt: skip
def test_what_is_no_table_of_whole_numbers_is_told(tmp_path, value, message):
    problems = []
    path = save(tmp_path / "a.mat", value=value)
    assert read_mat(path, "rows", problems) is None
    assert message in str(problems[0])


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_cut_off_anywhere_is_refused_with_the_byte(tmp_path, packed):
    path = save(tmp_path / "a.mat", do_compression=packed)
    content = path.read_bytes()
    for length in range(129, len(content) - 1, 7):
        path.write_bytes(content[:length])
        problems = []
        if read_mat(path, "rows", problems) is None:
            assert "a.mat" in str(problems[0])
        assert read_mat(path, "rows", []) is None


def test_a_variable_that_unpacks_to_far_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("sticc_lib.tracklets.sources.matcheck.LARGEST", 1000)
    path = save(tmp_path / "a.mat", value=np.zeros((100, 100)), do_compression=True)
    problems = []
    assert read_mat(path, "rows", problems) is None
    assert "a variable of more than 1000 bytes" in str(problems[0])
