"""Ranking: ours beside torchreid's, at MARS's size and a larger one, and how far it scales.

Synthetic features (persons around random centres, 64 wide for the distances), same-camera junk
removed. "MARS": 1,980 x 11,310 with 3,248 distractors; "large": 3,504 x 15,829. Each turn ranks the
same distances by torchreid's function in plain Python and by ours; mAP and CMC must agree to 1e-9
with a stable argsort of every row. torchreid's compiled function is not on PyPI (peers.torchreid);
COMPILED is how much faster than its plain Python it was where both were there
(specs/performance.md), and gives the lines `..., over compiled`: derived, not measured here.

Then sizes that no matrix of distances fits: 10,000 x 100,000 and 1,000 x 1,000,000, from features,
each in a process of its own; memory beside the features.

    OMP_NUM_THREADS=1 python benchmarks/ranking.py [repeats] [--quick]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from measured import asked, tell, tell_ratio
from peers import torchreid

from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.ranking import evaluate, score
from sticc_lib.tracklets.table import Rule

SIZES = {"mars": (1980, 11310, 3248, 626), "large": (3504, 15829, 3248, 626)}
"""Queries, gallery, distractors in it, persons."""
TARGETS = {"mars": 10, "large": 18}
COMPILED = 20_000 / 659
"""torchreid at MARS's size: 20 s in plain Python, 659 cpu-ms compiled."""
WIDE = ((10_000, 100_000), (1_000, 1_000_000))
CAMERAS, WIDTH = 6, 64


def labelled(
    queries: int, gallery: int, distractors: int, persons: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features float32 [gallery, WIDTH], persons, cameras, and rows that are queries."""
    rng = np.random.default_rng(0)
    named = gallery - distractors
    person = np.r_[np.arange(named) % persons + 1, np.zeros(distractors, int)]
    camera = rng.integers(0, CAMERAS, gallery)
    centres = rng.standard_normal((persons + 1, WIDTH), np.float32)
    centres[0] = 0
    values = centres[person]
    values += rng.standard_normal((gallery, WIDTH), np.float32)
    values[named:] += rng.standard_normal((distractors, WIDTH), np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return values, person, camera, rng.choice(named, queries, replace=False)


def by_argsort(
    distances: np.ndarray, query_person: Any, gallery_person: Any, query_camera: Any, camera: Any
) -> tuple[float, np.ndarray]:
    """(mAP, CMC at ranks 1..50) by a stable argsort of every row."""
    ap, cmc = [], []
    for row, person, taken in zip(distances, query_person, query_camera, strict=True):
        order = np.argsort(row, kind="stable")
        same = gallery_person[order] == person
        hit = same[~(same & (camera[order] == taken))]
        places = np.flatnonzero(hit) + 1
        if len(places):
            ap.append(np.mean(np.arange(1, len(places) + 1) / places))
            cmc.append(places[0] <= np.arange(1, 51))
    return float(np.mean(ap)), np.mean(cmc, axis=0)


def timed(work: Callable, *inputs: Any) -> tuple[Any, float]:
    """(result, CPU milliseconds)."""
    start = time.process_time()
    result = work(*inputs)
    return result, 1e3 * (time.process_time() - start)


def beside(name: str, theirs: Callable | None, repeats: int) -> None:
    """Ranks one matrix with both, turn by turn."""
    values, person, camera, query = labelled(*SIZES[name])
    distances = 1 - values[query] @ values.T
    labels = person[query], person, camera[query], camera
    wanted, cmc = by_argsort(distances, *labels)
    ours, other, sorted_ = [], [], []
    for turn in range(repeats):
        found, fast = timed(score, distances, *labels)
        apart = max(abs(found.mAP - wanted), float(np.abs(found.cmc - cmc).max()))
        if apart > 1e-9:
            sys.exit(f"{name}: mAP {found.mAP} is not the argsort's {wanted}")
        ours.append(fast)
        sorted_.append(timed(by_argsort, distances, *labels)[1])
        if theirs is not None and (turn == 0 or name == "mars"):  # the large one takes a minute
            other.append(timed(theirs, distances, *labels, 50)[1])
    tell(f"ranking.{name}.difference", apart, "of mAP and CMC", most=1e-9)
    tell_ratio(f"ranking.{name}.argsort", ours, sorted_, "a stable argsort a row in numpy")
    if other:
        plain = ours[: len(other)]
        tell_ratio(f"ranking.{name}.python", plain, other, "torchreid in plain Python")
        derived = [ms / COMPILED for ms in other]
        tell_ratio(
            f"ranking.{name}.compiled", plain, derived, "torchreid compiled (derived)",
            target=TARGETS[name], note=f"derived: its plain Python / {COMPILED:.1f}",
        )  # fmt: skip


def wide(queries: int, gallery: int) -> None:
    """Evaluates from features alone; run in a process of its own."""
    values, person, camera, query = labelled(queries, gallery, 0, gallery // 20)
    asks = np.zeros(gallery, bool)
    asks[query] = True
    table = pd.DataFrame(
        {"person": person, "camera": camera, "split": "test", "query": asks, "gallery": True}
    )
    made = Embeddings(values, table, Rule())
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    found, spent = timed(evaluate, made)
    name = f"ranking.{queries}x{gallery}"
    tell(f"{name}.time", spent / 1e3, "cpu-s")
    tell(f"{name}.extra", (_status("VmHWM") - before) / 1024, "MB beside features",
         most=256 if gallery <= 100_000 else None)  # fmt: skip
    tell(f"{name}.mAP", found.mAP, "(synthetic)")


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def main() -> None:
    repeats, quick = asked(__doc__)
    warnings.simplefilter("ignore")  # torchreid tells that it is not compiled
    if quick:
        SIZES.update(mars=(40, 400, 50, 20), large=(50, 600, 50, 20))
    try:
        theirs = None if quick else torchreid("metrics/rank.py")[0]["eval_market1501"]
    except (OSError, ImportError, ValueError, KeyError, subprocess.SubprocessError) as error:
        print(f"torchreid cannot be had here ({error}): beside a stable argsort only")
        theirs = None
    for name in SIZES:
        beside(name, theirs, repeats)
    for queries, gallery in ((20, 2000),) if quick else WIDE:
        subprocess.run([sys.executable, __file__, "wide", str(queries), str(gallery)], check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["wide"]:
        wide(*map(int, sys.argv[2:4]))
    else:
        main()
