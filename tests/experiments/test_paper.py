"""What a paper takes of a comparison: LaTeX that compiles in shape, CSV, PDF with its type."""

import re
import zlib

import pandas as pd
import pytest

from sticc_lib.experiments import paper
from sticc_lib.experiments.tables import Comparison
from sticc_lib.run import Run


@pytest.fixture
def result():
    rows = [(m, s, f"{c}.{k}", v + s / 100)
            for m, v in (("sticc", 0.5), ("no_temporal", 0.25), ("my_own%", 0.375))
            for s in range(2 if m == "sticc" else 1)
            for c, k in (("pets", "frame_mAP"), ("mars", "rank1"), ("mars", "mAP"),
                         ("mars", "num_queries"))]  # fmt: skip
    leads = [("no_temporal", "mars", k, 0.25, -0.125, 0.5) for k in ("rank1", "mAP")]
    columns = ["method", "condition", "metric", "difference", "low", "high"]
    values = pd.DataFrame(rows, columns=["method", "seed", "metric", "value"])
    return Comparison(values, pd.DataFrame(leads, columns=columns), {})


@pytest.fixture
def written(result, tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    run = Run.open("study", "compare")
    return run.folder, {p.name: p for p in paper.write_paper(run, "floors", result)}


def test_numbers_are_there_as_csv_with_spread_and_runs(written):
    table = pd.read_csv(written[1]["scores.csv"]).set_index(["method", "metric"])
    own = table.loc["sticc", "mars.mAP"]
    assert (own["mean"], own["runs"]) == (pytest.approx(0.505), 2)
    assert own["sd"] == pytest.approx(0.01 / 2**0.5)
    assert pd.isna(table.loc["no_temporal", "mars.mAP"]["sd"])
    assert pd.read_csv(written[1]["leads.csv"])["low"].tolist() == [-0.125, -0.125]


def test_latex_has_own_set_first_the_best_bold_and_signs_escaped(written):
    text = written[1]["scores.tex"].read_text()
    assert re.findall(r"\\(\w+rule)", text) == ["toprule", "midrule", "bottomrule"]
    heads = text.splitlines()[2]
    assert heads.index("MARS") < heads.index("PETS2009")
    assert r"\textbf{50.5 $\pm$ 0.7}" in text
    assert r"my\_own\% & 37.5 & 37.5 & 37.5 \\" in text
    lines = [line for line in text.splitlines() if "&" in line]
    assert {line.count("&") for line in lines[1:]} == {3}
    leads = written[1]["leads.tex"].read_text()
    assert "+25.0 [$-$12.5, +50.0]" in leads
    assert "no temporal part" in leads


def test_a_pdf_embeds_truetype_holds_no_picture_and_is_the_same_every_time(written, result):
    folder, files = written
    for name in ("scores.pdf", "leads.pdf"):
        held = files[name].read_bytes()
        assert b"/FontFile2" in held  # TrueType, embedded
        assert b"/Type3" not in held
        assert b"/Subtype /Image" not in held
        streams = re.findall(rb"stream\r?\n(.*?)endstream", held, re.DOTALL)
        assert any(b" l\n" in zlib.decompressobj().decompress(s) for s in streams)  # lines
        assert b"CreationDate" not in held
    assert {p.name for p in (folder / "figures").glob("*.png")} == {
        "floors_scores.png", "floors_leads.png",
    }  # fmt: skip


def test_numbers_that_nobody_prints_make_no_table(tmp_path, monkeypatch):
    monkeypatch.setenv("STICC_HOME", str(tmp_path))
    values = pd.DataFrame([("a", 0, "steps", 5.0)], columns=["method", "seed", "metric", "value"])
    made = paper.write_paper(Run.open("x", "compare"), "t", Comparison(values, pd.DataFrame(), {}))
    assert [p.name for p in made] == ["scores.csv"]
