"""Other scenes: drawn walkers who cross, hide each other, leave and come back under one camera.

Rules of counting are chosen on these and never on the video they are applied to. All is synthetic.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sticc_lib.counting.boxes import iou
from sticc_lib.counting.painting import Layer, background, compose, layers, poles
from sticc_lib.counting.paths import visits
from sticc_lib.run import atomic, cache_dir, fingerprint
from sticc_lib.tracklets.store import crop_box, resize
from sticc_lib.tracklets.walkers import appearance
from sticc_lib.tracklets.walkers.cameras import camera

SCENES_VERSION = 1
"""Raise it when a pixel or a box changes: cached scenes carry it in their name."""
CROP = (128, 64)
SEEN = 0.35
"""Least share of a person that shows where a detector would still find it."""


@dataclass(frozen=True)
class SceneConfig:
    """One scene; the same settings give the same pixels."""

    seed: int = 0
    persons: int = 12
    seconds: float = 80.0
    fps: float = 7.0
    size: tuple[int, int] = (360, 480)
    """(height, width) of a frame, pixels."""
    returns: float = 1.0
    """Mean number of times that a person comes back."""
    gap: tuple[float, float] = (3.0, 25.0)
    """Seconds out of view, from and to."""
    similar: bool = False
    """Dark trousers and one of three tops for everybody."""
    noise: float = 0.03
    """Deviation of a box's place and size, in heights."""
    missed: float = 0.06
    """Share of boxes that a detector would not give."""
    broken: float = 0.15
    """Chance per second that a track is broken off and goes on under a new number."""
    mixed: float = 0.0
    """Chance that two tracks change persons where their boxes overlap by an IoU above 0.3."""


@dataclass(frozen=True)
class Scene:
    """What a counter gets of a scene, and the truth.

    Attributes:
        boxes: `frame` (from 1), `track`, `x y w h`, `score`, `person`, `visit`, sorted by frame.
        crops: uint8 [boxes, 3, 128, 64], RGB.
        fps: frames a second.
        size: (height, width) of a frame.
        name: for tables.
    """

    boxes: pd.DataFrame
    crops: np.ndarray
    fps: float
    size: tuple[int, int]
    name: str


def load(config: SceneConfig) -> Scene:
    """The scene, from the cache or drawn now (10 to 20 s)."""
    name = f"scene-v{SCENES_VERSION}-{fingerprint(dataclasses.asdict(config))}"
    table, pixels = cache_dir() / f"{name}.csv", cache_dir() / f"{name}.npy"
    if not (table.exists() and pixels.exists()):
        boxes, crops = _film(config)
        with atomic(pixels) as temporary, temporary.open("wb") as stream:
            np.save(stream, crops, allow_pickle=False)
        with atomic(table) as temporary:  # last: it says that all is there
            boxes.to_csv(temporary, index=False)
    boxes = pd.read_csv(table, dtype={"person": str, "visit": str})
    crops = np.load(pixels, allow_pickle=False)
    return Scene(boxes, crops, config.fps, config.size, f"scene {config.seed}")


def frames(config: SceneConfig) -> Iterator[tuple[np.ndarray, pd.DataFrame]]:
    """Frame after frame: uint8 [3, H, W], and who shows in it.

    The table is that of `painting.compose`.
    """
    rng = np.random.default_rng([config.seed, 41])
    looks, places = _looks(config), visits(config, rng)
    eye = camera(config.seed, 1 + config.seed % 4, config.seed % 2 == 1, (64, 32))
    ground, things = background(eye.panorama, config.size), poles(rng, config.size)
    live: dict[int, Iterator[Layer]] = {}
    grain = np.random.default_rng([config.seed, 42])
    speckle = grain.normal(0, 3, (3, *config.size)).astype(np.float32)
    shares = np.array([0.299, 0.587, 0.114], np.float32)[:, None, None]
    for frame in range(round(config.seconds * config.fps)):
        here = [v for v in places if v.first <= frame < v.first + len(v.foot)]
        for visit in here:
            if visit.number not in live:
                live[visit.number] = layers(visit, looks[visit.person], config.size)
        image, table = compose(ground.copy(), [*(next(live[v.number]) for v in here), *things])
        grey = (image * shares).sum(0)
        image = np.clip(grey + np.float32(eye.saturation) * (image - grey), 0, 1)
        level = (image * np.float32(1023) + np.float32(0.5)).astype(np.int16)
        picture = np.stack([eye.tones[c][level[c]] for c in range(3)]).astype(np.float32)
        picture += np.roll(speckle, int(grain.integers(picture.size)))  # another grain each time
        yield np.clip(picture, 0, 255).astype(np.uint8), table


def write_video(config: SceneConfig, path: Path | str) -> Path:
    """The scene as an H.264 file, for trying the whole way from a file."""
    import av

    with atomic(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=round(config.fps))
        stream.height, stream.width, stream.pix_fmt = *config.size, "yuv420p"
        for image, _ in frames(config):
            picture = av.VideoFrame.from_ndarray(np.moveaxis(image, 0, 2).copy(), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return Path(path)


def _film(config: SceneConfig) -> tuple[pd.DataFrame, np.ndarray]:
    """Boxes as a detector and a tracker would give them, and their crops."""
    rng = np.random.default_rng([config.seed, 43])
    rows, crops, tracker = [], [], _Tracks(config, rng)
    for number, (image, table) in enumerate(frames(config), start=1):
        seen = table[(table["shown"] >= SEEN) & (rng.random(len(table)) >= config.missed)]
        boxes = seen[["x", "y", "w", "h"]].to_numpy(float)
        shift = rng.normal(0, config.noise, boxes.shape) * boxes[:, 3:]
        boxes = np.round(boxes + shift * np.array([1, 1, 0.5, 1]), 1)
        tracks = tracker.next(number, seen["visit"].to_numpy(object), boxes)
        for row, (visit, person) in enumerate(zip(seen["visit"], seen["person"], strict=True)):
            part = crop_box(image, boxes[row], f"frame {number}")
            crops.append(resize(part[None], CROP)[0])
            score = round(float(np.clip(seen["shown"].iloc[row] * 0.9, 0, 1)), 2)
            rows.append((number, tracks[row], *boxes[row], score, person, visit))
    names = ["frame", "track", "x", "y", "w", "h", "score", "person", "visit"]
    return pd.DataFrame(rows, columns=names), np.stack(crops)


class _Tracks:
    """Track numbers: broken off by chance and after half a second unseen, mixed where asked."""

    def __init__(self, config: SceneConfig, rng: np.random.Generator):
        self.config, self.rng, self.count = config, rng, 0
        self.now: dict[str, tuple[int, int]] = {}  # visit -> (track, last frame)

    def next(self, frame: int, names: np.ndarray, boxes: np.ndarray) -> list[int]:
        for name in names:
            track, last = self.now.get(name, (0, -(10**6)))
            late = frame - last > self.config.fps / 2
            if late or self.rng.random() < self.config.broken / self.config.fps:
                self.count += 1
                track = self.count
            self.now[name] = (track, frame)
        if self.config.mixed:
            overlap = np.triu(iou(boxes, boxes), 1)
            for i, j in np.argwhere(overlap > 0.3):
                if self.rng.random() < self.config.mixed / self.config.fps:
                    a, b = str(names[i]), str(names[j])
                    self.now[a], self.now[b] = self.now[b], self.now[a]
        return [self.now[name][0] for name in names]


def _looks(config: SceneConfig) -> list[appearance.Look]:
    """Persons that no training meets: their generators have a key of their own."""
    rng = np.random.default_rng([config.seed, 44])
    looks = [appearance.sample(rng) for _ in range(config.persons)]
    if not config.similar:
        return looks
    colors = np.array(list(appearance.PALETTE.values()), np.float32)
    tops, dark = colors[rng.choice(10, 3, replace=False)], colors[[0, 3]]
    return [
        dataclasses.replace(
            look, top=tops[rng.integers(3)], bottom=dark[rng.integers(2)], shoes=colors[0],
            bottom_kind="trousers", hat="none",
        )
        for look in looks
    ]  # fmt: skip
