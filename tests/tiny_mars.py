"""MARS in little, in its real layout, and index files of its real shape."""

import numpy as np
import pandas as pd
from PIL import Image
from scipy import io

NAMES = {-1: "00-1", 0: "0000"}


def write_tree(root, train, test, queries, picture=True):
    """A tree and its index files.

    Args:
        train, test: (person, camera, frames) of each tracklet.
        queries: rows of test, from 1.
    """
    (root / "info").mkdir(parents=True, exist_ok=True)
    for part, tracklets in (("train", train), ("test", test)):
        names, rows = index(tracklets)
        (root / "info" / f"{part}_name.txt").write_text("\n".join(names) + "\n")
        io.savemat(root / "info" / f"tracks_{part}_info.mat", {f"track_{part}_info": rows})
        for number, name in enumerate(names):
            path = root / f"bbox_{part}" / name[:4] / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if picture:
                colour = np.full((16, 8, 3), 40 + 5 * (number % 40), np.uint8)
                Image.fromarray(colour).save(path)
            else:
                path.touch()
    io.savemat(root / "info" / "query_IDX.mat", {"query_IDX": np.array([queries], np.uint16)})
    return root


def index(tracklets):
    """Name list and tracklet table of tracklets (person, camera, frames)."""
    names, rows, seen = [], [], {}
    for person, camera, frames in tracklets:
        seen[person, camera] = track = seen.get((person, camera), 0) + 1
        label = NAMES.get(person, f"{person:04d}")
        rows.append([len(names) + 1, len(names) + frames, person, camera])
        names += [f"{label}C{camera}T{track:04d}F{f:03d}.jpg" for f in range(1, frames + 1)]
    return names, np.array(rows, float)


def real_shape():
    """Tracklets in the numbers that were counted in MARS's own index files, made up otherwise.

    Returns:
        train and test tracklets (person, camera, frames), and query rows (from 1). 70 persons have
        two tracklets and both are queries, so 140 queries depend on queries in the gallery.
    """
    train = [(1 + n % 625, 1 + (n // 625) % 6, 2) for n in range(8298)]
    persons = range(1000, 1634)
    few, more, idle = persons[:70], persons[70:626], persons[626:]
    asked = [(p, camera) for p in few for camera in (1, 2)]
    asked += [(p, camera) for n, p in enumerate(more) for camera in range(1, 5 if n < 172 else 4)]
    others = [(p, 1 + turn % 6) for turn in range(11) for p in (*more, *idle)]
    others = others[: 12_180 - 870 - 3248 - len(asked)]
    rows = [(-1, 1 + n % 6) for n in range(870)] + [(0, 1 + n % 6) for n in range(3248)]
    rows += asked + others
    order = np.random.default_rng(0).permutation(len(rows))
    test = [(*rows[i], 2) for i in order]
    is_query = (order >= 870 + 3248) & (order < 870 + 3248 + len(asked))
    return train, test, np.flatnonzero(is_query) + 1


def listed(train, test):
    """The files of a tree of these tracklets, as `scan` gives them, without making any."""
    folders = {}
    for part, tracklets in (("train", train), ("test", test)):
        for name in index(tracklets)[0]:
            folders.setdefault(f"bbox_{part}/{name[:4]}", []).append(name)
    names = sorted(folders)
    codes = np.repeat(np.arange(len(names)), [len(folders[n]) for n in names])
    category = pd.Categorical.from_codes(codes, categories=pd.Index(names, dtype=object))
    flat = [name for folder in names for name in sorted(folders[folder])]
    return pd.DataFrame({"folder": category, "name": pd.Series(flat, dtype=object)})
