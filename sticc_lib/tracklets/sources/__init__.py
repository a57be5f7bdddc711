"""Every data set that is understood, by name; a source is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sticc_lib.tracklets.table import DataError

_HERE = "sticc_lib.tracklets.sources."
SOURCES = {
    "mars": f"{_HERE}mars",
    "lsvid": f"{_HERE}lsvid",
    "ilidsvid": f"{_HERE}ilidsvid",
    "prid2011": f"{_HERE}prid2011",
    "dukevideo": f"{_HERE}dukevideo",
    "occluded_duke": f"{_HERE}occluded_duke",
    "occluded_duke_images": f"{_HERE}occluded_duke_images",
    "occluded_duke_video": f"{_HERE}occluded_duke_video",
    "prai1581": f"{_HERE}prai1581",
    "market": f"{_HERE}market",
    "motchallenge": f"{_HERE}motchallenge",
    "tracks": f"{_HERE}tracks",
    "folder": f"{_HERE}folder",
    "packed": f"{_HERE}packed",
    "pets2009": f"{_HERE}pets2009",
    "walkers": "sticc_lib.tracklets.walkers",
}
"""Name to module. Those on disk have `read(root, split=0, ...) -> Reading` and `load`."""

EMBEDDED = ("pets2009", "walkers")
"""Sources that come with the project and need no folder."""


def source(name: str) -> Any:
    """The module of a source.

    Raises:
        DataError: no source of this name; lists those there are.
    """
    if name not in SOURCES:
        raise DataError(f"no data set {name!r}; known: {', '.join(SOURCES)}")
    return import_module(SOURCES[name])
