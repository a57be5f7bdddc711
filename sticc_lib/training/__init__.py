"""Training: the loop (loop.py), what it keeps on disk (state.py), how fast it learns (rates.py)."""

from sticc_lib.training.loop import Loop, Trained, train
from sticc_lib.training.state import TrainingError

__all__ = ["Loop", "Trained", "TrainingError", "train"]
