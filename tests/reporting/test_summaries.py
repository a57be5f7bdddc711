"""The table of runs reads only what changed, and never shows what no longer stands."""

import pytest

from sticc_lib.reporting import summaries as module
from sticc_lib.reporting.status import Status, Verdict
from sticc_lib.reporting.summaries import KEPT, summaries
from sticc_lib.run import write_json


@pytest.fixture
def reports(tmp_path):
    for number in range(4):
        folder = tmp_path / f"run{number}"
        write_json(
            folder / "manifest.json", {"started": f"2026-01-0{number + 1}", "kind": "report"}
        )
        write_json(folder / "metrics.json", {"evaluation.walkers.sticc.mAP": number / 4})
        Status(folder, {"01": Verdict("ok", 1, 1, seconds=number)}).write()
    return tmp_path


@pytest.fixture
def read(monkeypatch):
    """The folders that are read, in order."""
    names, plain = [], module.summary

    def told(folder):
        names.append(folder.name)
        return plain(folder)

    monkeypatch.setattr(module, "summary", told)
    return names


def test_only_a_changed_folder_is_read_again(reports, read):
    assert [row["name"] for row in summaries(reports)] == ["run3", "run2", "run1", "run0"]
    assert read == ["run0", "run1", "run2", "run3"]
    read.clear()
    summaries(reports)
    assert read == []
    write_json(reports / "run2/metrics.json", {"evaluation.walkers.sticc.mAP": 0.9})
    rows = {row["name"]: row for row in summaries(reports)}
    assert read == ["run2"]
    assert rows["run2"]["metrics"] == {"evaluation.walkers.sticc.mAP": 0.9}
    assert rows["run1"]["metrics"] == {"evaluation.walkers.sticc.mAP": 0.25}


def test_a_removed_run_is_gone_and_a_file_that_comes_or_goes_is_seen(reports, read):
    summaries(reports)
    for path in (reports / "run0").iterdir():
        path.unlink()
    (reports / "run1/metrics.json").unlink()
    rows = {row["name"]: row for row in summaries(reports)}
    assert set(rows) == {"run1", "run2", "run3"}
    assert rows["run1"]["metrics"] == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 0, "runs": {}}', '{"version": 1}'])
def test_what_was_kept_may_be_lost_damaged_or_old(reports, text):
    before = summaries(reports)
    (reports / KEPT).write_text(text)
    assert summaries(reports) == before


def test_a_run_without_notebooks_says_how_its_last_call_ended(tmp_path):
    for name, end in (("good", "done"), ("bad", "TrainingError")):
        held = {"kind": "training", "calls": [{"end": end}], "seconds": 61.0}
        write_json(tmp_path / name / "manifest.json", held)
    rows = {row["name"]: row for row in summaries(tmp_path)}
    assert (rows["good"]["ended"], rows["good"]["ok"]) == ("done", True)
    assert (rows["bad"]["ended"], rows["bad"]["ok"]) == ("ended by TrainingError", False)
    assert rows["good"]["facts"]["took"] == "1 min 01 s"
