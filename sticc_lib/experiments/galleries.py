"""Galleries on disk from data sets, embedded chunk by chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sticc_lib.config import Config, ConfigError, DataConfig, from_dict
from sticc_lib.experiments import session
from sticc_lib.locks import alone
from sticc_lib.machine import without_places
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel
from sticc_lib.retrieval.embed import embed, model_fingerprint, resolved
from sticc_lib.retrieval.index import Gallery
from sticc_lib.retrieval.index_build import Builder
from sticc_lib.run import bar, fingerprint, project_root, stderr
from sticc_lib.tracklets.table import TrackletSet

CHUNK = 512
"""Tracklets embedded at a time: what an interruption can cost."""


@dataclass(frozen=True)
class Embedder:
    """A model with the settings it embeds by."""

    model: VideoModel
    config: Config
    checkpoint: Path

    @classmethod
    def load(
        cls, checkpoint: str = "", method: str = "sticc", changes: Mapping[str, Any] | None = None
    ) -> Embedder:
        """From a run folder, a checkpoint folder or a file; empty: the shipped one.

        Raises:
            ConfigError: no such checkpoint or setting.
        """
        path = Path(checkpoint).expanduser() if checkpoint else session.shipped_checkpoint()
        if not path.is_absolute() and not path.exists():
            path = project_root() / path
        if (path / "checkpoints").is_dir():
            path, which = session.checkpoint_for(path, method)
            stderr(which)
        model, config, _ = zoo.load(path)
        return cls(model, from_dict(Config, changes or {}, config), path)

    def told(self) -> dict[str, str]:
        """What makes vectors comparable, and who made them in words."""
        policy = resolved(self.model, self.config.evaluate)
        flip = ", mirrored frames too" if policy.flip else ""
        return {
            "model": type(self.model).__name__,
            "model_fingerprint": model_fingerprint(self.model),
            "policy": f"{policy.policy}, T = {self.model.spec.clip_length}{flip}",
        }


def described(name: str, split: str, config: Config) -> dict[str, Any]:
    """What opens a set again: `NAME` or `NAME=ROOT`, and the split taken (`all` for all)."""
    name, _, root = name.partition("=")
    own = config.data if config.data.name == name or name in session.CONDITIONS else DataConfig()
    own = replace(own, name="walkers" if name in session.CONDITIONS else name,
                  root=root or own.root)  # fmt: skip
    if own.name == "walkers" and config.data.name != "walkers":
        own = DataConfig()
    found = {field: getattr(own, field) for field in ("name", "root", "split", "seed", "options")}
    sizes = ("train_persons", "val_persons", "test_persons", "cameras", "tracklets_per_camera",
             "frames")  # fmt: skip
    if own.name == "walkers":
        found |= {field: getattr(own, field) for field in sizes}
    found = without_places(found, project_root())
    key = fingerprint([name, split, {k: v for k, v in found.items() if k != "root"}])
    whole = fingerprint([name, {k: v for k, v in found.items() if k != "root"}])
    return {"name": name, "split": split, "data": found, "key": key, "persons": whole}


def opened(told: Mapping[str, Any], config: Config) -> TrackletSet:
    """The set of a description.

    Raises:
        ConfigError, DataError: it is not there, or cannot be used; or the split is empty.
    """
    from sticc_lib.experiments.conditions import pets_sets

    if told["name"] in ("pets", "pets_mot"):
        sets = pets_sets()
        if told["name"] not in sets:
            raise ConfigError(f"data {told['name']} is not on this machine")
        data = sets[told["name"]]
    else:
        root = str(told["data"]["root"])
        root = str(project_root() / root) if root.startswith("./") else root
        values = {**told["data"], "root": root}
        source = from_dict(DataConfig, values)
        condition = told["name"] if told["name"] in session.CONDITIONS else "walkers"
        data = session.load_data(replace(config, data=source), condition)
    part = data if told["split"] == "all" else data.split(told["split"])
    if len(part) == 0:
        raise ConfigError(
            f"{data.name} has no {told['split']} tracklets; --split all takes all there are"
        )
    return part


def build(
    folder: Path | str,
    sets: Sequence[str],
    embedder: Embedder,
    split: str = "test",
    kind: str = "auto",
    add: bool = False,
) -> Gallery:
    """Embeds sets into a gallery; interrupted, the same call goes on.

    Args:
        folder: of the gallery.
        sets: `NAME` of an embedded set or `NAME=ROOT` of one on disk.
        embedder: what all of the gallery is embedded by.
        split: which of their tracklets: test, train, val, or all.
        kind: exact, approximate or auto.
        add: whether a finished gallery grows.

    Raises:
        GalleryError: see `index_build.Builder`.
        BusyError: another process builds there.
    """
    model, config = embedder.model, embedder.config
    known = [(described(name, split, config), name) for name in sets]
    data = [(told, opened(told, config)) for told, _ in known]
    with alone(folder, "a gallery"):
        builder = Builder.open(folder, embedder.told(), model.spec.distance, kind, add)
        builder.state["checkpoint"] = without_places(str(embedder.checkpoint.resolve()),
                                                     project_root())  # fmt: skip
        for told, part in data:
            told = {**told, "fingerprint": part.fingerprint()}
            done = builder.begin(told, len(part))
            if done:
                stderr(f"{part.name}: {done} of {len(part)} tracklets are in already")
            first = part.frames.groupby("tracklet", sort=False).first()
            paths = first["path"] if "path" in first else pd.Series("", first.index)
            with bar(total=len(part), initial=done, desc=f"embed {part.name}") as meter:
                for start in range(done, len(part), CHUNK):
                    rows = np.arange(len(part))
                    some = part.subset((rows >= start) & (rows < start + CHUNK))
                    found = embed(model, some, config.evaluate, progress=False)
                    names = paths.loc[some.tracklets.index].astype(str).tolist()
                    builder.append(found.values, some.tracklets, names)
                    meter.update(len(some))
        return builder.finish()
