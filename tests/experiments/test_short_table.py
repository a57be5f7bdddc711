"""The short table: a row a method, and the README's is made from what is kept."""

from pathlib import Path

import pandas as pd
import pytest

from sticc_lib.experiments import results, worlds_table
from sticc_lib.experiments.short_table import COLUMNS, short, short_leads, short_table
from sticc_lib.experiments.tables import Comparison
from sticc_lib.run import data_dir, read_json

ROOT = Path(__file__).parents[2]


def made(**means):
    rows = [(label, seed, metric, mean + seed / 10)
            for label, mean in means.items() for seed in range(2)
            for metric in ("walkers.mAP", "walkers.rank1", "steps")]  # fmt: skip
    values = pd.DataFrame(rows, columns=["method", "seed", "metric", "value"])
    return Comparison(values, pd.DataFrame(), {})


def test_methods_of_several_comparisons_stand_once_in_their_order():
    table = short_table([made(sticc=0.5, mean_pool=0.25), made(sticc=0.75, psta=0.125)])
    assert list(table.index) == ["sticc", "mean_pool", "psta"]
    assert list(table.columns) == list(COLUMNS.values())
    assert table.loc["sticc", "mAP"] == "0.550 ± 0.071"
    assert table.loc["psta", "PETS frame mAP"] == ""


def test_as_markdown_a_method_is_its_label():
    lines = short([made(sticc=0.5)]).splitlines()
    assert lines[0].startswith("| method | rank-1 | mAP |")
    assert lines[2].startswith("| `sticc` | 0.550 ± 0.071 |")


def test_leads_are_those_of_the_conditions_that_there_are():
    rows = [("psta", "walkers", "mAP", 0.5, 0.25, 0.75), ("psta", "pets", "mAP", 1, 1, 1)]
    differences = pd.DataFrame(
        rows, columns=["method", "condition", "metric", "difference", "low", "high"]
    )
    lines = short_leads(Comparison(pd.DataFrame(), differences, {})).splitlines()
    assert lines[0] == "| STICC minus | walkers mAP |"
    assert lines[2:] == ["| `psta` | +0.500 [+0.250, +0.750] |"]


def test_the_readme_shows_the_study_of_worlds_that_is_kept():
    kept = data_dir() / "results" / "worlds"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert worlds_table.short(pd.read_csv(kept / "values.csv")) in text
    about = read_json(kept / "about.json")
    assert f"`{about['commit'][:7]}`" in text
    assert f"`{about['command']}`" in text


@pytest.mark.parametrize(("page", "table"), [("docs/results.md", "aggregation")])
def test_a_page_shows_what_is_kept_and_its_commit(page, table):
    found = results.kept(table)
    text = (ROOT / page).read_text(encoding="utf-8")
    assert short([found.found]) in text
    assert f"`{found.about.split('commit ')[1][:7]}`" in text
    assert short_leads(found.found) in (ROOT / "docs/results.md").read_text(encoding="utf-8")
