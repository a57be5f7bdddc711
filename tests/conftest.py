"""What several test files share: one thread, a cache of their own, tiny models and tracklets."""

import numpy as np
import pandas as pd
import pytest
from browsing import chromium

PERSONS, CAMERAS, HEIGHT, WIDTH = 4, 2, 32, 16


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Bitwise repeats are promised for one thread count; two cores are shared."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def browser():
    """A headless browser, or the reason why there is none."""
    with chromium() as started:
        yield started


@pytest.fixture
def own_cache(tmp_path_factory, monkeypatch):
    """An empty cache for this test, instead of the project's."""
    monkeypatch.setenv("STICC_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def tiny():
    """tiny("sticc", slots=3, ...): a model of 32x16 frames, 4x2 tokens, 16 channels, seeded."""
    import torch

    from sticc_lib.models import zoo

    def build(name="sticc", persons=PERSONS, **options):
        torch.manual_seed(0)
        shape = {"height": HEIGHT, "width": WIDTH, "channels": 16, "clip_length": 3}
        return zoo.build(name, persons, preset="smoke", **(shape | options))

    return build


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


@pytest.fixture
def coloured():
    """The function that makes a set of coloured rectangles."""
    return coloured_set
