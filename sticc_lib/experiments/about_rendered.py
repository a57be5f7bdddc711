"""What notebook 01 shows of rendered people: beside drawn ones, and before and behind a lens."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sticc_lib.config import DataConfig
from sticc_lib.experiments.opened import Answer
from sticc_lib.figures import worlds
from sticc_lib.figures.captions import run_figure
from sticc_lib.run import Run, data_dir
from sticc_lib.tracklets import packed, walkers
from sticc_lib.tracklets.table import DataError, TrackletSet

SHOWN, PICTURES = 4, 8
"""Persons of each world, and pictures of each person."""
SAMPLE, BEFORE = "walkers3d/sample.pack", "walkers3d/before_lens.png"


def two_worlds(config: DataConfig | None = None) -> Answer:
    """Drawn people (of `config`, or as they are by default) beside the rendered sample."""
    own = config if config is not None and config.name == "walkers" else DataConfig()
    drawn, rendered = walkers.load(own), packed.load(data_dir() / SAMPLE)
    return worlds.two_worlds(strips(drawn), strips(rendered)), ""


def strips(data: TrackletSet) -> np.ndarray:
    """Pictures of the persons who show most of themselves: uint8 [SHOWN, PICTURES, H, W, 3].

    Pictures are spread over a person's cameras, and over the frames of each.
    """
    shown = data.tracklets.groupby("person")["visibility"].mean().nlargest(SHOWN)
    where, rows = data.frame_positions(), []
    for person in sorted(shown.index):
        mine = data.tracklets.index[data.tracklets["person"] == person]
        every = np.concatenate([where[t] for t in mine])
        rows.append(every[np.linspace(0, len(every) - 1, PICTURES).round().astype(int)])
    pixels = data.read(np.concatenate(rows))
    return np.moveaxis(pixels, 1, -1).reshape(SHOWN, PICTURES, *pixels.shape[2:], 3)


def lens(seed: int = 0) -> Answer:
    """One person before and behind the lenses of some cameras; a sentence where numba is missing.

    Raises:
        DataError: the pictures are missing.
    """
    from PIL import Image

    path = data_dir() / BEFORE
    if not path.exists():
        raise DataError(f"{path} is missing; restore it with git checkout")
    if find_spec("numba") is None:
        return None, "The lens needs numba: `pip install 'sticc-lib[walkers3d]'`."
    from sticc_lib.tracklets.walkers3d.cameras import camera

    with Image.open(path) as file:
        notes, whole = file.info, np.asarray(file.convert("RGB"))
    numbers = [int(n) for n in notes["cameras"].split()]
    heights = [float(h) for h in notes["heights"].split()]
    before = np.stack(np.split(whole, len(numbers), axis=1))
    lenses = [camera(0, number, False).lens for number in numbers]
    rng = np.random.default_rng(seed)  # of the noise
    behind = [lens.record(image.astype(np.float32) / 255, rng, tall)
              for lens, image, tall in zip(lenses, before, heights, strict=True)]  # fmt: skip
    told = [f"camera {n}: {min(h, 128):.0f} px\n"
            f"RGB x {lens.gain[0]:.2f} {lens.gain[1]:.2f} {lens.gain[2]:.2f}\n"
            f"colour {lens.saturation:.2f}, JPEG {lens.quality}"
            for n, h, lens in zip(numbers, heights, lenses, strict=True)]  # fmt: skip
    return worlds.lens(before, np.stack(behind), told), ""


def shown(run: Run, name: str, answer: Answer) -> list[Any]:
    """An answer that is of no one set, as a notebook displays it; saved under its name."""
    from IPython.display import Markdown

    figure, said = answer
    if isinstance(figure, Figure):
        return [run_figure(run, figure, f"{run.notebook}_{name}")]
    return [Markdown(said)]
