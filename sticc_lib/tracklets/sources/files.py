"""Foreign files, read with suspicion: lists, .mat, JSON, XML, and the names that stand in them.

No function here raises for what a file contains: what is wrong is added to `problems`, with file
and line, and None or the readable part is given back.
"""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from sticc_lib.tracklets.sources.matcheck import mat5_fault
from sticc_lib.tracklets.sources.reading import Problem, several

ENCODING = "save it as UTF-8"
DAMAGED = "copy the file again from the data set"


def safe(name: str, where: str, problems: list[Problem]) -> str | None:
    """A path from a list as a relative one with `/`, if it cannot lead out of the folder.

    Absolute paths, `..`, backslashes, drive letters and NUL are told as problems, and give None.
    """
    path = PurePosixPath(name).as_posix()  # `./C:` is `C:`
    said = repr(name if len(name) <= 80 else name[:77] + "...")
    if not name.strip():
        wrong = "an empty path"
    elif "\0" in name:
        wrong = f"path {said} holds a NUL"
    elif "\\" in name:
        wrong = f"path {said} holds a backslash"
    elif name.startswith("/") or re.match(r"[A-Za-z]:", path):
        wrong = f"path {said} is absolute"
    elif ".." in name.split("/"):
        wrong = f"path {said} leads out of the folder"
    else:
        return path
    problems.append(Problem(where, wrong, "write it relative to the data set's folder, with /"))
    return None


def read_bytes(path: Path, problems: list[Problem], remedy: str) -> bytes | None:
    """The content of a file; a missing or unreadable one is a problem."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        problems.append(Problem(str(path), "the file is missing", remedy))
    except OSError as error:
        problems.append(Problem(str(path), f"cannot be read ({error.strerror})", remedy))
    return None


def read_lines(path: Path, problems: list[Problem], remedy: str = DAMAGED) -> list[str] | None:
    """The lines of a text list, stripped; empty ones at the end are dropped, others stay.

    Lines that are not UTF-8 are problems, and stand as empty texts, so that line numbers hold.
    """
    content = read_bytes(path, problems, remedy)
    if content is None:
        return None
    content = content.removeprefix(b"\xef\xbb\xbf").rstrip()
    try:
        return [line.strip() for line in content.decode().split("\n")] if content else []
    except UnicodeDecodeError:
        return _line_by_line(path, content.split(b"\n"), problems)


def _line_by_line(path: Path, content: list[bytes], problems: list[Problem]) -> list[str]:
    lines, bad = [], []
    for number, raw in enumerate(content):
        try:
            lines.append(raw.decode().strip())
        except UnicodeDecodeError:
            lines.append("")
            bad.append(number)
    problems += several(
        lambda n: f"{path} line {n + 1}", bad, lambda n: f"not UTF-8: {content[n][:40]!r}", ENCODING
    )
    return lines


def read_json(path: Path, problems: list[Problem], remedy: str = DAMAGED) -> Any:
    """The value of a JSON file; None if there is none."""
    content = read_bytes(path, problems, remedy)
    if content is None:
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        problems.append(Problem(str(path), f"not readable as JSON ({_reason(error)})", remedy))
        return None


def read_xml(path: Path, problems: list[Problem], remedy: str = DAMAGED) -> Any:
    """The root element of an XML file; entities and document types are refused (defusedxml)."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    content = read_bytes(path, problems, remedy)
    if content is None:
        return None
    try:
        return fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        what = f"holds a document type or an entity ({type(error).__name__})"
        problems.append(Problem(str(path), what, "remove it; plain XML only is read"))
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        problems.append(Problem(str(path), f"not readable as XML ({_reason(error)})", remedy))
    return None


def read_mat(
    path: Path,
    key: str,
    problems: list[Problem],
    columns: int | None = None,
    remedy: str = DAMAGED,
) -> np.ndarray | None:
    """A table of whole numbers from a MATLAB file, either version, in MATLAB's orientation.

    Args:
        path: the file; version 7.3 (HDF5) is read by h5py, older ones by scipy.
        key: name of the variable.
        problems: what is wrong is added here.
        columns: how many there must be; None takes any number.
        remedy: what to do if it is wrong.

    Returns:
        int64 [rows, columns]; None if there is no such table.
    """
    content = read_bytes(path, problems, remedy)
    if content is None:
        return None
    hdf5 = content.startswith((b"MATLAB 7.3", b"\x89HDF"))
    try:
        held = _read_hdf5(path, key) if hdf5 else _read_matlab(path, content, key)
    # a foreign parser on a foreign file: scipy and h5py raise what their insides raise
    except Exception as error:
        what = f"not readable as a .mat file ({_reason(error)})"
        problems.append(Problem(str(path), what, remedy))
        return None
    wrong = _not_a_table(held, columns)
    if isinstance(held, list):
        wrong = f"no variable {key}; it holds {', '.join(held[:8]) or 'none'}"
    if wrong:
        problems.append(Problem(f"{path} {key}", wrong, remedy))
        return None
    return np.asarray(held).astype(np.int64)


def read_rows(
    path: Path,
    key: str,
    rows: int | None,
    problems: list[Problem],
    remedy: str = DAMAGED,
    first_column: bool = False,
) -> np.ndarray:
    """Row numbers (from 1) of another list, from a .mat file.

    Args:
        path, key, problems, remedy: as in `read_mat`.
        rows: how many rows there are; None if that is not known.
        first_column: of a table that is wider, take the first column; else it is refused.

    Returns:
        int64, sorted, from 0, each once; those that can be used.
    """
    table = read_mat(path, key, problems, remedy=remedy)
    if table is None:
        return np.empty(0, np.int64)
    if 1 not in table.shape and not (first_column and table.size):
        what = f"expected one row of numbers, got the shape {table.shape}"
        problems.append(Problem(f"{path} {key}", what, remedy))
        return np.empty(0, np.int64)
    numbers = table.ravel() if 1 in table.shape else table[:, 0]
    outside = (numbers < 1) | (numbers > (2**53 if rows is None else rows))
    twice = pd.Series(numbers).duplicated().to_numpy() & ~outside
    for bad, what in ((outside, f"is not one of 1 to {rows}"), (twice, "stands there twice")):
        problems += several(
            lambda i: f"{path} {key} entry {i + 1}", np.flatnonzero(bad),
            lambda i, what=what: f"row {numbers[i]} {what}", remedy,
        )  # fmt: skip
    return np.unique(numbers[~outside]) - 1


def _read_matlab(path: Path, content: bytes, key: str) -> Any:
    """The variable, or the names of those there are; what scipy only warns of is refused."""
    from scipy import io

    fault = mat5_fault(content, key)
    if fault:
        raise ValueError(fault)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        held = io.loadmat(path, variable_names=[key], appendmat=False)
        if key in held:
            return held[key]
        return [ascii(n)[1:-1][:40] for n, *_ in io.whosmat(path, appendmat=False)]


def _read_hdf5(path: Path, key: str) -> Any:
    import h5py

    with h5py.File(path, "r") as file:
        if key not in file:
            return [str(name) for name in file]
        held = file[key]
        if not isinstance(file.get(key, getlink=True), h5py.HardLink):
            raise ValueError(f"{key} is a link to another place")
        if not isinstance(held, h5py.Dataset) or held.external or held.is_virtual:
            raise ValueError(f"{key} is not a plain table")
        if held.dtype.kind not in "iuf" or held.size > 1e8:
            return np.empty(0, object)
        return held[()].T  # HDF5 holds MATLAB's arrays transposed


def _not_a_table(held: Any, columns: int | None) -> str:
    """What is wrong with an array that should hold whole numbers; empty if nothing is."""
    if not isinstance(held, np.ndarray) or held.dtype.kind not in "iuf":
        return f"expected a table of numbers, got {getattr(held, 'dtype', type(held).__name__)}"
    if held.ndim != 2 or (columns is not None and held.shape[1] != columns):
        wanted = "any number of" if columns is None else columns
        return f"expected rows of {wanted} columns, got the shape {held.shape}"
    with np.errstate(invalid="ignore"):
        whole = np.isfinite(held) & (np.abs(held) < 2**53) & (held == np.round(held))
    if not whole.all():
        row, column = np.argwhere(~whole)[0]
        return f"row {row + 1}: {held[row, column]} is not a whole number"
    return ""


def _reason(error: Exception) -> str:
    return (str(error).partition("\n")[0] or type(error).__name__)[:120]
