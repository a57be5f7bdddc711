"""Is the exported file as fast as the model? onnxruntime beside our own eager fp32 forward.

    OMP_NUM_THREADS=1 python benchmarks/export.py [repeats] [--quick]

The shipped STICC (MobileNetV2, 128x64, T = 4) and STICC at `paper` (ResNet-50, 256x128, T = 8,
drawn weights), exported anew, from bytes to embeddings, one thread. Each turn runs eager, eager
with folded BatchNorm and channels_last (how `embed` runs it), and onnxruntime, one after the other;
CPU time, median of the turns, the first left out.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from measured import alternate, asked, tell, tell_ratio

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


def measure(name: str, model: VideoModel, batch: int, repeats: int, file: Path) -> None:
    """Prints the figures of one model at one batch."""
    run, folded = run_with(file, threads=1), Deployed(model)
    folded = folded.to(memory_format=torch.channels_last)
    given = sample(model, batch, model.spec.clip_length)

    def eager(frames, mask):
        return model(normalise(frames, model.spec), mask)

    with torch.inference_mode():
        taken = alternate(
            {"eager": lambda: eager(*given), "folded": lambda: folded(*given),
             "onnx": lambda: run(*given)}, repeats,
        )  # fmt: skip
        apart = difference(model, run, given)
    where = f"export.{name}.batch{batch}"
    for side, label in (("eager", "eager fp32"), ("folded", "eager fp32, folded, channels_last")):
        tell_ratio(f"{where}.{side}", taken["onnx"], taken[side], f"our {label}",
                   note=f"onnxruntime, T {model.spec.clip_length}")  # fmt: skip
    tell(f"{where}.difference", apart, "of embeddings, max|a-b| / max|b|", most=1e-4)


def main() -> None:
    repeats, quick = asked(__doc__)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for name, model in models().items():
            if quick and name == "paper":
                continue
            file = Path(folder) / f"{name}.onnx"
            to_onnx(model, file, {})
            tell(f"export.{name}.size", file.stat().st_size / 1e6, "MB")
            tell(f"export.{name}.weights", sum(p.numel() for p in model.parameters()) / 1e6, "M")
            for batch in (1,) if quick else (1, 5):
                measure(name, model, batch, repeats, file)


if __name__ == "__main__":
    main()
