"""A report run: notebooks in order, each with its verdict, its page and its numbers."""

from __future__ import annotations

import os
import re
import shlex
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat

from sticc_lib import presets
from sticc_lib.config import Config, ConfigError, from_dict, identity, run_name
from sticc_lib.experiments.facts import facts
from sticc_lib.experiments.grid import workers_here
from sticc_lib.locks import alone
from sticc_lib.manifest import noted
from sticc_lib.reporting.index import write_run, write_runs
from sticc_lib.reporting.numbers import column_title
from sticc_lib.reporting.parameters import RUN_LEVEL, deal
from sticc_lib.reporting.side_by_side import run_all
from sticc_lib.reporting.sources import choose, needs, order, weights
from sticc_lib.reporting.status import Limits, Status, Verdict
from sticc_lib.run import (
    Run,
    fingerprint,
    project_root,
    read_json,
    stderr,
    write_json,
    write_text,
)
from sticc_lib.status import told

__all__ = ["RUN_LEVEL", "choose", "order", "run_report"]


def run_report(
    preset: str = "quick",
    name: str = "",
    notebooks: Sequence[str] = (),
    parameters: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    root: Path | None = None,
    limits: Limits | None = None,
    workers: int = 0,
) -> Status:
    """Runs notebooks into `reports/<name>` and writes the pages there.

    Nothing runs, and nothing is written, unless all that was asked for can be: notebooks,
    parameters and run folder are checked first. A notebook that fails does not keep the later
    ones from being tried.

    Args:
        preset: name of the settings to start from.
        name: folder under `reports`; the preset's name if empty.
        notebooks: numbers (`03`) or names (`03_training`); all if empty.
        parameters: of notebooks: `steps` for each that declares it, `03.steps` for one.
        seed: of training.
        settings: changes to the preset, by dotted name.
        overwrite: empty a folder that holds another run.
        root: the project (`notebooks/` and `reports/` are in it); this one if None.
        limits: seconds a cell and a notebook may take.
        workers: notebooks side by side; 0 for what suits the machine, 1 for one after the other.

    Returns:
        The verdicts, those of notebooks that an earlier call ran into the folder included.

    Raises:
        ConfigError: unknown settings, notebooks or parameters, or values of a wrong type.
        RunError: the folder holds another run.
        BusyError: another process is writing a report into the folder.
    """
    root = (root or project_root()).resolve()
    settings = dict(settings or {})
    config = presets.preset(preset, **{"seed": seed, **settings})
    name = name or run_name(config)
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise ConfigError(f"name {name!r}: use letters, digits, `_`, `-` and `.` only")
    sources = choose(root / "notebooks", notebooks)
    folder = root / "reports" / name
    level = dict(zip(RUN_LEVEL, (preset, config.seed, settings, str(folder)), strict=True))
    values = deal(sources, level, parameters or {})
    if workers < 0:
        raise ConfigError(f"workers: {workers}; expected 1 or more, or 0")
    with alone(folder, "a report"):
        run = Run.open(folder, identity=identity(config), overwrite=overwrite)
        told_of = _facts(config, sources, values, workers)
        with told(folder, "report"), noted(run, "report", **told_of):
            return _run(run, root, sources, values, limits or Limits(), workers)


def _run(
    run: Run,
    root: Path,
    sources: Sequence[Path],
    values: Mapping[str, Mapping[str, Any]],
    limits: Limits,
    workers: int,
) -> Status:
    """Runs what was checked; verdicts, numbers and pages are written as notebooks end."""
    status = Status.load(run.folder)
    status.notebooks.update({source.stem: Verdict(title=source.stem) for source in sources})
    status.write()
    workers = workers_here(workers, len(sources))
    threads = str(_threads(workers))
    environment = {"STICC_HOME": str(root), "TQDM_DISABLE": "1"}
    if workers > 1 and "OMP_NUM_THREADS" not in os.environ:
        environment |= {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    halt, named = threading.Event(), {source.stem: source for source in sources}

    def work(stem: str) -> Verdict:
        stderr(f"{stem}: running")
        return _one(run, named[stem], values[stem], environment, limits, sources, halt)

    ends = run_all(needs(named), work, workers, halt, weights(named))
    for number, (stem, verdict) in enumerate(ends, 1):
        status.notebooks[stem] = verdict
        stderr(f"[{number}/{len(sources)}] {stem}: {verdict.line()}")
        status.write()
        write_json(run.folder / "metrics.json", run.metrics())
        write_run(run.folder)
        write_runs(root / "reports")
    _cards(run)
    return status


def _cards(run: Run) -> None:
    """Puts what the notebooks tested on the cards of the models they trained."""
    from sticc_lib.experiments.card import write_card

    metrics = run.metrics()
    for manifest in run.folder.glob("checkpoints/*/best/manifest.json"):
        method, tested = manifest.parent.parent.name, {}
        for name, value in metrics.items():
            parts = name.split(".")  # evaluation.<data>.<method>.<measure>
            if len(parts) == 4 and parts[0] == "evaluation" and parts[2] == method:
                tested.setdefault(column_title(parts[1]), {})[parts[3]] = value
        held = read_json(run.folder / "manifest.json").get("identity", {})
        command = ["sticc", "report", *presets.options(from_dict(Config, held))]
        write_card(manifest.parent, tested, shlex.join(command))


def _threads(workers: int) -> int:
    """Threads a kernel has where nobody says how many."""
    return max(1, (os.cpu_count() or 1) // workers)


def _facts(
    config: Config,
    sources: Sequence[Path],
    values: Mapping[str, Mapping[str, Any]],
    workers: int,
) -> dict[str, Any]:
    """What the manifest holds of a call: data, notebooks, what each was called with, threads."""
    known = facts(config)
    workers = workers_here(workers, len(sources))
    if workers > 1 and "OMP_NUM_THREADS" not in os.environ:
        known["machine"] = {"threads": _threads(workers), **known["machine"]}
    given = {source.stem.split("_")[0]: {n: v for n, v in values[source.stem].items()
             if n not in RUN_LEVEL} for source in sources}  # fmt: skip
    hashes = {source.stem: fingerprint(source.read_text(encoding="utf-8")) for source in sources}
    return {**known, "parameters": given, "notebooks": hashes, "workers": workers}


def _one(
    run: Run,
    source: Path,
    values: Mapping[str, Any],
    environment: Mapping[str, str],
    limits: Limits,
    sources: Sequence[Path],
    halt: threading.Event,
) -> Verdict:
    """Runs one notebook and writes what comes of it."""
    from sticc_lib.reporting.execute import execute
    from sticc_lib.reporting.page import export

    # numbers of an earlier call must not stand as those of this one
    number = source.stem.split("_")[0]
    (run.folder / "metrics" / f"{number}.json").unlink(missing_ok=True)
    before = _pictures(run.folder)
    notebook, verdict = execute(source, values, environment, limits, halt)
    after = _pictures(run.folder)
    changed = sorted(name for name in after if after[name] != before.get(name))
    verdict.figures = [name for name in changed if _owner(run.folder, name) in (number, "")]
    others = [(other.stem.split("_")[0], other.stem) for other in sources]
    page = export(notebook, verdict, run.folder.name, source.stem, others, source.parent)
    write_text(run.path("notebooks", source.name), nbformat.writes(notebook) + "\n")
    write_text(run.path("notebooks", f"{source.stem}.html"), page)
    return verdict


def _pictures(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (folder / "figures").glob("*.png")}


def _owner(folder: Path, picture: str) -> str:
    """Number of the notebook that wrote a picture; empty where nothing tells."""
    words = (folder / "figures" / picture).with_suffix(".json")
    return read_json(words).get("notebook", "") if words.exists() else ""
