"""The verbs of `sticc` for data sets on disk: check one, pack one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from sticc_lib.config import ConfigError
from sticc_lib.verbs import Pairs, assignments

Name = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
Root = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="ROOT")]
Out = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]


@dataclass(frozen=True)
class CheckData:
    """Check a data set before use: what is there, what is expected, everything that is wrong.

    Names: mars, lsvid, ilidsvid, prid2011, dukevideo, occluded_duke, occluded_duke_images,
    occluded_duke_video, prai1581, market (any tree of its kind), motchallenge, tracks (boxes of
    your own video), folder (your own pictures), packed (what sticc pack wrote), pets2009, walkers.

    A count that differs from what the field's documents say is a warning with both numbers.
    Nothing is changed. Exit code: 0 ready for use, 1 something must be mended first, 2 asked for
    something that cannot be.

    For example
      sticc check-data mars /data/MARS                         the lists and the tree, in seconds
      sticc check-data mars /data/MARS --decode                and open every picture, in hours
      sticc check-data mars /data/MARS --set queries_in_gallery=False
      sticc check-data ilidsvid /data/iLIDS-VID --split 3
    """

    name: Name
    """Which data set: one of the names above."""
    root: Root = ""
    """Its folder (packed: the file); not needed for pets2009 and walkers."""
    split: int = 0
    """Which of its splits, from 0: ilidsvid and prid2011 have ten."""
    decode: bool = False
    """Open every picture too."""
    set: Pairs = ()
    """Options of the source; a wrong one is answered with those that it has."""

    def run(self) -> int:
        options = assignments(self.set)
        from sticc_lib.experiments.check_data import check_data

        checked = check_data(self.name, self.root, self.split, options, self.decode)
        print(checked)
        return 0 if checked.ready else 1


@dataclass(frozen=True)
class Pack:
    """Write a data set into one file of JPEG frames: faster to read, one file to copy.

    The size is said before anything is written. Interrupted, the same command resumes. The file
    is used as the source packed: data.name=packed data.root=OUT; split, options and rule are
    those it was packed with.

    For example
      sticc pack mars /data/MARS mars.pack --height 256 --width 128
      sticc pack mars /data/MARS mars.pack                     every picture as it is
      sticc train --preset paper --set data.name=packed data.root=mars.pack
    """

    name: Name
    """Which data set, as in sticc check-data."""
    root: Root
    """Its folder."""
    out: Out
    """The file to write; it must not exist yet."""
    height: int = 0
    """Resize to this height and width; 0 keeps every picture as it is."""
    width: int = 0
    quality: int = 90
    """Of the JPEG, 1 to 100."""
    raw: bool = False
    """Pixels instead of JPEG: some thirty times larger; needs height and width."""
    split: int = 0
    """Which of the source's splits, from 0."""
    set: Pairs = ()
    """Options of the source, as in sticc check-data."""

    def run(self) -> int:
        options = assignments(self.set)
        if (self.height > 0) != (self.width > 0):
            raise ConfigError("--height and --width: give both, or neither to keep pictures as is")
        from sticc_lib.tracklets.pack import pack
        from sticc_lib.tracklets.sources import choose

        data = choose.read(self.name, self.root, self.split, **options).to_set()
        size = (self.height, self.width) if self.height else None
        print(pack(data, self.out, size, self.quality, self.raw))
        print(self.out)
        return 0
