"""The command line: what each verb hands on, and how it says no."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from sticc_lib import __version__, verbs, verbs_lab, verbs_runs
from sticc_lib.cli import VERBS, main, one_line, parse
from sticc_lib.config import ConfigError
from sticc_lib.reporting.status import Limits, Status, Verdict
from sticc_lib.run import RunError, read_json, write_json
from sticc_lib.verbs import assignments


def test_help_lists_every_verb_with_a_sentence(capsys):
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    for name in ("report", "train", "evaluate", "compare", "check-data", "pack", "import-weights",
                 "export", "index", "lab"):  # fmt: skip
        assert f"\n  {name} " in said


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    said = capsys.readouterr().out
    assert not stop.value.code
    assert f"usage: sticc {verb}" in said
    assert "None" not in said
    if verb not in ("index", "lab"):
        assert f"  sticc {verb}" in said  # an example


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"sticc {__version__}\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("reprot", "no verb 'reprot'; there are report, train"),
        ("report --sede 3", "Unrecognized options: --sede, 3"),
        ("report --seed three", "--seed"),
        ("report --seed", "Missing value for argument '--seed'"),
        ("report extra", "Unrecognized options: extra"),
        ("report --preset quik", "unknown preset 'quik'"),
        ("report --set model.hed=3", "unknown name model.hed"),
        ("report --set seed", "expected NAME=VALUE, got 'seed'"),
        ("train --set model.head.slots=many --preset smoke", "expected int, got str 'many'"),
        ("evaluate --data nothing", "no data nothing; known: walkers"),
        ("evaluate --checkpoint nowhere", "nowhere: no such checkpoint"),
        ("compare --methods nothing", "unknown method 'nothing'"),
        ("import-weights psta", "Missing from sticc import-weights: FILE"),
        ("import-weights psta nowhere.pth", "nowhere.pth: no such file"),
        ("export", "nothing to write; give --onnx FILE.onnx"),
        ("export --onnx model.pt", "model.pt: expected a name that ends in .onnx"),
        ("export nowhere --program a.pt2", "nowhere: no such checkpoint"),
        ("check-data", "Missing from sticc check-data: NAME"),
        ("check-data nothing /tmp", "no data set 'nothing'; known: mars, lsvid"),
        ("check-data mars", "mars: give its folder"),
        ("check-data mars . --set queries=1", "mars has no option queries (it has queries_in_ga"),
        (
            "check-data mars . --set queries_in_gallery=1",
            "queries_in_gallery is 1, expected a bool",
        ),
        ("pack mars . out.pack --height 8", "give both, or neither"),
        ("train --set data.name=mars", "data.root: say where mars is"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(line, message, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    try:
        code = main(line.split())
    except SystemExit as stop:
        code = stop.code
    said = capsys.readouterr().err
    assert code == 2
    assert message in said
    assert said.count("\n") == 1
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_another_runs_folder_is_refused_in_one_line(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    write_json(tmp_path / "reports/taken/manifest.json", {"identity": {"seed": 9}})
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr("sticc_lib.experiments.session.load_data", lambda config: None)
    assert main(["train", "--preset", "smoke", "--name", "taken"]) == 2
    assert "holds another run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConfigError("a; b"), 2), (RunError("c"), 2), (OSError(28, "No space left on device"), 2),
     (KeyboardInterrupt(), 130)],
)  # fmt: skip
def test_expected_errors_are_one_line(error, code, capsys, monkeypatch):
    def fail(self):
        raise error

    monkeypatch.setattr(verbs_runs.Index, "run", fail)
    assert main(["index"]) == code
    assert capsys.readouterr().err.count("\n") == 1


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch):
    def fail(self):
        raise ZeroDivisionError

    monkeypatch.setattr(verbs_runs.Index, "run", fail)
    with pytest.raises(ZeroDivisionError):
        main(["index"])


def test_values_are_python_literals_or_text():
    pairs = [["a.b=1", "c=1e-3"], ["d=text", "e=[0.5, 1]", "f=True", "g=a=b", "h="]]
    assert assignments(pairs) == {
        "a.b": 1, "c": 1e-3, "d": "text", "e": [0.5, 1], "f": True, "g": "a=b", "h": "",
    }  # fmt: skip


def test_a_name_given_twice_is_refused():
    with pytest.raises(ConfigError, match="a is given twice"):
        assignments([["a=1"], ["a=2"]])


def test_report_hands_everything_on_and_fails_when_a_notebook_does(monkeypatch, capsys, tmp_path):
    calls = []

    def run_report(*given, **named):
        calls.append((given, named))
        return Status(tmp_path, {"01_data": Verdict("died")})

    monkeypatch.setattr("sticc_lib.reporting.runner.run_report", run_report)
    line = (
        "report --preset smoke --seed 2 --name n --notebooks 01 03 --pass 03.steps=5 --set a=1 b=x"
    )
    assert main([*line.split(), "--threads", "2", "--overwrite", "--cell-minutes", "0.5"]) == 1
    [(given, named)] = calls
    assert given == ("smoke", "n", ("01", "03"), {"03.steps": 5})
    assert named["settings"] == {"threads": 2, "a": 1, "b": "x"}
    assert (named["seed"], named["overwrite"], named["limits"]) == (2, True, Limits(30, 7200))
    assert capsys.readouterr().out.strip() == str(tmp_path / "index.html")


def test_train_resumes_into_the_methods_own_folder(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    calls = []

    def train_method(config, folder, data):
        calls.append((config, folder, data))
        return SimpleNamespace(
            best={"mAP": 0.5, "step": 9}, folder=folder, model=torch.nn.Linear(1, 1),
            log=[{"step": 9, "loss": 0.25}, {"step": 9, "val/mAP": 0.5}], cpu_seconds=1.5,
        )  # fmt: skip

    data = SimpleNamespace(fingerprint=lambda: "abc")
    monkeypatch.setattr("sticc_lib.experiments.session.load_data", lambda config: data)
    monkeypatch.setattr("sticc_lib.experiments.session.train_method", train_method)
    assert main(["train", "--preset", "smoke", "--seed", "1", "--set", "model.name=mean_pool"]) == 0
    [(config, folder, given)] = calls
    assert (config.seed, config.model.name, given) == (1, "mean_pool", data)
    assert folder == tmp_path / "reports/smoke-seed1/checkpoints/mean_pool"
    assert capsys.readouterr().out == f"mAP 0.5\nstep 9\n{folder}\n"
    run = tmp_path / "reports/smoke-seed1"
    assert read_json(run / "metrics.json") == {
        "training.mean_pool.best_val_mAP": 0.5, "training.mean_pool.best_step": 9,
        "training.mean_pool.at_end.step": 9, "training.mean_pool.at_end.loss": 0.25,
        "training.mean_pool.cpu_seconds": 1.5,
    }  # fmt: skip
    held = read_json(run / "manifest.json")
    assert (held["kind"], held["seeds"], held["data"]) == ("training", [1], {"walkers": "abc"})
    assert held["machine"]["dtype"]
    assert (run / "index.html").exists()


def test_evaluate_prints_the_rule_beside_the_numbers(monkeypatch, capsys):
    tested = SimpleNamespace(
        scores=SimpleNamespace(rule="same camera is junk"), numbers={"mAP": 0.25}
    )
    monkeypatch.setattr(
        "sticc_lib.experiments.conditions.evaluate_checkpoint", lambda *given: {"walkers": tested}
    )
    assert main(["evaluate"]) == 0
    assert capsys.readouterr().out == "walkers (same camera is junk)\n  mAP 0.25\n"


def test_index_writes_the_pages_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    write_json(tmp_path / "reports/old/manifest.json", {"started": "2026-01-01T00:00"})
    assert main(["index"]) == 0
    assert (tmp_path / "reports/old/index.html").exists()
    assert capsys.readouterr().out.strip() == str(tmp_path / "reports/index.html")


def test_lab_listens_on_this_machine_only(monkeypatch, tmp_path):
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    calls = []
    monkeypatch.setattr(
        verbs_lab.subprocess, "call", lambda command, env: calls.append(command) or 0
    )
    assert main(["lab", "--no-browser", "--port", "9999"]) == 0
    [command] = calls
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert "--ServerApp.ip=127.0.0.1" in command
    assert "--LabApp.default_url=/lab/tree/notebooks/01_data.ipynb" in command
    assert "--no-browser" in command


def test_the_message_in_tyros_box_becomes_one_line():
    rows = ["╭─ Value error ─╮", "│ Error parsing │", "│ --seed: x     │", "│ ───────────── │"]
    box = "\n".join([*rows, "│ For more help │", "╰───────────────╯"])
    assert one_line(f"\x1b[31m{box}\x1b[0m") == "Error parsing --seed: x"


def test_the_installed_command_answers():
    code = "import sys; from sticc_lib.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code, "nope"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("sticc: no verb 'nope'")


def test_a_verb_is_parsed_into_its_dataclass():
    assert parse(["compare", "--seeds", "5", "--methods", "sticc"]) == verbs.Compare(
        seeds=5, methods=("sticc",)
    )
