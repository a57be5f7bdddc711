"""The pages of runs: what they show, and that nothing in a run folder can break out of them."""

import pytest
from bs4 import BeautifulSoup
from offline import remote_addresses

from sticc_lib.reporting.index import TEMPLATES, duration, write_all, write_run, write_runs
from sticc_lib.reporting.status import Status, Verdict
from sticc_lib.run import write_json

HOSTILE = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>"


def make(reports, name="quick", **verdicts):
    """A run folder with a manifest, numbers, and a verdict a notebook."""
    folder = reports / name
    identity = {"preset": "quick", "seed": 0, "data.name": "walkers", "model.name": "sticc"}
    write_json(folder / "manifest.json", {"identity": identity, "started": "2026-01-02T03:04:05"})
    write_json(folder / "metrics.json", {"evaluation.walkers.sticc.rank1": 0.625})
    if verdicts:
        Status(folder, verdicts).write()
    return folder


@pytest.fixture
def good():
    return Verdict("ok", 9, 9, seconds=75, peak_mib=812.3, title="01 Data")


def test_a_run_page_shows_verdicts_numbers_and_figures(tmp_path, good):
    bad = Verdict("died", 9, 4, 5, "killed by signal 9", title="03 Training")
    folder = make(tmp_path, _01_data=good, _03_training=bad)
    write_json(folder / "figures/curve.json", {"title": "T", "caption": "C", "alt": "A"})
    (folder / "figures/curve.png").write_bytes(b"PNG")
    soup = BeautifulSoup(write_run(folder).read_text(encoding="utf-8"), "html.parser")
    text = soup.get_text(" ", strip=True)
    for part in ("1 of 2 failed", "9 of 9", "1 min 15 s", "812 MiB", "the kernel died at [5]",
                 "killed by signal 9", "0.625", "walkers (synthetic)"):  # fmt: skip
        assert part in text
    image = soup.find("img")
    assert image is not None
    assert (image["src"], image["alt"]) == ("figures/curve.png", "A")


def test_a_run_that_ended_well_says_so(tmp_path, good):
    text = write_run(make(tmp_path, _01_data=good)).read_text(encoding="utf-8")
    assert "1 notebook ok" in text
    assert 'class="verdict bad"' not in text


def test_a_pending_notebook_is_no_success(tmp_path, good):
    text = write_run(make(tmp_path, _01_data=good, _02=Verdict())).read_text(encoding="utf-8")
    assert "1 of 2 failed" in text
    assert "it has not run to an end" in text


def test_all_runs_stand_in_one_table_latest_first(tmp_path, good):
    for name, started in (
        ("a", "2026-01-01T00:00"),
        ("c", "2026-03-01T00:00"),
        ("b", "2026-02-01"),
    ):
        make(tmp_path, name, _01_data=good)
        write_json(tmp_path / name / "manifest.json", {"started": started})
    soup = BeautifulSoup(write_runs(tmp_path).read_text(encoding="utf-8"), "html.parser")
    assert [link["href"] for link in soup.select("td a")] == [f"{n}/index.html" for n in "cba"]
    assert soup.get_text().count("0.625") == 3


def test_a_damaged_folder_is_left_out_and_named(tmp_path, good, capsys):
    make(tmp_path, "good", _01_data=good)
    (make(tmp_path, "torn") / "metrics.json").write_text('{"a": 1')
    text = write_runs(tmp_path).read_text(encoding="utf-8")
    assert "good/index.html" in text
    assert "torn" not in text
    assert "torn: left out" in capsys.readouterr().err


def test_no_runs_make_a_page_too(tmp_path):
    assert "None yet" in write_all(tmp_path).read_text(encoding="utf-8")


def test_hostile_names_are_text_everywhere(tmp_path):
    verdict = Verdict("error", 2, 1, 1, HOSTILE, title=HOSTILE, figures=["'q'.png"])
    folder = make(tmp_path, "x'y&z", **{"01'": verdict})
    identity = {"preset": HOSTILE, "data.name": HOSTILE, "seed": HOSTILE}
    write_json(
        folder / "manifest.json", {"identity": identity, HOSTILE: HOSTILE, "started": HOSTILE}
    )
    write_json(folder / "metrics.json", {f"evaluation.{HOSTILE}.sticc.rank1": 0.5, HOSTILE: 1})
    write_json(folder / "figures/'q'.json", {"title": HOSTILE, "caption": HOSTILE, "alt": HOSTILE})
    (folder / "figures/'q'.png").write_bytes(b"PNG")
    own = (TEMPLATES / "runs.js").read_text(encoding="utf-8")
    for page, scripts in ((write_run(folder), []), (write_runs(tmp_path), [own])):
        text = page.read_text(encoding="utf-8")
        soup = BeautifulSoup(text, "html.parser")
        assert "alert(2)" in text
        assert [script.get_text() for script in soup.find_all("script")] == scripts
        assert [tag for tag in soup.find_all(True) if "onerror" in tag.attrs] == []
        assert remote_addresses(text) == []
        assert "default-src 'none'" in text


def test_durations_read_as_people_say_them():
    assert [duration(s) for s in (0.2, 59.4, 125, 3600 + 605)] == [
        "0 s", "59 s", "2 min 05 s", "1 h 10 min",
    ]  # fmt: skip
