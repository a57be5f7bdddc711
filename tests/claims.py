"""The list of claims (docs/claims.md): which number stands where, and which command makes it.

    python tests/claims.py [RUN]     each claim beside what was found; RUN: reports/quick

A row's source says where its number lies once the command has run: `kept:TABLE/METHOD/METRIC/mean`
(or `sd`) in data/results, `worlds:RUN/WORLD/METHOD/METRIC/mean`, `bench:NAME/FIELD` in
benchmarks/results, `run:KEY` among the metrics of a report. `-`: the command prints it.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
LIST = ROOT / "docs/claims.md"


@dataclass(frozen=True)
class Claim:
    """One row of the list.

    Attributes:
        page: path within the project.
        text: that stands there, with the number in it.
        number: as it is written there.
        source: where it lies; see above.
        command: that makes it.
    """

    page: str
    text: str
    number: str
    source: str
    command: str

    @property
    def stands(self) -> bool:
        """Whether the page has the text, and the text the number."""
        page = (ROOT / self.page).read_text(encoding="utf-8")
        return self.number in self.text and plain(self.text) in plain(page)

    def found(self, run: Path) -> float | None:
        """The number where the source says; None where that is not there.

        Raises:
            KeyError: the source is there, and has no such number.
        """
        kind, _, place = self.source.partition(":")
        if kind == "-":
            return None
        if kind == "run":
            return of_run(run, place)
        return {"kept": kept, "worlds": worlds, "bench": bench}[kind](place)

    def agrees(self, value: float) -> bool:
        """Whether the value, rounded as the text has it, is the number."""
        digits = len(self.number.partition(".")[2])
        return abs(value - float(self.number)) <= 0.5 * 10**-digits + 1e-9


def plain(text: str) -> str:
    """Text on one line, without what marks a comment or a list."""
    return " ".join(re.sub(r"(?m)^\s*(#|-)\s", " ", text).split())


def claims(path: Path = LIST) -> list[Claim]:
    """The rows of the list's tables."""
    rows = [line.strip().strip("|").split("|") for line in path.read_text("utf-8").splitlines()
            if line.startswith("| ")]  # fmt: skip
    cells = [[cell.strip() for cell in row] for row in rows]
    return [Claim(c[0].strip("`"), c[1], c[2], c[3].strip("`"), c[4].strip("`")) for c in cells
            if c[0] != "page"]  # fmt: skip


def _spread(table: pd.DataFrame, place: str) -> float:
    if table.empty:
        raise KeyError(place)
    how = place.rpartition("/")[2]
    return float({"mean": table["value"].mean, "sd": table["value"].std}[how]())


def kept(place: str) -> float:
    """TABLE/METHOD/METRIC/mean or sd, of data/results."""
    name, method, metric, _ = place.split("/")
    table = pd.read_csv(ROOT / f"data/results/{name}/values.csv")
    return _spread(table[(table["method"] == method) & (table["metric"] == metric)], place)


def worlds(place: str) -> float:
    """RUN/WORLD/METHOD/METRIC/mean or sd, of data/results."""
    name, world, method, metric, _ = place.split("/")
    table = pd.read_csv(ROOT / f"data/results/{name}/values.csv")
    table = table[(table["world"] == world) & (table["method"] == method)]
    return _spread(table[table["metric"] == metric], place)


def bench(place: str) -> float:
    """NAME/FIELD, of benchmarks/results."""
    name, _, field = place.rpartition("/")
    held = json.loads((ROOT / "benchmarks/results/results.json").read_text("utf-8"))
    return float(held["results"][name][field])


def of_run(run: Path, key: str) -> float | None:
    """A metric of a report; None where there is no report, or it had no labels to know it by."""
    path = run / "metrics.json"
    held = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return float(held[key]) if key in held else None


def main(run: Path) -> int:
    """Prints all claims; 1 if a page lacks its text or a number differs."""
    wrong = 0
    for claim in claims():
        value = claim.found(run)
        said = "not found, see its command" if value is None else f"{value:.4g}"
        good = claim.stands and (value is None or claim.agrees(value))
        wrong += not good
        print("ok   " if good else "WRONG", claim.page, f"{claim.number}: {said}", claim.command,
              sep="  ")  # fmt: skip
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "reports/quick"))
