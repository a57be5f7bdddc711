"""The command `sticc`: reads a command line, calls a verb, and says what went wrong in one line."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

import tyro

from sticc_lib import __version__
from sticc_lib.run import stderr
from sticc_lib.verbs import Compare, Evaluate, Report, Train
from sticc_lib.verbs_batch import Batch
from sticc_lib.verbs_count import Count
from sticc_lib.verbs_data import CheckData, Pack
from sticc_lib.verbs_lab import Lab
from sticc_lib.verbs_models import Export, ImportWeights
from sticc_lib.verbs_runs import Diff, Index, Rerun, Sheets
from sticc_lib.verbs_search import Gallery, Search

ALL = (Report, Train, Evaluate, Compare, Batch, Count, CheckData, Pack, ImportWeights, Export,
       Gallery, Search, Diff, Rerun, Sheets, Index, Lab)  # fmt: skip
VERBS = {re.sub(r"(?<=[a-z])(?=[A-Z])", "-", verb.__name__).lower(): verb for verb in ALL}
ABOUT = """\
Video person re-identification around the STICC model: notebooks, reports, tables.

usage: sticc VERB [OPTIONS]

{verbs}

For example
  sticc report                                   reports/quick, in 5 to 10 minutes
  sticc report --preset smoke --notebooks 01     one notebook, in seconds
  sticc train --set model.head.slots=8 --name eight
  sticc evaluate --checkpoint reports/eight --data pets
  sticc compare --seeds 3
  sticc batch grid.yaml                          many runs: settings x seeds, here or on a cluster
  sticc count street.mp4                         how many people, who was there when
  sticc check-data mars /data/MARS               what is there, and what is wrong
  sticc import-weights psta psta_mars.pth        an official checkpoint becomes one of ours
  sticc export --onnx sticc.onnx                 one file for onnxruntime
  sticc search 12 --gallery reports/gallery      who is that, of all the gallery?
  sticc rerun quick                              the same again: are the numbers the same?
  sticc diff quick quick-seed1                   where two runs differ
  sticc sheets quick                             all pictures of a run, side by side
  sticc lab

sticc VERB --help explains a verb. Settings for --set are listed in sticc_lib/config.py.
Exit code: 0 done, 1 something that ran has failed, 2 asked for something that cannot be."""


def about() -> str:
    """What `sticc --help` prints."""
    verbs = "\n".join(f"  {name:14} {_doc(verb)[0]}" for name, verb in VERBS.items())
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
    except BrokenPipeError:  # whoever read this has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        # every error class of the library, and a full or missing disk, is a message to the user;
        # anything else is a fault of ours and keeps its traceback
        if not (type(error).__module__.startswith("sticc_lib.") or isinstance(error, OSError)):
            raise
        stderr(f"sticc {given[0]}: {error}")
        return 2


def _doc(verb: type) -> list[str]:
    return inspect.cleandoc(verb.__doc__ or "").splitlines()


if __name__ == "__main__":  # for `accelerate launch -m sticc_lib.cli`
    raise SystemExit(main())
