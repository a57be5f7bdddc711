"""One method from data to scores: what `sticc train`, `sticc evaluate` and the notebooks call."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import torch

from sticc_lib.config import Config, ConfigError, DataConfig
from sticc_lib.machine import keep_freed_memory
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel
from sticc_lib.models.cache import frozen_maps
from sticc_lib.presets import steps_for
from sticc_lib.retrieval.embed import embed
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.ranking import evaluate as evaluate_embeddings
from sticc_lib.retrieval.scores import Scores
from sticc_lib.run import data_dir, stderr
from sticc_lib.tracklets.sources.reading import Reading
from sticc_lib.tracklets.table import TrackletSet
from sticc_lib.training import Trained, train

CONDITIONS = {
    "walkers": "standard",
    "walkers_unseen_cameras": "unseen_cameras",
    "walkers_unseen_occluders": "unseen_occluders",
}
"""Test conditions of the drawn set; each has the same persons."""


def load_data(config: Config, condition: str = "walkers") -> TrackletSet:
    """The tracklets a config names.

    Args:
        config: `config.data` says which; `data.val_share` sets persons aside where it has no
            validation persons of its own.
        condition: for the walkers, drawn or rendered, one of CONDITIONS.

    Raises:
        ConfigError: an unknown condition, or settings that the source does not have.
        DataError: lists every problem of a data set on disk.
    """
    if condition not in CONDITIONS:
        raise ConfigError(f"condition: {condition!r} is none of {', '.join(CONDITIONS)}")
    if config.data.name == "walkers3d":
        from sticc_lib.tracklets import walkers3d

        return walkers3d.load(config.data, CONDITIONS[condition])
    if config.data.name == "worlds":
        return both_worlds(config, condition)
    if config.data.name != "walkers":
        return as_set(read_source(config.data), config.data)
    from sticc_lib.tracklets import walkers

    return walkers.load(config.data, CONDITIONS[condition])


def both_worlds(config: Config, condition: str = "walkers") -> TrackletSet:
    """Rendered and drawn walkers together, all before the same cameras; options as `walkers3d`."""
    from sticc_lib.tracklets.joined import join

    lens = {"cameras": "lens", "cameras_each": config.data.options.get("cameras_each", 0)}
    parts = {"walkers3d": config.data.options, "walkers": lens}
    own = [dataclasses.replace(config.data, name=n, options=o) for n, o in parts.items()]
    return join([load_data(dataclasses.replace(config, data=d), condition) for d in own])


def read_source(config: DataConfig) -> Reading:
    """What the source of a config finds, usable or not; not for the walkers, who are drawn.

    Raises:
        ConfigError: no such source, or no folder for one on disk.
        DataError: a folder or an option that the source cannot take.
    """
    from sticc_lib.tracklets.sources import EMBEDDED, SOURCES, choose

    if config.name not in SOURCES:
        raise ConfigError(f"data.name: {config.name!r} is none of {', '.join(SOURCES)}")
    if not config.root and config.name not in EMBEDDED:
        raise ConfigError(f"data.root: say where {config.name} is, data.root=FOLDER")
    root = os.path.expanduser(config.root)  # checkpoints and manifests name the home so
    return choose.read(config.name, root, config.split, **config.options)


def as_set(reading: Reading, config: DataConfig) -> TrackletSet:
    """The set of a reading, with the validation persons that the config asks for.

    Raises:
        DataError: lists every problem that stands in the way.
    """
    data = reading.to_set()
    if notes := len(reading.problems) + int((reading.overview()["note"] != "").sum()):
        stderr(f"{data.name}: {notes} note(s); sticc check-data {config.name} tells them")
    if config.val_share == 0 or len(data.split("val")):
        return data
    return with_val_persons(data, config.val_share, config.seed)


def with_val_persons(data: TrackletSet, share: float, seed: int = 0) -> TrackletSet:
    """The set with a share of its training persons set aside for validation.

    Args:
        data: a set without validation persons.
        share: of the training persons, above 0 and below 1; at least one goes and one stays.
        seed: of the draw. Persons seen under one camera only stay in training where others do
            for the share: they could not be found again.

    Raises:
        ConfigError: a share out of range, or fewer than two training persons.
    """
    train = data.tracklets[(data.tracklets["split"] == "train") & (data.tracklets["person"] > 0)]
    cameras = train.groupby("person")["camera"].nunique()
    if not 0 < share < 1 or len(cameras) < 2:
        raise ConfigError(
            f"data.val_share: {share} of {len(cameras)} training persons; expected a share above "
            "0 and below 1, of at least 2"
        )
    order = np.random.default_rng(seed).permutation(len(cameras))
    order = order[np.argsort(cameras.to_numpy()[order] < 2, kind="stable")]  # the rest behind
    count = min(max(round(share * len(cameras)), 1), len(cameras) - 1)
    chosen = data.tracklets["person"].isin(cameras.index[order[:count]])
    split = data.tracklets["split"].mask(chosen & (data.tracklets["split"] == "train"), "val")
    facts = {**data.facts, "validation": f"{count} of the training persons, set aside here"}
    return dataclasses.replace(data, tracklets=data.tracklets.assign(split=split), facts=facts)


def split_of(data: TrackletSet, name: str) -> TrackletSet:
    """One split, its tracklets all query and gallery where the source marks none (validation)."""
    part = data.split(name)
    if part.tracklets["query"].any():
        return part
    return dataclasses.replace(part, tracklets=part.tracklets.assign(query=True, gallery=True))


def prepare(config: Config) -> None:
    """Sets what makes a run repeat: thread count and torch's seed. And freed memory is kept."""
    keep_freed_memory()
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)


def new_model(config: Config, data: TrackletSet) -> VideoModel:
    """A model as the config has it, for the training persons of a set; seeded."""
    prepare(config)
    persons = data.split("train").tracklets["person"]
    if not (persons > 0).any():
        raise ConfigError(f"{data.name} has no training persons: it is for evaluation only")
    return zoo.build(config.model.name, persons[persons > 0].nunique(), config=config.model)


def train_method(
    config: Config, folder: Path, data: TrackletSet | None = None, stop_at: int | None = None
) -> Trained:
    """Trains a method on the train split and validates on the val split; resumes by itself.

    Args:
        config: all settings.
        folder: for checkpoints and log.
        data: a loaded set; else what the config names. Without val persons (MARS as it comes)
            nothing is validated and the last weights are the ones that are kept.
        stop_at: stop before this step, as an interruption would.
    """
    data = load_data(config) if data is None else data
    model = new_model(config, data)
    learn, check = split_of(data, "train"), split_of(data, "val")
    maps = frozen_maps(model, learn) if config.train.cached else None
    if len(check) == 0:
        return _described(train(model, learn, config, folder, None, maps, stop_at), config, data)
    check_maps = frozen_maps(model, check)

    def validate(current: VideoModel) -> dict[str, float]:
        found = embed(current, check, config.evaluate, maps=check_maps, progress=False)
        scores = evaluate_embeddings(found, current.spec.distance)
        return {"mAP": scores.mAP, "rank1": scores.rank1}

    return _described(train(model, learn, config, folder, validate, maps, stop_at), config, data)


def _described(trained: Trained, config: Config, data: TrackletSet) -> Trained:
    """Puts a model card beside weights that this call has trained to the end."""
    from sticc_lib.experiments.card import write_manifest

    done = (trained.folder / "last" / "config.json").exists()
    ours = trained.resumed_at < steps_for(config) and os.environ.get("RANK", "0") == "0"
    for name in ("best", "last") if done and ours else ():
        write_manifest(trained.folder / name, config, data, trained)
    return trained


def made_method(config: Config, folder: Path) -> Trained:
    """A model as it comes if it needs no training, else trained in `folder`, or loaded from it."""
    if config.model.name in zoo.UNTRAINED:
        return Trained(new_model(config, load_data(config)).eval(), folder, [])
    return train_method(config, folder)


def evaluate_method(
    model: VideoModel, data: TrackletSet, config: Config, progress: bool = True
) -> tuple[Embeddings, Scores]:
    """Embeds a set under the config's test policy and ranks it by the set's own rule."""
    maps = frozen_maps(model, data, progress)
    found = embed(model, data, config.evaluate, maps=maps, progress=progress)
    scores = evaluate_embeddings(found, model.spec.distance, rerank=config.evaluate.rerank)
    return found, scores


def shipped_checkpoint(method: str = "sticc", seed: int = 0) -> Path:
    """Where the trained weights lie that come with the project: STICC of three seeds, one floor."""
    return data_dir() / "weights" / f"{method}_quick{f'_seed{seed}' if seed else ''}.safetensors"


def video_checkpoint() -> Path:
    """Where the weights for real video lie; those of the notebooks where the project has none."""
    path = data_dir() / "weights" / "sticc_video.safetensors"
    return path if path.exists() else shipped_checkpoint()


def checkpoint_for(run_folder: Path, method: str = "sticc") -> tuple[Path, str]:
    """The run's own checkpoint of a method, else the shipped one; and a sentence that says which.

    A training that was not finished does not count: its best weights are not its result.

    Raises:
        ConfigError: neither is there.
    """
    own = run_folder / "checkpoints" / method
    if (own / "last" / "model.safetensors").exists():  # written at the end
        return own / "best", f"{method}: this run's own checkpoint (checkpoints/{method}/best)"
    shipped = shipped_checkpoint(method)
    if shipped.exists():
        return shipped, f"{method}: the shipped checkpoint ({shipped.name})"
    raise ConfigError(
        f"no finished training of {method} in {run_folder}; run notebook 03 or sticc train"
    )
