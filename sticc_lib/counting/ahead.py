"""Frames and their boxes in order, while the next ones are looked at already."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sticc_lib.counting.detector import Detector
from sticc_lib.counting.video import Frame

EACH = 2
"""Frames held for each that is being looked at: none has to wait, and memory stays bounded."""


def ahead(frames: Iterator[Frame], detector: Detector) -> Iterator[tuple[Frame, np.ndarray]]:
    """Each frame with its boxes, in order.

    A detector with `workers` above 1 looks at so many frames at a time, each on one thread: small
    networks gain more from that than from several threads for one frame.

    Args:
        frames: read as they are needed, at most EACH x workers of them ahead.
        detector: finds people; called from several threads where it says so.
    """
    workers = int(getattr(detector, "workers", 1))
    if workers < 2:
        for frame in frames:
            yield frame, detector.detect([frame])[0]
        return
    waiting: deque = deque()
    with ThreadPoolExecutor(workers, "detector") as pool:
        try:
            for frame in frames:
                waiting.append((frame, pool.submit(detector.detect, [frame])))
                if len(waiting) > EACH * workers:
                    first, found = waiting.popleft()
                    yield first, found.result()[0]
            while waiting:
                first, found = waiting.popleft()
                yield first, found.result()[0]
        finally:
            for _, found in waiting:
                found.cancel()
