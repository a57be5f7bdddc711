"""What test_processes.py starts in one process or several: a training at the preset smoke.

In double precision: what several processes add up in another order differs in the last digit, and
Adam makes a digit of float32 into a hundredth of mAP within thirty steps of this preset.

python shared_work.py FOLDER [STOP_AT]
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from sticc_lib.experiments.session import train_method
from sticc_lib.presets import preset

CHANGES = {"device": "cpu", "train.bf16": "off", "train.checkpoint_every": 10}


def main(folder: str, stop: str = "") -> None:
    """Trains into FOLDER, or goes on there, to its end or to before step STOP_AT."""
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    config = preset("smoke", **CHANGES)
    done = train_method(config, Path(folder), stop_at=int(stop) if stop else None)
    print(f"resumed at {done.resumed_at}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
