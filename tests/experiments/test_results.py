"""Results: this machine's own before the project's, both with where they are from."""

import pandas as pd
import pytest

from sticc_lib.config import ConfigError
from sticc_lib.experiments import results


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project with one finished table among its reports."""
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    own = tmp_path / "reports/compare/aggregation"
    own.mkdir(parents=True)
    values = pd.DataFrame(
        [("sticc", s, "walkers.mAP", 0.5 + s / 10) for s in range(2)],
        columns=["method", "seed", "metric", "value"],
    )
    values.to_csv(own / "values.csv", index=False)
    pd.DataFrame({"width": [3.0]}, index=["sticc"]).to_csv(own / "costs.csv", index_label="method")
    for part in ("differences", "trials"):
        (own / f"{part}.csv").write_text("\n")
    return tmp_path


def test_what_is_kept_is_what_was_found_and_tells_its_command(home):
    own = results.load("aggregation")
    results.keep("aggregation", commit="0123456789")
    for path in (home / "reports/compare/aggregation").iterdir():
        path.unlink()
    kept = results.load("aggregation")
    pd.testing.assert_frame_equal(kept.found.values, own.found.values)
    pd.testing.assert_frame_equal(kept.found.costs, own.found.costs)
    assert len(kept.found.trials) == len(kept.found.differences) == 0
    assert kept.seeds == 2
    assert "on this machine" in own.about
    assert "`sticc compare --table aggregation --seeds 2` at commit 0123456." in kept.about


def test_a_table_that_failed_in_part_is_not_kept(home):
    (home / "reports/compare/aggregation/failed.json").write_text("{}")
    with pytest.raises(ConfigError, match="not finished; run sticc compare --table aggregation"):
        results.keep("aggregation")
    assert not (home / "data").exists()


def test_what_is_not_there_is_told(home):
    with pytest.raises(ConfigError, match="run sticc compare --table whole"):
        results.load("whole")
    with pytest.raises(ConfigError, match="'hole' is none of floors"):
        results.load("hole")
