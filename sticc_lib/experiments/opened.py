"""Sets opened side by side, and a question put to each of them: what notebook 01 is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from sticc_lib.config import Config, ConfigError, DataConfig
from sticc_lib.experiments import session
from sticc_lib.figures.captions import Picture, run_figure
from sticc_lib.figures.theme import condition
from sticc_lib.run import Run, data_dir
from sticc_lib.tracklets.copies import Copies, find_copies
from sticc_lib.tracklets.sources import EMBEDDED
from sticc_lib.tracklets.sources.account import census
from sticc_lib.tracklets.sources.reading import Reading
from sticc_lib.tracklets.table import TrackletSet

Answer = tuple[Figure | pd.DataFrame | None, str]


@dataclass(frozen=True)
class Opened:
    """A set, as its source found it and as it is used.

    Attributes:
        name: of its source.
        config: the run's config with `data` set to it.
        reading: what the source found, with problems and expectations.
        data: the set.
        hashed: frames that are compared in the search for copies; 0 for all.
        numbers: what the answers so far counted, by name.
    """

    name: str
    config: Config
    reading: Reading
    data: TrackletSet
    hashed: int = 4000
    numbers: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def copies(self) -> Copies | None:
        """Pictures in two splits; None where there is one split."""
        return find_copies(self.data, self.hashed)


def open_sets(config: Config, also: Sequence[str] = (), hashed: int = 4000) -> dict[str, Opened]:
    """The config's own set and others beside it, by name.

    Args:
        config: all settings.
        also: embedded sets (`pets2009`, `walkers`), as they are by default.
        hashed: see `Opened`.

    Raises:
        ConfigError: a set beside it that is on disk.
        DataError: lists every problem of a set.
    """
    if away := [name for name in also if name not in EMBEDDED]:
        known = ", ".join(EMBEDDED)
        raise ConfigError(f"also: {', '.join(away)} is none of {known}; open it by data.name")
    sets = {config.data.name: config.data}
    sets |= {name: DataConfig(name=name) for name in also if name != config.data.name}
    return {name: _open(replace(config, data=part), hashed) for name, part in sets.items()}


def answers(
    run: Run, sets: Mapping[str, Opened], question: Callable[[Opened], Answer]
) -> list[Any]:
    """A question put to every set: what a notebook displays.

    Figures are saved as `01_<set>_<question>`.
    """
    from IPython.display import Markdown

    shown: list[Any] = []
    for name, opened in sets.items():
        found, said = question(opened)
        if isinstance(found, Figure):
            found = run_figure(run, found, f"{run.notebook}_{name}_{question.__name__}")
        words = [Markdown(said)] if said else []
        if not isinstance(found, Picture) and said:  # a figure says itself whose it is
            words = [Markdown(f"**{condition(opened.data.name)}.** {said}")]
        answer = [] if found is None else [found]
        shown += answer + words if isinstance(found, Picture) else words + answer
    return shown


def _open(config: Config, hashed: int) -> Opened:
    name = config.data.name
    if name == "walkers":
        data = session.load_data(config).check()
        found = census(data.tracklets)
        reading = Reading(data.name, data_dir(), data.tracklets, data.frames, data.rule,
                          found=found, facts=data.facts, pixels=data.pixels)  # fmt: skip
    else:
        reading = session.read_source(config.data)
        data = session.as_set(reading, config.data)
    return Opened(name, config, reading, data, hashed)
