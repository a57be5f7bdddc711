"""Tests notice when a central line is wrong: each is broken in a copy of the library, in turn."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from central import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "sticc_lib"
WITNESS = """\
import sys
from pathlib import Path


def pytest_sessionfinish():
    files = [m.__file__ for n, m in sys.modules.items() if n.split(".")[0] == "sticc_lib"]
    Path(__file__).with_name("used.txt").write_text("\\n".join(filter(None, files)))
"""
"""A plugin that notes which files of the library the tests were run with."""


def copied(folder):
    """A project of the same data and a copy of the library."""
    shutil.copytree(LIBRARY, folder / "sticc_lib", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "data").symlink_to(ROOT / "data")
    (folder / "witness.py").write_text(WITNESS)
    return folder


def broken(folder, mutation):
    path = folder / "sticc_lib" / mutation.file
    text = path.read_text("utf-8")
    assert text.count(mutation.right) == 1, f"{mutation.file} no longer has: {mutation.right}"
    path.write_text(text.replace(mutation.right, mutation.wrong), "utf-8")


def outcome(folder, files):
    """How pytest ended, with the library in `folder`, and what it printed."""
    # no .pyc: one of the same second and length would be taken for that of the broken file
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    call = [sys.executable, "-m", "pytest", "-x", "-m", "not long", "-p", "witness"]
    call += ["-p", "no:cacheprovider", "-c", ROOT / "pyproject.toml", f"--rootdir={ROOT}"]
    call += [ROOT / "tests" / file for file in sorted(files)]
    done = subprocess.run(
        call, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    used = (folder / "used.txt").read_text().splitlines()
    assert used, done.stdout + done.stderr
    assert all(Path(name).is_relative_to(folder / "sticc_lib") for name in used), used
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_the_line_to_break_is_there_once(mutation):
    text = (LIBRARY / mutation.file).read_text("utf-8")
    assert text.count(mutation.right) == 1
    compile(text.replace(mutation.right, mutation.wrong), mutation.file, "exec")
    assert mutation.right != mutation.wrong
    assert all((ROOT / "tests" / file).is_file() for file in mutation.tests)


def test_no_two_lines_have_one_name():
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


@pytest.mark.long
def test_the_unbroken_copy_passes(tmp_path):
    files = {file for mutation in MUTATIONS for file in mutation.tests}
    ended, said = outcome(copied(tmp_path), files)
    assert ended == pytest.ExitCode.OK, said


@pytest.mark.long
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_a_broken_line_is_noticed(tmp_path, mutation: Mutation):
    broken(copied(tmp_path), mutation)
    ended, said = outcome(tmp_path, mutation.tests)
    assert ended == pytest.ExitCode.TESTS_FAILED, said
    assert re.search(r"^1 failed\b", said, re.MULTILINE), said  # a test, and not its set-up
