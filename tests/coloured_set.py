"""A tiny set for tests: persons as rectangles of one colour each, under two cameras."""

from __future__ import annotations

import numpy as np
import pandas as pd

PERSONS, CAMERAS, HEIGHT, WIDTH = 4, 2, 32, 16


def coloured_set(persons=PERSONS, lengths=(3, 5), seed=0):
    """Persons as rectangles of one colour each, under each camera a tracklet of each length."""
    from sticc_lib.tracklets.store import ArrayStore
    from sticc_lib.tracklets.table import TrackletSet

    rng = np.random.default_rng(seed)
    rows, frames, pixels = [], [], []
    for person in range(1, persons + 1):
        colour = rng.integers(60, 256, 3)
        for camera in range(CAMERAS):
            for length in lengths:
                for time in range(length):
                    picture = rng.integers(0, 60, (HEIGHT, WIDTH, 3))
                    picture[6:28, 4:12] = colour - rng.integers(0, 40)
                    frames.append((len(rows), time, len(pixels)))
                    pixels.append(picture)
                rows.append((person, f"p{person}", camera, "train", False, False, length, "t"))
    names = ["person", "label", "camera", "split", "query", "gallery", "num_frames", "source"]
    label = np.zeros((len(pixels), HEIGHT, WIDTH), np.uint8)
    label[:, 6:28, 4:12] = 1  # the target, visible
    return TrackletSet(
        "coloured",
        pd.DataFrame(rows, columns=names).rename_axis("tracklet").astype({"camera": "Int64"}),
        pd.DataFrame(frames, columns=["tracklet", "time", "row"]),
        ArrayStore(np.array(pixels, np.uint8)),
        masks=ArrayStore(label),
    ).check()
