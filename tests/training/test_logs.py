"""Logs are found by their folders, seeds side by side as one."""

import json

import pytest

from sticc_lib.training import TrainingError
from sticc_lib.training.logs import find_logs, read_log


def written(folder, losses):
    folder.mkdir(parents=True)
    rows = [{"step": n, "loss": value} for n, value in enumerate(losses, start=1)]
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_runs_are_named_by_folder_and_seeds_are_joined(tmp_path):
    written(tmp_path / "quick" / "checkpoints" / "sticc", [3, 2])
    written(tmp_path / "cells" / "sticc" / "seed0", [5])
    written(tmp_path / "cells" / "sticc" / "seed2", [7])
    written(tmp_path / "empty", [])
    found = find_logs(tmp_path)
    assert set(found) == {"quick/checkpoints/sticc", "cells/sticc"}
    assert found["quick/checkpoints/sticc"]["loss"].tolist() == [3, 2]
    seeds = found["cells/sticc"]
    assert dict(zip(seeds["seed"], seeds["loss"], strict=True)) == {0: 5, 2: 7}


def test_a_folder_without_logs_gives_none(tmp_path):
    assert find_logs(tmp_path) == {}


def test_a_damaged_log_is_named_with_its_line(tmp_path):
    written(tmp_path / "run", [1, 2])
    path = tmp_path / "run" / "log.jsonl"
    path.write_text(path.read_text() + '{"step": 3, "lo')
    with pytest.raises(TrainingError, match=r"log\.jsonl line 3: not JSON"):
        find_logs(tmp_path)
    with pytest.raises(TrainingError, match="no log to read"):
        read_log(tmp_path / "nowhere.jsonl")
