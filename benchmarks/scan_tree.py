"""How long a tree of MARS's size takes to list, cold and from the cache, and to read as MARS.

Makes empty files in MARS's layout in a temporary folder (1.2 million: one to five minutes), lists
them in fresh interpreters and removes them. Cold means that the system's own caches were dropped,
which takes root on Linux; without it the line says so.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

FILES, TRAIN_SHARE, LENGTH = 1_200_000, 0.43, 58
PERSONS = {"train": 625, "test": 636}
MEASURE = """
import resource, sys, time
from pathlib import Path
started = time.perf_counter()
from sticc_lib.tracklets.sources import {module}
loaded = time.perf_counter()
found = {call}
ended = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
peak /= 1e6 if sys.platform == "darwin" else 1e3
if (status := Path("/proc/self/status")).exists():  # there, the other one begins at the parent's
    peak = int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1e3
imports = loaded - started
print(f"{{ended - loaded:.2f}} s, {{imports:.2f}} s of imports, peak {{peak:.0f}} MB, {says}")
"""
CASES = {
    "listed cold": ("scan", "scan.scan({root!r}, ('.jpg',), 2)", "{len(found):,} files"),
    "listed from the cache": ("scan", "scan.scan({root!r}, ('.jpg',), 2)", "{len(found):,} files"),
    "read as MARS, from the cache": (
        "mars",
        "mars.read({root!r})",
        "{len(found.frames):,} frames, {len(found.fatal)} problems",
    ),
}


def make_tree(root: Path, files: int) -> None:
    """`files` empty files, and the index files that name them."""
    from scipy import io

    counts = {"train": round(files * TRAIN_SHARE)}
    counts["test"] = files - counts["train"]
    (root / "info").mkdir()
    for part, count in counts.items():
        names, rows = [], []
        tracklets = max(count // LENGTH, 1)
        for number, frames in enumerate(np.bincount(np.arange(count) * tracklets // count)):
            person, turn = number % PERSONS[part] + 1, number // PERSONS[part]
            camera = turn % 6 + 1
            rows.append([len(names) + 1, len(names) + frames, person, camera])
            start = f"{person:04d}C{camera}T{turn // 6 + 1:04d}"
            names += [f"{start}F{frame:03d}.jpg" for frame in range(1, frames + 1)]
        for folder in sorted({name[:4] for name in names}):
            (root / f"bbox_{part}" / folder).mkdir(parents=True)
        for name in names:
            os.close(os.open(f"{root}/bbox_{part}/{name[:4]}/{name}", os.O_CREAT | os.O_WRONLY))
        (root / "info" / f"{part}_name.txt").write_text("\n".join(names))
        table = {f"track_{part}_info": np.array(rows, float)}
        io.savemat(root / "info" / f"tracks_{part}_info.mat", table)
    io.savemat(root / "info" / "query_IDX.mat", {"query_IDX": np.arange(1, len(rows), 7)[None]})


def refuse_if_full(folder: str, files: int) -> None:
    """Ends with a message where there is no room for so many files."""
    if hasattr(os, "statvfs"):
        state = os.statvfs(folder)
        if state.f_files and state.f_favail < files * 1.2:
            sys.exit(
                f"{folder}: {state.f_favail} free inodes, {files} files need more; use --where"
            )
    if shutil.disk_usage(folder).free < files * 500:  # folders and lists; the files are empty
        sys.exit(f"{folder}: less than {files * 500 / 1e6:.0f} MB free; use --where or --files")


def dropped() -> bool:
    """Whether the system could be made to forget what it knows of the disk."""
    try:
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except (OSError, AttributeError):
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--where", default=tempfile.gettempdir(), help="folder for the tree")
    given = parser.parse_args()
    refuse_if_full(given.where, given.files)
    place = Path(tempfile.mkdtemp(prefix="sticc-scan-", dir=given.where))
    try:
        root = place / "MARS"
        root.mkdir()
        started = time.perf_counter()
        make_tree(root, given.files)
        print(f"{given.files:,} empty files made in {time.perf_counter() - started:.0f} s")
        time.sleep(2.5)  # a tree that changed a moment ago is not kept in the cache
        for number, (name, (module, call, says)) in enumerate(CASES.items()):
            if number == 0 and not dropped():
                name += " (not quite: the system's own caches could not be dropped)"
            code = MEASURE.format(module=module, call=call.format(root=str(root)), says=says)
            environment = {**os.environ, "STICC_CACHE": str(place / "cache"), "TQDM_DISABLE": "1"}
            done = subprocess.run(
                [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True,
                env=environment,
            )  # fmt: skip
            print(f"{name:30} {done.stdout.strip()}", flush=True)
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
