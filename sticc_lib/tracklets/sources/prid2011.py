"""PRID2011, its multi-shot part: two cameras over a street, ten divisions into halves.

    prid_2011/multi_shot/cam_a|cam_b/person_0001/0001.png
    splits_prid2011.json        [{"train": ["person_0001", ...], "test": [...]}, ...]

Expected: 385 persons in A and 749 in B; the first 200 are under both. The usual protocol keeps the
178 of these with more than 21 frames under each camera (some texts say 27; recalled): 89 to train
on and 89 to test, ten times. Query is A, gallery B. Those whom a split does not name are set aside:
a number above 200 is not the same person in A and in B. Report CMC averaged over the splits.
Licence: research use. Ask: TU Graz. The list of splits comes with other people's code, not with
the set; put it beside `prid_2011`.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from sticc_lib.tracklets.sources import trees, twocameras
from sticc_lib.tracklets.sources.account import conclude
from sticc_lib.tracklets.sources.files import read_json, safe
from sticc_lib.tracklets.sources.reading import Problem, Reading, several
from sticc_lib.tracklets.table import TrackletSet

num_splits = 10
MORE_THAN = 21
EXPECTED: dict[str, int | str] = {
    "persons under A": 385, "persons under B": 749, "train persons": 89, "queries": 89,
    "gallery": 89, "splits": 10, "cameras": 2,
}  # fmt: skip
FACTS = {"licence": "research use", "ask": "TU Graz"}
CAMERAS = ("multi_shot/cam_a", "multi_shot/cam_b")
LIST = "splits_prid2011.json"
REMEDY = f"put {LIST}, a list of {{train: [folder names], test: [...]}}, beside prid_2011"
FORM = "person_0001/0001.png"


def read(root: str | Path, split: int = 0) -> Reading:
    """Reads one of the splits.

    Args:
        root: folder that holds `prid_2011` and `splits_prid2011.json`.
        split: 0 to 9.
    """
    problems: list[Problem] = []
    given = Path(root)
    root = trees.inner(given, ["multi_shot"], "prid_2011")
    path = next((p for p in (given / LIST, root.parent / LIST) if p.is_file()), given / LIST)
    splits = _read_splits(path, problems)
    frames = twocameras.camera_frames(root, CAMERAS, FORM, problems)
    if splits:
        trees.check_split(path, split, len(splits), problems)
    train, test = splits[split] if 0 <= split < len(splits) else ([], [])
    problems += _list_faults(path, split, train, test)
    wanted = dict.fromkeys([*train, *test], f"{path} split {split}")
    problems += twocameras.absent(root, CAMERAS, frames, wanted)
    frames = twocameras.assign(frames, train, test)
    tables = trees.group("prid2011", root, frames, ["name", "camera"], problems)
    used = tables[0][tables[0]["split"] != "ignore"]
    short = used[used["num_frames"] <= MORE_THAN]
    problems += several(
        lambda n: f"{path} split {split}", short.index.tolist(),
        lambda n: f"{short.loc[n, 'label']} has {short.loc[n, 'num_frames']} frames under camera "
        f"{short.loc[n, 'camera']}; the usual protocol keeps those with more than {MORE_THAN}",
        "compare with published numbers with care", fatal=False,
    )  # fmt: skip
    reading = conclude(
        "prid2011", root, tables, twocameras.RULE, problems, EXPECTED, FACTS, len(splits)
    )
    for number, camera in enumerate("AB", 1):
        reading.found[f"persons under {camera}"] = int((tables[0]["camera"] == number).sum())
    reading.found["splits"] = len(splits)
    return reading


def load(root: str | Path, split: int = 0) -> TrackletSet:
    """The set, checked; see `read`."""
    return read(root, split).to_set()


def _read_splits(path: Path, problems: list[Problem]) -> list[tuple[list[str], list[str]]]:
    """(train, test) names of each split; empty if the file is not usable."""
    before = len(problems)
    held = read_json(path, problems, REMEDY)
    if len(problems) > before:
        return []
    if not isinstance(held, list) or not held:
        problems.append(Problem(str(path), "expected a list of splits", REMEDY))
        return []
    wrong = [n for n, entry in enumerate(held) if not _is_split(entry)]
    problems += several(
        lambda n: f"{path} entry {n}", wrong,
        lambda n: "expected train and test, each a list of folder names", REMEDY,
    )  # fmt: skip
    return [] if wrong else [(entry["train"], entry["test"]) for entry in held]


def _is_split(entry: Any) -> bool:
    return isinstance(entry, dict) and all(
        isinstance(entry.get(side), list) and all(isinstance(n, str) for n in entry[side])
        for side in ("train", "test")
    )


def _list_faults(path: Path, split: int, train: list[str], test: list[str]) -> list[Problem]:
    """Names that are no folder names, and those that stand twice, in one half or in both."""
    problems: list[Problem] = []
    for name in dict.fromkeys(train + test):
        safe(name, f"{path} split {split}", problems)
    names = sorted(train + test)
    twice = sorted({a for a, b in pairwise(names) if a == b})
    return problems + several(
        lambda n: f"{path} split {split}", range(len(twice)),
        lambda n: f"{twice[n][:60]!r} stands there twice, expected in one half once",
        "take it out of one of them",
    )  # fmt: skip
