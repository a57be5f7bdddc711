"""The page on a study of one's own: its commands, as they stand there, on a small tree of MARS."""

import re
from pathlib import Path

import pandas as pd
import pytest
from tiny_mars import write_tree

from sticc_lib.cli import main
from sticc_lib.run import data_dir

PAGE = (Path(__file__).parents[1] / "docs/study.md").read_text(encoding="utf-8")
TRAIN = [(p, c, 4) for p in range(1, 11) for c in (1, 2)]
TEST = [(-1, 1, 2), (0, 2, 2)] + [(p, c, 4) for p in range(20, 24) for c in (1, 2, 3)]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own, with the embedded data."""
    (tmp_path / "data").mkdir()
    for name in ("pets2009", "weights"):
        (tmp_path / "data" / name).symlink_to(data_dir() / name)
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    return tmp_path


def commands(root):
    """The page's commands for a tree elsewhere, at a size for tests."""
    lines = re.search(r"```\n(.*?)```", PAGE, re.DOTALL)[1].splitlines()
    small = [line.replace("/data/MARS", str(root)).replace("--preset paper", "--preset smoke")
             for line in lines]  # fmt: skip
    small[-1] += " train.steps=4 data.train_persons=4 data.val_persons=2 data.test_persons=2"
    return [line.removeprefix("sticc ").split() for line in small]


@pytest.mark.long
def test_the_commands_of_the_page_write_the_files_of_the_page(home):
    root = write_tree(home / "MARS", TRAIN, TEST, [3, 6, 9])
    check, compare = commands(root)
    assert main(check) == 0
    assert main([*compare, "--workers", "1"]) == 0
    run = home / "reports" / "time"
    named = [name for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
             for name in re.findall(r"`([^`]+)`", row)]  # fmt: skip
    folder = "floors/paper/"
    for name in named:
        path = run / name if (run / name).exists() else run / folder / name
        assert path.stat().st_size > 0, name
    assert {"index.html", folder + "scores.tex", "leads.csv", "manifest.json"} <= set(named)
    leads = pd.read_csv(run / folder / "leads.csv")
    assert set(leads["method"]) == {"mean_time", "no_temporal"}
    assert "mars" in set(leads["condition"])
    assert pd.read_csv(run / folder / "scores.csv")["runs"].max() == 3


def test_the_page_has_two_commands_and_names_rows_that_there_are():
    from sticc_lib.experiments.methods import method

    assert [words[0] for words in commands("x")] == ["check-data", "compare"]
    for label in ("no_spatial", "sticc_no_m1", "rg", "slots_8", "psta", "mean_pool"):
        assert f"`{label}`" in PAGE
        method(label)
