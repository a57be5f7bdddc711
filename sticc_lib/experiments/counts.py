"""Counting the people of video files into a folder: what `sticc count` and notebook 08 call."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sticc_lib.counting.boxfile import FromFile
from sticc_lib.counting.corrections import FILE, Corrections
from sticc_lib.counting.count import CountOptions, count
from sticc_lib.counting.counted import Counted
from sticc_lib.counting.detector import Detector, NanoDet, Torchvision
from sticc_lib.counting.outputs import parameters, write_data, write_feet
from sticc_lib.counting.points import BoxSize, read_points, to_boxes
from sticc_lib.counting.trained import trained_cut
from sticc_lib.counting.video import Video
from sticc_lib.experiments.session import checkpoint_for, video_checkpoint
from sticc_lib.figures.annotated import annotate
from sticc_lib.figures.captions import save
from sticc_lib.figures.individuals import individuals, pages
from sticc_lib.figures.timeline import timeline
from sticc_lib.manifest import noted
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel
from sticc_lib.run import Run, project_root, stderr, write_json
from sticc_lib.status import told
from sticc_lib.values import ConfigError, flatten


@dataclass(frozen=True)
class Source:
    """Where people are found.

    Attributes:
        detector: `nanodet`, or the name of one of torchvision's detectors; not asked where there
            are boxes or points.
        score: boxes of the detector, or of the file, below it are left out; None for its own.
        boxes: a file with boxes, perhaps with tracks (counting.boxfile).
        points: a folder of `<frame>.txt` with `x y` lines (counting.points).
        person: how large a person is, for points.
        fps: frames a second; 0 for the file's own.
        accept_truncated: take a cut file as far as it goes.
    """

    detector: str = "nanodet"
    score: float | None = None
    boxes: str = ""
    points: str = ""
    person: BoxSize = field(default_factory=BoxSize)
    fps: float = 0.0
    accept_truncated: bool = False

    def __post_init__(self) -> None:
        """Refuses two sources at once.

        Raises:
            ConfigError: boxes and points.
        """
        if self.boxes and self.points:
            raise ConfigError("boxes and points were given; people are found by one of them")

    def open(self, videos: Sequence[str | Path], options: CountOptions) -> tuple[Video, Detector]:
        """The video, and what finds people in it; reads and checks everything, writes nothing."""
        video = Video.open(videos, self.fps, self.accept_truncated)
        if self.boxes:
            return video, FromFile(self.boxes, video, self.score or 0.0)
        if self.points:
            found = read_points(self.points, self._looked_at(video, options))
            boxes = to_boxes(found, self.person)
            return video, FromFile.of(boxes, video, Path(self.points).name)
        if self.detector == "nanodet":
            return video, NanoDet() if self.score is None else NanoDet(score=self.score)
        other = {} if self.score is None else {"score": self.score}
        return video, Torchvision(self.detector, "", **other)

    @staticmethod
    def _looked_at(video: Video, options: CountOptions) -> list[int]:
        """The numbers of the frames that will be looked at, each of which needs its points."""
        first = round(options.start * video.fps) + 1
        last = min(video.count, int(min(options.stop, video.seconds) * video.fps + 0.5))
        return list(range(first, last + 1, options.step))


def count_videos(
    videos: Sequence[str | Path],
    out: str | Path = "",
    source: Source | None = None,
    options: CountOptions | None = None,
    checkpoint: str | Path = "",
    points: bool = False,
    video: bool = True,
    progress: bool = True,
) -> tuple[Counted, Path]:
    """Counts people and writes what `sticc count` leaves; interrupted, the same call goes on.

    Corrections that were made by hand (`corrections.json` in the folder) are applied again.

    Args:
        videos: one file, or several that follow each other.
        out: the folder; by default reports/count_<name of the first>.
        source: where people are found.
        options: how they are counted.
        checkpoint: of the model that `sticc` among the features stands for; by default the one
            for video (session.video_checkpoint).
        points: write `points/<frame>.txt`, too.
        video: write the annotated video, too.
        progress: show bars.

    Raises:
        VideoError, DataError, ConfigError, RunError, DetectorError: before anything is written.
    """
    began, ours = time.perf_counter(), options or CountOptions()
    where = source or Source()
    watched, detector = where.open(videos, ours)
    model = embedder(ours.features, checkpoint)
    folder = Path(out) if str(out) else project_root() / "reports" / f"count_{watched.name}"
    given = {**parameters(ours), "source": asdict(where), "points": points, "video": video}
    run, sums = Run(folder, "count", given), {f.path.name: _sha256(f.path) for f in watched.files}
    weights = {"sticc": zoo.weights_fingerprint(model)} if model is not None else {}
    with told(folder, "count"), noted(run, "count", data=sums, weights=weights):
        trained = trained_cut(ours.features, model, progress) if ours.adapt == "none" else None
        counted = count(watched, detector, folder / "seen", ours, model, trained, progress)
        counted = Corrections.load(folder / FILE).applied(counted)
        more = {"detector": detector.name, "files": [str(f.path.name) for f in watched.files],
                "checkpoint": str(checkpoint)}  # fmt: skip
        write_pictures(counted, folder)
        if points:
            write_feet(counted, folder / "points")
        if video:
            annotate(
                counted, watched, folder / "annotated.mp4", anonymise=ours.anonymise,
                gif=folder / "annotated.gif", progress=progress,
            )  # fmt: skip
        found = {n: float(getattr(counted, n)) for n in ("unique", "low", "high", "short_tracks")}
        write_json(folder / "metrics.json", flatten({"count": {watched.name: found}}))
        write_data(
            counted, ours, folder, {**more, "seconds_used": _since(began)}
        )  # last: all is there
    return counted, folder


def write_pictures(counted: Counted, folder: str | Path) -> None:
    """Writes timeline.png and gallery.png, further pages of it as gallery_2.png and on."""
    folder = Path(folder)
    save(timeline(counted), folder / "timeline.png")
    for number, first in enumerate(pages(counted), 1):
        name = "gallery.png" if number == 1 else f"gallery_{number}.png"
        save(individuals(counted, first), folder / name)


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 2)


def _sha256(path: Path) -> str:
    """Of a file, twelve hex digits. Reading it takes far less than looking at its frames."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:12]


def embedder(features: str, checkpoint: str | Path = "") -> VideoModel | None:
    """The model that `sticc` among the features stands for; None where it is not among them.

    Raises:
        ConfigError: no such checkpoint.
    """
    if "sticc" not in features.split("+"):
        return None
    path = Path(checkpoint) if str(checkpoint) else video_checkpoint()
    if (path / "checkpoints").is_dir():
        path, which = checkpoint_for(path)
        stderr(which)
    return zoo.load(path)[0]
