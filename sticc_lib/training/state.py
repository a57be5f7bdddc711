"""What a training keeps in its folder: a state that resumes exactly, the log, best and last."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from sticc_lib.config import Config, to_dict, without_later
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel
from sticc_lib.presets import steps_for
from sticc_lib.run import atomic, write_text
from sticc_lib.values import Refusal


class TrainingError(Refusal, RuntimeError):
    """Training that cannot go on; the message says what is left and what to do."""


@dataclass
class Progress:
    """What changes while training, beside weights."""

    step: int = 0
    cpu_seconds: float = 0.0
    best: dict[str, float] = field(default_factory=dict)
    rows: list[dict[str, float]] = field(default_factory=list)


@dataclass
class Trained:
    """What training gives back.

    Attributes:
        model: in eval mode, with the weights that validated best.
        folder: holds `best/`, `last/`, `state.pt` and `log.jsonl`.
        log: the log's rows.
        best: the best validation (empty without one).
        cpu_seconds: process time of all its steps, over every start; validation left out.
        resumed_at: step this call started from.
    """

    model: VideoModel
    folder: Path
    log: list[dict[str, float]]
    best: dict[str, float] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    resumed_at: int = 0


@dataclass(frozen=True)
class Folder:
    """A training's folder.

    Args:
        path: made when needed.
        key: fingerprint of all that decides the outcome; a folder with another is refused.
        config: noted with the weights.
        facts: what else is noted with them (classes, data fingerprint).
    """

    path: Path
    key: str
    config: Config
    facts: dict[str, Any]

    def read(self, model: VideoModel, optimizer: Any) -> Progress:
        """Puts an earlier start's state into model and optimiser; a fresh one if there is none.

        Raises:
            TrainingError: the state is damaged, or of a training with other settings or data.
        """
        path = self.path / "state.pt"
        if not path.exists():
            return Progress()
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            if state["key"] == self.key:
                model.load_state_dict(state["model"])
                optimizer.load_state_dict(state["optimizer"])
                return Progress(**state["progress"])
        except Exception as error:
            reason = str(error).partition("\n")[0]
            raise TrainingError(
                f"{path}: damaged ({type(error).__name__}: {reason}); delete it to start anew"
            ) from None
        raise TrainingError(
            f"{path} belongs to a training with other settings or data; choose another folder "
            "or pass --overwrite"
        )

    def write(self, progress: Progress, model: VideoModel, optimizer: Any) -> None:
        """Writes all that a resume needs, whole or not at all, then the log.

        Raises:
            TrainingError: weights that are no numbers, or a file that cannot be written; what
                stood in the folder before is untouched.
        """
        weights = model.state_dict()
        bad = [n for n, v in weights.items() if v.is_floating_point() and not v.isfinite().all()]
        if bad:
            raise TrainingError(
                f"step {progress.step}: weights are no longer numbers ({bad[0]}); {self.kept()}. "
                "Lower train.lr or look at the data"
            )
        state = {"key": self.key, "model": weights, "optimizer": optimizer.state_dict(),
                 "progress": asdict(progress)}  # fmt: skip
        with self._writing("state.pt"), atomic(self.path / "state.pt") as temporary:
            torch.save(state, temporary)
        with self._writing("log.jsonl"):
            lines = "".join(json.dumps(row) + "\n" for row in progress.rows)
            write_text(self.path / "log.jsonl", lines)

    def save(self, name: str, progress: Progress, model: VideoModel) -> None:
        """Writes the weights with their config under a name, `best` or `last`."""
        facts = {**self.facts, "step": progress.step, "validation": progress.best}
        with self._writing(name):
            zoo.save(self.path / name, model, self.config, model.persons, **facts)

    def kept(self) -> str:
        """What an error should say of an earlier state."""
        path = self.path / "state.pt"
        return f"the last good state is in {path}" if path.exists() else "nothing was saved yet"

    @contextlib.contextmanager
    def _writing(self, name: str) -> Iterator[None]:
        from safetensors import SafetensorError

        try:
            yield
        except (OSError, RuntimeError, SafetensorError) as error:  # torch: RuntimeError if full
            reason = str(error).partition("\n")[0]
            raise TrainingError(
                f"{self.path / name}: cannot be written ({reason}); {self.kept()}. Make room and "
                "start again: training goes on from there"
            ) from error


def lasting(config: Config) -> dict[str, Any]:
    """Settings that decide the outcome; where it runs and how often it is saved do not."""
    plain = without_later(to_dict(config))
    for name in ("device", "threads", "evaluate", "preset"):
        plain.pop(name)
    plain["train"].pop("checkpoint_every")
    plain["data"]["root"] = ""  # a data set may move; its own fingerprint says what it holds
    for name in ("split", "options", "val_share"):
        plain["data"].pop(name, None)
    plain["train"]["steps"] = steps_for(config)
    return plain
