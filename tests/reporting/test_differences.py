"""Where two runs differ: what was changed is shown, and nothing else."""

import pytest
from bs4 import BeautifulSoup
from offline import remote_addresses

from sticc_lib.config import identity
from sticc_lib.presets import preset
from sticc_lib.reporting.diff import differences, text, why, write_page
from sticc_lib.reporting.differences import judged
from sticc_lib.reporting.status import Status, Verdict
from sticc_lib.run import read_json, write_json


def make(folder, metrics=None, settings=None, **manifest):
    """A run folder; `settings` change its preset's."""
    held = {"identity": identity(preset("smoke", **(settings or {}))), "commit": "c" * 40,
            "started": f"at {folder.name}", "calls": [{"seconds": 1}], "seconds": 1.5,
            "versions": {"torch": "2"}, "machine": {"threads": 1}, "kind": "report"}  # fmt: skip
    write_json(folder / "manifest.json", held | manifest)
    every = {"evaluation.walkers.sticc.mAP": 0.5, "training.sticc.cpu_seconds": 10.0}
    write_json(folder / "metrics.json", every | (metrics or {}))
    return folder


def test_an_intended_change_is_shown_and_nothing_else(tmp_path):
    a, b = make(tmp_path / "a"), make(tmp_path / "b", settings={"train.lr": 0.5})
    found = differences(a, b)
    assert [(r.name, r.a, r.b) for r in found.settings.rows] == [("train.lr", "0.001", "0.5")]
    assert found.settings.equal > 40
    for part in (found.made_with, found.results, found.costs):
        assert part.rows == []
    assert found.figures == []
    assert found.same_results
    said = text(found)
    assert said.count("train.lr") == 1
    assert "Settings: 1 differ" in said
    assert "Results: 1 equal" in said


def test_time_and_memory_are_no_results(tmp_path):
    names = ("training.sticc.cpu_seconds", "costs.ms", "a.peak_mib", "b.fps", "c.ms_per_clip")
    a = make(tmp_path / "a", dict.fromkeys(names, 1.0), peak_mib=1)
    b = make(tmp_path / "b", dict.fromkeys(names, 2.0), peak_mib=2)
    found = differences(a, b)
    assert found.same_results
    assert {row.name for row in found.costs.rows} == {*names, "run.peak_mib"}


def test_the_last_bit_of_a_metric_counts_and_is_seen(tmp_path):
    a = make(tmp_path / "a", {"x.items": 0.1 + 0.2})
    b = make(tmp_path / "b", {"x.items": 0.3})
    found = differences(a, b)
    assert not found.same_results
    [row] = found.results.rows
    assert row.a != row.b


def test_weights_ends_and_missing_numbers_are_results(tmp_path):
    a = make(tmp_path / "a", {"only.here.x": 1.0}, weights={"sticc": "abc"})
    b = make(tmp_path / "b", weights={"sticc": "abd"})
    Status(a, {"01": Verdict("ok", 1, 1)}).write()
    Status(b, {"01": Verdict("died", 1, 0)}).write()
    rows = {row.name: (row.a, row.b) for row in differences(a, b).results.rows}
    assert rows == {"weights sticc": ("abc", "abd"), "01 ended": ("ok", "died"),
                    "only.here.x": ("1", "")}  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [((0.50, 0.02, 3), (0.51, 0.02, 3), "+0.01; within the spread over seeds (±0.045)"),
     ((0.50, 0.02, 3), (0.60, 0.02, 3), "+0.1; outside the spread over seeds (±0.045)"),
     ((0.50, None, 1), (0.60, 0.02, 3), "+0.1; one run, no spread to judge it by"),
     ((0.5, 0.0, 3), (0.6, 0.0, 3), "+0.1; outside the spread (which is 0)")],
)  # fmt: skip
def test_means_over_seeds_are_judged_by_their_spread(a, b, said):
    # Welch, n = 3 each, s = 0.02: t(0.975, 4) x 0.02 x sqrt(2 / 3) = 2.776 x 0.01633 = 0.0453
    assert judged(a, b) == said


def test_mean_spread_and_runs_of_a_metric_are_one_row(tmp_path):
    one = {
        "compare.sticc.mAP.mean": 0.5,
        "compare.sticc.mAP.std": 0.02,
        "compare.sticc.mAP.runs": 3,
    }
    a = make(tmp_path / "a", one)
    b = make(tmp_path / "b", one | {"compare.sticc.mAP.mean": 0.51})
    [row] = differences(a, b).results.rows
    assert row.name == "compare.sticc.mAP"
    assert "0.500 ± 0.020 (3 runs)" in row.a
    assert "within the spread" in row.note


def test_what_can_explain_other_numbers_is_named(tmp_path):
    a = make(tmp_path / "a", {"x.y": 1.0})
    for changes, words in (
        ({"commit": "d" * 40}, "the code"),
        ({"diff": "abc"}, "the code"),
        ({"versions": {"torch": "3"}}, "versions"),
        ({"machine": {"threads": 2}}, "the machine"),
        ({"data": {"walkers": "x"}}, "the data"),
        ({}, "does not repeat"),
    ):
        b = make(tmp_path / "b", {"x.y": 2.0}, **changes)
        assert words in why(differences(a, b))


def test_figures_are_compared_by_their_bytes_and_stand_side_by_side(tmp_path):
    a, b = make(tmp_path / "a"), make(tmp_path / "b")
    for folder, names in ((a, {"same": b"1", "other": b"2", "gone": b"3"}),
                          (b, {"same": b"1", "other": b"4"})):  # fmt: skip
        (folder / "figures").mkdir()
        for name, content in names.items():
            (folder / f"figures/{name}.png").write_bytes(content)
    found = differences(a, b)
    assert ([pair.name for pair in found.figures], found.equal_figures) == (
        ["gone.png", "other.png"], 1,
    )  # fmt: skip
    page = write_page(found, tmp_path / "out" / "both.html").read_text(encoding="utf-8")
    soup = BeautifulSoup(page, "html.parser")
    assert len(soup.find_all("img")) == 3
    assert all(image["src"].startswith("data:image/png;base64,") for image in soup.find_all("img"))
    assert remote_addresses(page) == []
    assert "gone.png  (only in A)" in text(found)


def test_control_characters_and_line_ends_do_not_reach_the_terminal(tmp_path):
    a = make(tmp_path / "a", {"x\x1b[2J\ny": 1.0})
    said = text(differences(a, make(tmp_path / "b")))
    assert "\x1b" not in said
    assert len([line for line in said.splitlines() if "[2J" in line]) == 1


def test_an_old_manifest_without_the_new_entries_is_compared_too(tmp_path):
    a, b = make(tmp_path / "a"), make(tmp_path / "b")
    held = read_json(a / "manifest.json")
    write_json(a / "manifest.json", {k: held[k] for k in ("identity", "commit")})
    assert differences(a, b).same_results
