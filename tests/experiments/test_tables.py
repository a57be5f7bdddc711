"""The tables of a comparison: spread over seeds, leads with intervals, Markdown."""

import numpy as np
import pandas as pd
import pytest

from sticc_lib.experiments.tables import Comparison, leads, markdown
from sticc_lib.retrieval.scores import summarise

PERSONS = np.array([1, 1, 2, 2])


def scores(*ap):
    ap = np.array(ap)
    return summarise(ap, ap, np.where(ap == 1, 1.0, 9.0))


def comparison(values, differences=None):
    rows = [
        {"method": method, "seed": seed, "metric": metric, "value": value}
        for (method, metric), runs in values.items()
        for seed, value in enumerate(runs)
    ]
    columns = ["method", "seed", "metric", "value"]
    none = leads({}, {}) if differences is None else differences
    return Comparison(pd.DataFrame(rows, columns=columns), none, {})


def test_leads_are_paired_over_persons_and_seeds_are_averaged():
    ours, theirs = [scores(1, 1, 1, 0), scores(1, 1, 0, 0)], [scores(1, 0, 0, 0)]
    runs = {"sticc": ours, "mean_pool": theirs, "frozen": scores(0, 0, 0, 0)}
    found = leads({"walkers": runs}, {"walkers": PERSONS}).set_index(["method", "metric"])
    lead = found.loc[("mean_pool", "mAP")]
    assert lead["difference"] == pytest.approx((0.75 + 0.5) / 2 - 0.25)
    # person 1 leads by 1 of 2 queries, person 2 by half of one
    assert (lead["low"], lead["high"]) == (0.25, 0.5)
    assert found.loc[("frozen", "rank1"), "low"] == 0.25
    assert list(found.index) == [
        (method, metric) for method in ("mean_pool", "frozen") for metric in ("rank1", "mAP")
    ]


def test_without_the_leader_there_are_no_leads_but_columns():
    found = leads({"walkers": {"frozen": scores(1, 0, 0, 0)}}, {"walkers": PERSONS})
    assert len(found) == 0
    assert {"method", "condition", "metric", "difference", "low", "high"} == set(found.columns)


def test_a_table_has_mean_and_spread_where_there_are_seeds():
    found = comparison({
        ("sticc", "walkers.rank1"): [0.5, 0.7], ("frozen", "walkers.rank1"): [0.25],
        ("sticc", "cpu_seconds"): [118.0, 122.0], ("sticc", "pets.frame_mAP"): [0.5, np.nan],
    }).table(["walkers.rank1", "cpu_seconds", "walkers.mAP"])  # fmt: skip
    assert found.loc["sticc"].tolist()[:2] == ["0.600 ± 0.141", "120 ± 3"]
    assert found.loc["frozen", "walkers.rank1"] == "0.250"
    assert list(found.columns) == ["walkers.rank1", "cpu_seconds", "walkers.mAP"]
    assert found["walkers.mAP"].isna().all()


def test_markdown_has_a_row_a_method_and_says_synthetic():
    table = leads({"walkers": {"sticc": scores(1, 1, 1, 1), "frozen": scores(1, 0, 0, 0)}},
                  {"walkers": PERSONS})  # fmt: skip
    text = markdown(comparison({("sticc", "walkers.rank1"): [1.0]}, table))
    assert "**walkers (synthetic)**" in text
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    assert rows.count("sticc") == 1
    assert "| frozen | +0.750 [+0.500, +1.000] | +0.750 [+0.500, +1.000] |" in text
    header, rule = text.splitlines()[2:4]
    assert header.count("|") == rule.count("|")


def test_markdown_of_nothing_holds_no_row():
    assert "nan" not in markdown(comparison({})).lower()
