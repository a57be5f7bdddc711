"""The run folder: files whole or not at all, folders of one run only, numbers that are numbers."""

import errno
import json
import platform
import shutil
from pathlib import Path

import numpy as np
import pytest

from sticc_lib import run as run_module
from sticc_lib.machine import without_places
from sticc_lib.run import (
    Run,
    RunError,
    atomic,
    environment,
    fingerprint,
    project_root,
    read_json,
    write_json,
    write_text,
)


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = write_text(tmp_path / "weights.bin", "old")

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run_module.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_while_writing_leaves_the_old_file_and_no_other(tmp_path):
    path = write_text(tmp_path / "log.json", "old")

    def half():
        with atomic(path) as temporary:
            temporary.write_text("ha")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_can_be_read_by_others_and_keeps_its_ending(tmp_path):
    with atomic(tmp_path / "deep" / "a.npz") as temporary:
        assert temporary.suffix == ".npz"
        temporary.write_bytes(b"1")
    assert (tmp_path / "deep/a.npz").stat().st_mode & 0o777 == 0o644


def test_json_is_strict_and_sorted(tmp_path):
    values = {"b": float("nan"), "a": [float("inf"), np.float32(0.5), np.int64(3)], "p": Path("x")}
    path = write_json(tmp_path / "a.json", values)
    assert json.loads(path.read_text(), parse_constant=pytest.fail) == {
        "a": [None, 0.5, 3], "b": None, "p": "x",
    }  # fmt: skip
    assert path.read_text().index('"a"') < path.read_text().index('"b"')


def test_damaged_json_is_named_with_the_remedy(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1')
    with pytest.raises(RunError, match=r"a\.json: not readable as JSON .*delete it"):
        read_json(tmp_path / "a.json")


def test_a_fingerprint_does_not_depend_on_the_order_of_names():
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
    assert len(fingerprint(None)) == 12


def test_the_same_run_is_opened_again(tmp_path):
    first = Run.open(tmp_path / "r", "01", {"steps": 3}, identity={"seed": 0, "data": {"n": 4}})
    first.record({"a.b": 1})
    again = Run.open(tmp_path / "r", "02", {"steps": 4}, identity={"data.n": 4, "seed": 0})
    assert again.metrics() == {"a.b": 1}
    manifest = read_json(tmp_path / "r/manifest.json")
    assert manifest["parameters"] == {"01": {"steps": 3}, "02": {"steps": 4}}
    assert manifest["identity"] == {"data.n": 4, "seed": 0}
    assert manifest["versions"]["numpy"] == np.__version__


def test_a_folder_that_was_deleted_under_way_stays_the_same_runs(tmp_path):
    run = Run.open(tmp_path / "a", "01", identity={"seed": 1})
    shutil.rmtree(run.folder)
    run.note(seconds=3)
    assert Run.open(tmp_path / "a", "01", identity={"seed": 1}).folder == run.folder
    with pytest.raises(RunError, match="holds another run"):
        Run.open(tmp_path / "a", "01", identity={"seed": 2})


def test_another_run_is_refused_and_told_how_they_differ(tmp_path):
    Run.open(tmp_path / "r", identity={"seed": 0, "preset": "quick"})
    with pytest.raises(RunError, match=r"holds another run \(seed 0 there, 1 here\).*--overwrite"):
        Run.open(tmp_path / "r", identity={"seed": 1, "preset": "quick"})


def test_overwrite_empties_another_runs_folder_but_not_its_own(tmp_path):
    Run.open(tmp_path / "r", identity={"seed": 0}).record({"a": 1})
    assert Run.open(tmp_path / "r", identity={"seed": 0}, overwrite=True).metrics() == {"a": 1}
    assert Run.open(tmp_path / "r", identity={"seed": 1}, overwrite=True).metrics() == {}


def test_a_name_is_a_folder_under_reports(tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    assert Run.open("mine").folder == tmp_path / "reports/mine"


def test_metrics_are_flat_numbers_of_one_notebook_each(tmp_path):
    Run.open(tmp_path / "r", "03").record({"train": {"loss": np.float32(0.5)}, "train.steps": 3})
    Run.open(tmp_path / "r", "03").record({"train.steps": 4})
    Run.open(tmp_path / "r", "06").record({"score": float("nan")})
    assert read_json(tmp_path / "r/metrics/03.json") == {"train.loss": 0.5, "train.steps": 4}
    assert Run.open(tmp_path / "r").metrics() == {
        "train.loss": 0.5, "train.steps": 4, "score": None,
    }  # fmt: skip


@pytest.mark.parametrize("value", ["0.5", None, True, [1]])
def test_what_is_no_number_is_not_recorded(tmp_path, value):
    run = Run.open(tmp_path / "r", "03")
    with pytest.raises(RunError, match=r"metric a\.b: expected a number"):
        run.record({"a.b": value})
    assert run.metrics() == {}


def test_the_manifest_says_what_it_was_made_with(monkeypatch, tmp_path):
    found = environment()
    assert {"python", "versions", "commit", "uncommitted_changes", "diff", "machine"} <= set(found)
    assert {"cpu", "cores", "memory_gib", "gpu", "threads"} <= set(found["machine"])
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    assert environment()["commit"] == found["commit"]  # of the code, wherever the runs lie
    assert project_root() == tmp_path


def test_the_manifest_does_not_tell_whose_machine_it_was(monkeypatch, tmp_path):
    home, project = tmp_path / "home/somebody", tmp_path / "project"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("STICC_HOME", str(project))
    identity = {"data": {"root": str(home / "MARS"), "name": "mars"}}
    given = {"folder": str(project / "reports/r"), "videos": [str(home / "a b.mp4"), "/data/c.mp4"]}
    run = Run.open("r", "01", given, identity=identity)
    run.note(weights={"sticc": project / "reports/r/w"})
    text = (run.folder / "manifest.json").read_text()
    assert "somebody" not in text
    assert str(tmp_path) not in text
    assert platform.node() not in text
    held = json.loads(text)
    assert held["identity"]["data.root"] == "~/MARS"
    assert held["parameters"]["01"] == {
        "folder": "./reports/r", "videos": ["~/a b.mp4", "/data/c.mp4"],
    }  # fmt: skip
    Run.open("r", "02", identity=identity)  # and is still its own folder


def test_a_path_is_not_taken_for_a_name_that_only_begins_alike(tmp_path):
    root = tmp_path / "pro"
    assert without_places(str(tmp_path / "project/x"), root) == str(tmp_path / "project/x")
    assert without_places(("a/b", 1, None, str(root)), root) == ["a/b", 1, None, "./."]
