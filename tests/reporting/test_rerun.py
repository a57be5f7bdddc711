"""A run made again: which commands that takes, and that the numbers come out the same."""

import shlex

import pytest

from sticc_lib.cli import main, parse
from sticc_lib.config import identity
from sticc_lib.presets import preset
from sticc_lib.reporting.again import commands, find, free_name
from sticc_lib.reporting.status import Status, Verdict
from sticc_lib.run import RunError, read_json, write_json
from sticc_lib.verbs import assignments

SMALL = ("data.train_persons=6 data.val_persons=3 data.test_persons=1 train.steps=3 "
         "train.validate_every=1")  # fmt: skip


def made(folder, config, kind="training", **more):
    write_json(folder / "manifest.json", {"kind": kind, "identity": identity(config), **more})
    return folder


@pytest.mark.parametrize(
    ("name", "settings"),
    [("smoke", {"train.steps": 3, "seed": 2, "train.lr_scales": {"trunk": 0.5}}),
     ("paper", {"model.name": "psta", "data.root": "/a b/it's", "train.milestones": (0.1, 0.5)}),
     ("quick", {"model.name": "mean_pool", "data.options": {"queries_in_gallery": False}})],
)  # fmt: skip
def test_the_command_of_a_training_stands_for_the_same_settings(tmp_path, name, settings):
    config = preset(name, **settings)
    [command] = commands(made(tmp_path / "r", config), "again")
    asked = parse(shlex.split(shlex.join(command)))
    assert preset(asked.preset, **{"seed": asked.seed, **asked.changes()}) == config
    assert asked.name == "again"


def test_a_preset_that_changed_since_does_not_change_the_run(tmp_path, monkeypatch):
    from sticc_lib import presets

    folder = made(tmp_path / "r", preset("smoke"))
    later = {**presets.PRESETS["smoke"], "train": {**presets.PRESETS["smoke"]["train"], "lr": 9.0}}
    monkeypatch.setitem(presets.PRESETS, "smoke", later)
    [command] = commands(folder, "again")
    assert "train.lr=0.001" in command


def test_a_report_is_run_with_its_notebooks_parameters_and_workers(tmp_path):
    given = {"01": {}, "03": {"steps": 5, "who": "a b"}}
    folder = made(tmp_path / "r", preset("smoke"), "report", parameters=given, workers=2)
    Status(folder, {"03_training": Verdict("ok"), "01_data": Verdict("ok")}).write()
    [command] = commands(folder, "again")
    asked = parse(command)
    assert asked.notebooks == ("01_data", "03_training")
    assert assignments(asked.parameters) == {"03.steps": 5, "03.who": "a b"}
    assert asked.workers == 2


def test_a_comparison_is_run_table_by_table(tmp_path):
    tables = {"floors": {"methods": ["sticc", "frozen"], "seeds": 2}}
    folder = made(tmp_path / "r", preset("smoke"), "compare", tables=tables)
    [command] = commands(folder, "again")
    asked = parse(command)
    assert (asked.table, asked.methods, asked.seeds) == ("floors", ("sticc", "frozen"), 2)


@pytest.mark.parametrize(
    ("held", "message"),
    [({"kind": "count", "identity": {}}, "kind 'count', which cannot be made again"),
     ({"identity": {"seed": 0}}, "a run of an earlier version"),
     ({"kind": "report", "identity": {"preset": "smoke"}}, "no notebook ran there")],
)  # fmt: skip
def test_what_cannot_be_made_again_says_so(tmp_path, held, message):
    write_json(tmp_path / "r/manifest.json", held)
    with pytest.raises(RunError, match=message):
        commands(tmp_path / "r", "again")


def test_a_name_is_looked_for_under_reports_first(tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    made(tmp_path / "reports/mine", preset("smoke"))
    assert find("mine") == tmp_path / "reports/mine"
    assert str(find("somewhere/else")) == "somewhere/else"
    assert free_name(tmp_path / "reports", "mine") == "mine_rerun"
    (tmp_path / "reports/mine_rerun").mkdir()
    assert free_name(tmp_path / "reports", "mine") == "mine_rerun2"


@pytest.mark.parametrize("line", ["diff nowhere quick", "rerun nowhere"])
def test_a_run_that_is_not_there_is_refused_in_one_line(line, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    assert main(line.split()) == 2
    said = capsys.readouterr().err
    assert "nowhere: no run there" in said
    assert said.count("\n") == 1


@pytest.mark.long
def test_a_training_made_again_is_the_same_bit_for_bit(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    monkeypatch.setenv("STICC_CACHE", str(tmp_path / "cache"))
    line = f"train --preset smoke --name one --set {SMALL}"
    assert main(line.split()) == 0
    assert main(["rerun", "one", "--out", str(tmp_path / "both.html")]) == 0
    one, two = (read_json(tmp_path / f"reports/{n}/manifest.json") for n in ("one", "one_rerun"))
    assert one["weights"] == two["weights"]
    assert one["machine"]["threads"] == two["machine"]["threads"]
    assert "the same results, bit for bit" in (tmp_path / "both.html").read_text(encoding="utf-8")
    # and where the first one's numbers are not what comes out, it says so and why it may be
    metrics = read_json(tmp_path / "reports/one/metrics.json")
    name = "training.sticc.at_end.loss"
    write_json(tmp_path / "reports/one/metrics.json", metrics | {name: metrics[name] + 1e-9})
    write_json(tmp_path / "reports/one/manifest.json", one | {"commit": "0" * 40})
    capsys.readouterr()
    assert main(["rerun", "one"]) == 1
    said = capsys.readouterr()
    assert name in said.out
    assert "1 results differ" in said.err
    assert "the code (commit" in said.err
