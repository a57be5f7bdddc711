"""What things cost as work grows: a figure and a table each, into benchmarks/results/.

Ranking (100 queries, from features, chunked): time and memory against the gallery; embedding (the
shipped STICC) against frames; one forward of STICC against T and against resolution; k-reciprocal
re-ranking against N; opening a data set (MARS's layout, empty files, nothing in the cache) against
its files. Every point is the median of the repeats, CPU time of one thread; the slope of a line
through all points, on logarithmic axes, is the power with which the cost grows; where a fixed cost
weighs on small sizes, the slope between the two largest comes nearer to it.

    OMP_NUM_THREADS=1 python benchmarks/growth.py [repeats] [--quick]
"""

from __future__ import annotations

import csv
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from measured import asked, held_mb, tell

from sticc_lib.experiments.session import shipped_checkpoint
from sticc_lib.figures import captions
from sticc_lib.figures.theme import INK, METHODS, MUTED, themed
from sticc_lib.models import zoo
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.run import write_text
from sticc_lib.tracklets.table import Rule

RESULTS = Path(os.environ.get("STICC_BENCHMARK_FIGURES", Path(__file__).parent / "results"))
QUERIES, WIDTH = 100, 64
GALLERIES = (1_000, 10_000, 100_000, 1_000_000)
FRAMES = (64, 128, 256, 512, 1024)
TIMES = (1, 2, 4, 8, 16, 32)
HEIGHTS = (64, 128, 256, 384)
RERANKED = (500, 1000, 2000, 4000, 8000)
FILES = (1_000, 10_000, 100_000)


def median_of(repeats: int, work: Callable[[], Any]) -> float:
    """CPU seconds, median; the first call warms up."""
    taken = []
    for turn in range(repeats + 1):
        begun = time.process_time()
        work()
        taken += [time.process_time() - begun] if turn else []
    return statistics.median(taken)


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The power with which the cost grows: least squares on logarithms."""
    usable = [(x, y) for x, y in zip(sizes, costs, strict=True) if y > 0]
    if len(usable) < 2:
        return float("nan")
    x, y = np.log(np.array(usable)).T
    return float(np.polyfit(x, y, 1)[0])


def ranked(gallery: int) -> Embeddings:
    """Synthetic embeddings of which the first 100 ask."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((gallery, WIDTH), np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    table = pd.DataFrame(
        {"person": np.arange(gallery) % max(gallery // 20, 1) + 1,
         "camera": rng.integers(0, 6, gallery), "split": "test",
         "query": np.arange(gallery) < QUERIES, "gallery": True},
    )  # fmt: skip
    return Embeddings(values, table, Rule())


def ranking(repeats: int, sizes: Sequence[int]) -> list[tuple[float, float]]:
    """Seconds and MB of each size; each in a process of its own, whose peak is its own."""
    found = []
    for size in sizes:
        command = [sys.executable, __file__, "ranking", str(size), str(repeats)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        seconds, extra = map(float, done.stdout.split()[-2:])
        found.append((seconds, extra))
    return found


def one_ranking(size: int, repeats: int) -> None:
    from sticc_lib.retrieval.ranking import evaluate

    evaluate(ranked(200))  # imports
    made = ranked(size)
    before = held_mb()
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    evaluate(made)
    extra = held_mb("VmHWM") - before
    print(median_of(repeats, lambda: evaluate(made)), max(extra, 0.0))


def embedding(repeats: int, sizes: Sequence[int]) -> list[float]:
    """Seconds to embed so many frames, from bytes in memory."""
    from sticc_lib.config import EvalConfig
    from sticc_lib.retrieval.embed import embed
    from sticc_lib.tracklets.store import ArrayStore
    from sticc_lib.tracklets.table import TrackletSet

    model = zoo.load(shipped_checkpoint())[0]
    found = []
    for size in sizes:
        rng = np.random.default_rng(0)
        pixels = rng.integers(0, 256, (size, *model.spec.image_size, 3), np.uint8)
        frames = pd.DataFrame({"tracklet": np.arange(size) // 8, "time": np.arange(size) % 8,
                               "row": np.arange(size)})  # fmt: skip
        count = (size + 7) // 8
        tracklets = pd.DataFrame(
            {"person": np.arange(count) + 1, "label": "p", "camera": 1, "split": "test",
             "query": True, "gallery": True, "num_frames": 8, "source": "made"},
            index=pd.RangeIndex(count, name="tracklet"),
        )  # fmt: skip
        data = TrackletSet("made", tracklets, frames, ArrayStore(pixels), Rule())
        found.append(
            median_of(repeats, lambda d=data: embed(model, d, EvalConfig(), progress=False))
        )
    return found


def forward(repeats: int, shapes: Sequence[tuple[int, int]]) -> list[float]:
    """Seconds of one clip through STICC at `quick`, of T frames of a height (half as wide)."""
    found = []
    for length, height in shapes:
        model = zoo.build(
            "sticc", 10, clip_length=length, height=height,
            weights="none", **{"width": height // 2},
        ).eval()  # fmt: skip
        clip = torch.randn(1, length, 3, height, height // 2)

        def run(model: Any = model, clip: torch.Tensor = clip) -> None:
            with torch.inference_mode():
                model(clip)

        found.append(median_of(repeats, run))
    return found


def reranking(repeats: int, sizes: Sequence[int]) -> list[float]:
    """Seconds from features, a seventh of them queries."""
    from sticc_lib.retrieval.rerank import rerank

    found = []
    for size in sizes:
        values = ranked(size).values
        queries = size // 7
        found.append(median_of(repeats, lambda v=values, q=queries: rerank(v[:q], v[q:])))
    return found


def opening(repeats: int, sizes: Sequence[int]) -> list[float]:
    """Seconds to read a tree in MARS's layout that was never listed before."""
    from scan_tree import make_tree

    from sticc_lib.tracklets.sources import mars

    found, before = [], os.environ.get("STICC_CACHE")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "MARS"
            root.mkdir()
            make_tree(root, size)
            turn = iter(range(repeats + 1))

            def read(root: Path = root, folder: str = folder, turn: Any = turn) -> None:
                os.environ["STICC_CACHE"] = f"{folder}/cache{next(turn)}"
                mars.read(root)

            found.append(median_of(repeats, read))
    os.environ.pop("STICC_CACHE", None)
    if before is not None:
        os.environ["STICC_CACHE"] = before
    return found


@themed
def draw(
    name: str, title: str, along: str, panels: dict[str, tuple[Sequence[float], Sequence[float]]]
) -> None:
    """A panel a cost: points, and the line whose slope is the power; saved as PNG with its words.

    Args:
        name: of the files.
        title: one line.
        along: what the sizes are.
        panels: label of the cost -> sizes, costs.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullFormatter

    figure = Figure((9, 4.2), layout="constrained")
    told = []
    for place, (label, (sizes, costs)) in enumerate(panels.items()):
        axes = figure.add_subplot(1, len(panels), place + 1)
        power = slope(sizes, costs)
        axes.loglog(sizes, costs, METHODS["sticc"][1], color=METHODS["sticc"][0], ms=7, zorder=3)
        if np.isfinite(power):
            log = [np.log(np.array(v, float)) for v in (sizes, np.maximum(costs, 1e-12))]
            at = log[1].mean() - power * log[0].mean()
            ends = np.array([min(sizes), max(sizes)], float)
            axes.plot(ends, np.exp(at) * ends**power, color=MUTED, lw=1, zorder=1)
        axes.set_xticks(list(sizes), [_short(size) for size in sizes])
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        few = max(costs) < 30 * max(min(costs), 1e-12)  # then decades alone say too little
        axes.yaxis.set_minor_formatter(FuncFormatter(_two_and_five) if few else NullFormatter())
        axes.set_xlabel(along)
        axes.set_ylabel(label)
        last = slope(sizes[-2:], costs[-2:])
        words = f"slope {power:.2f}; {last:.2f} between the last two"
        axes.text(0.04, 0.97, words, transform=axes.transAxes, va="top", color=INK)
        told.append(f"{label} {costs[0]:.3g} at {_short(sizes[0])} and {costs[-1]:.3g} at "
                    f"{_short(sizes[-1])} ({words})")  # fmt: skip
    words = "; ".join(told)
    text = (
        f"Both axes are logarithmic; the line is fitted to the points, its slope is the power of "
        f"{along} with which the cost grows. {words}. Made by python benchmarks/growth.py."
    )
    captions.caption(figure, title, text, f"Cost against {along}: {words}.")
    RESULTS.mkdir(parents=True, exist_ok=True)
    captions.save(figure, RESULTS / f"{name}.png")


def _two_and_five(value: float, _: int) -> str:
    return f"{value:.1g}" if f"{value:e}"[0] in "25" else ""


def _short(size: float) -> str:
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if size >= limit and size % (limit / 10) == 0:
            return f"{size / limit:g}{unit}"
    return f"{size:g}"


def keep(
    name: str, title: str, along: str, panels: dict[str, tuple[Sequence[float], Sequence[float]]]
) -> None:
    """Says the slopes and the points, writes the table, draws the figure."""
    rows = io.StringIO()
    table = csv.writer(rows, lineterminator="\n")
    table.writerow([along, *panels])
    sizes = next(iter(panels.values()))[0]
    table.writerows([size, *(costs[i] for _, costs in panels.values())]
                    for i, size in enumerate(sizes))  # fmt: skip
    write_text(RESULTS / f"{name}.csv", rows.getvalue())
    for label, (xs, costs) in panels.items():
        what = label.split(",")[0].replace(" ", "_")
        tell(f"growth.{name}.{what}.slope", slope(xs, costs), f"power of {along}")
        tell(f"growth.{name}.{what}.last_slope", slope(xs[-2:], costs[-2:]), f"power of {along}")
        for size, cost in zip(xs, costs, strict=True):
            tell(f"growth.{name}.{what}.{_short(size)}", cost, label.rpartition(", ")[2])
    draw(name, title, along, panels)


def main() -> None:
    repeats, quick = asked(__doc__)
    torch.set_num_threads(1)
    os.environ["TQDM_DISABLE"] = "1"

    def some(sizes: Sequence[Any]) -> Sequence[Any]:
        return sizes[:2] if quick else sizes

    galleries = some(GALLERIES)
    seconds, extra = zip(*ranking(repeats, galleries), strict=True)
    panels = {"time, s": (galleries, seconds), "memory beside the features, MB": (galleries, extra)}
    keep("ranking", f"Ranking {QUERIES} queries", "gallery size", panels)
    frames = some(FRAMES)
    keep("embedding", "Embedding with the shipped STICC, 128x64", "frames",
         {"time, s": (frames, embedding(repeats, frames))})  # fmt: skip
    times, heights = some(TIMES), some(HEIGHTS)
    keep("frames_of_a_clip", "One clip through STICC at 128x64", "frames of a clip (T)",
         {"time, s": (times, forward(repeats, [(t, 128) for t in times]))})  # fmt: skip
    pixels = [h * h // 2 for h in heights]
    keep("resolution", "One clip of 4 frames through STICC", "pixels a frame",
         {"time, s": (pixels, forward(repeats, [(4, h) for h in heights]))})  # fmt: skip
    sizes = (100, 200) if quick else RERANKED
    keep("reranking", "k-reciprocal re-ranking from features", "queries and gallery (N)",
         {"time, s": (sizes, reranking(repeats, sizes))})  # fmt: skip
    files = (200, 400) if quick else FILES
    keep("opening", "Opening a data set in MARS's layout, never listed before", "files",
         {"time, s": (files, opening(repeats, files))})  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["ranking"]:
        one_ranking(*map(int, sys.argv[2:4]))
    else:
        main()
