"""What benchmarks say and keep: lines, records, and results of others that stay."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module
    for name in ("measured", "run"):
        sys.modules.pop(name, None)


def test_a_ratio_is_the_median_of_the_turns(module, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("STICC_BENCHMARKS", str(tmp_path / "records"))
    measured = module("measured")
    assert measured.tell_ratio("a.b", [1, 2, 4], [10, 10, 10], "theirs", target=6) == 5
    measured.tell("a.size", 3, "MB", most=4)
    first, second = map(json.loads, (tmp_path / "records").read_text().splitlines())
    assert (first["name"], first["ratio"], first["ours"], first["other"]) == ("a.b", 5, 2, 10)
    assert (second["name"], second["value"], second["most"]) == ("a.size", 3, 4)
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("target >= 6x MISSED")
    assert said[1] == "a.size: 3 MB; target <= 4 MB reached"


def test_results_of_other_benchmarks_stay_and_old_ones_of_the_same_go(
    module, monkeypatch, tmp_path
):
    run = module("run")
    monkeypatch.setattr(run, "HERE", tmp_path)
    monkeypatch.setattr(run, "RESULTS", tmp_path / "results" / "results.json")
    code = f"import sys; sys.path.insert(0, {str(FOLDER)!r})\nfrom measured import tell\n"
    monkeypatch.setattr(run, "USUAL", ("one", "two"))
    (tmp_path / "one.py").write_text(code + "tell('one.old', 1, 's')")
    (tmp_path / "two.py").write_text(code + "tell('two.x', 2, 's')")
    assert run.main([]) == 0
    (tmp_path / "one.py").write_text(code + "tell('one.new', 3, 's')")
    assert run.main(["one"]) == 0
    held = json.loads(run.RESULTS.read_text())["results"]
    assert {name: row["value"] for name, row in held.items()} == {"one.new": 3, "two.x": 2}
    assert held["two.x"]["benchmark"] == "two"
    (tmp_path / "one.py").write_text(code + "tell('one.half', 3, 's')\nsys.exit(3)")
    assert run.main(["one"]) == 1
    assert "one.new" in json.loads(run.RESULTS.read_text())["results"]


def test_an_unknown_benchmark_is_told(module):
    with pytest.raises(SystemExit, match="no benchmark nothing"):
        module("run").names(["nothing"])


RATIOS = {
    "ranking": ["ranking.mars.argsort"],
    "rerank": ["rerank.given_distances.200", "rerank.from_features.200"],
    "loader": ["loader.files", "loader.pack", "loader.raw_pack"],
    "embedding": ["embedding.ours", "embedding.bf16", "embedding.overlap"],
    "training": ["training.sticc.freed_memory_kept", "training.resnet18.whole",
                 "training.resnet18.last_block"],
    "export": ["export.shipped.batch1.eager", "export.shipped.batch1.folded"],
    "growth": [],
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("name", RATIOS)
def test_every_usual_benchmark_runs_tiny_and_says_both_sides(name, module, capfd):
    found, code = module("run").run(name, "--quick")
    assert code == 0, capfd.readouterr().err
    assert all(key.startswith(f"{name}.") and "/" not in key for key in found)
    for ratio in RATIOS[name]:
        assert {"ratio", "ours", "other", "over", "unit"} <= set(found[ratio])
        assert found[ratio]["ratio"] > 0
    assert any("value" in row for row in found.values())


def test_the_usual_ones_are_those_that_are_tested(module):
    assert set(module("run").USUAL) == set(RATIOS)


@pytest.mark.long
def test_growth_leaves_a_figure_and_a_table_each(module, monkeypatch, tmp_path):
    monkeypatch.setenv("STICC_BENCHMARK_FIGURES", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["growth.py", "--quick"])
    module("growth").main()
    made = {path.name for path in tmp_path.iterdir()}
    for name in ("ranking", "embedding", "frames_of_a_clip", "resolution", "reranking", "opening"):
        assert {f"{name}.png", f"{name}.csv"} <= made
        header, *rows = (tmp_path / f"{name}.csv").read_text().splitlines()
        assert len(rows) == 2
        assert all(len(row.split(",")) >= 2 for row in rows), header


def test_a_missed_target_is_said_in_the_table(module):
    table = module("table")
    ratio = {"ours": 2.0, "other": 6.0, "unit": "cpu-ms", "over": "theirs", "ratio": 3.0}
    results = {
        "a": {**ratio, "target": 5}, "b": {**ratio, "target": 2}, "c": ratio,
        "d": {"value": 3, "unit": "MB of |a|", "most": 2},
        "e": {"value": 3, "unit": "", "least": 2},
    }  # fmt: skip
    rows = table.markdown(results).splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == ["a", "b", "d", "e"]
    assert [("missed" in row) for row in rows] == [True, False, True, False]
    assert "3.00x as fast as theirs (2 against 6 cpu-ms)" in rows[0]
    assert "\\|a\\|" in rows[2]
    assert len(table.markdown(results, every=True).splitlines()) == 7


def test_the_page_on_speed_has_the_table_of_the_kept_results(module):
    path = FOLDER / "results" / "results.json"
    changed = subprocess.run(
        ["git", "diff", "--quiet", "HEAD", "--", path], cwd=FOLDER, check=False
    )
    if changed.returncode == 1:
        pytest.skip("benchmarks were run here since the last commit")
    kept = json.loads(path.read_text())["results"]
    assert module("table").short(kept) in (FOLDER.parent / "docs/speed.md").read_text()
