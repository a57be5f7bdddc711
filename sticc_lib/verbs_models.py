"""The verbs of `sticc` for models from elsewhere, and on their way there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from sticc_lib.run import stderr
from sticc_lib.verbs import Pairs, assignments
from sticc_lib.verbs_data import Name

Checkpoint = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="CHECKPOINT")]
File = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")]


@dataclass(frozen=True)
class ImportWeights:
    """Make a checkpoint of ours from the official one of a compared method.

    Names: psta, stmn, grl, bicnet_tks, sinet, sbnet, idnet, sanet, c2d, msinet, msinet_sam,
    tclnet, ap3d. (Of pat no official code was found.)

    Only tensors are read; nothing in the file is run. What does not fit is listed, key by key,
    with the method it may belong to instead. Beside the weights stand config.json and
    manifest.json: method, persons, the file's name and sha256, versions.

    For example
      sticc import-weights psta psta_mars.pth
      sticc import-weights sinet best.pth.tar --out reports/sinet_mars
      sticc evaluate --checkpoint psta_mars --data mars --set data.root=/data/MARS
    """

    name: Name
    """Which method."""
    file: File
    """What the official code's torch.save wrote."""
    out: str = ""
    """Folder to write; by default beside the file, under its name without the ending."""
    persons: int = 0
    """It was trained on so many; 0 counts the rows of its classifier."""
    set: Pairs = ()
    """Settings that differ from the published ones, such as faithful=False or clip_length=8."""

    def run(self) -> int:
        options = assignments(self.set)
        from sticc_lib.models.peers.imported import import_weights

        print(import_weights(self.name, self.file, self.out, self.persons, **options))
        return 0


@dataclass(frozen=True)
class Export:
    """Write a trained model as one file that runs without this library.

    As ONNX (opset 18) for onnxruntime and what else reads it, or as a program of torch.export.
    Inputs: frames, uint8 RGB [batch time 3 height width]; mask, bool [batch time], True where a
    frame is real. Output: embedding [batch D], one a clip. Batch and time are free, from 1 on
    (methods built for one T keep it). A tracklet's embedding is the mean over its clips.
    BatchNorm is folded, normalising is in the file; frame size, mean, std, how tracklets are cut
    and embeddings compared, and the checkpoint's sha256 stand in its metadata. Each file is run
    and compared with the model before it is written.

    For example
      sticc export --onnx sticc.onnx                     the shipped STICC
      sticc export reports/mars --onnx sticc_mars.onnx   the checkpoint of a run
      sticc export psta_mars --program psta.pt2          torch.export.load("psta.pt2").module()
    """

    checkpoint: Checkpoint = ""
    """A run folder, a checkpoint folder or a .safetensors file; by default the shipped one."""
    onnx: str = ""
    """File to write, ending in .onnx; needs pip install 'sticc-lib[export]'."""
    program: str = ""
    """File to write, ending in .pt2."""
    normalised: bool = False
    """Frames are given as float32, (x / 255 - mean) / std, instead of as bytes."""
    method: str = "sticc"
    """Which of a run folder's checkpoints."""

    def run(self) -> int:
        from sticc_lib.experiments.session import checkpoint_for, shipped_checkpoint
        from sticc_lib.models.export import export_checkpoint

        path = Path(self.checkpoint) if self.checkpoint else shipped_checkpoint()
        if (path / "checkpoints").is_dir():
            path, which = checkpoint_for(path, self.method)
            stderr(which)
        made = export_checkpoint(path, self.onnx, self.program, self.normalised)
        for file, written in made.items():
            length = "any T" if written.any_length else "the model's own T only"
            print(f"{file} ({length}; within {written.difference:.1g} of the model's embeddings)")
        return 0
