"""The verbs of `sticc`: what each can be told, and which room does the work.

The rooms are imported when a verb runs, so that `sticc --help` loads no torch.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import tyro

from sticc_lib.config import ConfigError
from sticc_lib.machine import first_process
from sticc_lib.presets import preset
from sticc_lib.run import project_root

Pairs = Annotated[
    tuple[tuple[str, ...], ...], tyro.conf.UseAppendAction, tyro.conf.arg(metavar="NAME=VALUE ...")
]


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


@dataclass(frozen=True)
class Settings:
    preset: str = "quick"
    """Settings to start from: smoke (seconds), quick (minutes), paper, wide (a GPU and MARS)."""
    set: Pairs = ()
    """Changed settings: --set model.head.slots=8 train.lr=1e-3"""
    threads: int = 0
    """Threads of torch; 0 leaves the number to torch."""

    def changes(self) -> dict[str, Any]:
        """What --set and --threads change, by dotted name."""
        threads = {"threads": self.threads} if self.threads else {}
        return {**threads, **assignments(self.set)}


@dataclass(frozen=True)
class Setup(Settings):
    seed: int = 0
    """Seed of training; the drawn data have their own, data.seed."""
    name: str = ""
    """Folder under reports/; by default the preset's name."""
    overwrite: bool = False
    """Empty the folder first if it holds another run."""


@dataclass(frozen=True)
class Report(Setup):
    """Run the notebooks in order and write a page with what they found.

    For example
      sticc report                        reports/quick: all notebooks, 5 to 10 minutes on two cores
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
    workers: int = 0
    """Notebooks side by side; 0 for what suits the machine (two on two cores without a GPU)."""

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
            settings=self.changes(),
            overwrite=self.overwrite,
            limits=Limits(60 * self.cell_minutes, 60 * self.notebook_minutes),
            workers=self.workers,
        )
        print(status.folder / "index.html")
        return 0 if status.ok else 1


@dataclass(frozen=True)
class Train(Setup):
    """Train one model into a run folder; interrupted, the same command resumes it.

    For example
      sticc train                                        STICC at the preset quick
      sticc train --set model.name=mean_pool --name floor
      sticc train --preset paper --set data.root=/data/MARS data.val_share=0.1 --name mars
      accelerate launch --multi_gpu --num_processes 2 -m sticc_lib.cli train --name two

    The last line shares every batch between two processes, on GPUs or on processors, with the
    numbers of one; interrupted, it goes on with any number of them. The command for several
    machines stands in sticc_lib/training/shared.py.
    """

    def run(self) -> int:
        config = preset(self.preset, **{"seed": self.seed, **self.changes()})
        from sticc_lib.experiments.single import train_run
        from sticc_lib.reporting.index import write_run, write_runs

        trained, run = train_run(config, self.name, self.overwrite)
        if not first_process():
            return 0
        write_run(run.folder)
        write_runs(run.folder.parent)
        for measure, value in trained.best.items():
            print(f"{measure} {value:.4g}")
        print(trained.folder)
        return 0


@dataclass(frozen=True)
class Evaluate:
    """Rank a test set with a trained model, under the set's own rule.

    For example
      sticc evaluate                                     the shipped STICC on walkers (synthetic)
      sticc evaluate --checkpoint reports/eight --data pets walkers_unseen_cameras
      sticc evaluate --set evaluate.policy=dense evaluate.rerank=True
      sticc evaluate --data ilidsvid --set data.root=/data/iLIDS-VID data.split=-1
    """

    checkpoint: str = ""
    """A run folder, a checkpoint folder or a .safetensors file; by default the shipped one."""
    data: tuple[str, ...] = ("walkers",)
    """walkers, walkers_unseen_cameras, walkers_unseen_occluders, pets, pets_mot, or a data set on
    disk by its name in sticc check-data, with data.root (data.split=-1: the mean of its splits)."""
    method: str = "sticc"
    """Which of a run folder's checkpoints."""
    set: Pairs = ()
    """Changed settings, such as evaluate.flip=True; others come from the checkpoint."""
    compile: bool = False
    """Run the trunk through torch.compile: takes a C++ compiler and a minute or more at first."""
    bf16: Literal["auto", "on", "off"] = "off"
    """Embed in bf16 (auto: where GPU or cores have units for it). Of the shipped STICC on walkers
    (synthetic) mAP moves by less than 0.001, and the worst cosine to fp32 is 0.97:
    python benchmarks/embedding.py."""

    def run(self) -> int:
        changes = assignments(self.set)
        if self.compile:
            changes["evaluate.compile"] = True
        if self.bf16 != "off":
            changes["evaluate.bf16"] = self.bf16
        from sticc_lib.experiments.conditions import evaluate_checkpoint

        results = evaluate_checkpoint(self.checkpoint, self.data, self.method, changes)
        for condition, tested in results.items():
            print(f"{condition} ({tested.scores.rule})")
            for name, value in tested.numbers.items():
                print(f"  {name} {value:.4g}")
        return 0


@dataclass(frozen=True)
class Compare(Settings):
    """Train and test every method of a table with several seeds: spread, leads, intervals.

    What is finished already is not done again; interrupted, the same command goes on.

    For example
      sticc compare                                 STICC and its floors
      sticc compare --table aggregation             compared methods behind STICC's trunk
      sticc compare --table ablation --workers 1    STICC with parts exchanged or left out
      sticc compare --methods sticc no_temporal --set data.name=mars data.root=/data/MARS
    """

    table: str = "floors"
    """floors; aggregation (what compared methods do behind one trunk); whole (compared methods
    as they are, in a small ResNet); ablation."""
    seeds: int = 3
    """How many, from 0 on."""
    methods: tuple[str, ...] = ()
    """Names of methods; those of the table if none is given."""
    name: str = "compare"
    """Folder under reports/."""
    workers: int = 0
    """Methods side by side; 0 for what suits the machine (two on two cores without a GPU)."""
    scheduler: str = ""
    """Address of a Dask scheduler whose workers train and test instead (see sticc batch)."""

    def run(self) -> int:
        changes = self.changes()
        from sticc_lib.experiments.compare import compare
        from sticc_lib.reporting.index import write_run, write_runs

        found = compare(
            self.preset, self.seeds, self.methods, self.name, changes, table=self.table,
            workers=self.workers, scheduler=self.scheduler,
        )  # fmt: skip
        folder = project_root() / "reports" / self.name
        print((folder / self.table / "table.md").read_text(encoding="utf-8"))
        write_runs(folder.parent)
        print(f"CSV, LaTeX and PDF: {folder / self.table / 'paper'}\nPage: {write_run(folder)}")
        return 1 if found.failed else 0
