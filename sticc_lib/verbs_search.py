"""The verbs of `sticc` for galleries on disk: build one, find a tracklet in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from sticc_lib.config import ConfigError
from sticc_lib.run import project_root
from sticc_lib.verbs import Pairs, assignments

Sets = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="SET ...")]
Asked = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="QUERY")]


@dataclass(frozen=True)
class Gallery:
    """Embed data sets into a gallery on disk, which sticc search looks through.

    A SET is walkers, pets, or NAME=ROOT with a name of sticc check-data. Embedded chunk by chunk:
    vectors are never in memory together. Interrupted, the same command goes on. Up to 20,000
    tracklets search is exact; from there on approximate (faiss, pip install 'sticc-lib[ann]'),
    re-ranked by the vectors themselves, and its recall against exact is printed.

    For example
      sticc gallery walkers --out reports/gallery               the shipped STICC
      sticc gallery mars=/data/MARS --out mars_gallery --checkpoint reports/mars
      sticc gallery lsvid=/data/LS-VID --out mars_gallery --checkpoint reports/mars --add
      sticc search 12 --gallery reports/gallery
    """

    sets: Sets
    """Sets to put in."""
    out: str
    """Folder of the gallery."""
    split: str = "test"
    """Which of their tracklets: test, train, val, or all."""
    kind: Literal["auto", "exact", "approximate"] = "auto"
    """auto: exact up to 20,000 tracklets."""
    add: bool = False
    """Add to a gallery that is there; what is in already stays, what has changed is refused."""
    checkpoint: str = ""
    """A run folder, a checkpoint folder or a .safetensors file; by default the shipped one."""
    method: str = "sticc"
    """Which of a run folder's checkpoints."""
    set: Pairs = ()
    """Changed settings, such as evaluate.flip=True; a search then needs them too."""

    def run(self) -> int:
        if not self.sets:
            raise ConfigError("give at least one SET, such as walkers or mars=/data/MARS")
        changes = assignments(self.set)
        from sticc_lib.experiments.galleries import Embedder, build

        embedder = Embedder.load(self.checkpoint, self.method, changes)
        made = build(self.out, self.sets, embedder, self.split, self.kind, self.add)
        print(f"{made.folder}: {made.told()}")
        for held in made.facts["sets"]:
            print(f"  {held['name']}: {held['total']:,} tracklets ({held['split']})")
        return 0


@dataclass(frozen=True)
class Search:
    """Find a tracklet in a gallery: a ranked table, and a sheet of pictures.

    QUERY is the number of a tracklet (of the gallery's first set, or of --data), a folder of crops
    of one person, a picture of a person, or a video cut to a person. Written into the folder:
    ranked.csv, ranked.json, and found.png. The model is the gallery's own, which its index names.
    Open galleries of people you trust only: faiss reads their files.

    For example
      sticc search 12 --gallery reports/gallery
      sticc search 12 --gallery reports/gallery --other-cameras --top 20
      sticc search crops/somebody --gallery mars_gallery --checkpoint reports/mars
      sticc search person.jpg --gallery mars_gallery --out reports/who
    """

    query: Asked
    """A tracklet's number, a folder of crops, a picture, or a video."""
    gallery: str
    """Folder that sticc gallery wrote."""
    data: str = ""
    """NAME or NAME=ROOT that a number counts in; by default the gallery's first set."""
    top: int = 10
    """How many to show."""
    other_cameras: bool = False
    """Leave out what the query's own camera saw."""
    probes: int = 0
    """Lists to look through in an approximate gallery; 0 for what was chosen when it was built."""
    whole: bool = False
    """Compare every byte of the gallery with what was built, not parts of large files."""
    checkpoint: str = ""
    """Of the gallery's embedder; by default where it was when the gallery was built."""
    method: str = "sticc"
    """Which of a run folder's checkpoints."""
    out: str = ""
    """Folder to write; by default reports/search_QUERY."""
    set: Pairs = ()
    """Settings the gallery was built with, such as evaluate.flip=True."""

    def run(self) -> int:
        if self.top < 1:
            raise ConfigError(f"--top {self.top}; expected at least 1")
        changes = assignments(self.set)
        from sticc_lib.experiments.found import search_files

        name = re.sub(r"[^\w.-]+", "_", self.query.rstrip("/").rsplit("/", 1)[-1])
        folder = self.out or project_root() / "reports" / f"search_{name}"
        text = search_files(
            self.query, self.gallery, folder, self.data, self.top, self.other_cameras, self.probes,
            self.whole, (self.checkpoint, self.method, changes),
        )  # fmt: skip
        print(text)
        print(folder)
        return 0
