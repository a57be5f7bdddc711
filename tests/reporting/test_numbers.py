"""Dotted metrics as tables."""

from sticc_lib.reporting.numbers import key_numbers, show, tables

METRICS = {
    "data.walkers.tracklets": 2400,
    "evaluation.pets.sticc.frame_mAP": 0.4,
    "evaluation.walkers.mean_pool.mAP": 0.2,
    "evaluation.walkers.mean_pool.rank1": 0.25,
    "evaluation.walkers.sticc.heavy.rank1": 0.1234,
    "evaluation.walkers.sticc.mAP": None,
    "evaluation.walkers.sticc.rank1": 0.75,
    "seconds": 12.5,
}


def test_methods_are_rows_and_levels_are_column_groups():
    table = tables(METRICS)[0]
    assert table.title == "evaluation, walkers (synthetic)"
    assert table.groups == [("", ["rank-1", "mAP"]), ("heavy", ["rank-1"])]
    assert [(row.name, [cell.text for cell in row.cells]) for row in table.rows] == [
        ("sticc", ["0.750", "–", "0.123"]),
        ("mean_pool", ["0.250", "0.200", ""]),
    ]


def test_the_best_is_marked_and_shares_have_a_stripe():
    rows = tables(METRICS)[0].rows
    assert [cell.best for cell in rows[0].cells] == [True, False, False]
    assert [cell.best for cell in rows[1].cells] == [False, False, False]  # alone in its column
    assert [cell.share for cell in rows[0].cells] == ["75.0%", "", "12.3%"]


def test_results_come_first_and_every_number_is_shown():
    titles = [table.title for table in tables(METRICS)]
    assert titles == ["evaluation, walkers (synthetic)", "evaluation, PETS", "", "data"]
    shown = [cell.text for t in tables(METRICS) for row in t.rows for cell in row.cells]
    assert sum(text != "" for text in shown) == len(METRICS)


def test_repeated_runs_stand_as_mean_and_spread():
    metrics = {"compare.sticc.walkers.rank1.mean": 0.7123, "compare.sticc.walkers.rank1.std": 0.01}
    metrics["compare.sticc.walkers.rank1.runs"] = 3
    [table] = tables(metrics)
    assert table.title == "compare, walkers (synthetic)"
    assert [cell.text for cell in table.rows[0].cells] == ["0.712 ± 0.010"]


def test_key_numbers_are_those_of_sticc_on_whole_sets():
    names = key_numbers([METRICS, {}])
    assert names[0] == "evaluation.walkers.sticc.rank1"
    assert names[-1] == "evaluation.pets.sticc.frame_mAP"
    assert not [name for name in names if "heavy" in name or "mean_pool" in name]


def test_numbers_are_written_with_the_digits_a_reader_needs():
    written = [show(value) for value in (None, 0, 1500, 0.12345, 3e-5, 213.42, 0.0, float("nan"))]
    assert written == ["–", "0", "1\u202f500", "0.123", "3.0e-05", "213.4", "0.000", "–"]
