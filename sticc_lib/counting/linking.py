"""What is merged to individuals: tracks, how far they are from each other, which may found one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sticc_lib.counting import adapt
from sticc_lib.counting.evidence import Evidence, follows, out_of_reach, places, seen_at_once
from sticc_lib.counting.features import fragment_means, unit
from sticc_lib.counting.merging import Merges, merge
from sticc_lib.values import ConfigError

if TYPE_CHECKING:
    from sticc_lib.counting.identify import CountSettings

MOST_ITEMS = 6000
"""Items that `whole` merges at most (a matrix of 144 MB); beyond, count online."""


def tracks_merged(
    evidence: Evidence, settings: CountSettings, metric: adapt.Metric
) -> tuple[Merges, np.ndarray]:
    """All merges of a video's tracks, nearest first, and the item of each fragment.

    Items are tracks with the track prior, else fragments.

    Raises:
        ConfigError: more than MOST_ITEMS of them.
    """
    item = items(evidence, settings)
    return items_merged(evidence, item, settings, metric), item


def items(evidence: Evidence, settings: CountSettings) -> np.ndarray:
    """What is merged, int [fragments] from 0: tracks with the track prior, else fragments.

    Raises:
        ConfigError: more than MOST_ITEMS of them.
    """
    key = "track" if settings.matching.track_prior else "fragment"
    names, number = np.unique(evidence.boxes[key], return_inverse=True)
    if len(names) > MOST_ITEMS:
        raise ConfigError(f"{len(names)} {key}s are too many to merge at once; count online")
    item = np.zeros(len(evidence.fragments), int)
    item[evidence.boxes["fragment"].to_numpy()] = number
    return item


def items_merged(
    evidence: Evidence, item: np.ndarray, settings: CountSettings, metric: adapt.Metric
) -> Merges:
    """All merges of items, int [fragments] from 0: tracks, or people found already."""
    return merge(*item_distances(evidence, item, settings, metric))


def item_distances(
    evidence: Evidence, item: np.ndarray, settings: CountSettings, metric: adapt.Metric
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What `merge` takes of items: distances [n, n], the forbidden pairs [n, n], weights [n], and
    which of them are long enough to found a group, bool [n]."""
    number, count = item[evidence.boxes["fragment"].to_numpy()], int(item.max()) + 1
    ends = places(evidence.boxes, number)
    forbidden = seen_at_once(evidence.boxes, number, count) | out_of_reach(ends, evidence.fps)
    means = metric(fragment_means(unit(evidence.values), item[evidence.owner], count))
    distance = 1 - means @ means.T - settings.go_on * follows(ends, evidence.fps)
    # CHOICE: long tracks say more, but none of them all: at most 7 s count
    weight = np.minimum(np.bincount(number), 7 * evidence.fps)
    least = settings.least_track * evidence.fps
    return distance, forbidden, weight, founding(np.bincount(number), least)


def founding(boxes: np.ndarray, least: float) -> np.ndarray:
    """Which items are long enough to found an individual: bool [n].

    Args:
        boxes: of each item.
        least: boxes of one that may; fewer where half of all boxes would not be in such items.
    """
    falling = np.sort(boxes)[::-1]
    half = falling[np.searchsorted(np.cumsum(falling), boxes.sum() / 2)] if len(boxes) else 0
    return boxes >= min(least, half)
