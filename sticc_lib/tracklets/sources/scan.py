"""Which files a folder tree holds: listed once, kept in the cache, listed anew when it changed.

A tree counts as changed when the time of any folder in it did: files came, went or were renamed.
The lists that come with a data set are small beside its pictures; they are read every time.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.run import atomic, bar, cache_dir
from sticc_lib.tracklets.sources.reading import Problem, several

IMAGES = (".jpg", ".jpeg", ".png", ".bmp")
CACHE_VERSION = 1
UNSETTLED = 2.0
"""Seconds. CHOICE: a tree that changed this shortly before it was listed is not kept in the cache:
the clock of a file system may be too coarse to show what happened after."""


@dataclass(frozen=True)
class Tree:
    """The files of a folder tree.

    Attributes:
        root: the folder.
        files: a row a file, sorted by folder, then name: `folder` (category: path below root with
            `/`, empty for root itself) and `name`.
        fingerprint: twelve hex digits over all folders and their times.
        cached: whether the list came from the cache.
        problems: folders that could not be listed, and what was left out.
    """

    root: Path
    files: pd.DataFrame
    fingerprint: str
    cached: bool = False
    problems: list[Problem] = field(default_factory=list)

    def __len__(self) -> int:
        """Number of files."""
        return len(self.files)

    def folder(self, top: str) -> pd.DataFrame:
        """The files in a folder and below it, with the row numbers of `files`."""
        names = self.files["folder"].cat.categories
        inside = np.array([n == top or n.startswith(f"{top}/") for n in names], bool)
        return self.files[inside[self.files["folder"].cat.codes.to_numpy()]]


def paths(files: pd.DataFrame) -> np.ndarray:
    """The paths below root of (some) files of a tree, object array of text."""
    starts = np.array([f"{n}/" if n else "" for n in files["folder"].cat.categories], object)
    return starts[files["folder"].cat.codes.to_numpy()] + files["name"].to_numpy()


def scan(root: Path | str, suffixes: Sequence[str] = IMAGES, depth: int = 6) -> Tree:
    """Lists the files below a folder, from the cache if no folder changed since.

    Names that begin with a dot are passed over (what macOS and editors leave). Linked folders
    are followed, each folder is listed once.

    Args:
        root: the folder. One that is missing gives an empty tree and a fatal problem.
        suffixes: endings to take, in lower case; upper case is taken too.
        depth: levels of folders below root that are looked into.
    """
    root = Path(root)
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "the folder is missing"
        problem = Problem(str(root), what, "give the folder that the data set was unpacked into")
        return Tree(root, _table([], np.empty(0, int), []), "", problems=[problem])
    key = repr((CACHE_VERSION, str(root.resolve()), tuple(suffixes), depth))
    cache = cache_dir() / f"scan-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
    tree = _from_cache(cache, root)
    return tree or _list(root, tuple(suffixes), depth, cache)


def absent(
    files: pd.DataFrame, wanted: np.ndarray, where: Callable[[int], str], remedy: str
) -> tuple[np.ndarray, list[Problem]]:
    """Which of the files that a list names are not there.

    Args:
        files: what is there, of a tree.
        wanted: paths below root, in the order of the list.
        where: the place in the list that names the i-th, for messages.
        remedy: what to do.

    Returns:
        bool, one a path, True where it is absent; and a problem for each folder with absent ones.
    """
    missing = ~pd.Index(wanted, dtype=object).isin(paths(files))
    rows = np.flatnonzero(missing)
    folders = pd.Series([str(wanted[r]).rpartition("/")[0] for r in rows], dtype=object)
    groups = [rows[g] for g in folders.groupby(folders, sort=False).indices.values()]

    def what(number: int) -> str:
        mine = groups[number]
        more = f" (the first of {len(mine)} in this folder)" if len(mine) > 1 else ""
        return f"{wanted[mine[0]]} is not there{more}"

    return missing, several(lambda n: where(groups[n][0]), range(len(groups)), what, remedy)


def _list(root: Path, suffixes: tuple[str, ...], depth: int, cache: Path) -> Tree:
    began = time.time()
    folders, times, counts, names = [], [], [], []
    problems: list[Problem] = []
    seen: set[tuple[int, int]] = set()
    stack = [("", 0)]
    with bar(desc=f"list {root.name}", unit="file", delay=3, leave=False) as shown:
        while stack:
            folder, level = stack.pop()
            try:
                state = os.stat(root / folder)
                if (state.st_dev, state.st_ino) in seen:
                    continue
                seen.add((state.st_dev, state.st_ino))
                below, inside = _entries(root / folder, suffixes)
            except OSError as error:
                what = f"cannot be listed ({error.strerror})"
                problems.append(Problem(str(root / folder), what, "mend its permissions"))
                continue
            below, inside = (_readable(part, root / folder, problems) for part in (below, inside))
            if level < depth:
                stack += [(f"{folder}/{n}" if folder else n, level + 1) for n in sorted(below)]
            elif below:
                what = f"{len(below)} folders, deeper than {depth} levels, were not looked into"
                problems.append(Problem(str(root / folder), what, "move them up", fatal=False))
            folders.append(folder)
            times.append(state.st_mtime_ns)
            counts.append(len(inside))
            names.append("\0".join(inside))  # one text a folder: light until the table is made
            shown.update(len(inside))
    order = sorted(range(len(folders)), key=folders.__getitem__)
    folders, names = [folders[i] for i in order], [names[i] for i in order if counts[i]]
    stamps, numbers = np.array(times, np.int64)[order], np.array(counts, np.int64)[order]
    text = "\0".join(names)
    del names
    settled = stamps.max(initial=0) < (began - UNSETTLED) * 1e9
    if settled and not problems:
        _to_cache(cache, folders, stamps, numbers, text)
    table = _table(folders, numbers, text.split("\0") if text else [])
    return Tree(root, table, _fingerprint(folders, stamps), problems=problems)


def _entries(folder: Path, suffixes: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Names of the folders and of the wanted files in a folder, files sorted."""
    below, inside = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name[0] == ".":
                continue
            if name.lower().endswith(suffixes):
                if entry.is_file():
                    inside.append(name)
            elif entry.is_dir():
                below.append(name)
    return below, sorted(inside)


def _readable(names: list[str], folder: Path, problems: list[Problem]) -> list[str]:
    """Without the names that are not text; those are told."""
    try:
        "".join(names).encode()
    except UnicodeEncodeError:
        good = [n for n in names if not any("\ud800" <= c < "\ue000" for c in n)]
        what = f"{len(names) - len(good)} names are not UTF-8; they are left out"
        problems.append(Problem(ascii(str(folder))[1:-1], what, "rename them", fatal=False))
        return good
    return names


def _table(folders: Sequence[str], counts: np.ndarray, names: Collection[str]) -> pd.DataFrame:
    codes = np.repeat(np.arange(len(folders), dtype=np.int32), counts)
    category = pd.Categorical.from_codes(codes, categories=pd.Index(folders, dtype=object))
    return pd.DataFrame({"folder": category, "name": pd.Series(list(names), dtype=object)})


def _fingerprint(folders: list[str], stamps: np.ndarray) -> str:
    digest = hashlib.sha256("\0".join(folders).encode())
    digest.update(stamps.tobytes())
    return digest.hexdigest()[:12]


def _to_cache(
    cache: Path, folders: list[str], stamps: np.ndarray, counts: np.ndarray, text: str
) -> None:
    with atomic(cache) as temporary:
        np.savez(
            temporary,
            folders=np.frombuffer("\0".join(folders).encode(), np.uint8),
            stamps=stamps,
            counts=counts,
            names=np.frombuffer(text.encode(), np.uint8),
        )


def _from_cache(cache: Path, root: Path) -> Tree | None:
    """The kept list, unless there is none, it is damaged, or a folder changed: then it goes."""
    try:
        with np.load(cache, allow_pickle=False) as kept:
            folders = kept["folders"].tobytes().decode().split("\0")
            stamps, counts = kept["stamps"], kept["counts"]
            for folder, stamp in zip(folders, stamps, strict=True):
                if os.stat(root / folder).st_mtime_ns != stamp:
                    raise ValueError("changed")
            text = kept["names"].tobytes().decode()
            table = _table(folders, counts, text.split("\0") if text else [])
    except Exception:  # whatever a damaged cache file raises: the tree itself is there
        cache.unlink(missing_ok=True)
        return None
    return Tree(root, table, _fingerprint(folders, stamps), cached=True)
