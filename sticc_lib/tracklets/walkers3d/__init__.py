"""Walkers in three dimensions: people rendered from MakeHuman's assets. They are synthetic.

Needs the extra `walkers3d` (numba) and a folder of assets; see `assets.folder`.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from sticc_lib.config import ConfigError, DataConfig

if TYPE_CHECKING:
    from sticc_lib.tracklets.table import TrackletSet


def load(config: DataConfig, condition: str = "standard") -> TrackletSet:
    """The rendered walkers; see `dataset.load`.

    Raises:
        ConfigError: numba is not there, or settings that do not fit.
        DataError: the assets are missing or damaged.
    """
    if find_spec("numba") is None:
        raise ConfigError("walkers3d needs numba: pip install 'sticc-lib[walkers3d]'")
    from sticc_lib.tracklets.walkers3d import dataset

    return dataset.load(config, condition)
