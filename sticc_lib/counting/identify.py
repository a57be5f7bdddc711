"""From fragments to individuals: the whole way, with settings, threshold and how sure the count is.

`whole` merges all tracks of a video at once; `online` goes interval by interval and knows nothing
of what comes later (the causal protocol, and what a running camera needs).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from sticc_lib.counting import adapt, calibrate
from sticc_lib.counting.calibrate import Cut
from sticc_lib.counting.doubt import spread
from sticc_lib.counting.evidence import Evidence
from sticc_lib.counting.individuals import Gallery, Matching
from sticc_lib.counting.linking import items_merged, tracks_merged
from sticc_lib.values import ConfigError

REFIT = 1.25
"""Online, metric and threshold are fitted again when crops have grown by this factor."""


@dataclass(frozen=True)
class CountSettings:
    """How individuals are found. CHOICE: all defaults on drawn scenes (benchmarks/count_scenes.py).

    Attributes:
        way: `whole` or `online`; see the module's text.
        adapt: metric fitted to the video (adapt.fit).
        dimensions, ridge: of the metric.
        threshold: cosine distance; None takes it from the video's own tracks (or from training
            pairs, where features are not fitted and a cut is given).
        go_on: how much nearer a track is that goes on where another stopped (cosine distance).
        steady: of `whole`: the threshold moves to the widest gap between merges near it, unless it
            is given.
        least_seconds: who was seen for less in all is unsure, and is not counted.
        least_track: seconds; of `whole`: a shorter track founds nobody, it joins whom it is like.
            Short ones come of people who hide one another and of double boxes, and many of them
            together look like somebody. CHOICE: an interval's length; drawn scenes, which have no
            double boxes, are counted alike with 0 to 4 s.
        matching: of `online`, and `track_prior` of both.
    """

    way: Literal["whole", "online"] = "whole"
    adapt: adapt.Method = "lda"
    dimensions: int = 12
    ridge: float = 0.1
    threshold: float | None = None
    go_on: float = 0.3
    steady: bool = True
    least_seconds: float = 3.0
    least_track: float = 3.0
    matching: Matching = field(default_factory=Matching)


@dataclass(frozen=True)
class Individuals:
    """Who is who.

    Attributes:
        of: int [fragments], the individual of each, from 1 in order of appearance, the unsure last.
        counted: bool [individuals], False for the unsure.
        cut: the threshold, and where it comes from.
        low, high: 90 % interval of the count, by the match probabilities.
        metric: what was fitted, in a word.
        settings: as given.
    """

    of: np.ndarray
    counted: np.ndarray
    cut: Cut
    low: int
    high: int
    metric: str
    settings: CountSettings

    @property
    def unique(self) -> int:
        """How many people."""
        return int(self.counted.sum())

    def sure(self) -> np.ndarray:
        """int [fragments], as `of`, with 0 for the unsure."""
        return np.where(self.counted[self.of - 1], self.of, 0)


def identify(
    evidence: Evidence, settings: CountSettings | None = None, trained: Cut | None = None
) -> Individuals:
    """Finds the individuals of a video.

    Args:
        evidence: what was seen.
        settings: how.
        trained: a threshold from training pairs; used where nothing is fitted to the video
            (`adapt="none"`): distances under another metric are not comparable.

    Raises:
        ConfigError: more items than `whole` can merge.
    """
    ours = settings or CountSettings()
    if ours.way == "online":
        return _online(evidence, ours, trained)
    cut, metric = fitted(evidence, ours, trained)
    merges, item = tracks_merged(evidence, ours, metric)
    if ours.threshold is None and ours.steady:
        steady = merges.steadied(cut.value)
        if steady != cut.value:
            origin = f"{cut.origin}, moved to the widest gap between merges nearby"
            cut = replace(cut, value=steady, origin=origin)
    group = merges.groups(cut.value)[item]
    low, high = spread(merges, cut, item, evidence, ours.least_seconds)
    found = _numbered(evidence, group, cut, (low, high), metric.name, ours)
    return replace(found, low=min(low, found.unique), high=max(high, found.unique))


def fitted(
    evidence: Evidence, settings: CountSettings, trained: Cut | None = None
) -> tuple[Cut, adapt.Metric]:
    """Threshold and metric, as the settings want them, from what was seen so far."""
    options = {"dimensions": settings.dimensions, "ridge": settings.ridge}
    short, axes = evidence, None
    if settings.adapt != "none":
        short, axes = adapt.shortened(evidence)
    metric = adapt.fit_evidence(short, settings.adapt, **options)
    if metric.basis is None:  # nothing was fitted, asked for or not: vectors as they come
        cut = trained or calibrate.from_video(evidence, "none")
    else:
        cut = calibrate.from_video(short, settings.adapt, **options)
        basis = metric.basis if axes is None else (axes @ metric.basis).astype(np.float32)
        metric = adapt.Metric(evidence.values.mean(0), basis, metric.name)
    if settings.threshold is not None:
        cut = cut.at(settings.threshold, "given")
    return cut, metric


def _online(evidence: Evidence, settings: CountSettings, trained: Cut | None) -> Individuals:
    """Interval by interval; fits use what came before, and the interval itself."""
    gallery, state = Gallery(settings.matching), OnlineFit(settings, trained)
    last = int(evidence.fragments["interval"].max()) if len(evidence.fragments) else -1
    for interval in range(last + 1):
        cut, metric = state.update(evidence, interval)
        gallery.step(evidence.at(interval), cut.value, metric)
    cut, metric = state.current(evidence)
    found = _numbered(evidence, np.array(gallery.assigned, int), cut, (0, 0), metric.name, settings)
    # the interval of the count: of all tracks, or of the people found where tracks are too many
    try:
        merges, item = tracks_merged(evidence, settings, metric)
    except ConfigError:
        item = found.of - 1
        merges = items_merged(evidence, item, settings, metric)
    low, high = spread(merges, cut, item, evidence, settings.least_seconds)
    return replace(found, low=min(low, found.unique), high=max(high, found.unique))


class OnlineFit:
    """Metric and threshold of a running video, fitted again as crops arrive.

    When it fits depends on what was seen alone, so that a resumed count fits at the same times.
    """

    def __init__(self, settings: CountSettings, trained: Cut | None = None):
        self.settings, self.trained = settings, trained
        self._at = -1
        self._found: tuple[Cut, adapt.Metric] | None = None

    def update(self, evidence: Evidence, interval: int) -> tuple[Cut, adapt.Metric]:
        """What holds at an interval, from the evidence until then."""
        crops = np.bincount(evidence.fragments["interval"].to_numpy()[evidence.owner],
                            minlength=interval + 1)  # fmt: skip
        total = np.cumsum(crops)[: interval + 1]
        due, size = 0, 0.0
        for k, grown in enumerate(total):
            if grown >= size * REFIT and grown > 0:
                due, size = k, grown
        if self._found is None or due != self._at:
            self._at = due
            self._found = fitted(evidence.until(due), self.settings, self.trained)
        return self._found

    def current(self, evidence: Evidence) -> tuple[Cut, adapt.Metric]:
        """The last ones; of no evidence, a guess."""
        return self._found or fitted(evidence, self.settings, self.trained)


def _numbered(
    evidence: Evidence, group: np.ndarray, cut: Cut, interval: tuple[int, int], metric: str,
    settings: CountSettings,
) -> Individuals:  # fmt: skip
    """Individuals from 1, in order of appearance, the unsure last, whatever the groups' names."""
    names, place = np.unique(group, return_inverse=True)
    owner = place[evidence.boxes["fragment"].to_numpy()]
    boxes = evidence.boxes.assign(owner=owner)
    first = boxes.groupby("owner")[["frame", "x", "y"]].first()
    sure = np.bincount(owner, minlength=len(names)) / evidence.fps >= settings.least_seconds
    order = np.lexsort((first["y"], first["x"], first["frame"], ~sure))
    rank = np.argsort(order)
    return Individuals(rank[place] + 1, sure[order], cut, *interval, metric, settings)
