"""Everything a trained method is tested on, scored one condition at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.config import Config, ConfigError, DataConfig, from_dict
from sticc_lib.experiments.session import (
    CONDITIONS,
    checkpoint_for,
    evaluate_method,
    load_data,
    shipped_checkpoint,
    split_of,
)
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel
from sticc_lib.models.cache import frozen_maps
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.scores import Scores, summarise
from sticc_lib.retrieval.stats import by_group, interval
from sticc_lib.retrieval.visits import reentry
from sticc_lib.run import stderr
from sticc_lib.tracklets.table import TrackletSet

CROPS = 16
"""Clean crops a visit, evenly spaced (embedded_data.md)."""
LEVELS = ("none", "medium", "heavy")


@dataclass(frozen=True)
class Tested:
    """A method's result under one condition.

    Attributes:
        scores: of tracklets (walkers) or of single crops (PETS).
        embeddings: what was ranked.
        query_person: int [Q], whose each query is.
        level: text [Q], occlusion level of each query; None for real data.
        numbers: flat names to numbers, without the condition's name before them.
    """

    scores: Scores
    embeddings: Embeddings
    query_person: np.ndarray
    level: np.ndarray | None
    numbers: dict[str, float]


def walkers(
    model: VideoModel, config: Config, condition: str = "walkers", progress: bool = True
) -> Tested:
    """Tests on the drawn persons: rank-1, mAP, and both by the query's level of occlusion."""
    if config.data.name != "walkers":  # trained on others: the walkers as they are by default
        config = replace(config, data=DataConfig())
    return made(model, split_of(load_data(config, condition), "test"), config, progress)


def made(model: VideoModel, data: TrackletSet, config: Config, progress: bool = True) -> Tested:
    """Tests on made people, drawn or rendered: whole, and by the query's level of occlusion."""
    from sticc_lib.tracklets.walkers import occlusion_level

    found, scores = evaluate_method(model, data, config, progress)
    queries = found.tracklets[found.tracklets["query"]]
    level = occlusion_level(queries["visibility"])
    groups = by_group(scores, pd.Categorical(level, LEVELS))
    numbers = {name: getattr(scores, name) for name in ("rank1", "rank5", "mAP", "mINP")}
    for name, row in groups.iterrows():
        numbers |= {f"{name}.rank1": row["rank1"], f"{name}.mAP": row["mAP"]}
    return Tested(scores, found, queries["person"].to_numpy(), level, numbers)


def pets_sets() -> dict[str, TrackletSet]:
    """The visits with 16 clean crops each: `pets` (ours), and `pets_mot` where ../shared is."""
    from sticc_lib.tracklets.sources import pets2009
    from sticc_lib.tracklets.table import DataError

    sets = {"pets": pets2009.evenly_spaced_clean(pets2009.load(), CROPS)}
    with contextlib.suppress(DataError):  # the MOT crops are not shipped: CC BY-NC-SA labels
        sets["pets_mot"] = pets2009.evenly_spaced_clean(pets2009.load_mot_crops(), CROPS)
    return sets


def pets(model: VideoModel, data: TrackletSet, config: Config, progress: bool = True) -> Tested:
    """Tests on real re-entry: frame mAP ranks methods, visit rank-1 has 16 queries or so."""
    maps = frozen_maps(model, data, progress)
    result = reentry(model, data, config.evaluate, maps, progress)
    table = result.frame_embeddings.tracklets
    persons = table.loc[table["query"], "person"].to_numpy()
    return Tested(result.frames, result.visit_embeddings, persons, None, result.to_dict())


def on_disk(model: VideoModel, config: Config, progress: bool = True) -> Tested:
    """Tests on the test split of a source, by its own rule; over all its splits if `data.split` is
    -1: then the numbers are means, and scores and embeddings those of the last split.
    """
    from sticc_lib.tracklets.sources import source

    name, split = config.data.name, config.data.split
    splits = range(source(name).num_splits) if split == -1 else [split]
    found, scores, persons, table = None, None, np.empty(0, int), []
    for number in splits:
        part = replace(config, data=replace(config.data, split=number))
        data = split_of(load_data(part), "test")
        if len(data) == 0:
            raise ConfigError(f"{data.name} has no test tracklets")
        found, scores = evaluate_method(model, data, config, progress)
        persons = found.tracklets.loc[found.tracklets["query"], "person"].to_numpy()
        table.append(scores.to_dict())
    if found is None or scores is None:
        raise ConfigError(f"{name} has no splits")
    numbers = pd.DataFrame(table).mean().to_dict()
    if len(table) > 1:
        numbers |= {"splits": len(table), "rank1_spread": float(pd.DataFrame(table)["rank1"].std())}
    return Tested(scores, found, persons, None, numbers)


def intervals(
    results: Mapping[str, Mapping[str, Tested]], metrics: Sequence[str] = ("rank1", "mAP")
) -> pd.DataFrame:
    """Scores with their 95 % intervals over persons, for `figures.retrieval.conditions`.

    Args:
        results: condition -> method -> result.
        metrics: as in `retrieval.stats.per_query`.

    Returns:
        A row a number: `method`, `condition`, `metric`, `value`, `low`, `high`, `queries`. The
        walkers' levels of occlusion come first, then whole conditions; a level without queries
        is left out.
    """
    parts = [
        (f"{level if level != 'none' else 'no'} occlusion", method, tested, tested.level == level)
        for level in LEVELS
        for method, tested in results.get("walkers", {}).items()
    ] + [
        (condition, method, tested, np.ones(len(tested.query_person), bool))
        for condition, methods in results.items()
        for method, tested in methods.items()
    ]
    rows = []
    for condition, method, tested, at in parts:
        scores = tested.scores
        part = summarise(scores.ap[at], scores.inp[at], scores.first_hit[at])
        for metric in metrics if part.num_valid else ():
            found = interval(part, tested.query_person[at], metric)._asdict()
            rows.append(
                {"method": method, "condition": condition, "metric": metric, **found,
                 "queries": part.num_valid}
            )  # fmt: skip
    return pd.DataFrame(rows)


def all_conditions(
    model: VideoModel, config: Config, progress: bool = True, real: bool = True
) -> Mapping[str, Tested]:
    """Every condition by name: the config's own data set, the walkers' three, and PETS."""
    from sticc_lib.tracklets.sources import EMBEDDED

    results = {}
    if config.data.name not in EMBEDDED:
        results[config.data.name] = on_disk(model, config, progress)
    results |= {name: walkers(model, config, name, progress) for name in CONDITIONS}
    if real:
        for name, data in pets_sets().items():
            results[name] = pets(model, data, config, progress)
    return results


def evaluate_checkpoint(
    checkpoint: str,
    conditions: Sequence[str],
    method: str = "sticc",
    changes: Mapping[str, object] | None = None,
) -> dict[str, Tested]:
    """Tests a trained model under named conditions, with the settings it was trained with.

    Args:
        checkpoint: a run folder, a checkpoint folder or a .safetensors file; empty: the shipped.
        conditions: names of CONDITIONS, `pets` or `pets_mot`, or a source on disk, such as `mars`.
        method: which of a run folder's checkpoints.
        changes: dotted config names to values, such as `evaluate.policy`; `data.root` says where
            a source is. A checkpoint that was trained on it knows.

    Raises:
        ConfigError: no such checkpoint, condition or setting, before anything is computed.
    """
    from sticc_lib.tracklets.sources import EMBEDDED, SOURCES

    sources = tuple(name for name in SOURCES if name not in EMBEDDED)
    known = (*CONDITIONS, "pets", "pets_mot", *sources)
    if unknown := [name for name in conditions if name not in known]:
        raise ConfigError(f"no data {', '.join(unknown)}; known: {', '.join(known)}")
    path = Path(checkpoint) if checkpoint else shipped_checkpoint()
    if (path / "checkpoints").is_dir():
        path, which = checkpoint_for(path, method)
        stderr(which)
    model, config, _ = zoo.load(path)
    configs = {name: _for_data(config, name, changes or {}) for name in conditions}
    real = pets_sets() if {"pets", "pets_mot"} & set(conditions) else {}
    if missing := [n for n in conditions if n not in (*CONDITIONS, *sources) and n not in real]:
        raise ConfigError(f"data {', '.join(missing)} is not on this machine")
    return {
        name: pets(model, real[name], configs[name])
        if name in real
        else on_disk(model, configs[name])
        if name in sources
        else walkers(model, configs[name], name)
        for name in conditions
    }


def _for_data(config: Config, condition: str, changes: Mapping[str, object]) -> Config:
    """A checkpoint's config for testing it on some data: the settings of others do not carry over.

    Raises:
        ConfigError: a source whose place is not known; all splits of one that was trained on.
    """
    source = "walkers" if condition in (*CONDITIONS, "pets", "pets_mot") else condition
    own = config.data.name == source
    start = config if own else replace(config, data=DataConfig(name=source))
    changed = from_dict(Config, changes, start)
    if source != "walkers" and not changed.data.root:
        raise ConfigError(f"data.root: say where {source} is, --set data.root=FOLDER")
    if own and changed.data.split == -1:
        raise ConfigError(
            f"data.split: -1 takes all splits of {source}, but the checkpoint was trained on one; "
            "its training persons are tested in others"
        )
    return replace(changed, data=replace(changed.data, name=source))
