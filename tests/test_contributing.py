"""The examples of CONTRIBUTING.md run as they stand; the hooks before a commit do their work."""

import importlib
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
import yaml
from nbformat import v4
from notebook_contract import ROOT, problems
from PIL import Image
from ruff.__main__ import find_ruff_bin

from sticc_lib.cli import VERBS, main
from sticc_lib.experiments.methods import method_config
from sticc_lib.models import zoo
from sticc_lib.presets import preset
from sticc_lib.run import Run, read_json
from sticc_lib.tracklets import sources
from sticc_lib.training import train
from sticc_lib.views.base import VIEW_MIME

GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
EXAMPLES = {
    section.partition("\n")[0]: re.findall(r"^```python\n(.*?)^```$", section, re.M | re.S)
    for section in re.split(r"^## ", GUIDE, flags=re.M)[1:]
}
HOOKS = {
    hook["id"]: hook
    for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repository["hooks"]
}


@pytest.fixture
def home(tmp_path, monkeypatch, own_cache):
    """A project of its own, in which nothing stays registered that an example registers."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(zoo, "BUILDERS", dict(zoo.BUILDERS))
    monkeypatch.setattr(sources, "SOURCES", dict(sources.SOURCES))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def example(section, home, name):
    """The one example of a section, as a module of that name."""
    [code] = EXAMPLES[section]
    (home / f"{name}.py").write_text(code, "utf-8")
    return importlib.import_module(name)


def ruff(*words):
    call = [find_ruff_bin(), *words[:-1], "--config", ROOT / "pyproject.toml", words[-1]]
    return subprocess.run(call, capture_output=True, text=True, check=False)


def hooked(name, *files):
    """Runs a hook as pre-commit does, with the tools beside the running Python."""
    tool, *words = shlex.split(HOOKS[name]["entry"])
    tool = Path(sys.executable).with_name(Path(tool).name)
    config = ["--config", ROOT / "pyproject.toml"] if tool.name == "ruff" else []
    return subprocess.run([tool, *words, *config, *files], capture_output=True, text=True)


def test_each_thing_to_add_has_one_example_and_there_is_no_other():
    added = {name: len(codes) for name, codes in EXAMPLES.items() if name.startswith("Add ")}
    assert added == {f"Add a {thing}": 1 for thing in ("model", "data set", "view", "notebook")}
    assert GUIDE.count("```python") == 4
    assert len(GUIDE.splitlines()) <= 150


@pytest.mark.parametrize("section", [s for s, codes in EXAMPLES.items() if codes])
def test_examples_are_written_as_our_own_code(section, tmp_path):
    [code] = EXAMPLES[section]
    path = tmp_path / "example.py"
    path.write_text(code, "utf-8")
    checked, formatted = ruff("check", "-q", path), ruff("format", "--check", "-q", path)
    assert (checked.stdout, formatted.returncode) == ("", 0)


def test_the_model_embeds_trains_and_is_kept(home, coloured, tiny, tmp_path):
    made = example("Add a model", home, "max_pool")
    model = tiny("max_pool").eval()
    assert isinstance(model, made.MaxPool)
    clips, mask = torch.randn(2, 3, 3, 32, 16), torch.tensor([[True] * 3, [True, True, False]])
    with torch.inference_mode():
        found = model(clips, mask).embedding
        clips[1, 2] = 9.0  # padding: whatever stands there
        assert torch.equal(model(clips, mask).embedding, found)
    assert found.shape == (2, 16)
    small = {
        "model.name": "max_pool", "model.height": 32, "model.width": 16, "model.clip_length": 3,
        "model.head.channels": 16, "train.steps": 1, "train.persons": 2, "device": "cpu",
    }  # fmt: skip
    config = preset("smoke", **small)
    fresh = zoo.build("max_pool", 4, config=config.model)
    before = zoo.weights_fingerprint(fresh)
    done = train(fresh, coloured(), config, tmp_path / "t")
    assert zoo.weights_fingerprint(done.model) != before
    assert np.isfinite(done.log[-1]["loss"])
    again = zoo.load(tmp_path / "t" / "best")[0]
    with torch.inference_mode():
        assert torch.equal(again(clips, mask).embedding, done.model(clips, mask).embedding)
    assert method_config("max_pool", 0, config).model.name == "max_pool"  # a row of sticc compare


def plant(root, *persons):
    rng = np.random.default_rng(0)
    for person in persons:
        for camera in ("in", "out"):
            (root / person / camera).mkdir(parents=True)
            for frame in range(3):
                picture = Image.fromarray(rng.integers(0, 256, (32, 16, 3), np.uint8))
                picture.save(root / person / camera / f"{frame:04}.png")
    return root


def test_the_data_set_loads_passes_its_check_and_is_known_to_the_command(home, capsys):
    root = plant(home / "crops", "anna", "bob")
    made = example("Add a data set", home, "doors")
    data = made.load(str(root)).check()
    assert sorted(data.tracklets["label"]) == ["anna", "anna", "bob", "bob"]
    assert data.tracklets["query"].all()
    assert data.read(np.arange(12)).shape == (12, 3, 32, 16)
    assert main(["check-data", "doors", str(root)]) == 0
    assert "the documents say" not in capsys.readouterr().out
    plant(root, "carl")
    assert main(["check-data", "doors", str(root)]) == 0  # told, never a condition
    assert "found 3, the documents say 2" in capsys.readouterr().out
    (home / "empty").mkdir()
    assert main(["check-data", "doors", str(home / "empty")]) == 1


def test_the_view_is_a_picture_with_a_slider_and_is_kept(home, coloured):
    made = example("Add a view", home, "longest")
    data = coloured(lengths=(3, 5))
    view = made.longest_view(data.tracklets, most=9)
    kept = view.saved(Run.open("views", "01"), "01_longest")
    assert kept is view
    words = read_json(home / "reports" / "views" / "figures" / "01_longest.json")
    assert words["alt"] == "9 bars, at most 5 frames."
    with Image.open(home / "reports" / "views" / "figures" / "01_longest.png") as picture:
        assert picture.width > 800
    first = view.picture().png
    assert view.set(most=2).picture().png != first
    assert {VIEW_MIME, "image/png"} <= set(view._repr_mimebundle_()[0])
    with pytest.raises(ValueError, match="there is 1 to 20"):
        view.set(most=21)


@pytest.fixture
def lengths(home):
    """The notebook of the example, after ruff has put it right."""
    example("Add a notebook", home, "adding")
    path = home / "notebooks" / "09_lengths.ipynb"
    assert [p for p in problems(path) if "ruff" not in p] == []
    ruff("check", "--fix", path)
    ruff("format", path)
    return path


def test_the_notebook_keeps_the_contract_and_does_what_it_says(home, lengths):
    assert problems(lengths) == []
    space = {}
    for cell in nbformat.read(lengths, as_version=4).cells:
        if cell.cell_type == "code":
            exec(cell.source.replace('"quick"', '"smoke"'), space)  # what the runner would inject
    held = read_json(home / "reports" / "smoke" / "metrics" / "09.json")
    assert held == {"lengths.mean": space["lengths"].mean()}
    assert space["lengths"].min() >= 1


@pytest.mark.long
def test_the_notebook_runs_in_a_report(home, lengths):
    assert main(["report", "--notebooks", "09", "--preset", "smoke"]) == 0
    assert read_json(home / "reports" / "smoke" / "metrics.json")["lengths.mean"] >= 1


def test_what_the_guide_names_is_there():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    assert set(re.findall(r"`make ([a-z-]+)`", GUIDE)) <= set(targets)
    assert set(re.findall(r"`sticc\s+([a-z-]+)", GUIDE)) <= set(VERBS)
    prose = re.sub(r"^```.*?^```$", "", GUIDE, flags=re.M | re.S)
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:toml|lock|md))`", prose)
    assert len(named) > 8
    places = (ROOT, ROOT / "sticc_lib", ROOT / "sticc_lib" / "tracklets")
    assert [name for name in named if not any((p / name).exists() for p in places)] == []


def test_hooks_are_tools_of_this_environment():
    assert list(HOOKS) == ["strip-notebooks", "ruff-check", "ruff-format"]
    for hook in HOOKS.values():
        assert hook["language"] == "system"
        tool = shlex.split(hook["entry"])[0]
        assert tool.startswith(".venv/bin/")
        assert Path(sys.executable).with_name(Path(tool).name).exists()


def test_a_notebook_that_was_run_is_stripped_to_what_is_committed(tmp_path):
    source = next((ROOT / "notebooks").glob("04_*.ipynb"))
    book = nbformat.read(source, as_version=4)
    for number, cell in enumerate(c for c in book.cells if c.cell_type == "code"):
        cell.execution_count = number
        cell.outputs = [v4.new_output("stream", text="a name\n")]
        cell.metadata["execution"] = {"iopub.execute_input": "2026-01-01T00:00:00"}
        cell.metadata["scrolled"] = True
    book.metadata["widgets"] = {"state": {}}
    book.metadata["language_info"] |= {"version": "3.13.1", "pygments_lexer": "ipython3"}
    path = tmp_path / source.name
    nbformat.write(book, path)
    assert "is committed without outputs" in " ".join(problems(path))
    done = hooked("strip-notebooks", path)
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == source.read_bytes()


def test_notebooks_as_they_are_committed_pass_all_hooks_unchanged(tmp_path):
    copies = [Path(shutil.copy(path, tmp_path)) for path in (ROOT / "notebooks").glob("*.ipynb")]
    assert len(copies) >= 8
    for name in HOOKS:
        assert hooked(name, *copies).returncode == 0
    assert all(p.read_bytes() == (ROOT / "notebooks" / p.name).read_bytes() for p in copies)


def test_ruff_hooks_mend_what_they_can_and_refuse_the_rest(tmp_path):
    path = tmp_path / "crooked.py"
    path.write_text("import sys\nimport os\nprint( os,sys )\n")
    assert hooked("ruff-check", path).returncode == 0
    assert hooked("ruff-format", path).returncode == 0
    assert path.read_text() == "import os\nimport sys\n\nprint(os, sys)\n"
    path.write_text("print(nobody)\n")
    done = hooked("ruff-check", path)
    assert done.returncode == 1
    assert "nobody" in done.stdout
