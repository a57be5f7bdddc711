"""What a set holds, counted: cameras, pairs of cameras, splits, crop sizes, light. No pictures.

Counts are of whole tables; what needs pixels or headers is taken from a seeded sample of frames,
bounded in number, so that a set of a million frames costs seconds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sticc_lib.tracklets.table import SPLITS, TrackletSet

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in brightness (ITU-R BT.601)."""
LIGHT_SIZE = (32, 16)
"""Frames are read this small for their mean colour."""
CHUNK = 256


def camera_names(tracklets: pd.DataFrame) -> pd.Series:
    """The camera of each tracklet as text, ordered; `none` where the source gives none."""
    numbers = sorted(tracklets["camera"].dropna().unique())
    names = {number: str(number) for number in numbers}
    text = [names.get(camera, "none") for camera in tracklets["camera"]]
    order = [*names.values(), *["none"] * ("none" in text)]
    return pd.Series(pd.Categorical(text, order, ordered=True), tracklets.index, name="camera")


def by_camera(tracklets: pd.DataFrame) -> pd.DataFrame:
    """What each camera saw, a row a camera and split: `camera`, `split`, `persons`, `tracklets`,
    `frames`. Distractors and junk count as tracklets and frames, not as persons.
    """
    table = tracklets.assign(camera=camera_names(tracklets), one=1)
    table["known"] = table["person"].where(table["person"] > 0)
    groups = table.groupby(["camera", "split"], observed=True)
    found = groups.agg(
        persons=("known", "nunique"), tracklets=("one", "sum"), frames=("num_frames", "sum")
    ).reset_index()
    return found.assign(place=found["split"].map(SPLITS.index)).sort_values(
        ["camera", "place"], ignore_index=True
    ).drop(columns="place")  # fmt: skip


def camera_pairs(tracklets: pd.DataFrame) -> pd.DataFrame:
    """How many persons two cameras share: int [C, C], symmetric, cameras as index and columns.

    The diagonal holds the persons that a camera saw at all. Tracklets without a camera, and those
    of distractors and junk, are left out.
    """
    known = tracklets[(tracklets["person"] > 0) & tracklets["camera"].notna()]
    seen = pd.crosstab(known["person"], known["camera"].astype(int)) > 0
    counts = seen.to_numpy().astype(np.int64)
    names = pd.Index(seen.columns, name="camera")
    return pd.DataFrame(counts.T @ counts, index=names, columns=names)


def cameras_a_person(tracklets: pd.DataFrame) -> pd.Series:
    """How many persons were seen by one camera, by two, ...: int, index = number of cameras."""
    known = tracklets[(tracklets["person"] > 0) & tracklets["camera"].notna()]
    counts = known.groupby("person")["camera"].nunique().value_counts()
    return counts.reindex(range(1, int(counts.index.max()) + 1 if len(counts) else 1), fill_value=0)


def split_overlap(tracklets: pd.DataFrame) -> pd.DataFrame:
    """How many persons two splits share, by the source's own names: int [S, S], symmetric.

    The diagonal holds the persons of a split. Distractors and junk are no persons.
    """
    held = _labels(tracklets)
    counts = [[len(held[one] & held[other]) for other in held] for one in held]
    return pd.DataFrame(counts, index=list(held), columns=list(held), dtype=np.int64)


def shared_labels(tracklets: pd.DataFrame) -> dict[tuple[str, str], list[str]]:
    """Pairs of splits that share persons, and the source's names of those persons."""
    held = _labels(tracklets)
    names = list(held)
    pairs = [(a, b) for n, a in enumerate(names) for b in names[n + 1 :]]
    return {(a, b): sorted(held[a] & held[b]) for a, b in pairs if held[a] & held[b]}


def crop_sizes(data: TrackletSet, most: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Heights and widths of frames as they came, from boxes or headers; nothing is decoded.

    Args:
        data: any set.
        most: frames looked at, drawn with `seed` where the set has more.

    Returns:
        A row a frame: `tracklet`, `height`, `width` (pixels).

    Raises:
        PixelError: a file has no readable header; names it.
    """
    count = len(data.frames)
    at = np.sort(np.random.default_rng(seed).permutation(count)[:most])
    rows = data.frames.iloc[at]
    where = rows["row" if "row" in rows else "path"].to_numpy()
    boxes = rows[["x", "y", "w", "h"]].to_numpy(float) if "x" in rows else None
    sizes = data.pixels.sizes(where, boxes)
    return pd.DataFrame(
        {"tracklet": rows["tracklet"].to_numpy(), "height": sizes[:, 0], "width": sizes[:, 1]}
    )


def light(data: TrackletSet, most: int = 1200, seed: int = 0) -> pd.DataFrame:
    """The mean colour of sampled tracklets, one frame each, about as many of each camera.

    Args:
        data: any set.
        most: frames decoded in all; a camera with fewer tracklets than its share gives all.
        seed: of the draw.

    Returns:
        A row a tracklet: `tracklet`, `camera` (text, as `camera_names`), `red`, `green`, `blue`
        and `luma` (0..255).

    Raises:
        PixelError: a frame cannot be decoded; names it.
    """
    rng, cameras = np.random.default_rng(seed), camera_names(data.tracklets)
    share = max(1, most // max(len(cameras.cat.categories), 1))
    order = cameras.iloc[rng.permutation(len(cameras))]
    chosen = order.groupby(order, observed=True).head(share).sort_index().index
    ends = np.searchsorted(data.frames["tracklet"].to_numpy(), [chosen, chosen + 1])
    at = rng.integers(ends[0], ends[1])  # frames are sorted by tracklet
    means = [
        data.read(at[start : start + CHUNK], LIGHT_SIZE).mean(axis=(2, 3))
        for start in range(0, len(at), CHUNK)
    ]
    colours = np.concatenate(means) if means else np.empty((0, 3))
    table = pd.DataFrame(colours, columns=["red", "green", "blue"])
    table = table.assign(luma=colours @ np.array(LUMA))
    table.insert(0, "camera", cameras.loc[chosen].to_numpy())
    table.insert(0, "tracklet", chosen.to_numpy())
    return table


def few_persons(tracklets: pd.DataFrame, most: int) -> list[int]:
    """Tracklets of a few persons, one under each camera (or of each visit), at most `most`.

    From the first split that has persons; those seen in one place only if there are no others.
    """
    table = tracklets[tracklets["person"] > 0]
    table = tracklets if table.empty else table
    table = table[table["split"] == table["split"].iloc[0]]
    place = table["visit"] if "visit" in table else camera_names(table).astype(str)
    table = table.assign(place=place).drop_duplicates(["person", "place"])
    several = table[table.groupby("person")["place"].transform("size") > 1]
    table = table if several.empty else several
    return table.sort_values("person", kind="stable").index[:most].tolist()


def _labels(tracklets: pd.DataFrame) -> dict[str, set[str]]:
    """Split -> names of its persons, in the usual order of splits."""
    known = tracklets[tracklets["person"] > 0]
    there = [name for name in SPLITS if (tracklets["split"] == name).any()]
    return {name: set(known.loc[known["split"] == name, "label"]) for name in there}
