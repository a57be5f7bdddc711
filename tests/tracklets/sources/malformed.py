"""What is thrown at the parsers: whole files with slips in them, and whole rubbish.

Each entry of PARSERS is a strategy and what must hold of every case; `count_cases` runs one.
"""

import io as streams
import json
import re
import shutil
import tempfile
from pathlib import Path, PurePosixPath

import h5py
import numpy as np
import pytest
import test_lsvid
import test_motchallenge
import tiny_mars
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planting import plant
from scipy import io

from sticc_lib.tracklets.sources import (
    dukevideo,
    folder,
    ilidsvid,
    lsvid,
    market,
    mars,
    motchallenge,
    occluded_duke,
    prai1581,
    prid2011,
    tracks,
)
from sticc_lib.tracklets.sources.boxes import read_person_map
from sticc_lib.tracklets.sources.files import read_mat, safe
from sticc_lib.tracklets.sources.milan import read_milan
from sticc_lib.tracklets.sources.pattern import FIELDS, compile_pattern
from sticc_lib.tracklets.sources.reading import SHOWN
from sticc_lib.tracklets.table import DataError

NASTY = [
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\n", b"\r", b"\n\n", b",", b",,", b'"', b" ", b"\t", b"nan",
    b"inf", b"-1", b"0", b"1e999", b"1.5", b"9" * 30, b"../", b"C:\\", b"/", b"<!DOCTYPE x>",
    b"&a;", b"<", b">", b"]", b"[" * 50, b"{}", b"null", "\u0663".encode(), "\u202e".encode(),
    b"\x1b[2J",
]  # fmt: skip
INSERT = st.sampled_from(NASTY) | st.binary(max_size=9)
SLIP = st.tuples(st.floats(0, 1), st.integers(0, 12), INSERT)  # where, how many bytes, by what


def slipped(content):
    """The content with one to four slips: somewhere some bytes replaced by others."""

    def apply(slips):
        out = content
        for place, length, insert in slips:
            at = int(place * len(out))
            out = out[:at] + insert + out[at + length :]
        return out

    return st.lists(SLIP, min_size=1, max_size=4).map(apply)


def file_or_rubbish(content):
    return slipped(content) | st.binary(max_size=200)


def judged(problems, root):
    """What holds of all problems: a place in the data set, a cause, a remedy, on one line."""
    for problem in problems:
        assert ascii(str(root))[1:-1] in ascii(problem.where)
        assert problem.what
        assert problem.remedy
        assert str(problem).isprintable()


def read_whole(source, root, **options):
    """Reads; the set is given exactly if nothing fatal was told, and is sound."""
    reading = source.read(root, **options)
    judged(reading.problems, root)
    if reading.fatal:
        with pytest.raises(DataError) as error:
            reading.to_set()
        assert all(str(problem) in str(error.value) for problem in reading.fatal)
    elif len(reading.tracklets):
        data = reading.to_set()
        assert data.tracklets["num_frames"].sum() == len(data.frames)
    return reading


class Folders:
    """Fresh folders below one that goes away at the end."""

    def __enter__(self):
        self.base = Path(tempfile.mkdtemp())
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.base)

    def fresh(self):
        shutil.rmtree(self.base / "root", ignore_errors=True)
        (self.base / "root").mkdir()
        return self.base / "root"

    def file(self, name, content):
        path = self.base / name
        path.write_bytes(content)
        return path


# ---- names ------------------------------------------------------------------------------------
NAMES = {
    market: ("bounding_box_train/", "0002_c1s1_000451_03.jpg"),
    occluded_duke: ("bounding_box_train/", "0001_c2_f0046182.jpg"),
    dukevideo: ("train/0001/0001/", "0001_C1_F0002_X30002.jpg"),
    prai1581: ("images/", "00000003_0002_00000007.jpg"),
    folder: ("train/anna/3/", "0001.jpg"),
}
REST = {
    market: ("query/0001_c1s1_1_0.jpg", "bounding_box_test/0001_c2s1_1_0.jpg"),
    occluded_duke: ("query/0005_c1_f01.jpg", "bounding_box_test/0005_c2_f01.jpg"),
    dukevideo: ("query/0002/0001/0002_C1_F0002_X30002.jpg",
                "gallery/0002/0002/0002_C2_F0002_X30002.jpg"),
    prai1581: (), folder: (),
}  # fmt: skip


ENDINGS = (b".jpg", b".jpeg", b".png", b".bmp")


@st.composite
def file_names(draw, good):
    """A name the file system takes, close to a good one or far from it."""
    raw = draw(slipped(good.encode()) | st.binary(min_size=1, max_size=60))
    name = raw.replace(b"/", b"_").replace(b"\0", b"_")[:120]
    return name + draw(st.sampled_from([b"", b".jpg", b".PNG"])) or b"_"


def name_cases():
    return st.sampled_from(list(NAMES)).flatmap(
        lambda s: st.tuples(st.just(s), st.lists(file_names(NAMES[s][1]), min_size=1, max_size=6))
    )


def check_names(case, folders):
    source, names = case
    root = folders.fresh()
    where, good = NAMES[source]
    plant(root, where + good, *REST[source])
    for name in names:
        with open(bytes(root / where) + b"/" + name, "wb") as file:  # may be no text at all
            file.write(b"x")
    reading = read_whole(source, root)
    read = set(reading.frames["path"])
    assert where + good in read
    named = "".join(p.where + p.what for p in reading.problems)
    for raw in set(names) - {good.encode()}:
        try:
            name = raw.decode()
        except UnicodeDecodeError:
            image = raw.lower().endswith(ENDINGS) and raw[:1] != b"."
            assert "not UTF-8" in named or not image
            continue
        image = raw.lower().endswith(ENDINGS) and name[0] != "."
        if image and source is not folder and len(reading.problems) < SHOWN:  # read or told
            assert where + name in read or name in named
        if not image:
            assert where + name not in read


# ---- lists ------------------------------------------------------------------------------------
def check_safe(name, _):
    problems = []
    path = safe(name, "list line 3", problems)
    assert (path is None) == (len(problems) == 1)
    assert all(str(p).isprintable() for p in problems)
    if path is not None:
        parts = PurePosixPath(path).parts
        assert not PurePosixPath(path).is_absolute()
        assert ".." not in parts
        assert not re.search(r"[\\\0]|^[A-Za-z]:", path)


UNSAFE = st.lists(
    st.sampled_from(["..", ".", "/", "//", "\\", "C:", "a", "b.jpg", "\0", " ", "~", "\u202e", ""])
    | st.text(max_size=4), max_size=8,
).map("".join)  # fmt: skip


def check_person_list(content, folders):
    root = folders.fresh()
    plant(root, "images/00000000_0001_00000003.jpg", "images/00000003_0001_00000003.jpg")
    (root / "train.txt").write_bytes(content)
    reading = read_whole(prai1581, root, train_ids="train.txt")
    assert all("train.txt" in p.where for p in reading.fatal)


def check_mars_lists(case, folders):
    which, content = case
    root = folders.fresh()
    tiny_mars.write_tree(root, *MARS, picture=False)
    (root / "info" / which).write_bytes(content)
    read_whole(mars, root)


def check_lsvid_lists(case, folders):
    which, content = case
    root = folders.fresh()
    (root / "list_sequence").mkdir()
    for name, lines in test_lsvid.LISTS.items():
        test_lsvid.write_list(root, name, lines)
        plant(root, *(f"{line.split()[0]}01_{n:04}.png" for line in lines for n in (4, 30)))
    test_lsvid.write_queries(root, np.array([[1.0]]))
    (root / "list_sequence" / f"list_seq_{which}.txt").write_bytes(content)
    read_whole(lsvid, root)


MARS = [(1, 1, 2), (2, 2, 2)], [(3, 1, 2), (3, 2, 2), (0, 1, 2), (-1, 1, 2)], [1]
MARS_NAMES = "\n".join(tiny_mars.index(MARS[1])[0]).encode()


def lsvid_lists():
    whole = {n: "\n".join(lines).encode() for n, lines in test_lsvid.LISTS.items()}
    return st.sampled_from(list(whole)).flatmap(
        lambda n: st.tuples(st.just(n), file_or_rubbish(whole[n]))
    )


# ---- .mat -------------------------------------------------------------------------------------
def mat(version, packed=False):
    stream = streams.BytesIO()
    table = np.arange(1, 13).reshape(4, 3)
    if version == "7.3":
        with h5py.File(stream, "w") as file:
            file["rows"] = table.T.astype(float)
    else:
        held = table.astype(float) if version == "4" else table
        io.savemat(stream, {"rows": held}, format=version, do_compression=packed)
    return stream.getvalue()


MATS = [mat("4"), mat("5"), mat("5", True), mat("7.3")]


def check_mat(content, folders):
    path = folders.file("rows.mat", content)
    problems = []
    table = read_mat(path, "rows", problems)
    judged(problems, path)
    assert (table is None) == (len(problems) == 1)
    if table is not None:
        assert table.dtype == np.int64
        assert table.ndim == 2


SPLIT_TABLES = st.lists(st.lists(st.integers(-2, 6), min_size=4, max_size=4), max_size=3).map(
    lambda rows: np.array(rows or np.zeros((0, 4)), float)
)


def check_splits(table, folders):
    root = folders.fresh()
    for person in ("p1", "p2", "p3", "p4"):
        plant(root, *(f"sequences/cam{c}/{person}/cam{c}_{person}_1.png" for c in (1, 2)))
    place = root / ilidsvid.LIST
    place.parent.mkdir()
    io.savemat(place, {"ls_set": table})
    reading = read_whole(ilidsvid, root)
    whole = len(table) and (np.sort(table, 1) == [1, 2, 3, 4]).all()
    assert bool(reading.fatal) != bool(whole)


# ---- XML and JSON -----------------------------------------------------------------------------
XML = test_motchallenge.XML.encode()
BOMB = b'<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


def check_xml(content, folders):
    path = folders.file("labels.xml", content)
    problems = []
    table, found = read_milan(path, problems)
    judged(problems, path)
    assert found.get("objects", 0) == len(table)
    assert np.isfinite(table[["x", "y", "w", "h"]].to_numpy(float)).all()
    assert problems or len(table)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        assert problems or b"<!--" in content


def check_json(content, folders):
    root = folders.fresh()
    for camera in ("cam_a", "cam_b"):
        plant(root, *(f"multi_shot/{camera}/{p}/1.png" for p in ("p1", "p2")))
    (root / prid2011.LIST).write_bytes(content)
    read_whole(prid2011, root)


JSON = json.dumps([{"train": ["p1"], "test": ["p2"]}]).encode()
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["p1", "p2", "../p1"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["train", "test", "x"]), inner, max_size=3),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode())  # fmt: skip


# ---- CSV --------------------------------------------------------------------------------------
WRONG = st.sampled_from(
    ["x", "nan", "inf", "-inf", "1e999", "1.5.2", "--1", "0x1", "1_0", "9" * 25, "'1'", "\u202e",
     "1;2", "true", "None", "\x1b[2J"]
)  # fmt: skip


@st.composite
def csv_lines(draw, width, header=""):
    """Lines of numbers, some with one wrong field or another number of fields; which are whole."""
    lines, whole = [header] if header else [], []
    for number in range(draw(st.integers(1, 12))):
        fields = [str(number + 1), str(draw(st.integers(1, 3)))]
        fields += [str(draw(st.integers(1, 60))) for _ in range(width - 2)]
        kind = draw(st.sampled_from(["whole", "whole", "field", "short", "long", "blank"]))
        if kind == "field":
            fields[draw(st.integers(0, width - 1))] = draw(WRONG)
        line = {"short": fields[:-1], "long": [*fields, "1"], "blank": []}.get(kind, fields)
        lines.append(",".join(line))
        if kind in ("whole", "blank"):
            whole.append((len(lines), fields) if kind == "whole" else None)
    right = [w for w in whole if w]
    blank = {n for n, line in enumerate(lines, 1) if not line}
    wrong = set(range(1 + bool(header), len(lines) + 1)) - {n for n, _ in right} - blank
    return lines, right, sorted(wrong)


def check_csv(reader, columns):
    """Exactly the wrong lines are told, and exactly the others are read, as they stand."""

    def check(case, folders):
        lines, right, wrong = case
        path = folders.file("tracks.csv", "\n".join(lines).encode())
        problems = []
        table = reader(path, problems)
        judged(problems, path)
        if not lines[0] or lines[0] not in (HEADER, ",".join(right[0][1]) if right else ""):
            return  # the first line decides how many fields there are
        told = [int(n) for p in problems for n in re.findall(r"csv line (\d+)", p.where)]
        assert told == wrong[:SHOWN]
        assert table["line"].tolist() == [n for n, _ in right]
        assert table[columns].astype(int).to_numpy().tolist() == [
            [int(f) for f in fields[: len(columns)]] for _, fields in right
        ]

    return check


HEADER = "frame,track,x,y,w,h"
BOX = ["frame", "track", "x", "y", "w", "h"]


def check_csv_rubbish(case, folders):
    reader, content = case
    path = folders.file("rubbish.csv", content)
    problems = []
    table = reader(path, problems)
    judged(problems, path)
    assert problems or len(table)


GT = "\n".join(test_motchallenge.GT).encode()
SUPERVISION = b"x_min,y_min,x_max,y_max,class_id,confidence,tracker_id,frame\n1,1,9,9,0,.5,7,0\n"
PERSONS = b"track,person,visit\n1,A,A1\n2,B,B1\n3,A,A2\n"
CSV_READERS = {
    lambda p, q: motchallenge.read_gt(p, q)[0]: GT,
    lambda p, q: tracks.read_tracks(p, q)[0]: SUPERVISION,
    read_person_map: PERSONS,
}


def csv_rubbish():
    return st.sampled_from(list(CSV_READERS)).flatmap(
        lambda r: st.tuples(st.just(r), file_or_rubbish(CSV_READERS[r]))
    )


# ---- patterns ---------------------------------------------------------------------------------
PIECES = st.sampled_from(
    ["{", "}", "{person}", "{frame}", "{camera}", "{person:4}", "{:3}", "{}", "/", "_", "c", ".jpg",
     "..", "\\", "(", "[", "*", "^", "]", "-"]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=9).map("".join)


def check_pattern(case, _):
    text, path = case
    try:
        pattern = compile_pattern(text)
    except DataError:
        return
    found = pattern.match(path)
    assert found is None or (set(found) == set(pattern.fields) and "person" in found)


@st.composite
def filled_patterns(draw):
    """A pattern, the values of its fields, and the path they make."""
    names = draw(st.permutations(FIELDS).map(lambda f: f[: 1 + len(f) // 2]))
    names = list(dict.fromkeys([*names, "person"]))
    marks = draw(st.lists(st.sampled_from(["/", "_", "-", "_c", "+("]), min_size=len(names),
                          max_size=len(names)))  # fmt: skip
    text = path = ""
    values = {}
    for name, mark in zip(names, marks, strict=True):
        letters = "0123456789" if name == "frame" else "abcXYZ0123456789 ,"
        values[name] = draw(st.text(letters, min_size=1, max_size=6))
        text += f"{{{name}}}{mark}"
        path += values[name] + mark
    end = draw(st.sampled_from(["1.jpg", "x.png"]))
    return text + end, path + end, values


def check_filled(case, _):
    text, path, values = case
    assert compile_pattern(text).match(path) == values


PARSERS = {
    "names of images": (name_cases(), check_names, 500),
    "paths in lists": (UNSAFE, check_safe, 700),
    "list of persons": (file_or_rubbish(b"0\n3\n"), check_person_list, 250),
    "lists of MARS": (
        st.tuples(st.just("test_name.txt"), file_or_rubbish(MARS_NAMES)), check_mars_lists, 150,
    ),
    "lists of LS-VID": (lsvid_lists(), check_lsvid_lists, 150),
    ".mat": (st.sampled_from(MATS).flatmap(file_or_rubbish), check_mat, 900),
    ".mat of splits": (SPLIT_TABLES, check_splits, 200),
    "XML": (file_or_rubbish(XML) | slipped(BOMB + XML[38:]), check_xml, 600),
    "JSON": (file_or_rubbish(JSON) | JSON_VALUES, check_json, 350),
    "gt.txt": (csv_lines(7), check_csv(lambda p, q: motchallenge.read_gt(p, q)[0], BOX), 400),
    "tracks": (
        csv_lines(6, HEADER), check_csv(lambda p, q: tracks.read_tracks(p, q)[0], BOX), 400,
    ),
    "CSV with slips": (csv_rubbish(), check_csv_rubbish, 700),
    "patterns": (st.tuples(TEXTS, st.text(max_size=30)), check_pattern, 600),
    "filled patterns": (filled_patterns(), check_filled, 400),
}  # fmt: skip
"""Name: (strategy, check, cases in the long lane)."""


def count_cases(name, cases, derandomize=True):
    """Runs that many cases of a parser; the number that were run.

    The same ones each time, so that a test repeats; `derandomize=False` looks for new ones.
    """
    strategy, check, _ = PARSERS[name]
    count = 0

    with Folders() as folders:

        @settings(
            max_examples=cases, deadline=None, database=None, derandomize=derandomize,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(strategy)
        def holds(case):
            nonlocal count
            count += 1
            check(case, folders)

        holds()
    return count
