"""Your own images: any folder tree whose names say who, and perhaps where and when.

    {split}/{person}/{camera}/{frame}.jpg       train/anna/3/0001.jpg
    {person}_c{camera}_{frame}                  anna_c3_0001.png

See `pattern.compile_pattern` for the fields: `split` (train, val, test, query, gallery, ignore, or
Market's folder names), `person`, `camera`, `tracklet`, `frame`. Only `person` must be there. Images
of one split, person, camera and tracklet are one tracklet, in the order of `frame` (or by name).
Without a split all is test, and without queries and gallery of their own each tracklet of test is
both. Cameras that are no numbers are numbered; the facts say how.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.tracklets.sources import trees
from sticc_lib.tracklets.sources.account import conclude
from sticc_lib.tracklets.sources.pattern import REMEDY, Pattern, compile_pattern
from sticc_lib.tracklets.sources.reading import Problem, Reading, several
from sticc_lib.tracklets.sources.scan import paths, scan
from sticc_lib.tracklets.table import DataError, Rule, TrackletSet

num_splits = 1
PATTERN = "{split}/{person}/{camera}/{frame}.jpg"
SIDES = {  # name of a split: (split, query, gallery)
    "train": ("train", False, False), "bounding_box_train": ("train", False, False),
    "val": ("val", True, True), "valid": ("val", True, True), "test": ("test", True, True),
    "query": ("test", True, False), "gallery": ("test", False, True),
    "bounding_box_test": ("test", False, True), "ignore": ("ignore", False, False),
}  # fmt: skip


def read(
    root: str | Path, split: int = 0, pattern: str = PATTERN, distractor: str = "", junk: str = ""
) -> Reading:
    """Reads every image below a folder whose path has the form of the pattern.

    Args:
        root: the folder.
        split: 0; there is one.
        pattern: see above.
        distractor: the `person` that stands for nobody and matches nobody; empty: there is none.
        junk: the `person` that is never ranked; empty: there is none.
    """
    problems: list[Problem] = []
    root = Path(root)
    trees.check_split(root, split, num_splits, problems)
    try:
        form = compile_pattern(pattern)
    except DataError as error:
        what, _, remedy = str(error).partition("; ")
        problems.append(Problem(str(root), what, remedy or REMEDY))
        form = compile_pattern("{person}")
        frames = pd.DataFrame(columns=["path", *form.fields])
    else:
        frames = _matching(root, form, problems)
    facts = {"pattern": pattern}
    frames = _sides(root, frames, problems)
    nobody = frames["person"].isin([distractor, junk]) & (frames["side"] != "query")
    frames = frames.assign(query=frames["query"] & ~nobody)
    frames = _cameras(frames, facts)
    if "frame" in frames:
        frames = trees.whole_numbers(frames, "frame", root, problems).rename(
            columns={"frame": "time"}
        )
    keys = [k for k in ("side", "person", "camera", "tracklet") if k in form.fields or k == "side"]
    frames = frames.rename(columns={"tracklet": "name"})
    keys = ["name" if k == "tracklet" else k for k in keys]
    if "time" not in frames:  # by name
        frames = frames.sort_values("path", ignore_index=True)
        frames["time"] = frames.groupby(keys).cumcount() if len(frames) else 0
    tables = trees.group(
        "folder", root, frames, keys, problems, {distractor} - {""}, {junk} - {""}
    )  # fmt: skip
    own = set(frames["side"]) & {"query", "gallery", "bounding_box_test"}
    rule = Rule(same_camera_junk="camera" in form.fields, queries_in_gallery=not own)
    return conclude("folder", root, _questions(tables, rule), rule, problems, {}, facts)


def load(
    root: str | Path, split: int = 0, pattern: str = PATTERN, distractor: str = "", junk: str = ""
) -> TrackletSet:
    """The set, checked; see `read`."""
    return read(root, split, pattern, distractor, junk).to_set()


def _matching(root: Path, form: Pattern, problems: list[Problem]) -> pd.DataFrame:
    """The images of the pattern's form; others are counted, and told with one example."""
    tree = scan(root)
    problems += [p for p in tree.problems if p.fatal or form.depth > 0]
    files = paths(tree.files)
    matches = [form.match(path) for path in files]
    other = [path for path, found in zip(files, matches, strict=True) if found is None]
    rows = [(p, *m.values()) for p, m in zip(files, matches, strict=True) if m is not None]
    if other and rows:
        what = f"{len(other)} of {len(files)} images have another form, such as {other[0]!r:.120}"
        remedy = f"they are left out; the pattern is {form.text}"
        problems.append(Problem(str(root), what, remedy, fatal=False))
    elif not rows and root.is_dir():
        seen = f"there are {len(files)}, such as {other[0]!r:.120}" if other else "there is none"
        what = f"no image has the form {form.text}; {seen}"
        problems.append(Problem(str(root), what, "give pattern=... as the names are"))
    return pd.DataFrame(rows, columns=["path", *form.fields], dtype=object)


def _sides(root: Path, frames: pd.DataFrame, problems: list[Problem]) -> pd.DataFrame:
    """The frames with `side` (the split's name as given), split, query and gallery."""
    side = frames["split"].str.lower() if "split" in frames else pd.Series("test", frames.index)
    frames = frames.assign(side=side)
    known = side.isin(list(SIDES)).to_numpy()
    strange = frames[~known].drop_duplicates("side")
    problems += several(
        lambda n: str(root / strange["path"].iloc[n]), range(len(strange)),
        lambda n: f"split {strange['side'].iloc[n]!r:.60} is none of {', '.join(SIDES)}",
        "rename the folder, or leave {split} out of the pattern",
    )  # fmt: skip
    frames = frames[known].reset_index(drop=True)
    means = [SIDES[s] for s in frames["side"]]
    for place, column in enumerate(("split", "query", "gallery")):
        values = [m[place] for m in means]
        frames[column] = pd.Series(values, dtype=object if column == "split" else bool)
    return frames


def _cameras(frames: pd.DataFrame, facts: dict[str, str]) -> pd.DataFrame:
    """The frames with cameras as numbers; NA where the pattern has none."""
    if "camera" not in frames:
        return frames.assign(camera=pd.array([pd.NA] * len(frames), dtype="Int64"))
    given = frames["camera"].astype(str)
    if given.str.fullmatch("[0-9]{1,9}").all():
        return frames.assign(camera=given.astype(np.int64))
    names = {name: n for n, name in enumerate(sorted(set(given)), 1)}
    facts["cameras"] = ", ".join(f"{n} is {name}" for name, n in list(names.items())[:40])
    return frames.assign(camera=given.map(names).astype(np.int64))


def _questions(
    tables: tuple[pd.DataFrame, pd.DataFrame], rule: Rule
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Without queries of their own, only those of test that have a match are queries."""
    tracklets, frames = tables
    if not rule.queries_in_gallery or tracklets.empty:
        return tracklets, frames
    column = "camera" if rule.same_camera_junk else "num_frames"
    groups = tracklets.groupby(["split", "person"])
    others = groups[column].transform("nunique" if rule.same_camera_junk else "size") > 1
    query = tracklets["query"] & others.astype(bool) & (tracklets["person"] > 0)
    return tracklets.assign(query=query), frames
