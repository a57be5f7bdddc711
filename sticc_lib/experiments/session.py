"""One method from data to scores: what `sticc train`, `sticc evaluate` and the notebooks call."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from sticc_lib.config import Config, ConfigError
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel
from sticc_lib.models.cache import frozen_maps
from sticc_lib.retrieval.embed import embed
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.ranking import evaluate as evaluate_embeddings
from sticc_lib.retrieval.scores import Scores
from sticc_lib.run import data_dir
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
        config: `config.data` says which.
        condition: for the walkers, one of CONDITIONS.

    Raises:
        ConfigError: a data set that is not built in yet.
    """
    if config.data.name != "walkers":
        raise ConfigError(
            f"data.name: {config.data.name!r} cannot be trained on yet; known: walkers "
            "(pets2009 is for evaluation)"
        )
    if condition not in CONDITIONS:
        raise ConfigError(f"condition: {condition!r} is none of {', '.join(CONDITIONS)}")
    from sticc_lib.tracklets import walkers

    return walkers.load(config.data, CONDITIONS[condition])


def split_of(data: TrackletSet, name: str) -> TrackletSet:
    """One split, its tracklets all query and gallery where the source marks none (validation)."""
    part = data.split(name)
    if part.tracklets["query"].any():
        return part
    return dataclasses.replace(part, tracklets=part.tracklets.assign(query=True, gallery=True))


def prepare(config: Config) -> None:
    """Sets what makes a run repeat: thread count and torch's seed."""
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)


def new_model(config: Config, data: TrackletSet) -> VideoModel:
    """A model as the config has it, for the training persons of a set; seeded."""
    prepare(config)
    persons = data.split("train").tracklets["person"]
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
    maps = frozen_maps(model, learn)
    if len(check) == 0:
        return train(model, learn, config, folder, None, maps, stop_at)
    check_maps = frozen_maps(model, check)

    def validate(current: VideoModel) -> dict[str, float]:
        found = embed(current, check, config.evaluate, maps=check_maps, progress=False)
        scores = evaluate_embeddings(found, current.spec.distance)
        return {"mAP": scores.mAP, "rank1": scores.rank1}

    return train(model, learn, config, folder, validate, maps, stop_at)


def evaluate_method(
    model: VideoModel, data: TrackletSet, config: Config, progress: bool = True
) -> tuple[Embeddings, Scores]:
    """Embeds a set under the config's test policy and ranks it by the set's own rule."""
    maps = frozen_maps(model, data, progress)
    found = embed(model, data, config.evaluate, maps=maps, progress=progress)
    return found, evaluate_embeddings(found, model.spec.distance)


def shipped_checkpoint(method: str = "sticc", seed: int = 0) -> Path:
    """Where the trained weights lie that come with the project: STICC of three seeds, one floor."""
    return data_dir() / "weights" / f"{method}_quick{f'_seed{seed}' if seed else ''}.safetensors"


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
