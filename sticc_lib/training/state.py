"""What a training keeps in its folder: a state that resumes exactly, the log, best and last."""

from __future__ import annotations

import contextlib
import io
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
from sticc_lib.run import stderr, write_text
from sticc_lib.sealed import sealed, usable
from sticc_lib.training.failed import first_bad
from sticc_lib.values import Refusal

STATE = "state.pt"


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
            TrainingError: as `content` and `put` tell.
        """
        return self.put(self.content(), model, optimizer)

    def content(self) -> bytes | None:
        """The state of an earlier start, whole; the one before it where the last is damaged.

        A state whose `best` weights somebody deleted counts as none.

        Raises:
            TrainingError: damaged states only, or the folder cannot be made.
        """
        with self._writing(""):
            self.path.mkdir(parents=True, exist_ok=True)
        path = self.path / STATE
        if not path.exists():
            return None
        try:
            content = usable(path).read_bytes()
            state = _loaded(content)
        except Exception as error:
            raise TrainingError(_damaged(path, error)) from None
        best = self.path / "best" / "model.safetensors"
        if state["key"] == self.key and state["progress"]["best"] and not best.exists():
            stderr(f"warning: {best} was deleted; the training starts anew")
            return None
        return content

    def put(self, content: bytes | None, model: VideoModel, optimizer: Any) -> Progress:
        """Puts a state into model and optimiser.

        Raises:
            TrainingError: it does not fit the model, or is of other settings or data.
        """
        path = self.path / STATE
        if content is None:
            return Progress()
        state = _loaded(content)
        if state["key"] != self.key:
            raise TrainingError(
                f"{path} belongs to a training with other settings or data; choose another folder "
                "or pass --overwrite"
            )
        try:
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            return Progress(**state["progress"])
        except Exception as error:
            raise TrainingError(_damaged(path, error)) from None

    def check(self, progress: Progress, model: VideoModel) -> None:
        """Refuses to go on with weights that are no numbers: nothing good is written over.

        Raises:
            TrainingError: names the first of them.
        """
        if bad := first_bad(model):
            raise TrainingError(
                f"step {progress.step}: weights are no longer numbers ({bad}); {self.kept()}. "
                "Lower train.lr or look at the data"
            )

    def write(self, progress: Progress, model: VideoModel, optimizer: Any) -> None:
        """Writes all that a resume needs, whole or not at all, then the log.

        The state that stood there before stays as `previous.pt`.

        Raises:
            TrainingError: a file that cannot be written, or the folder is gone; what stood in it
                before is untouched.
        """
        state = {"key": self.key, "model": model.state_dict(),
                 "optimizer": optimizer.state_dict(), "progress": asdict(progress)}  # fmt: skip
        with self._writing(STATE), sealed(self.path / STATE) as temporary:
            torch.save(state, temporary)
        self.write_log(progress)

    def write_log(self, progress: Progress) -> None:
        """Writes the log, unless it stands there as it is."""
        path = self.path / "log.jsonl"
        lines = "".join(json.dumps(row) + "\n" for row in progress.rows)
        with self._writing(path.name):
            if not path.exists() or path.read_bytes() != lines.encode():
                write_text(path, lines)

    def save(self, name: str, progress: Progress, model: VideoModel) -> None:
        """Writes the weights with their config under a name, `best` or `last`."""
        facts = {**self.facts, "step": progress.step, "validation": progress.best}
        with self._writing(name):
            zoo.save(self.path / name, model, self.config, model.persons, **facts)

    def kept(self) -> str:
        """What an error should say of an earlier state."""
        path = self.path / STATE
        return f"the last good state is in {path}" if path.exists() else "nothing was saved yet"

    @contextlib.contextmanager
    def _writing(self, name: str) -> Iterator[None]:
        from safetensors import SafetensorError

        if name and not self.path.is_dir():
            raise TrainingError(
                f"{self.path}: was deleted while training was under way; start again, and it "
                "begins anew"
            )
        try:
            yield
        except (OSError, RuntimeError, SafetensorError) as error:  # torch: RuntimeError if full
            reason = str(error).partition("\n")[0]
            raise TrainingError(
                f"{self.path / name}: cannot be written ({reason}); {self.kept()}. Make room and "
                "start again: training goes on from there"
            ) from error


def _loaded(content: bytes) -> dict[str, Any]:
    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    if not isinstance(state, dict) or not {"key", "model", "optimizer", "progress"} <= set(state):
        raise ValueError("not the state of a training")
    return state


def _damaged(path: Path, error: Exception) -> str:
    reason = str(error).partition("\n")[0]
    return f"{path}: damaged ({type(error).__name__}: {reason}); delete it to start anew"


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
