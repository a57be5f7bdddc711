"""What the manifest tells of the calls that made a run."""

import subprocess

import pytest

from sticc_lib.machine import code, peak_mib
from sticc_lib.manifest import CALLS, noted
from sticc_lib.run import Run, read_json


def manifest(run):
    return read_json(run.folder / "manifest.json")


def test_a_call_leaves_when_how_long_how_much_and_by_which_code(tmp_path):
    run = Run.open(tmp_path / "r")
    with noted(run, "training", seeds=[3]) as later:
        assert "ended" not in manifest(run)
        later["weights"] = {"sticc": "abc"}
    held = manifest(run)
    [call] = held["calls"]
    assert (held["kind"], held["seeds"], held["weights"]) == ("training", [3], {"sticc": "abc"})
    assert call["end"] == "done"
    assert call["started"] <= call["ended"] == held["ended"]
    assert held["seconds"] == call["seconds"] >= 0
    assert held["peak_mib"] == call["peak_mib"] > 10
    assert {call["commit"], call["diff"]} == {held["commit"], held["diff"]}


def test_a_killed_call_has_left_its_code_and_machine(tmp_path):
    run = Run.open(tmp_path / "r")
    context = noted(run, "report", notebooks={"01": "abc"})
    context.__enter__()  # and nothing more
    held = manifest(run)
    assert held["kind"] == "report"
    assert held["versions"]
    assert "ended" not in held


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_passes_and_is_named(tmp_path, error):
    run = Run.open(tmp_path / "r")
    with pytest.raises(error), noted(run, "training"):
        raise error
    assert manifest(run)["calls"][0]["end"] == error.__name__


def test_later_calls_add_up_and_mappings_are_merged_name_by_name(tmp_path):
    run = Run.open(tmp_path / "r")
    for number in range(CALLS + 3):
        with noted(run, "report", notebooks={f"{number % 2}": f"v{number}"}):
            pass
    held = manifest(run)
    assert held["notebooks"] == {"0": f"v{CALLS + 2}", "1": f"v{CALLS + 1}"}
    assert len(held["calls"]) == CALLS
    assert held["seconds"] == pytest.approx(sum(c["seconds"] for c in held["calls"]), abs=0.01)


def test_a_folder_deleted_under_way_does_not_come_back_half(tmp_path):
    run = Run.open(tmp_path / "r")
    with noted(run, "training"):
        (run.folder / "manifest.json").unlink()
        run.folder.rmdir()
    assert not run.folder.exists()


def test_only_the_first_of_several_processes_tells(tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    run = Run.open(tmp_path / "r")
    with noted(run, "training") as later:
        later["weights"] = {}
    assert "calls" not in manifest(run)


def test_memory_of_ended_children_is_seen():
    before = max(peak_mib())
    block = int((before + 60) * 2**20)
    subprocess.run(["python3", "-c", f"b'x' * {block}"], check=True)
    assert peak_mib()[1] > before + 30


def git(root, *words):
    who = ("-c", "user.name=t", "-c", "user.email=t@t")
    subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)


def test_changes_since_the_commit_have_a_hash_of_their_own(tmp_path):
    (tmp_path / "sticc_lib").mkdir()
    (tmp_path / "sticc_lib/a.py").write_text("1")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    clean = code(tmp_path)
    assert len(clean["commit"]) == 40
    assert (clean["uncommitted_changes"], clean["diff"]) == (False, "")
    (tmp_path / "notes.txt").write_text("beside the code")
    assert code(tmp_path) == clean
    hashes = set()
    for name, text in (("a.py", "2"), ("a.py", "3"), ("new.py", "4")):
        (tmp_path / "sticc_lib" / name).write_text(text)
        found = code(tmp_path)
        assert found["uncommitted_changes"]
        assert f"sticc_lib/{name}" in found["diff_files"]
        hashes.add(found["diff"])
    assert len(hashes) == 3
    assert code(tmp_path)["diff"] in hashes


def test_a_checkout_further_up_is_not_taken_for_ours(tmp_path):
    git(tmp_path, "init")
    (tmp_path / "site").mkdir()
    assert code(tmp_path / "site")["commit"] == ""
