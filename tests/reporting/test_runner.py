"""A report run: what is refused before it, what it leaves, and what a second call does."""

import json

import nbformat
import pytest
from offline import remote_addresses
from tiny_notebooks import PARAMETERS, RECORD, notebook, project

from sticc_lib.config import ConfigError
from sticc_lib.reporting.runner import choose, order, run_report
from sticc_lib.run import RunError, read_json

FIGURE = """\
import base64, json, pathlib
figures = pathlib.Path(folder) / "figures"
figures.mkdir(exist_ok=True)
(figures / "curve.png").write_bytes(b"PNG")
words = {"title": "A curve", "caption": "c", "alt": "a", "notebook": "01"}
(figures / "curve.json").write_text(json.dumps(words))"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Three notebooks, the second of which fails, run once; then the first again, other steps."""
    second = notebook("raise ValueError('no')", RECORD.format(number="02"), title="# 02 Fails")
    third = notebook(RECORD.format(number="03"), title="# 03 Needs 02")
    third.metadata["sticc"] = {"needs": ["02_fails"]}
    root = project(
        tmp_path_factory.mktemp("project"),
        _01_tiny=notebook(FIGURE, RECORD.format(number="01")),
        _02_fails=second,
        _03_needs=third,
    )
    first = run_report("smoke", "mine", parameters={"steps": 7, "03.steps": 8}, root=root)
    before = read_json(root / "reports/mine/status.json")
    again = run_report("smoke", "mine", ["01"], {"steps": 9}, root=root)
    return root, first, before, again


def test_a_failure_does_not_keep_later_notebooks_from_running(done):
    _, first, before, _ = done
    assert {name: held["ok"] for name, held in before["notebooks"].items()} == {
        "01_tiny": True, "02_fails": False, "03_needs": True,
    }  # fmt: skip
    assert not first.ok
    assert before["ok"] is False
    assert before["notebooks"]["02_fails"]["message"] == "ValueError: no"


def test_metrics_of_all_notebooks_are_merged_and_those_run_again_replaced(done):
    root, *_ = done
    metrics = read_json(root / "reports/mine/metrics.json")
    assert metrics == {"data.n01.steps": 9, "data.n03.steps": 8}


def test_a_second_call_resumes_the_folder_and_keeps_the_other_verdicts(done):
    _, _, before, again = done
    assert set(again.notebooks) == {"01_tiny", "02_fails", "03_needs"}
    assert not again.ok
    assert again.notebooks["03_needs"].started == before["notebooks"]["03_needs"]["started"]


def test_notebooks_and_pages_are_there_and_load_nothing(done):
    root, *_ = done
    folder = root / "reports/mine"
    for stem in ("01_tiny", "02_fails", "03_needs"):
        assert nbformat.read(folder / f"notebooks/{stem}.ipynb", as_version=4).cells
    pages = [*folder.rglob("*.html"), root / "reports/index.html"]
    assert len(pages) == 5
    assert [remote_addresses(page.read_text(encoding="utf-8")) for page in pages] == [[]] * 5
    assert not list(folder.rglob(".*"))  # no temporary file is left


def test_a_figure_stands_under_the_notebook_that_wrote_it(done):
    root, _, _, again = done
    assert again.notebooks["01_tiny"].figures == ["curve.png"]
    text = (root / "reports/mine/index.html").read_text(encoding="utf-8")
    assert text.index("<h3>01 Tiny</h3>") < text.index('src="figures/curve.png"')


def test_another_runs_folder_is_refused_before_anything_runs(done):
    root, *_ = done
    kept = (root / "reports/mine/status.json").read_text()
    with pytest.raises(RunError, match=r"holds another run.*seed.*--overwrite"):
        run_report("smoke", "mine", seed=3, root=root)
    with pytest.raises(RunError, match=r"model\.head\.slots"):
        run_report("smoke", "mine", settings={"model.head.slots": 2}, root=root)
    assert (root / "reports/mine/status.json").read_text() == kept


@pytest.fixture
def small(tmp_path):
    return project(tmp_path, _01_tiny=notebook("1"), _02_more=notebook("1", title="# 02 More"))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"parameters": {"wrong": 1, "steps": "0o10"}}, "wrong.*steps is int, got str"),
        ({"parameters": {"seed": 1}}, "seed belongs to the run"),
        ({"notebooks": ["01", "99", "x"]}, "no notebook 99, x .*01_tiny, 02_more"),
        ({"preset": "quik"}, "unknown preset"),
        ({"settings": {"model.hed": 3}}, "unknown name model.hed"),
        ({"name": "../elsewhere"}, "use letters"),
        ({"name": ".hidden"}, "use letters"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(small, asked, message):
    with pytest.raises(ConfigError, match=message):
        run_report(**asked, root=small)
    assert not (small / "reports").exists()


def test_a_notebook_without_the_runs_parameters_is_refused(tmp_path):
    short = PARAMETERS.replace("seed: int", "sead: int").replace("folder: str", "fold: str")
    root = project(tmp_path, _01_tiny=notebook(parameters=short))
    with pytest.raises(ConfigError, match=r"01_tiny\.ipynb: its parameters lack seed, folder"):
        run_report("smoke", root=root)


def test_an_interrupted_run_is_not_a_success(small, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("sticc_lib.reporting.runner._one", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_report("smoke", root=small)
    status = json.loads((small / "reports/smoke/status.json").read_text())
    assert status["ok"] is False
    assert status["notebooks"]["02_more"]["ended"] == "pending"


def test_notebooks_come_after_what_they_need(small):
    first = small / "notebooks/01_tiny.ipynb"
    made = nbformat.read(first, as_version=4)
    made.metadata["sticc"] = {"needs": ["02_more", "09_absent"]}
    nbformat.write(made, first)
    assert [path.stem for path in choose(small / "notebooks", [])] == ["02_more", "01_tiny"]


def test_notebooks_that_need_each_other_are_refused(small):
    for stem, other in (("01_tiny", "02_more"), ("02_more", "01_tiny")):
        path = small / f"notebooks/{stem}.ipynb"
        made = nbformat.read(path, as_version=4)
        made.metadata["sticc"] = {"needs": [other]}
        nbformat.write(made, path)
    with pytest.raises(ConfigError, match="need each other: 0"):
        order(set((small / "notebooks").glob("*.ipynb")))
