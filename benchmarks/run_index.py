"""The table of a thousand runs: how long it takes to write, to open, to filter and to sort.

    python benchmarks/run_index.py [--runs 1000]

Opening is what the browser itself says (navigation start to the end of the load event); filtering
is from the typed letter until the page is laid out again. Needs playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from measured import tell

from sticc_lib.reporting.index import write_runs
from sticc_lib.reporting.status import Status, Verdict
from sticc_lib.run import write_json

ROOT = Path(__file__).resolve().parents[1]
FILTER = """(text) => {
  const box = document.getElementById("words"), begun = performance.now();
  box.value = text;
  box.dispatchEvent(new Event("input"));
  document.body.getBoundingClientRect();  // the layout that showing it needs
  return performance.now() - begun;
}"""
OPENED = "performance.getEntriesByType('navigation')[0].duration"
SORT = """(column) => {
  const begun = performance.now();
  document.querySelectorAll("#runs thead button")[column].click();
  document.body.getBoundingClientRect();
  return performance.now() - begun;
}"""


def make_runs(reports: Path, count: int) -> None:
    """Folders of synthetic runs with numbers, verdicts and manifests as real ones have them."""
    draw = random.Random(0)
    for number in range(count):
        folder = reports / f"{draw.choice(('grid', 'night', 'ablation'))}-{number:04d}"
        preset, data = draw.choice(("smoke", "quick")), draw.choice(("walkers", "mars"))
        identity = {"preset": preset, "seed": number % 5, "data.name": data, "model.name": "sticc"}
        identity |= {f"setting.{n}": draw.random() for n in range(60)}
        at = f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}T{number % 24:02d}:00:00+00:00"
        write_json(folder / "manifest.json",
                   {"identity": identity, "started": at, "kind": "report"})  # fmt: skip
        names = [
            f"evaluation.{data}.{model}.{measure}"
            for data in ("walkers", "pets", "mars")
            for model in ("sticc", "mean_pool")
            for measure in ("rank1", "mAP", "mINP")
        ]
        write_json(folder / "metrics.json", {name: draw.random() for name in names})
        verdicts = {
            f"{n:02d}_x": Verdict(
                "ok" if draw.random() > 0.02 else "died", 9, 9, seconds=draw.random() * 99
            )
            for n in range(1, 9)
        }
        Status(folder, verdicts).write()


def make_one(reports: Path) -> None:
    """A run that will change."""
    write_json(reports / "changed/manifest.json", {"kind": "report", "started": "2026-01-01"})


def seconds(work) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    count = parser.parse_args().runs
    sys.path.insert(0, str(ROOT / "tests"))
    from browsing import chromium

    with tempfile.TemporaryDirectory() as place:
        reports = Path(place)
        make_runs(reports, count)
        make_one(reports)
        for what in ("first", "unchanged", "one_changed"):
            if what == "one_changed":
                scores = {"evaluation.walkers.sticc.mAP": 0.5}
                write_json(reports / "changed/metrics.json", scores)
            tell(f"run_index.write.{what}", 1000 * seconds(lambda: write_runs(reports)), "ms")
        tell("run_index.page", (reports / "index.html").stat().st_size / 1e6, "MB")
        with chromium() as browser:
            opened, tab = [], browser.new_page()
            for _ in range(5):
                tab.goto((reports / "index.html").as_uri())
                opened.append(tab.evaluate(OPENED))
            tell("run_index.open", statistics.median(opened), "ms", most=1000)
            for what, words in (("few", "0042"), ("third", "grid"), ("all", "")):
                took = []
                for _ in range(5):
                    tab.evaluate(FILTER, "" if words else "nothing is called this")
                    took.append(tab.evaluate(FILTER, words))
                tell(f"run_index.filter.{what}", statistics.median(took), "ms", most=100)
            took = [tab.evaluate(SORT, column) for column in (0, 7, 8, 0, 7)]
            tell("run_index.sort", statistics.median(took), "ms")


if __name__ == "__main__":
    main()
