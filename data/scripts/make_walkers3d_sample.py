"""Renders what the project ships of the walkers in three dimensions: a packed sample and a picture.

`sample`: 40 persons before 2 cameras, JPEG, in one file with its tables. `sheet`: 60 persons in
four views each, to be looked at one by one. Both need a folder of MakeHuman's assets (see
`sticc_lib.tracklets.walkers3d.assets.folder`); what is shipped shows only what was rendered.

    python data/scripts/make_walkers3d_sample.py [sample] [sheet] [lens] [people]
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from PIL import Image

from sticc_lib.config import DataConfig
from sticc_lib.run import atomic, bar, data_dir
from sticc_lib.tracklets import walkers3d
from sticc_lib.tracklets.pack import pack

PERSONS: dict[str, Any] = {"train_persons": 20, "val_persons": 6, "test_persons": 14}
LENS_PERSON, LENS_CAMERAS = 11, (1, 2, 4, 5, 8, 11)
"""Who is shown before and behind the lens, and by which cameras."""
PEOPLE = (1, 3, 4, 6, 8, 11, 13, 17, 21, 24, 27, 33, 38, 45, 52)
"""Fifteen persons of the contact sheet, for the picture in the README."""
VIEWS = ((0.0, 0.4), (1.4, 1.9), (2.6, 3.2), (-1.0, 5.2))
"""Heading and phase of the gait, radians, of each picture in a row of the sheet."""


def sample() -> None:
    """Packs the sample."""
    config = DataConfig(name="walkers3d", cameras=2, tracklets_per_camera=1, frames=8, **PERSONS)
    path = data_dir() / "walkers3d" / "sample.pack"
    path.unlink(missing_ok=True)
    pack(walkers3d.load(config), path, quality=85, size=(128, 64))
    print(f"{path.name}: {path.stat().st_size:,} bytes")


def sheet(count: int = 60, columns: int = 6, height: int = 176) -> None:
    """Draws the contact sheet: the persons of the training split, as the data set has them."""
    from sticc_lib.tracklets.walkers3d import assets, look, person

    library = assets.library(assets.folder())
    rows = []
    for number in bar(iterable=range(1, count + 1), desc="contact sheet", unit="person"):
        drawn = look.sample(np.random.default_rng([21, 0, 0, number]), library)
        who = person.build(drawn, library)
        rows.append(np.concatenate([_view(who, *view, height) for view in VIEWS], 1))
    lines = [np.concatenate(rows[k : k + columns], 1) for k in range(0, count, columns)]
    picture = (np.clip(np.concatenate(lines), 0, 1) * 255 + 0.5).astype(np.uint8)
    with atomic(data_dir() / "walkers3d" / "contact_sheet.jpg") as path:
        Image.fromarray(picture).save(path, quality=88)


def lens() -> None:
    """Renders one person before six cameras and keeps what reaches the lens, uint8 RGB.

    The file says for each picture its camera (of the set with seed 0) and how many pixels tall the
    box is in the camera's video: what `lens.Lens.record` needs.
    """
    from PIL.PngImagePlugin import PngInfo

    from sticc_lib.tracklets.walkers3d import assets, cameras, look, person

    library = assets.library(assets.folder())
    who = person.build(
        look.sample(np.random.default_rng([21, 0, 0, LENS_PERSON]), library), library
    )
    views = [_reaching(who, cameras.camera(0, n, False)) for n in LENS_CAMERAS]
    whole = np.concatenate([image for image, _ in views], 1)
    notes = PngInfo()
    notes.add_text("cameras", " ".join(map(str, LENS_CAMERAS)))
    notes.add_text("heights", " ".join(f"{tall:.1f}" for _, tall in views))
    with atomic(data_dir() / "walkers3d" / "before_lens.png") as path:
        picture = (np.clip(whole, 0, 1) * 255 + 0.5).astype(np.uint8)
        Image.fromarray(picture).save(path, "PNG", pnginfo=notes, optimize=True)


def _reaching(who, eye) -> tuple[np.ndarray, float]:
    """A walking person alone before a camera: float32 [128, 64, 3], pixels of the box."""
    from sticc_lib.tracklets.walkers3d import scene, staging

    rng = np.random.default_rng([51, eye.number])
    actor = staging.walker(who, staging.walk_of(rng, eye, 1), 1)
    box = staging.boxes_of(rng, actor, eye)[0]
    work = scene.Buffers.empty(scene.SIZE[0] * scene.FINE, scene.SIZE[1] * scene.FINE)
    image = scene._picture(work, eye, [actor], box, 0)[0]
    return image, max(float(eye.sharpness * 10 * box[3]), 24.0)


def people(height: int = 300) -> None:
    """Draws fifteen persons side by side for the README, each in the middle of a step."""
    from sticc_lib.tracklets.walkers3d import assets, look, person

    library, shown = assets.library(assets.folder()), []
    for k, number in enumerate(bar(iterable=PEOPLE, desc="people", unit="person")):
        drawn = look.sample(np.random.default_rng([21, 0, 0, number]), library)
        yaw, phase = VIEWS[k % len(VIEWS)][0] * 0.6, 0.7 + 1.3 * k
        shown.append(_view(person.build(drawn, library), yaw, phase, height))
    picture = (np.clip(np.concatenate(shown, 1), 0, 1) * 255 + 0.5).astype(np.uint8)
    with atomic(data_dir() / "readme" / "rendered_people.jpg") as path:
        Image.fromarray(picture).save(path, quality=88)


def _view(who, yaw: float, phase: float, height: int) -> np.ndarray:
    """One person in one view, float32 [height, height / 2, 3]."""
    from sticc_lib.tracklets.walkers3d import raster

    fine, away, tall = 3, 7.0, 2.2
    cos, sin = np.cos(yaw), np.sin(yaw)
    turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    bones = (turn @ who.matrices(np.array([phase]), 1.0)[0]).astype(np.float32)
    posed = raster.pose(who.body, np.ascontiguousarray(bones))
    posed.positions[:, 1] -= posed.positions[:, 1].min()
    eye = np.array([0.0, 2.0, away])
    forward = np.array([0.0, 0.98, 0.0]) - eye
    forward /= np.linalg.norm(forward)
    right = np.array([1.0, 0.0, 0.0])
    axes = np.stack([right, np.cross(forward, right), forward])
    view = np.c_[axes, -axes @ eye].astype(np.float32)
    half, scale = tall / 2 / away, height * fine / (tall / away)
    window = np.array([-half / 2, -half, scale, scale], np.float32)
    work = raster.Buffers.empty(height * fine, height * fine // 2)
    work.color[...] = (0.66, 0.67, 0.65)
    raster.draw(work, who.body, raster.project(posed.positions, view, window)[0], 1)
    light = np.array([0.4, 0.75, 0.53, 0.55, 0.52, 0.48, 0.5, 0.52, 0.55], np.float32)
    raster.shade(work, who.body, posed, 1, eye.astype(np.float32), light)
    return work.color.reshape(height, fine, -1, fine, 3).mean((1, 3))


if __name__ == "__main__":
    makers = {"sample": sample, "sheet": sheet, "lens": lens, "people": people}
    for name in sys.argv[1:] or makers:
        makers[name]()
