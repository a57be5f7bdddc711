"""Tiny data sets, planted on disk in the layouts of the large ones, to be read and broken."""

import io
import itertools
import re

import numpy as np
import pytest
from PIL import Image

from sticc_lib.tracklets.table import DataError


def picture(height=24, width=12, seed=0):
    """The bytes of a JPEG."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG")
    return stream.getvalue()


def plant(root, *paths, content=b"x"):
    """Files below a folder, each with this content; the folder is given back."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def told(reading, fatal=None):
    """The problems of a reading as text, one a line."""
    return "\n".join(str(p) for p in reading.problems if fatal in (None, p.fatal))


def rows(reading, *columns):
    """The tracklets table as a list of tuples of these columns."""
    return list(reading.tracklets[list(columns)].itertuples(index=False, name=None))


def times(reading):
    """Frame numbers of each tracklet."""
    groups = itertools.groupby(reading.frames[["tracklet", "time"]].to_numpy().tolist(),
                               key=lambda row: row[0])  # fmt: skip
    return [[time for _, time in group] for _, group in groups]


def refused(reading, message):
    """Asserts that a reading tells this (a regular expression) as fatal, and gives no set."""
    found = told(reading, fatal=True)
    assert re.search(message, found), found
    with pytest.raises(DataError, match="problem"):
        reading.to_set()


def warned(reading, message):
    """Asserts that a reading tells this (a regular expression), and gives a set all the same."""
    found = told(reading, fatal=False)
    assert re.search(message, found), found
    assert len(reading.to_set())


def film(path, frames=6, height=48, width=64):
    """A video whose n-th frame, from 1, has a brightness of about 30 n."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as writer:
        video = writer.add_stream("libx264", rate=7, options={"crf": "18", "threads": "1"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        for number in range(1, frames + 1):
            image = np.full((height, width, 3), 30 * number, np.uint8)
            writer.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        writer.mux(video.encode())
    return path


def stills(folder, form, numbers, height=48, width=64):
    """Images, the n-th of the brightness 30 n, named by their numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, number in enumerate(numbers, 1):
        image = Image.fromarray(np.full((height, width, 3), 30 * place, np.uint8))
        image.save(folder / form.format(number))
