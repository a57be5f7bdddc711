"""A gallery larger than memory should hold: how well and how fast it is searched on disk.

1,000,000 x 256 synthetic vectors: persons around centres that lie in 64 directions, ten tracklets
each with scatter within the person, of length one, compared by cosine. Queries are further
tracklets of such persons, not in the gallery; probes and re-ranking depth were chosen before, when
it was built, on other queries (tracklets of the gallery). Recall@10 is the share of the ten exactly
nearest that were among the ten found. One query at a time, one after the other: *warm*, after the
same queries ran once; *cold*, each the first one after the system gave back its copies of all files
and the gallery was opened, which is timed by itself and compares parts of every file.

Built in a process of its own. Its memory: `anonymous` is what it holds, `resident` also counts
pages of mapped files, which the system takes back when it needs them.

    python benchmarks/index.py [--size 1000000] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from measured import tell

from sticc_lib.retrieval.index import Gallery, nearest
from sticc_lib.retrieval.index_build import Builder

WIDTH, DIRECTIONS, EACH, CHUNK = 256, 64, 10, 50_000
SCATTER = 0.6
"""Within a person, against 1 between persons, in each of the numbers."""
QUERIES, COLD = 200, 40


def persons(size: int) -> np.ndarray:
    """Centres float32 [persons, WIDTH]."""
    rng = np.random.default_rng(0)
    spread = rng.standard_normal((DIRECTIONS, WIDTH), np.float32) / np.float32(DIRECTIONS**0.5)
    return rng.standard_normal((max(1, size // EACH), DIRECTIONS), np.float32) @ spread


def tracklets(centres: np.ndarray, rows: np.ndarray, seed: int) -> np.ndarray:
    """Vectors float32 [n, WIDTH] of length one."""
    rng = np.random.default_rng(seed)
    values = centres[rows % len(centres)]
    values = values + np.float32(SCATTER) * rng.standard_normal(values.shape, np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def chunks(size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows and vectors of the gallery, some at a time."""
    centres = persons(size)
    for start in range(0, size, CHUNK):
        rows = np.arange(start, min(start + CHUNK, size))
        yield rows, tracklets(centres, rows, seed=1 + start)


def build(folder: Path, size: int) -> None:
    """Builds, and prints seconds of writing vectors, of making the lists, and memory."""
    stop, most = threading.Event(), [0.0]

    def watch() -> None:
        while not stop.wait(0.1):
            status = Path("/proc/self/status")
            if status.exists():
                held = status.read_text().partition("RssAnon:")[2].split()
                most[0] = max(most[0], int(held[0]) / 1024)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    builder = Builder.open(folder, {"model_fingerprint": "synthetic"}, "cosine", "approximate")
    done = builder.begin({"name": "synthetic", "key": str(size), "fingerprint": "0"}, size)
    begun = time.perf_counter()
    for rows, values in chunks(size):
        if rows[0] >= done:
            table = pd.DataFrame({"person": rows % max(1, size // EACH) + 1,
                                  "camera": pd.array(rows % 6, "Int64")}, index=rows)  # fmt: skip
            builder.append(values, table, [f"{row}.jpg" for row in rows])
    written = time.perf_counter()
    builder.finish()
    ended = time.perf_counter()
    stop.set()
    watcher.join()
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("measured", written - begun, ended - written, most[0], resident, flush=True)


def forget(folder: Path) -> None:
    """Asks the system to give back its copies of a folder's files."""
    for path in folder.iterdir():
        handle = os.open(path, os.O_RDONLY)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def warm(gallery: Gallery, queries: np.ndarray) -> np.ndarray:
    """Milliseconds of each query, asked alone."""
    found = []
    for query in queries:
        begun = time.perf_counter()
        gallery.search(query[None], 10)
        found.append(1000 * (time.perf_counter() - begun))
    return np.array(found)


def cold(folder: Path, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds of opening from disk, and of each query that is the first after that."""
    opening, found = [], []
    for query in queries:
        forget(folder)
        begun = time.perf_counter()
        gallery = Gallery.open(folder)
        opening.append(1000 * (time.perf_counter() - begun))
        found.append(warm(gallery, query[None])[0])
        del gallery  # its map would keep the pages
    return np.array(opening), np.array(found)


def measure(folder: Path, size: int) -> None:
    name = f"index.{size}"
    command = [sys.executable, __file__, "--size", str(size), "--build", str(folder)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    numbers = said.partition("measured ")[2].split()
    writing, lists, anonymous, resident = map(float, numbers[:4])
    gallery = Gallery.open(folder)
    print(f"synthetic, {gallery.told()}")
    rng = np.random.default_rng(9)
    wanted = rng.choice(max(1, size // EACH), QUERIES)
    queries = tracklets(persons(size), wanted, seed=0)
    begun = time.perf_counter()
    truth = nearest(gallery.vectors, queries, 10, "cosine")[0]
    exact = 1000 * (time.perf_counter() - begun) / QUERIES
    found = gallery.search(queries, 10)[0]
    recall = np.mean([len(set(f) & set(t)) for f, t in zip(found, truth, strict=True)]) / 10
    tell(f"{name}.recall_at_10", float(recall), "of exact", least=0.95)
    took = warm(gallery, queries)
    tell(f"{name}.query_warm_median", float(np.median(took)), "ms", most=50)
    tell(f"{name}.query_warm_95", float(np.percentile(took, 95)), "ms", most=50)
    if hasattr(os, "posix_fadvise"):
        del gallery
        opening, took = cold(folder, queries[:COLD])
        tell(f"{name}.open_cold_median", float(np.median(opening)), "ms")
        tell(f"{name}.query_cold_median", float(np.median(took)), "ms", most=50)
        tell(f"{name}.query_cold_95", float(np.percentile(took, 95)), "ms", most=50)
    tell(f"{name}.exact_query", exact, f"ms (of {QUERIES} together)")
    tell(f"{name}.write_vectors", writing, "s (drawing them included)")
    tell(f"{name}.make_lists", lists, "s (learning, coding, recall, check sums)")
    used = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    tell(f"{name}.disk", used / 1e6, f"MB (vectors alone {4 * size * WIDTH / 1e6:,.0f})")
    tell(f"{name}.build_anonymous", anonymous, "MB")
    tell(f"{name}.build_resident", resident, "MB")


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--size", type=int, default=1_000_000)
    reader.add_argument("--keep", help="folder for the gallery, which is then kept")
    reader.add_argument("--build", help=argparse.SUPPRESS)
    asked = reader.parse_args()
    if asked.build:
        build(Path(asked.build), asked.size)
        return
    with tempfile.TemporaryDirectory() as scratch:
        measure(Path(asked.keep or Path(scratch) / "gallery"), asked.size)


if __name__ == "__main__":
    main()
