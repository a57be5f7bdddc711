"""Is the exported file as fast as the model? onnxruntime beside our own eager fp32 forward.

    OMP_NUM_THREADS=1 python benchmarks/export.py [repeats]

The shipped STICC (MobileNetV2, 128x64, T = 4) and STICC at `paper` (ResNet-50, 256x128, T = 8,
drawn weights), exported anew, from bytes to embeddings, one thread. Each turn runs eager, eager
with folded BatchNorm and channels_last, and onnxruntime, one after the other; CPU time, median of
the turns, the first left out. A line a figure: the median of the turns' ratios, both sides.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

from sticc_lib.experiments.session import shipped_checkpoint
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel, normalise
from sticc_lib.models.deployed import Deployed
from sticc_lib.models.export import to_onnx
from sticc_lib.models.exported import difference, run_with, sample
from sticc_lib.presets import preset


def models() -> dict[str, VideoModel]:
    """Name -> model in eval mode, T and frames of its preset."""
    torch.manual_seed(0)
    paper = preset("paper", **{"model.trunk.weights": "none"}).model
    return {
        "shipped": zoo.load(shipped_checkpoint())[0],
        "paper": zoo.build("sticc", 100, config=paper).eval(),
    }


def spent(run, *given) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    run(*given)
    return time.process_time() - start


def measure(name: str, model: VideoModel, batch: int, repeats: int, file: Path) -> None:
    """Prints the figures of one model at one batch."""
    run, folded = run_with(file, threads=1), Deployed(model)
    folded = folded.to(memory_format=torch.channels_last)
    given = sample(model, batch, model.spec.clip_length)

    def eager(frames, mask):
        return model(normalise(frames, model.spec), mask)

    turns = []
    with torch.inference_mode():
        for turn in range(repeats + 1):
            taken = [spent(side, *given) for side in (eager, folded, run)]
            turns += [taken] if turn else []
    ms = [1e3 * statistics.median(side) for side in zip(*turns, strict=True)]
    where = f"export, {name}, batch {batch}, T {model.spec.clip_length}"
    for at, label in enumerate(("eager fp32", "eager fp32, folded, channels_last")):
        ratio = statistics.median(taken[at] / taken[2] for taken in turns)
        print(
            f"{where}: onnxruntime {ratio:.2f}x {label} ({ms[2]:.0f} against {ms[at]:.0f} cpu-ms, "
            f"median of {len(turns)})",
            flush=True,
        )
    print(f"{where}: embeddings differ by {difference(model, run, given):.1g} (max|a-b| / max|b|)")


def main(repeats: int = 5) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for name, model in models().items():
            file = Path(folder) / f"{name}.onnx"
            to_onnx(model, file, {})
            size, weights = file.stat().st_size, sum(p.numel() for p in model.parameters())
            print(f"export, {name}: {size / 1e6:.1f} MB for {weights / 1e6:.1f} M weights")
            for batch in (1, 5):
                measure(name, model, batch, max(5, repeats), file)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
