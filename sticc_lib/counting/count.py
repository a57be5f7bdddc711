"""From a video to a count, the whole way: watch it, describe its crops, find who is who."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from sticc_lib.counting import calibrate
from sticc_lib.counting.calibrate import Cut
from sticc_lib.counting.counted import Counted
from sticc_lib.counting.detector import Detector
from sticc_lib.counting.evidence import Evidence
from sticc_lib.counting.features import Crops, crop_features, parts_of
from sticc_lib.counting.identify import CountSettings, Individuals, identify
from sticc_lib.counting.linking import MOST_ITEMS
from sticc_lib.counting.observe import observe
from sticc_lib.counting.observed import Observed
from sticc_lib.counting.tune import held_cut, tune
from sticc_lib.counting.video import Video
from sticc_lib.models.base import VideoModel
from sticc_lib.values import ConfigError

ADAPT = ("lda", "wccn", "none", "tune")
FRAGMENTS_OF_FEW = 8000
"""From so many fragments on, half of the crops of each are described, and so on."""


@dataclass(frozen=True)
class CountOptions:
    """How a video is counted.

    Attributes:
        every: seconds of an interval.
        start, stop: seconds of the video.
        step: 2 looks at every second frame, and so on.
        features: what tells people apart (features.KINDS). CHOICE: what needs no model; the command
            and notebook 08 take STICC's weights for video and colours (`sticc+hsv`).
        adapt: `lda` or `wccn`, fitted to the video in closed form; `tune`, its trunk tuned to the
            video as well (a minute); `none`.
        way: `whole`, `online`, or `auto`: whole while a video has at most MOST_ITEMS tracks.
        settings: of the matching.
        anonymise: heads are blurred in all pictures, and so in those that features see.
    """

    every: float = 3.0
    start: float = 0.0
    stop: float = math.inf
    step: int = 1
    features: str = "stripes+hsv"
    adapt: Literal["lda", "wccn", "none", "tune"] = "lda"
    way: Literal["auto", "whole", "online"] = "auto"
    settings: CountSettings = field(default_factory=CountSettings)
    anonymise: bool = False

    def __post_init__(self) -> None:
        """Refuses what makes no sense.

        Raises:
            ConfigError: names the option.
        """
        parts_of(self.features)
        threshold = self.settings.threshold
        wrong = [
            told
            for bad, told in (
                (not 0 < self.every < math.inf, f"every {self.every}: expected seconds above 0"),
                (not 0 <= self.start < self.stop,
                 f"start {self.start}, stop {self.stop}: expected 0 <= start < stop"),
                (self.step < 1, f"step {self.step}: expected 1 frame or more"),
                (self.adapt not in ADAPT, f"adapt {self.adapt!r}: one of {', '.join(ADAPT)}"),
                (self.way not in ("auto", "whole", "online"),
                 f"way {self.way!r}: one of auto, whole, online"),
                (threshold is not None and not 0 <= threshold <= 2,
                 f"threshold {threshold}: a cosine distance is 0 to 2"),
            )
            if bad
        ]  # fmt: skip
        if wrong:
            raise ConfigError("; ".join(wrong))


def count(
    video: Video,
    detector: Detector,
    folder: str | Path,
    options: CountOptions | None = None,
    model: VideoModel | None = None,
    trained: Cut | None = None,
    progress: bool = True,
) -> Counted:
    """Counts the people of a video; goes on where it was interrupted.

    Args:
        video: what to watch.
        detector: finds people, or holds boxes of a file.
        folder: where what was seen is kept.
        options: how.
        model: what `sticc` among the features stands for.
        trained: threshold from training pairs, used where nothing is fitted to the video.
        progress: show bars.

    Raises:
        VideoError, ConfigError, RunError: see `observe.observe` and `features.crop_features`.
    """
    ours = options or CountOptions()
    seen = observe(
        video, detector, folder, every=ours.every,
        start=ours.start, stop=ours.stop, step=ours.step, progress=progress,
        anonymise=ours.anonymise,
    )  # fmt: skip
    return recount(seen, ours, model, trained, progress)


def recount(
    seen: Observed,
    options: CountOptions | None = None,
    model: VideoModel | None = None,
    trained: Cut | None = None,
    progress: bool = True,
) -> Counted:
    """Counts what was seen already, perhaps with other options. See `count`."""
    ours = options or CountOptions()
    if len(seen.fragments) == 0:
        return _nobody(seen, ours)
    crops, owner = described(seen)
    values = crop_features(crops, owner, ours.features, model, progress)
    if ours.adapt != "tune":
        return recognised(seen, values, ours, trained)
    evidence = Evidence(seen.boxes, seen.fragments, values, owner, seen.fps)
    tuned, held = tune(crops, evidence, progress=progress)
    kind = "tuned+hsv" if "hsv" in ours.features else "tuned"
    evidence = evidence.with_values(crop_features(crops, owner, kind, tuned, progress))
    settings = replace(ours.settings, way=_way(ours, seen), adapt="none")
    found = identify(evidence, settings, held_cut(evidence, held))
    return Counted.of_found(seen, evidence, replace(found, metric=f"{kind}, no metric"))


def recognised(
    seen: Observed, values: np.ndarray, options: CountOptions, trained: Cut | None = None
) -> Counted:
    """Counts what was seen by features that are at hand.

    Args:
        seen: somebody, at least.
        values: float32 [crops, D], of the crops of `described`.
        options: `features` do not matter, and `adapt` is not `tune`.
        trained: as in `count`.
    """
    if options.adapt == "tune":
        raise ConfigError("adapt 'tune' makes its own features; use recount")
    evidence = Evidence(seen.boxes, seen.fragments, values, described(seen)[1], seen.fps)
    settings = replace(options.settings, way=_way(options, seen), adapt=options.adapt)
    return Counted.of_found(seen, evidence, identify(evidence, settings, trained))


def _way(options: CountOptions, seen: Observed) -> Literal["whole", "online"]:
    if options.way != "auto":
        return options.way
    key = "track" if options.settings.matching.track_prior else "fragment"
    return "whole" if seen.boxes[key].nunique() <= MOST_ITEMS else "online"


def described(seen: Observed) -> tuple[Crops, np.ndarray]:
    """Crops that get features, and whose they are, int [crops]; of very many fragments, fewer of
    each."""
    crops = seen.crops
    thin = 2 ** max(0, math.ceil(math.log2(len(seen.fragments) / FRAGMENTS_OF_FEW)))
    if thin > 1:
        crops = crops[crops.groupby("fragment").cumcount() % thin == 0]
    return Crops(seen.pixels, crops["row"].to_numpy()), crops["fragment"].to_numpy()


def _nobody(seen: Observed, options: CountOptions) -> Counted:
    """The count of an empty video: 0."""
    none = np.empty(0, np.int64)
    pairs = np.empty(0)
    guess = Cut(calibrate.FALLBACK, 0.05, "a guess: nobody was seen", pairs, pairs, math.nan)
    found = Individuals(none, np.empty(0, bool), guess, 0, 0, "none", options.settings)
    evidence = Evidence(seen.boxes, seen.fragments, np.empty((0, 1), np.float32), none, seen.fps)
    return Counted.of_found(seen, evidence, found)
