"""Some frames of a counted video, each with what was known at that time."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from sticc_lib.counting.counted import Counted
from sticc_lib.counting.moments import Moments
from sticc_lib.counting.video import Video
from sticc_lib.figures.annotated import Painter
from sticc_lib.figures.captions import caption
from sticc_lib.figures.parts import place, sheet
from sticc_lib.figures.theme import WIDTH, themed

ACROSS, GAP, TOP = 2, 0.1, 0.5
PIXELS = 620
"""Of a picture, across: letters stay readable when two stand side by side."""


@themed
def annotated_frames(counted: Counted, video: Video, most: int = 4) -> Figure:
    """Frames at even distances, as the annotated video shows them.

    Args:
        counted: the count.
        video: the same that was counted; it is read up to the last of these frames.
        most: how many; fewer of a video of fewer intervals.
    """
    firsts = counted.observed.intervals["first_frame"].to_numpy()
    even = np.linspace(0, len(firsts) - 1, min(most, len(firsts)) + 2)[1:-1]
    wanted = np.unique(firsts[even.round().astype(int)]).tolist()
    painter = Painter(Moments(counted), video, PIXELS)
    pictures = []
    for frame in video.frames():
        if frame.number == wanted[len(pictures)]:
            pictures.append(painter.draw(frame))
            if len(pictures) == len(wanted):
                break
    across = min(ACROSS, len(pictures))
    wide = (WIDTH - 0.2 - GAP * (across - 1)) / across
    high = wide * pictures[0].shape[0] / pictures[0].shape[1]
    figure, page = sheet(TOP + -(-len(pictures) // across) * (high + GAP))
    for n, picture in enumerate(pictures):
        x, y = 0.1 + (wide + GAP) * (n % across), TOP + (high + GAP) * (n // across)
        place(page, np.moveaxis(picture, 2, 0), x, y, wide, high)
    return caption(
        figure,
        f"{counted.observed.name}: what was seen, and who it was taken for",
        "Boxes with the number of the person; thin and with a question mark: seen too briefly to "
        "be counted. Below each picture everybody known so far, bright while present.",
        f"{len(pictures)} frames of the video with boxes around people, each with a number, and "
        "below them pictures of those known so far.",
    )
