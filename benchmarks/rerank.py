"""k-reciprocal re-ranking: ours beside torchreid's own function, alternating in one run.

Synthetic features (persons around random centres, 2048 wide), k1 20, k2 6, lambda 0.3. Prints one
line a figure: the median ratio over the repeats, process CPU time of one thread, and whether the
target is reached. "Given distances": both get the same three matrices. "From features": theirs
makes its three matrices by torchreid's cosine distance first. Rounding differs between the two
then, so where two rows are equally near to the last digit another one may be a neighbour.

torchreid (PyPI) is installed without its dependencies into an environment of its own, in the
cache; only the files of re-ranking and of distances are loaded. Where that fails, a dense numpy
version of the formulation stands in, and every line says so.

    OMP_NUM_THREADS=1 python benchmarks/rerank.py [repeats] [--quick]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from measured import asked, tell, tell_ratio
from peers import torchreid

from sticc_lib.retrieval.rerank import rerank, rerank_distances

SIZES, WHOLE, QUERIES, EACH, WIDTH = (1000, 5000), 13290, 0.15, 18, 2048
TARGETS = {"given distances": 20, "from features": 5}


def synthetic(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Query and gallery features float32 [Q, 2048], [G, 2048]: 18 tracklets a person."""
    rng = np.random.default_rng(seed)
    person = rng.permutation(np.arange(count) // EACH)
    centres = rng.standard_normal((person.max() + 1, WIDTH), np.float32)
    values = rng.standard_normal((count, WIDTH), np.float32)
    values *= 1.5
    values += centres[person]
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    queries = round(QUERIES * count)
    return values[:queries], values[queries:]


def peer():
    """(name, re-ranking of three matrices, distances of two sets of features)."""
    try:
        mend, near = torchreid("utils/rerank.py", "metrics/distance.py")
        theirs, metric = mend["re_ranking"], near["compute_distance_matrix"]
    except (OSError, ImportError, ValueError, KeyError, subprocess.SubprocessError) as error:
        print(f"torchreid cannot be had here ({error}): a dense numpy version stands in for it")
        return "dense numpy (ours, not torchreid)", dense, lambda a, b: 1 - a @ b.T
    import torch

    torch.set_num_threads(1)

    def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return metric(torch.from_numpy(a), torch.from_numpy(b), "cosine").numpy()

    return "torchreid", theirs, distances


def dense(mixed, query, gallery, k1=20, k2=6, weight=0.3):
    """The formulation in dense numpy, a row at a time."""
    squared = np.block([[query, mixed], [mixed.T, gallery]]).astype(np.float32) ** 2
    near = np.ascontiguousarray((squared / squared.max(axis=0)).T)
    order, queries = np.argsort(near, axis=1, kind="stable"), len(query)

    def reciprocal(row, k):
        own = order[row, : k + 1]
        return own[(order[own, : k + 1] == row).any(axis=1)]

    encoded = np.zeros_like(near)
    for row in range(len(near)):
        own = members = reciprocal(row, k1)
        for neighbour in own:
            half = reciprocal(neighbour, round(k1 / 2))
            if 3 * np.isin(half, own).sum() > 2 * len(half):
                members = np.union1d(members, half)
        similar = np.exp(-near[row, members])
        encoded[row, members] = similar / similar.sum()
    encoded = (
        encoded[order[:, :k2]].mean(axis=1)
        if len(near) < 2000
        else np.stack([encoded[first].mean(axis=0) for first in order[:, :k2]])
    )
    result = weight * near[:queries, queries:]
    for row in range(queries):
        columns = np.flatnonzero(encoded[row])
        shared = np.minimum(encoded[queries:, columns], encoded[row, columns]).sum(axis=1)
        result[row] += (1 - weight) * (1 - shared / (2 - shared))
    return result


def timed(work, *inputs):
    """(result, CPU seconds)."""
    start = time.process_time()
    result = work(*inputs)
    return result, time.process_time() - start


def versus(what: str, count: int, ours, theirs, name: str, repeats: int) -> None:
    """Alternates two makers of one matrix and prints how they compare."""
    fast, slow = [], []
    for _ in range(repeats):
        wanted, seconds = timed(theirs)
        slow.append(1e3 * seconds)
        found, seconds = timed(ours)
        fast.append(1e3 * seconds)
    key = f"rerank.{what.replace(' ', '_')}.{count}"
    tell_ratio(key, fast, slow, name, target=TARGETS[what] if count == SIZES[-1] else None)
    apart = np.abs(found - wanted)
    tell(f"{key}.difference", float(apart.max()), "at most", most=1e-6)
    tell(f"{key}.cells", float((apart >= 1e-6).mean()), "of cells differ by 1e-6 or more")


def peak(work) -> float:
    """MB that a call held at most, beside what it returned (Linux; NaN elsewhere)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
        before = _status("VmRSS")
        result = work()
        return (_status("VmHWM") - before) / 1024 - result.nbytes / 2**20
    except OSError:
        return float("nan")


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def whole(count: int) -> None:
    """Time and memory at MARS's size, ours alone; run in a process of its own."""
    query, gallery = synthetic(count)
    rerank(query[:50], gallery[:100])  # imports, and the buffers of the matrix product
    seconds = []

    def work():
        result, spent = timed(rerank, query, gallery)
        seconds.append(spent)
        return result

    extra = peak(work)
    tell(f"rerank.from_features.{count}.extra", extra, "MB beside features and result", most=150)
    tell(f"rerank.from_features.{count}.time", seconds[0], "cpu-s")


def compare(count: int, name: str, theirs, metric, repeats: int) -> None:
    """Both ways to begin, at one size."""
    query, gallery = synthetic(count)
    pairs = (query, gallery), (query, query), (gallery, gallery)
    given = [metric(a, b) for a, b in pairs]
    sides = {
        "given distances": (lambda: rerank_distances(*given), lambda: theirs(*given)),
        "from features": (
            lambda: rerank(query, gallery),
            lambda: theirs(*[metric(a, b) for a, b in pairs]),
        ),
    }
    for what, (ours, other) in sides.items():
        versus(what, count, ours, other, name, repeats)


def main() -> None:
    repeats, quick = asked(__doc__)
    stands_in = "dense numpy (ours, not torchreid)", dense, lambda a, b: 1 - a @ b.T
    name, theirs, metric = stands_in if quick else peer()
    rerank(*synthetic(100))  # imports, and what a first matrix product sets up
    for count in (200,) if quick else SIZES:
        compare(count, name, theirs, metric, repeats)
    size = 400 if quick else WHOLE
    subprocess.run([sys.executable, __file__, "whole", str(size)], check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["whole"]:
        whole(int(sys.argv[2]))
    else:
        main()
