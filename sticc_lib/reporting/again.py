"""A run once more, from its manifest alone: the commands that make it, and what came of them."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sticc_lib.config import Config, from_dict
from sticc_lib.presets import options
from sticc_lib.reporting.status import Status
from sticc_lib.run import RunError, project_root, read_json, stderr

KINDS = ("report", "training", "compare")
_CALL = "import sys; from sticc_lib.cli import main; sys.exit(main())"


def rerun(folder: Path, name: str = "") -> Path:
    """Makes a run anew beside it, with the parameters, threads and precision it was made with.

    Args:
        folder: of the run.
        name: of the new one; by default the old one's with `_rerun` behind it.

    Returns:
        The new run's folder.

    Raises:
        RunError: no run there, one whose manifest says too little, or one that fails now.
        ConfigError: its settings mean nothing to this version.
    """
    manifest = manifest_of(folder)
    reports = project_root() / "reports"
    place = reports / (name or free_name(reports, folder.name))
    if place.exists():
        raise RunError(f"{place} is there already; choose another --name")
    threads = str(manifest.get("machine", {}).get("threads") or "")
    environment = dict(os.environ)
    if threads:
        environment |= {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    for command in commands(folder, place.name):
        stderr(shlex.join(["sticc", *command]))
        done = subprocess.run([sys.executable, "-c", _CALL, *command], env=environment,
                              stdout=2, check=False)  # fmt: skip
        if done.returncode and not (place / "metrics.json").exists():
            raise RunError(f"{place}: the run failed (see above); there is nothing to compare")
    return place


def manifest_of(folder: Path) -> dict[str, Any]:
    """A run's manifest.

    Raises:
        RunError: there is none.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise RunError(f"{folder}: no run there (no manifest.json); give a folder under reports/")
    return read_json(path)


def free_name(reports: Path, name: str) -> str:
    """`quick_rerun`, or `quick_rerun2` and on, where that is taken."""
    names = (f"{name}_rerun{k if k > 1 else ''}" for k in itertools.count(1))
    return next(free for free in names if not (reports / free).exists())


def find(run: str) -> Path:
    """The folder of a run, given by its name under reports/ or by its path."""
    named = project_root() / "reports" / run
    return named if (named / "manifest.json").is_file() else Path(run)


def commands(folder: Path, name: str) -> list[list[str]]:
    """The commands that make a run again under another name, without `sticc` before them.

    Settings are those it had, also where the preset says something else by now.

    Raises:
        RunError: a run of another kind, or whose manifest says too little.
        ConfigError: settings that this version does not have.
    """
    manifest = manifest_of(folder)
    kind = manifest.get("kind", "")
    if kind not in KINDS or not manifest.get("identity"):
        what = f"a run of the kind {kind!r}" if kind else "a run of an earlier version"
        raise RunError(f"{folder}: {what}, which cannot be made again from its manifest alone; "
                       f"there are {', '.join(KINDS)}")  # fmt: skip
    config = config_of(manifest)
    start = options(config, seed=kind != "compare")
    if kind == "training":
        return [["train", *start, "--name", name]]
    if kind == "report":
        return [["report", *start, "--name", name, *_notebooks(folder, manifest)]]
    return [
        ["compare", *start, "--name", name, "--table", table, "--seeds", str(asked["seeds"]),
         "--methods", *asked["methods"], "--workers", "1"]
        for table, asked in manifest.get("tables", {}).items()
    ]  # fmt: skip


def config_of(manifest: Mapping[str, Any]) -> Config:
    """The settings a run was made with."""
    held = {k: v for k, v in manifest["identity"].items() if k != "kind"}
    if held.get("data.root"):
        held["data.root"] = os.path.expanduser(held["data.root"])
    return from_dict(Config, held)


def _notebooks(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Those that ran, and what each was called with."""
    stems = sorted(Status.load(folder).notebooks)
    if not stems:
        raise RunError(f"{folder}: no notebook ran there (status.json names none)")
    given = manifest.get("parameters", {})
    pairs = [
        f"{number}.{name}={_literal(value)}"
        for number in (stem.split("_")[0] for stem in stems)
        for name, value in given.get(number, {}).items()
    ]
    workers = ["--workers", str(manifest["workers"])] if manifest.get("workers") else []
    return ["--notebooks", *stems, *(["--pass", *pairs] if pairs else []), *workers]


def _literal(value: Any) -> str:
    """As `--set` reads it back: a Python literal."""
    return repr(json.loads(json.dumps(value)))
