"""The command `sticc`: a table of verbs, each of which does its work in its own room."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import tyro

from sticc_lib import __version__
from sticc_lib.config import Config, ConfigError, identity, run_name
from sticc_lib.presets import preset
from sticc_lib.run import Run, project_root, stderr

Pairs = Annotated[
    tuple[tuple[str, ...], ...], tyro.conf.UseAppendAction, tyro.conf.arg(metavar="NAME=VALUE ...")
]
ABOUT = """\
Video person re-identification around the STICC model: notebooks, reports, tables.

usage: sticc VERB [OPTIONS]

{verbs}

For example
  sticc report                                   reports/quick, in about ten minutes
  sticc report --preset smoke --notebooks 01     one notebook, in seconds
  sticc train --set model.head.slots=8 --name eight
  sticc evaluate --checkpoint reports/eight --data pets2009
  sticc compare --seeds 3
  sticc lab

sticc VERB --help explains a verb. Settings for --set are listed in sticc_lib/config.py.
Exit code: 0 done, 1 something that ran has failed, 2 asked for something that cannot be."""


@dataclass(frozen=True)
class Setup:
    preset: str = "quick"
    """Settings to start from: smoke (seconds), quick (minutes), paper, wide (a GPU and MARS)."""
    seed: int = 0
    """Seed of training; the drawn data have their own, data.seed."""
    set: Pairs = ()
    """Changed settings: --set model.head.slots=8 train.lr=1e-3"""
    threads: int = 0
    """Threads of torch; 0 leaves the number to torch."""
    name: str = ""
    """Folder under reports/; by default the preset's name."""
    overwrite: bool = False
    """Empty the folder first if it holds another run."""

    def settings(self) -> dict[str, Any]:
        """What --set and --threads change, by dotted name."""
        threads = {"threads": self.threads} if self.threads else {}
        return {**threads, **assignments(self.set)}

    def config(self) -> Config:
        """The whole config; ConfigError lists everything that does not fit."""
        return preset(self.preset, **{"seed": self.seed, **self.settings()})

    def open(self) -> Run:
        """The run folder; RunError if it holds another run."""
        config = self.config()
        name = self.name or run_name(config)
        return Run.open(name, identity=identity(config), overwrite=self.overwrite)


@dataclass(frozen=True)
class Report(Setup):
    """Run the notebooks in order and write a page with what they found.

    For example

      sticc report                        reports/quick: all notebooks, ten minutes on two cores
      sticc report --preset smoke         the same in little: a check that everything runs
      sticc report --notebooks 03 06      some of them, into the run that is there
      sticc report --pass 03.steps=200    a parameter of one notebook
    """

    notebooks: tuple[str, ...] = ()
    """Numbers or names, such as 03 or 03_training; all if none is given."""
    parameters: Annotated[Pairs, tyro.conf.arg(name="pass")] = ()
    """Parameters of notebooks: NAME=VALUE for each that has it, NN.NAME=VALUE for one."""
    cell_minutes: float = 60
    """Longest a cell may take; 0 for no limit."""
    notebook_minutes: float = 120
    """Longest a notebook may take; 0 for no limit."""

    def run(self) -> int:
        """Returns 0 if every notebook ran to its end, else 1."""
        from sticc_lib.reporting.runner import run_report
        from sticc_lib.reporting.status import Limits

        status = run_report(
            self.preset,
            self.name,
            self.notebooks,
            assignments(self.parameters),
            seed=self.seed,
            settings=self.settings(),
            overwrite=self.overwrite,
            limits=Limits(60 * self.cell_minutes, 60 * self.notebook_minutes),
        )
        print(status.folder / "index.html")
        return 0 if status.ok else 1


@dataclass(frozen=True)
class Train(Setup):
    """Train one model into a run folder; interrupted, it resumes where it stood.

    For example

      sticc train                                    STICC at the preset quick
      sticc train --set model.name=mean_pool --name floor
      sticc train --preset paper --set data.root=/data/MARS device=cuda
    """

    restart: bool = False
    """Begin anew even if the folder holds a checkpoint of this run."""

    def run(self) -> int:
        from sticc_lib.experiments.session import train

        run = self.open()
        train(self.config(), run, resume=not self.restart)
        print(run.folder)
        return 0


@dataclass(frozen=True)
class Evaluate:
    """Rank one set with a trained model: CMC, mAP and mINP under the set's own rule.

    For example

      sticc evaluate                                          the embedded checkpoint on walkers
      sticc evaluate --checkpoint reports/eight --data pets2009
      sticc evaluate --data mars --root /data/MARS --policy dense
    """

    checkpoint: str = ""
    """A run folder or a .safetensors file; the embedded checkpoint if not given."""
    data: str = "walkers"
    """Name of the set."""
    root: str = ""
    """Its folder, for sets that are not embedded."""
    policy: str = "all_frames"
    """How a tracklet is cut into clips: all_frames, restricted or dense."""

    def run(self) -> int:
        from sticc_lib.experiments.session import evaluate

        print(evaluate(self.checkpoint, self.data, root=self.root, policy=self.policy))
        return 0


@dataclass(frozen=True)
class Compare(Setup):
    """Train and rank every method over several seeds: one table with spread and intervals.

    For example

      sticc compare --seeds 3
      sticc compare --methods sticc mean_pool --seeds 5 --name two
    """

    seeds: int = 3
    """How many seeds, from --seed on."""
    methods: tuple[str, ...] = ()
    """Names of methods; STICC and every floor if none is given."""

    def run(self) -> int:
        from sticc_lib.experiments.compare import compare

        print(compare(self.config(), seeds=self.seeds, methods=self.methods, name=self.name))
        return 0


@dataclass(frozen=True)
class Index:
    """Write the pages of all runs again from what their folders hold."""

    def run(self) -> int:
        from sticc_lib.reporting.index import write_all

        print(write_all(project_root() / "reports"))
        return 0


@dataclass(frozen=True)
class Lab:
    """Open JupyterLab on this machine only (127.0.0.1), at the first notebook."""

    port: int = 8888
    """The next free one is taken if it is in use."""
    browser: bool = True
    """Open a browser window."""

    def run(self) -> int:
        root = project_root()
        command = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1"]
        command += [f"--ServerApp.port={self.port}", f"--ServerApp.root_dir={root}"]
        command += ["--LabApp.default_url=/lab/tree/notebooks/01_data.ipynb"]
        command += [] if self.browser else ["--no-browser"]
        try:
            return subprocess.call(command, env={**os.environ, "STICC_HOME": str(root)})
        except KeyboardInterrupt:
            return 0


VERBS = {verb.__name__.lower(): verb for verb in (Report, Train, Evaluate, Compare, Index, Lab)}


def assignments(pairs: Sequence[Sequence[str]]) -> dict[str, Any]:
    """`[["a.b=1"], ["c=text"]]` to `{"a.b": 1, "c": "text"}`: Python literals, else text.

    Raises:
        ConfigError: naming every pair that is not NAME=VALUE, and every name given twice.
    """
    flat = [pair for group in pairs for pair in group]
    problems = [
        f"expected NAME=VALUE, got {pair!r}" for pair in flat if not re.match(r"[\w.]+=", pair)
    ]
    values: dict[str, Any] = {}
    for name, _, text in (pair.partition("=") for pair in flat):
        if name in values:
            problems.append(f"{name} is given twice")
        try:
            values[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            values[name] = text
    if problems:
        raise ConfigError("; ".join(problems))
    return values


def about() -> str:
    """What `sticc --help` prints."""
    verbs = "\n".join(f"  {name:9} {_doc(verb)[0]}" for name, verb in VERBS.items())
    return ABOUT.format(verbs=verbs)


def parse(arguments: Sequence[str]) -> Any:
    """The verb a command line asks for, filled in; exits with 2 and one line if it cannot be."""
    name, *options = arguments
    if name not in VERBS:
        stderr(f"sticc: no verb {name!r}; there are {', '.join(VERBS)} (see sticc --help)")
        raise SystemExit(2)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(
                VERBS[name],
                prog=f"sticc {name}",
                description="\n".join(_doc(VERBS[name])),
                args=options,
                config=(tyro.conf.FlagCreatePairsOff,),
            )
    except SystemExit as stop:
        if stop.code:
            stderr(f"sticc {name}: {one_line(said.getvalue())} (see sticc {name} --help)")
        raise


def one_line(text: str) -> str:
    """The message inside the box that tyro draws, up to its first rule, as one line."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    rows = [row.strip("│ ") for row in plain.splitlines() if row[:1] not in "╭╰"]
    end = next((n for n, row in enumerate(rows) if row and not row.strip("─")), len(rows))
    return " ".join(rows[:end])


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. 0: done; 1: ran, but something in it failed; 2: asked for what cannot be."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        print(about())
        return 0
    if given[0] == "--version":
        print(f"sticc {__version__}")
        return 0
    try:
        return parse(given).run()
    except KeyboardInterrupt:
        stderr("sticc: interrupted; the same command resumes")
        return 130
    except Exception as error:
        # every error class of the library, and a full or missing disk, is a message to the user;
        # anything else is a fault of ours and keeps its traceback
        if not (type(error).__module__.startswith("sticc_lib.") or isinstance(error, OSError)):
            raise
        stderr(f"sticc {given[0]}: {error}")
        return 2


def _doc(verb: type) -> list[str]:
    return inspect.cleandoc(verb.__doc__ or "").splitlines()
