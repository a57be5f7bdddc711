"""Finished comparisons: this machine's own, else those that come with the project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sticc_lib.config import ConfigError
from sticc_lib.experiments.methods import TABLES
from sticc_lib.experiments.tables import Comparison
from sticc_lib.run import data_dir, environment, project_root, read_json, write_json, write_text

PARTS = ("values", "differences", "costs", "trials")


@dataclass(frozen=True)
class Kept:
    """A comparison's table, and where it is from.

    Attributes:
        table: its name.
        found: the numbers.
        about: one sentence: whose they are, made by which command, at which commit.
    """

    table: str
    found: Comparison
    about: str

    @property
    def seeds(self) -> int:
        """The most runs that any method has."""
        return int(self.found.values.groupby("method")["seed"].nunique().max())


def load(table: str, name: str = "compare") -> Kept:
    """A table of `sticc compare`.

    Args:
        table: one of TABLES.
        name: folder under `reports` where this machine's own would be.

    Raises:
        ConfigError: an unknown table, or one that neither this machine nor the project has.
    """
    if table not in TABLES:
        raise ConfigError(f"table: {table!r} is none of {', '.join(TABLES)}")
    own = project_root() / "reports" / name / table
    if (own / "values.csv").exists():
        return Kept(table, _read(own), f"Made on this machine (`reports/{name}/{table}`).")
    return kept(table)


def kept(table: str) -> Kept:
    """A table that comes with the project.

    Raises:
        ConfigError: it has none of that name.
    """
    folder = data_dir() / "results" / table
    if not (folder / "about.json").exists():
        raise ConfigError(
            f"no results of the table {table}: run sticc compare --table {table}, or fetch "
            "data/results with the project"
        )
    about = read_json(folder / "about.json")
    dirty = ", with changes not committed" if about["uncommitted_changes"] else ""
    told = f"Comes with the project: `{about['command']}` at commit {about['commit'][:7]}{dirty}."
    return Kept(table, _read(folder), told)


def keep(table: str, name: str = "compare", command: str = "", commit: str = "") -> Path:
    """Copies a table from `reports/<name>` into `data/results`, with where it is from.

    Args:
        table: one of TABLES; finished.
        name: folder under `reports`.
        command: that made it; the plain one by default.
        commit: at which it was made; the present one by default.

    Raises:
        ConfigError: it is not finished, or some of its cells failed.
    """
    own, target = project_root() / "reports" / name / table, data_dir() / "results" / table
    if not (own / "values.csv").exists() or (own / "failed.json").exists():
        raise ConfigError(f"{own}: not finished; run sticc compare --table {table}")
    for part in PARTS:
        text = (own / f"{part}.csv").read_text(encoding="utf-8")
        write_text(target / f"{part}.csv", text)
    here: dict[str, Any] = environment()
    about = {
        "command": command or f"sticc compare --table {table} --seeds {_seeds(own)}",
        "commit": commit or here["commit"],
        "uncommitted_changes": here["uncommitted_changes"] and not commit,
        **{key: here[key] for key in ("python", "versions", "machine")},
    }
    write_json(target / "about.json", about)
    return target


def _read(folder: Path) -> Comparison:
    held = {}
    for part in PARTS:
        path = folder / f"{part}.csv"
        empty = not path.exists() or path.stat().st_size < 3
        held[part] = pd.DataFrame() if empty else pd.read_csv(path)
    if len(held["costs"]):
        held["costs"] = held["costs"].set_index("method")
    return Comparison(failed={}, **held)


def _seeds(folder: Path) -> int:
    return int(pd.read_csv(folder / "values.csv").groupby("method")["seed"].nunique().max())
