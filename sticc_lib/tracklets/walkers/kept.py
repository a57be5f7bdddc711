"""A made set as it lies in its cache folder: tables, pixels, masks, and the marker of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib import run
from sticc_lib.tracklets.store import ArrayStore
from sticc_lib.tracklets.table import Rule, TrackletSet
from sticc_lib.tracklets.walkers.plan import Shot

FILES = ("pixels.npy", "masks.npy", "tracklets.csv", "frames.csv")


def opened(folder: Path, source: str, condition: str, facts: Mapping[str, str]) -> TrackletSet:
    """The set of a folder that is `complete`; test and validation are query and gallery at once."""
    # "none" is the name of a kind here, not a missing value
    tracklets = pd.read_csv(folder / "tracklets.csv", index_col="tracklet", keep_default_na=False)
    return TrackletSet(
        name=source if condition == "standard" else f"{source}_{condition}",
        tracklets=tracklets.astype({"camera": "Int64"}),
        frames=pd.read_csv(folder / "frames.csv"),
        pixels=ArrayStore.open(folder / "pixels.npy"),
        masks=ArrayStore.open(folder / "masks.npy"),
        rule=Rule(same_camera_junk=True, queries_in_gallery=True),
        facts={**facts, "condition": condition},
    )


def complete(folder: Path, frames: int) -> bool:
    """Whether a cache folder holds everything: its marker is written last."""
    marker = folder / "complete.json"
    if not marker.is_file():
        return False
    sizes = run.read_json(marker)["bytes"]
    return run.read_json(marker)["frames"] == frames and all(
        (folder / name).is_file() and (folder / name).stat().st_size == size
        for name, size in sizes.items()
    )


def finish(folder: Path, tracklets: pd.DataFrame, frames: pd.DataFrame) -> None:
    """Writes the tables beside the pixels that are there, and the marker last."""
    tracklets.to_csv(folder / "tracklets.csv")
    frames.to_csv(folder / "frames.csv", index=False)
    sizes = {name: (folder / name).stat().st_size for name in FILES}
    run.write_json(folder / "complete.json", {"frames": len(frames), "bytes": sizes})


def tables(
    shots: list[Shot],
    visibility: np.ndarray,
    occlusion: list[str],
    unseen_cameras: bool,
    source: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tracklets and frames of made shots; visibility is float [shots, frames]."""
    count, length = visibility.shape
    table = pd.DataFrame([vars(shot) for shot in shots])
    label = table["split"] + "-" + table["person"].map("{:03d}".format)
    scored = table["split"] != "train"
    tracklets = pd.DataFrame(
        {
            "person": pd.factorize(label)[0] + 1,
            "label": label,
            # unseen cameras are other cameras: their numbers never meet those of training
            "camera": table["camera"] + (100 if unseen_cameras else 0),
            "split": table["split"],
            "query": scored,
            "gallery": scored,
            "num_frames": length,
            "source": source,
            "occlusion": occlusion,
            "visibility": visibility.mean(1).round(4),
        }
    )
    tracklets.index.name = "tracklet"
    frames = pd.DataFrame(
        {
            "tracklet": np.repeat(np.arange(count), length),
            "time": np.tile(np.arange(length), count),
            "row": np.arange(count * length),
            "visibility": visibility.ravel(),
        }
    )
    return tracklets, frames
