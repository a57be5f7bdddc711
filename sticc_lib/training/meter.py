"""How far a training is: a bar where somebody watches, one line a minute where nobody does."""

from __future__ import annotations

import time
from typing import Any

from sticc_lib.run import bar, stderr
from sticc_lib.training.state import Progress


class Meter:
    """A progress bar where somebody watches, one line a minute where nobody does."""

    def __init__(self, name: str, start: int, total: int, shown: bool):
        self.name, self.total, self.shown = name, total, shown
        self.bar = bar(shown, total=total, initial=start, desc=f"train {name}", unit="step")
        self.said = time.monotonic()

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: Any) -> None:
        self.bar.close()

    def advance(self, progress: Progress) -> None:
        """Moves on by one step."""
        self.bar.update(1)
        if self.shown and self.bar.disable and time.monotonic() - self.said >= 60:
            self.said = time.monotonic()
            losses_so_far = [row["loss"] for row in progress.rows if "loss" in row]
            shown = f", loss {losses_so_far[-1]:.3f}" if losses_so_far else ""
            stderr(f"train {self.name}: step {progress.step} of {self.total}{shown}")
