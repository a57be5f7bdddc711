"""CPU time of a training step, method by method, and the steps that would cost each the same.

    python benchmarks/calibrate_steps.py --steps 500
    python benchmarks/calibrate_steps.py --methods psta stmn grl pat

The numbers of `presets.STEPS["quick"]` were read off this once and then fixed: training counts
steps, so that it repeats. One thread; methods alternate, so that a noisy machine is fair to all.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from measured import tell

from sticc_lib.experiments.compare import METHODS, method_config
from sticc_lib.experiments.session import load_data, new_model
from sticc_lib.models import zoo
from sticc_lib.models.cache import frozen_maps
from sticc_lib.presets import preset
from sticc_lib.training import Loop


def main() -> None:
    """Prints milliseconds a step and calibrated steps, one line a method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=500, help="steps of STICC")
    parser.add_argument("--methods", nargs="*", help="rows of sticc compare; all without it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--each", type=int, default=6, help="steps a round")
    options = parser.parse_args()
    torch.set_num_threads(1)
    base = preset("quick")
    learn = load_data(base).split("train")
    loops = {}
    for label in dict.fromkeys(["sticc", *(options.methods or METHODS)]):
        if METHODS[label].model in zoo.UNTRAINED:
            continue
        config = method_config(label, 0, base)
        model = new_model(config, learn)
        folder = Path(tempfile.gettempdir()) / "calibrate_steps"
        loops[label] = Loop(model, learn, config, folder, frozen_maps(model, learn))
    taken: dict[str, list[float]] = {label: [] for label in loops}
    for turn in range(options.rounds + 1):
        for label, loop in loops.items():
            start = time.process_time()
            for step in range(options.each):
                loop.step(turn * options.each + step)
            if turn:  # the first round warms up
                taken[label].append((time.process_time() - start) / options.each)
    for label, seconds in taken.items():
        ratio = statistics.median(np.array(seconds) / np.array(taken["sticc"]))
        key = f"calibrate_steps.{label}"
        tell(f"{key}.step", 1e3 * statistics.median(seconds), "cpu-ms")
        tell(f"{key}.of_sticc", ratio, "of a step of STICC")
        tell(f"{key}.steps", round(options.steps / ratio, -1), f"steps cost {options.steps} of it")


if __name__ == "__main__":
    main()
