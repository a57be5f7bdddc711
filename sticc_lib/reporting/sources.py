"""Which notebooks there are, in which order they run, and what their metadata say of them."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sticc_lib.config import ConfigError


def choose(folder: Path, wanted: Sequence[str]) -> list[Path]:
    """The notebooks of a folder that are asked for by number or name (all if none), in order.

    Raises:
        ConfigError: naming each that is not there.
    """
    return order(set(find(folder, wanted)))


def find(folder: Path, wanted: Sequence[str]) -> list[Path]:
    """The same in the order of their names; no notebook is opened."""
    there = sorted(folder.glob("[0-9]*.ipynb"))
    known = {key: path for path in there for key in (path.stem, path.stem.split("_")[0])}
    missing = [name for name in wanted if name not in known]
    if missing or not there:
        names = ", ".join(path.stem for path in there) or "none"
        raise ConfigError(f"no notebook {', '.join(missing)} in {folder} (there: {names})")
    return sorted({known[name] for name in wanted}) if wanted else there


def order(sources: set[Path]) -> list[Path]:
    """By number, but each after those it names in its metadata: `sticc: {needs: [03_training]}`.

    Raises:
        ConfigError: notebooks that need each other.
    """
    stems = {source.stem: source for source in sorted(sources)}
    try:
        sorter = graphlib.TopologicalSorter(needs(stems))
        sorter.prepare()
    except graphlib.CycleError as error:
        raise ConfigError(f"notebooks need each other: {' -> '.join(error.args[1])}") from None
    found: list[Path] = []
    ready: set[str] = set()
    while sorter.is_active():
        ready.update(sorter.get_ready())
        first = min(ready)
        ready.remove(first)
        sorter.done(first)
        found.append(stems[first])
    return found


def needs(stems: Mapping[str, Path]) -> dict[str, list[str]]:
    """Notebook -> those of the others that have to run before it."""
    return {
        stem: [need for need in metadata(source).get("needs", ()) if need in stems]
        for stem, source in stems.items()
    }


def weights(stems: Mapping[str, Path]) -> dict[str, float]:
    """Seconds at `quick`, as the notebooks' metadata estimate them: `sticc: {seconds: 140}`."""
    return {stem: float(metadata(source).get("seconds", 1)) for stem, source in stems.items()}


def metadata(source: Path) -> Mapping[str, Any]:
    """What a notebook says of itself under `sticc`."""
    import nbformat  # takes seconds where all of its checks are installed

    return nbformat.read(source, as_version=4).metadata.get("sticc", {})
