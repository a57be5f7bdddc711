"""The verbs of `sticc` for models from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from sticc_lib.verbs import Pairs, assignments
from sticc_lib.verbs_data import Name

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
