"""Work that faults are injected into: small, whole, each in its own folder, equal every time.

A job is called with its folder and does all its work there, or what is left of it. It returns what
it came to (numbers and fingerprints, the same for every run) and `begun`: how much it found done.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from coloured_set import coloured_set
from made_videos import make
from tiny_notebooks import notebook, project

from sticc_lib.counting.count import CountOptions
from sticc_lib.experiments.counts import Source, count_videos
from sticc_lib.models import zoo
from sticc_lib.presets import preset
from sticc_lib.reporting.runner import run_report
from sticc_lib.retrieval.embed import embed_cached
from sticc_lib.run import read_json
from sticc_lib.status import told
from sticc_lib.training import train

STEPS = 7
NOTED = """\
import json, os, pathlib
path = pathlib.Path(folder) / "metrics" / "{number}.json"
path.parent.mkdir(exist_ok=True, parents=True)
path.with_suffix(".part").write_text(json.dumps({{"data.n{number}": seed + {number}}}))
os.replace(path.with_suffix(".part"), path)"""


def _settings():
    return preset("smoke", **{
        "model.height": 32, "model.width": 16, "model.clip_length": 3, "model.head.channels": 16,
        "train.persons": 2, "train.tracklets": 2, "train.steps": STEPS, "train.crop": 2,
        "train.validate_every": 2, "train.checkpoint_every": 1, "device": "cpu",
    })  # fmt: skip


def _model():
    torch.manual_seed(0)
    return zoo.build("sticc", 4, config=_settings().model)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def training(folder: Path) -> dict[str, Any]:
    """Seven steps with a checkpoint after each, validated after every second."""

    def score(model):
        weight = model.individual.slots.detach().double().sum()
        return {"mAP": float(torch.sin(50 * weight))}

    with told(folder, "train"):
        done = train(_model(), coloured_set(), _settings(), folder / "checkpoints", score)
    names = ("best/model.safetensors", "last/model.safetensors", "log.jsonl")
    files = {name: _hash(folder / "checkpoints" / name) for name in names}
    return {**files, **done.best, "begun": done.resumed_at}


def embedding(folder: Path) -> dict[str, Any]:
    """Embeddings of a set, kept in a cache; made again only where none are."""
    os.environ["STICC_CACHE"] = str(folder)
    begun = len(list(folder.rglob("[!.]*.npz")))
    with told(folder, "embed"):
        held = embed_cached(_model().eval(), coloured_set(), _settings().evaluate, progress=False)
    values = np.ascontiguousarray(held.values)
    return {"values": hashlib.sha256(values.tobytes()).hexdigest(), "begun": begun}


def counting(folder: Path) -> dict[str, Any]:
    """Two boxes that drift through six seconds of a made video, interval by interval."""
    inputs = folder.parent / "inputs"
    boxes = Source(boxes=str(inputs / "boxes.csv"))
    begun = len(list((folder / "seen" / "intervals").glob("[0-9]*.npz")))
    found, _ = count_videos(
        [inputs / "street.mp4"], folder, boxes, CountOptions(features="hsv", every=1.0),
        video=False, progress=False,
    )  # fmt: skip
    summary = read_json(folder / "summary.json")
    unlike = ("seconds_used", "started", "written")
    same = {name: value for name, value in summary.items() if name not in unlike}
    names = ("counts.csv", "individuals.json")
    return {"unique": found.unique, "summary": repr(same), "begun": begun} | {
        name: _hash(folder / name) for name in names
    }


def report(folder: Path) -> dict[str, Any]:
    """Two notebooks that each record a number."""
    status = run_report("smoke", folder.name, root=folder.parents[1], workers=1)
    if not status.ok:
        raise RuntimeError("; ".join(v.line() for v in status.notebooks.values() if not v.ok))
    verdicts = {stem: dataclasses.asdict(v)["ended"] for stem, v in status.notebooks.items()}
    return {**verdicts, **read_json(folder / "metrics.json"), "begun": 0}


JOBS = {"training": training, "embedding": embedding, "counting": counting, "report": report}
COMMANDS = {"training": "train", "embedding": "embed", "counting": "count", "report": "report"}
"""The command under which `status.json` speaks of a job."""


def prepared(job: str, root: Path) -> Path:
    """Makes what a job reads below `root`; returns the folder that it is to work in."""
    if job == "counting":
        (root / "inputs").mkdir(parents=True)
        make(root / "inputs" / "street.mp4", 42)
        rows = [(f, 3 + 20 * p, 4 + 0.2 * f, 12, 24) for f in range(1, 43) for p in range(2)]
        lines = ["frame,x,y,w,h", *(",".join(f"{v:g}" for v in row) for row in rows)]
        (root / "inputs" / "boxes.csv").write_text("\n".join(lines) + "\n")
        return root / "out"
    if job == "report":
        cells = {f"_0{n}_tiny": notebook(NOTED.format(number=n)) for n in (1, 2)}
        return project(root, **cells) / "reports" / "mine"
    return root / "out"
