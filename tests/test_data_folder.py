"""data/README.md says of every embedded file what it is: its bytes and its licence stand there."""

import hashlib
import re

import pytest

from sticc_lib.run import data_dir

README = (data_dir() / "README.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", README, re.MULTILINE))
EMBEDDED = sorted(
    path.relative_to(data_dir()).as_posix()
    for folder in ("pets2009", "walkers3d", "weights")
    for path in (data_dir() / folder).iterdir()
    if not path.name.startswith(".")
)


def test_every_embedded_file_is_told_and_every_file_told_is_there():
    assert set(EMBEDDED) == set(ROWS)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_the_recorded_hash_is_the_file_s(name):
    content = (data_dir() / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == ROWS[name]
    row = next(line for line in README.splitlines() if line.startswith(f"| `{name}`"))
    assert f"{len(content):,} bytes" in row


def test_every_licence_named_is_there_in_full():
    named = set(re.findall(r"LICENSES/([\w.-]+\.txt)", README))
    held = {path.name for path in (data_dir() / "LICENSES").iterdir()}
    assert named == held
    assert all((data_dir() / "LICENSES" / name).stat().st_size > 1000 for name in held)
    ours = (data_dir().parent / "LICENSE").read_text(encoding="utf-8")
    assert (data_dir() / "LICENSES" / "MIT.txt").read_text(encoding="utf-8") == ours
