"""The verbs of `sticc` for runs that are there: compare two, make one again, see all of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from sticc_lib.run import project_root, stderr

First = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN_A")]
Second = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN_B")]
One = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]


@dataclass(frozen=True)
class Diff:
    """Say where two runs differ: settings, what they were made with, results, figures.

    A run is a name under reports/ or a folder. Means over seeds are judged by their spread
    (Welch, 95 %); what has one run each has no spread to be judged by. Time and memory are
    listed, and are no results. Exit code: 0, whatever was found.

    For example
      sticc diff quick quick-seed1
      sticc diff compare reports/compare_new --out both.html     figures side by side, one file
    """

    a: First
    """A run."""
    b: Second
    """Another."""
    out: str = ""
    """An HTML file to write as well, complete in itself."""

    def run(self) -> int:
        from sticc_lib.reporting.again import find, manifest_of
        from sticc_lib.reporting.diff import differences, text, write_page

        folders = find(self.a), find(self.b)
        for folder in folders:
            manifest_of(folder)
        found = differences(*folders)
        print(text(found))
        if self.out:
            print(f"\n{write_page(found, Path(self.out))}")
        return 0


@dataclass(frozen=True)
class Rerun:
    """Make a run again from its manifest, beside it, and say where the two differ.

    Same parameters, threads and seed. On one machine, with the same code, versions and precision,
    every metric comes out the same, bit for bit; if not, what differs is named. For reports,
    trainings and comparisons. Exit code: 0 the same results, 1 others, 2 it cannot be made again.

    For example
      sticc rerun quick                       into reports/quick_rerun
      sticc rerun reports/eight --name eight_again --out eight.html
    """

    which: One
    """A run: a name under reports/, or a folder."""
    name: str = ""
    """Folder of the new run under reports/; by default the old name with _rerun."""
    out: str = ""
    """An HTML file to write as well, with the figures of both side by side."""

    def run(self) -> int:
        from sticc_lib.reporting.again import find, rerun
        from sticc_lib.reporting.diff import differences, text, why, write_page

        folder = find(self.which)
        found = differences(folder, rerun(folder, self.name))
        print(text(found))
        if self.out:
            print(f"\n{write_page(found, Path(self.out))}")
        if found.same_results:
            stderr(f"the same results, bit for bit ({found.results.equal} of them)")
            return 0
        stderr(f"{len(found.results.rows)} results differ; {why(found)}")
        return 1


@dataclass(frozen=True)
class Sheets:
    """Put all figures and pages of a report on contact sheets, to be looked at.

    Figures stand at full size under their names, once more as somebody without green cones sees
    them; pages are cut into columns. They lie in `sheets` of the run's folder.

    For example
      sticc sheets quick
      sticc sheets quick --no-pages           without a browser
    """

    which: One
    """A run: a name under reports/, or a folder."""
    pages: bool = True
    """Pages of notebooks too, which takes a browser (Chromium) on this machine."""

    def run(self) -> int:
        from sticc_lib.reporting.again import find
        from sticc_lib.reporting.sheets import sheets

        for path in sheets(find(self.which), self.pages):
            print(path)
        return 0


@dataclass(frozen=True)
class Index:
    """Write the pages of all runs again from what their folders hold."""

    def run(self) -> int:
        from sticc_lib.reporting.index import write_all

        print(write_all(project_root() / "reports"))
        return 0
